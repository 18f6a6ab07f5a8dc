"""Edits of what judges a delivery, which no gate of the same commit can be trusted to see.

Each is made to real files, and the test says how it ends: it waits in the stage Guards of the
pipeline that is deployed, since the comparison tells of it by name; and where something else stops
it as well, the test shows that, too. That the stage then waits is shown in tests/delivery; edits
that a rule reports are mutants in `guard_mutants.py`.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from guards.held import commands, held
from integ.verdict import problems
from settings.guards import GUARDS
from tests.support.synthesis import REPOSITORY, TOOLS, copy_checkout

Edit = Callable[[Path], object]
LOOKS_ALIKE = "test_an_unsigned_c\u0430ll_is_refused"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree as a commit has it: nothing installed."""
    folder = tmp_path_factory.mktemp("guards") / "checkout"
    copied = copy_checkout(folder, more=("tests/gates",))
    for name in TOOLS:
        (copied / name).unlink()
    return copied


@pytest.fixture(scope="module")
def word(original: Path) -> str:
    """What a pipeline made from the checkout holds."""
    return held(original, GUARDS)


@pytest.fixture
def checkout(original: Path) -> Iterator[Path]:
    """To be edited; edits are undone."""
    before = {path: path.read_bytes() for path in _files(original)}
    yield original
    for path in _files(original):
        if path not in before:
            path.unlink()
    for path, content in before.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def changed(checkout: Path, word: str) -> str:
    """What the deployed pipeline's commands tell of the checkout, `nothing` for no guard."""
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join([*commands(word), 'printf "\\n%s" "$changed"'])],
        env={"PATH": os.environ["PATH"], "CODEBUILD_SRC_DIR": str(checkout)},
        cwd=checkout,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()[-1]


def write(name: str, content: str) -> Edit:
    def edit(checkout: Path) -> None:
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(content)

    return edit


def replace(name: str, old: str, new: str) -> Edit:
    def edit(checkout: Path) -> None:
        text = (checkout / name).read_text()
        assert old in text, f"{name} no longer holds {old!r}"
        (checkout / name).write_text(text.replace(old, new, 1))

    return edit


def remove_a_rule_with_its_mutants(checkout: Path) -> None:
    (checkout / "gates/rules/data.py").unlink()
    (checkout / "tests/gates/mutants.py").write_text("MUTANTS = []\n")
    replace("gates/rules/__init__.py", "alarms, data, ", "alarms, ")(checkout)


