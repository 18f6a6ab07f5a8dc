"""Builds that only verify install what they need, and no more.

Proves: which lock each build installs from; that the lock for verifying is a part of the one for
synthesizing, so that nobody has to judge a second version of anything; and, in an environment with
nothing else, that the scripts these builds run begin, every module that they could reach is
imported, and pytest collects the smoke tests. What they answer is proved by rehearsals.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from settings import Settings
from tests.support.synthesis import REPOSITORY, Assembly, copy_checkout

SETTINGS = Settings.of_checkout(REPOSITORY)
ALL, VERIFYING = "requirements.txt", "requirements-verify.txt"
INSTALLS = re.compile(r"bash scripts/install-python(?: (\S+))?")
RUNS = re.compile(r"bash scripts/(?!install-)(\S+)")
# All modules of the packages that are named, and what these import.
IMPORT = """
import importlib, pkgutil, sys
sys.path.append(".")
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)
        print(module.name)
"""


def locked(text: str) -> dict[str, str]:
    """The versions and hashes in a lock, by what they are of."""
    entries = re.split(r"\n(?=\S)", text.strip())
    return {name: rest for name, _, rest in (entry.partition("==") for entry in entries)}


def further(part: str, whole: str) -> set[str]:
    """The packages that a lock has in another way than a larger one, or that only it has."""
    larger = locked(whole)
    return {name for name, entry in locked(part).items() if larger.get(name) != entry}


def lock_of(assembly: Assembly, project: str) -> str | None:
    """Which lock a build installs from, if it does."""
    found = [INSTALLS.fullmatch(command) for command in assembly.commands(project)]
    return next((each[1] or ALL for each in found if each), None)


def test_only_builds_that_synthesize_or_judge_install_what_does(assembly: Assembly) -> None:
    builds = {name.removeprefix("tap-pipeline-"): name for name in assembly.projects}
    locks = {step: lock_of(assembly, name) for step, name in builds.items()}
    smoke = {f"smoke-{each.name}": VERIFYING for each in SETTINGS.environments}
    entered = {f"enter-{each.name}": VERIFYING for each in SETTINGS.environments if each.rollback}
    assert {step: lock for step, lock in locks.items() if lock} == {
        "synth": ALL,
        "gates": ALL,
        "preview": VERIFYING,
        **smoke,
        **entered,
    }


def test_the_lock_for_verifying_is_a_part_of_the_whole() -> None:
    part, whole = ((REPOSITORY / name).read_text() for name in (VERIFYING, ALL))
    assert further(part, whole) == set()
    assert len(locked(part)) < len(locked(whole)) / 2


@pytest.mark.parametrize(
    ("what", "by"),
    [
        ("boto3==", "boto3==0."),
        ("boto3==", "boto4=="),
        ("pytest==9", "zebra==1 \\\n    --hash=sha256:0\npytest==9"),
        ("--hash=sha256:", "--hash=sha256:0"),
    ],
)
def test_a_lock_with_something_else_is_no_part(what: str, by: str) -> None:
    part, whole = ((REPOSITORY / name).read_text() for name in (VERIFYING, ALL))
    assert what in part
    assert further(part.replace(what, by, 1), whole) != set()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with what builds that verify install, by their own command."""
    checkout = copy_checkout(tmp_path_factory.mktemp("verifying") / "checkout")
    # Else what is shared would be made to hold no more.
    (checkout / ".venv").unlink()
    # Where uv itself is.
    (checkout / ".cache").symlink_to(REPOSITORY / ".cache")
    run(checkout, "bash", "scripts/install-python", VERIFYING)
    assert not list(checkout.glob(".venv/lib/*/site-packages/aws_cdk"))
    return checkout


def run(checkout: Path, *command: str, code: int = 0) -> str:
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def scripts(assembly: Assembly) -> set[str]:
    """The names of those that builds run to verify; of a bake, too, which settings may add."""
    builds = [name for name in assembly.projects if lock_of(assembly, name) == VERIFYING]
    return {"bake", *RUNS.findall("\n".join("\n".join(assembly.commands(b)) for b in builds))}


def test_every_script_begins_on_the_lock_for_verifying(assembly: Assembly, installed: Path) -> None:
    found = scripts(assembly)
    assert found == {"bake", "confirm", "held", "preview", "smoke"}
    for name in found - {"smoke"}:
        assert "usage: " in run(installed, "bash", f"scripts/{name}", "--help")
    # Its plugin lets no run pass that checked nothing.
    collected = run(installed, "bash", "scripts/smoke", "--collect-only", "--quiet", code=1)
    assert re.search(r"^\d+ tests collected in", collected, re.MULTILINE)


def test_every_module_that_they_reach_is_imported_there(
    assembly: Assembly, installed: Path
) -> None:
    texts = [(installed / "scripts" / name).read_text() for name in scripts(assembly)]
    modules = re.findall(r"guards/isolated\.py (\w+)", "\n".join(texts))
    packages = {name for name in modules if (installed / name).is_dir()}
    assert packages == {"integ", "ops", "promotion"}
    reached = run(installed, ".venv/bin/python", "-I", "-c", IMPORT, *packages).split()
    assert {"integ.client", "ops.commands.held", "promotion.bake"} <= set(reached)
