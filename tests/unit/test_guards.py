"""A commit that changes a guard is told from one that does not, whatever it is made of.

Proves it with the commands that the pipeline runs, in a shell, on trees with every trick that we
could think of: each is a change, none of the tree's files is run or obeyed, and a comparison that
cannot be made fails. That CodePipeline then waits, and for whom, is in tests/delivery.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from guards import comparison, patterns
from guards.held import commands, held, without_held
from settings import Settings, SettingsError
from settings.guards import GUARDS
from tests.support.synthesis import REPOSITORY

TREE = {
    ".gitignore": "/.venv/\n__pycache__/\n",
    "cdk.json": "{}",
    "gates/rules/data.py": "RULES = [1]\n",
    "integ/test_api.py": "def test_it(): ...\n",
    "requirements.txt": "boto3==1\n",
    "services/files/runtime/handler.py": "def handler(): ...\n",
    "services/files/runtime/requirements.txt": "pillow==1\n",
    "docs/page.md": "a page\n",
}
RUNS = "import pathlib; pathlib.Path('{}').touch()\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for name, content in TREE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def compare(tree: Path, word: str) -> tuple[int, str, str]:
    """Exit code, `unchanged` and `changed` of the pipeline's commands, run as a build runs them."""
    shown = ['printf "\\n%s\\n%s\\n" "$unchanged" "$changed"']
    done = subprocess.run(
        ["bash", "-e", "-c", "\n".join([*commands(word), *shown])],
        cwd=tree if tree.is_dir() else tree.parent,
        env={"PATH": os.environ["PATH"], "CODEBUILD_SRC_DIR": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    unchanged, changed = (["", "", *done.stdout.splitlines()])[-2:]
    return done.returncode, unchanged, changed


def write(name: str, content: str = "x\n") -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(content)

    return edit


def link(name: str, to: str) -> Callable[[Path], None]:
    def edit(tree: Path) -> None:
        path = tree / name
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(to)

    return edit


def rename(old: str, new: str) -> Callable[[Path], None]:
    return lambda tree: (tree / old).rename(tree / new)


@pytest.mark.parametrize(
    "edit",
    [
        lambda _: None,
        write("services/files/runtime/handler.py", "def handler(): return 1\n"),
        write("services/files/runtime/more.py"),
        write("docs/page.md", "another\n"),
        write("tests/unit/test_new.py"),
        write("README.md"),
    ],
)
def test_what_guards_nothing_waits_for_nobody(tree: Path, edit: Callable[[Path], None]) -> None:
    word = held(tree, GUARDS)
    edit(tree)
    assert compare(tree, word) == (0, "true", "nothing")


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (write("gates/rules/data.py", "RULES = []\n"), "gates/rules/data.py changed"),
        (write("gates/rules/data.py", "RULES = [1]\r\n"), "gates/rules/data.py changed"),
        (lambda t: (t / "gates/rules/data.py").unlink(), "gates/rules/data.py deleted"),
        (write("integ/conftest.py"), "integ/conftest.py added"),
        (write("yaml.py"), "yaml.py added"),
        (write("yaml/__init__.py"), "yaml/__init__.py added"),
        (write(".venv/lib/x.py"), ".venv/lib/x.py added"),
        (write("services/files/conftest.py"), "services/files/conftest.py added"),
        (write("services/files/runtime/requirements.txt"), "runtime/requirements.txt changed"),
        (write("services/.npmrc"), "services/.npmrc added"),
        (rename("gates/rules", "gates/Rules"), "gates/Rules/data.py added; gates/rules/data.py"),
        (rename("gates", "docs/gates"), "gates/rules/data.py deleted"),
        (link("gates", "services"), "gates added; gates/rules/data.py deleted"),
        (link("gates/rules/data.py", "../../docs/page.md"), "gates/rules/data.py changed"),
        (link("cdk.json", "nowhere"), "cdk.json changed"),
        (write("gates/r\u0443les.py"), "gates/r\\u0443les.py added"),
        (write("gates/a\nb.py"), "gates/a\\nb.py added"),
        (write("gates/#{Guards.unchanged}.py"), "gates/?{Guards.unchanged}.py added"),
        (write("gates/'$(touch run)'.py"), "gates/'$(touch run)'.py added"),
        (write("true"), "true added"),
    ],
)
def test_every_change_of_a_guard_is_one(
    tree: Path, edit: Callable[[Path], None], told: str
) -> None:
    word = held(tree, GUARDS)
    edit(tree)
    status, unchanged, changed = compare(tree, word)
    assert (status, unchanged) == (0, "false")
    assert told in changed
    assert not (tree / "run").exists()


def test_a_name_that_is_no_text_is_told_and_counts(tree: Path) -> None:
    word = held(tree, GUARDS)
    with open(os.fsencode(tree) + b"/gates/\xff\xfe.py", "wb") as file:
        file.write(b"x")
    assert compare(tree, word) == (0, "false", "gates/\\udcff\\udcfe.py added")