KINDS: dict[str, tuple[Edit, str]] = {
    "an emptied gate": (write("gates/rules/data.py", ""), "gates/rules/data.py changed"),
    "a gate that obeys a variable": (
        replace("gates/registry.py", "return [finding", "return [] if delivery else [finding"),
        "gates/registry.py changed",
    ),
    "a rule removed together with its mutants": (
        remove_a_rule_with_its_mutants,
        "gates/rules/__init__.py changed; gates/rules/data.py deleted",
    ),
    "a rule quietly widened": (
        replace("gates/shape/builds.py", 'r"aws/codebuild/', 'r".*|aws/codebuild/'),
        "gates/shape/builds.py changed",
    ),
    "an acknowledgement with plausible words": (
        replace("gates/acknowledged.toml", "[", "# one more\n["),
        "gates/acknowledged.toml changed",
    ),
    "a smoke script with another shebang": (
        replace("scripts/smoke", "#!/usr/bin/env bash", "#!/usr/bin/env -S true"),
        "scripts/smoke changed",
    ),
    "a module at the root that shadows yaml": (write("yaml.py", "raise 1"), "yaml.py added"),
    "a folder at the root that shadows pytest": (
        write("pytest/__init__.py", ""),
        "pytest/__init__.py added",
    ),
    "a conftest that deselects": (
        write("conftest.py", "def pytest_collection_modifyitems(items): items.clear()\n"),
        "conftest.py added",
    ),
    "a conftest in the suite that deselects": (
        replace("integ/conftest.py", "import pytest\n", "import pytest\ncollect_ignore = []\n"),
        "integ/conftest.py changed",
    ),
    "a look-alike letter in a test's name": (
        replace("integ/test_requests_api.py", "test_an_unsigned_call_is_refused", LOOKS_ALIKE),
        "integ/test_requests_api.py changed",
    ),
    "tests deselected in a tool's settings": (
        replace("integ/pytest.ini", "addopts =", "addopts = -k health"),
        "integ/pytest.ini changed",
    ),
    "a committed .venv": (write(".venv/bin/python", "#!/bin/true\n"), ".venv/bin/python added"),
    "a committed .build": (write(".build/x", ""), ".build/x added"),
    "an extra index in a lock": (
        replace("requirements.txt", "\n", "\n--extra-index-url https://example.com\n"),
        "requirements.txt changed",
    ),
    "a lock of what ships": (
        replace("services/files/runtime/images/requirements.txt", "\n", "\n# more\n"),
        "services/files/runtime/images/requirements.txt changed",
    ),
    "another registry": (
        replace(".npmrc", "fund=false", "registry=https://example.com"),
        ".npmrc changed",
    ),
    "assets bundled without hashes": (
        replace("services/common/packaging/bundling.py", "require-hashes", "no-deps"),
        "services/common/packaging/bundling.py changed",
    ),
    "a pipeline without Guards": (
        replace(
            "pipeline/stack.py", "        guarding.guard(\n", "        (lambda *_, **__: 0)(\n"
        ),
        "pipeline/stack.py changed",
    ),
    "a source that is a fork": (
        replace("cdk.json", "example-org/", "somebody/"),
        "cdk.json changed",
    ),
    "other guards": (
        replace("cdk.json", '"architecture"', '"guards": ["*", "!/tests/"], "architecture"'),
        "cdk.json changed",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_waits_in_guards(checkout: Path, word: str, kind: str) -> None:
    edit, told = KINDS[kind]
    assert changed(checkout, word) == "nothing"
    edit(checkout)
    assert told in changed(checkout, word)


@pytest.mark.parametrize(
    "edit",
    [
        replace("services/requests/runtime/handler.py", "import", "# x\nimport"),
        write("services/files/runtime/more.py", "MORE = 1\n"),
        write("tests/gates/test_more.py", ""),
        write("docs/more.md", ""),
        write("CHANGELOG.md", ""),
    ],
)
def test_application_code_and_what_no_build_runs_wait_for_nobody(
    checkout: Path, word: str, edit: Edit
) -> None:
    edit(checkout)
    assert changed(checkout, word) == "nothing"


@pytest.mark.parametrize("name", ["yaml", "pytest", "aws_cdk", "integ_settings", "json"])
def test_a_module_at_the_root_takes_no_installed_packages_place(tmp_path: Path, name: str) -> None:
    for script in ("guards/isolated.py", "guards/__init__.py"):
        (tmp_path / script).parent.mkdir(exist_ok=True)
        (tmp_path / script).write_bytes((REPOSITORY / script).read_bytes())
    (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('obeyed')\n")
    probe = "import json, pytest, yaml\nprint(yaml.__file__, pytest.__file__)\n"
    (tmp_path / "probe.py").write_text(probe)
    done = subprocess.run(
        [str(REPOSITORY / ".venv/bin/python"), "-I", "guards/isolated.py", "probe"],
        cwd=tmp_path,
        env={"PATH": os.defpath, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path) not in done.stdout


REVIEWED = "integ.test_api\n  test_a\n  test_b[one]\n"


def report(*cases: tuple[str, str]) -> str:
    texts = (f'<testcase classname="integ.test_api" name="{n}">{c}</testcase>' for n, c in cases)
    return f"<testsuites><testsuite>{''.join(texts)}</testsuite></testsuites>"


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        ([("test_a", ""), ("test_b[one]", "")], []),
        ([("test_a", "")], ["test_b[one] is not in the report"]),
        ([], ["test_a is not in the report", "test_b[one] is not in the report"]),
        ([("test_a", "<skipped/>"), ("test_b[one]", "")], ["test_a: skipped"]),
        ([("test_a", "<failure/>"), ("test_b[one]", "")], ["test_a: failure"]),
        (
            [("test_a", ""), ("test_a", ""), ("test_b[one]", "")],
            ["test_a is in the report 2 times"],
        ),
        (
            [("test_\u0430", ""), ("test_b[one]", "")],
            ["test_a is not in the report", "test_\\u0430 is no reviewed check"],
        ),
    ],
)
def test_a_run_counts_only_with_every_reviewed_check(
    cases: list[tuple[str, str]], told: list[str]
) -> None:
    found = list(problems(report(*cases), REVIEWED))
    assert len(found) == len(told)
    for line, text in zip(found, told, strict=True):
        assert line.startswith(f"integ.test_api::{text}")


def test_a_list_without_checks_proves_nothing() -> None:
    assert "the reviewed list has no checks" in problems(report(("test_a", "")), "# nothing\n")


@pytest.mark.parametrize("content", [None, "", "<testsuites>", "not XML"])
def test_a_report_that_cannot_be_read_fails(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "smoke.txt").write_text(REVIEWED)
    if content is not None:
        (tmp_path / "smoke.xml").write_text(content)
    command = [str(REPOSITORY / ".venv/bin/python"), "-I", str(REPOSITORY / "guards/isolated.py")]
    arguments = ["integ.verdict", "0", str(tmp_path / "smoke.xml"), str(tmp_path / "smoke.txt")]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no report that can be read" in done.stderr