@pytest.mark.parametrize(
    "name",
    [
        *("json.py", "sitecustomize.py", "usercustomize.py", "base64/__init__.py", "zlib.py"),
        *("services/json.py", "python3", "sed", "printf"),
    ],
)
def test_no_file_of_the_commit_is_run(tree: Path, tmp_path: Path, name: str) -> None:
    word = held(tree, GUARDS)
    write(name, RUNS.format(tmp_path / "ran"))(tree)
    (tree / name).chmod(0o755)
    # What pyenv would take a version from, and with some of its releases a path (CVE-2022-35861).
    write(".python-version", "../../evil\n")(tree)
    assert compare(tree, word)[:2] == (0, "false")
    assert not (tmp_path / "ran").exists()


def test_a_guard_stays_a_guard_when_a_commit_takes_it_off_the_list(tree: Path) -> None:
    """The deployed list decides, and cdk.json is on it."""
    word = held(tree, GUARDS)
    write("cdk.json", '{"context": {"tap": {"guards": ["!*"]}}}')(tree)
    write("gates/rules/data.py", "RULES = []\n")(tree)
    assert compare(tree, word)[2] == "cdk.json changed; gates/rules/data.py changed"


def test_the_list_that_people_read_has_an_end(tree: Path) -> None:
    word = held(tree, GUARDS)
    for number in range(400):
        write(f"gates/{'long' * 30}{number}.py")(tree)
    changed = compare(tree, word)[2]
    assert len(changed) < 700
    assert changed.endswith(" more")


def test_a_digest_cut_short_does_not_decide() -> None:
    """Two files with the same first digits are told apart by the digest of the whole."""
    found = {"gates/x.py": "0" * 64}
    other = {"gates/x.py": "0" * 12 + "1" * 52}
    assert comparison.changes({"gates/x.py": "0" * 12}, other) == []
    assert comparison.whole(found) != comparison.whole(other)


def test_a_comparison_that_cannot_be_made_fails(tree: Path) -> None:
    assert compare(tree, "A" * 80)[0] != 0
    assert compare(tree / "nowhere", held(tree, GUARDS))[0] != 0


def test_installed_tools_and_caches_are_no_part_of_what_is_held(tree: Path) -> None:
    before = held(tree, GUARDS)
    for name in (".venv/bin/x", "gates/__pycache__/x.pyc", ".git/config"):
        write(name)(tree)
    assert held(tree, GUARDS) == before


def test_what_is_held_changes_with_a_guard_and_with_nothing_else(tree: Path) -> None:
    before = held(tree, GUARDS)
    write("services/files/runtime/handler.py")(tree)
    assert held(tree, GUARDS) == before
    write("gates/rules/data.py")(tree)
    assert held(tree, GUARDS) != before


def test_a_command_is_reviewed_without_what_it_holds(tree: Path) -> None:
    first = without_held(commands(held(tree, GUARDS))[0])
    write("gates/rules/data.py")(tree)
    assert without_held(commands(held(tree, GUARDS))[0]) == first
    assert first.endswith("'<held>')")


@pytest.mark.parametrize(
    ("glob", "fits", "fits_not"),
    [
        ("*", ["a", "a/b/c"], []),
        ("/gates/", ["gates/a", "gates/b/c"], ["other/gates/a", "gates2/a"]),
        ("gates/", ["gates/a", "x/gates/a"], ["gates2/a"]),
        ("*.toml", ["a.toml", "x/y/b.toml"], ["a.toml.txt"]),
        ("/*.md", ["README.md"], ["docs/a.md"]),
        ("services/**/aws_models/", ["services/a/b/aws_models/x"], ["aws_models/x"]),
        ("a?c.py", ["abc.py"], ["a/c.py"]),
    ],
)
def test_globs_are_read_as_git_reads_them(glob: str, fits: list[str], fits_not: list[str]) -> None:
    compiled = patterns.compiled([glob])
    assert all(comparison.guarded(path, compiled) for path in fits)
    assert not any(comparison.guarded(path, compiled) for path in fits_not)


def test_settings_may_name_other_guards_but_not_leave_out_what_makes_the_delivery() -> None:
    given = Settings.of_checkout(REPOSITORY)
    assert given.guards == GUARDS
    values = {
        "tools_account": "111111111111",
        "region": "us-west-2",
        "environments": [
            {"name": "dev", "account": "222222222222"},
            {"name": "prod", "account": "333333333333"},
        ],
        "source": {"type": "codecommit", "repository": "tap"},
    }
    assert Settings.parse({**values, "guards": ["*", "!/docs/"]}).guards == ("*", "!/docs/")
    for bad in (["!*"], ["gates/"], [], "*", ["*", "!/integ/"], ["*", "[a]"], ["*", 1]):
        with pytest.raises(SettingsError, match=r"tap\.guards is "):
            Settings.parse({**values, "guards": bad})


def test_what_builds_run_is_guarded_and_what_they_do_not_is_not() -> None:
    compiled = patterns.compiled(GUARDS)
    names = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    rooms = {name.partition("/")[0] for name in names if not comparison.guarded(name, compiled)} - {
        name for name in names if name.endswith(".md")
    }
    assert rooms == {*("services", "docs", "tests", "benchmarks", "embedded_aws", "rehearsal")}
