"""One command accepts every reviewed change, and shows it: here, environments in between.

Proves, in a copy of this working tree with two environments added between the others in cdk.json,
one that keeps its data and one that is disposable, that the gates object before the command and are
clean after it, the tools as far as the pipeline's template goes, that it prints one diff, and that
it changes no file when one of its steps fails. Does not deploy anything.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gates.delivery import Delivery
from gates.finding import Finding
from gates.rules import check
from gates.tools import bootstrap, guard, lint, nag
from tests.gates.explained import pipeline_copy, unexplained
from tests.support.synthesis import copy_checkout, share_staged_assets, synthesize

MORE = ("docs/openapi",)
KEPT = {"name": "load", "account": "555555555555"}
DISPOSABLE = {"name": "staging", "account": "444444444444", "disposable": True}


def run(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


def reviewed(checkout: Path) -> dict[str, str]:
    """The text of every file that the command writes, by its path."""
    folders = ("gates/reviewed/*.txt", "accounts/bootstrap/*.template.yaml", "docs/openapi/*")
    files = (path for pattern in folders for path in checkout.glob(pattern))
    return {str(path.relative_to(checkout)): path.read_text() for path in files}


def change_settings(checkout: Path, **changes: Any) -> None:
    file = checkout / "cdk.json"
    content = json.loads(file.read_text())
    content["context"]["tap"] |= changes
    file.write_text(json.dumps(content))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    copy = copy_checkout(tmp_path / "checkout", more=MORE)
    share_staged_assets(copy)
    return copy


@dataclass(frozen=True)
class Staged:
    """A checkout with both environments before the last one, and what is then reported of it."""

    checkout: Path
    found: list[Finding]


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Staged:
    checkout = copy_checkout(tmp_path_factory.mktemp("staged") / "checkout", more=MORE)
    share_staged_assets(checkout)
    tap = json.loads((checkout / "cdk.json").read_text())["context"]["tap"]
    *before, guarded = tap["environments"]
    change_settings(checkout, environments=[*before, KEPT, DISPOSABLE, guarded])
    assembly = synthesize(checkout, checkout / "cdk.out")
    return Staged(checkout, of_rules(Delivery.read(assembly.directory, checkout)))


def of_rules(delivery: Delivery) -> list[Finding]:
    """What our own rules report that is not acknowledged."""
    found = [*check(delivery), *bootstrap.findings(delivery)]
    acknowledged = {"TAP-106", "TAP-201"}  # Of the bootstrap templates, in acknowledged.toml.
    return [each for each in found if each.rule not in acknowledged]


def test_an_environment_in_between_breaks_no_rule(staged: Staged) -> None:
    assert {each.rule for each in staged.found} == {"TAP-701", "TAP-702"}
    assert all("make accept" in each.fix for each in staged.found)


def test_a_drifted_bootstrap_is_told_with_the_commands_in_their_order(staged: Staged) -> None:
    (environment,) = (e for e in staged.found if e.path.endswith("environment.template.yaml"))
    assert KEPT["account"] in environment.subject
    assert DISPOSABLE["account"] in environment.subject
    accept, bootstraps = "make accept", "scripts/bootstrap ENVIRONMENT"
    assert 0 < environment.fix.index(accept) < environment.fix.index(bootstraps)


def test_an_environment_in_between_is_one_entry_and_one_command(
    staged: Staged, tmp_path: Path
) -> None:
    checkout = staged.checkout
    accepted = run(checkout, "scripts/accept")
    assert accepted.returncode == 0, accepted.stderr
    assert {"+stage Load", "+stage Staging"} <= set(accepted.stdout.splitlines())
    assert "+build tap-pipeline-smoke-staging" in accepted.stdout.splitlines()
    assert "Commit it with the change" in accepted.stdout
    # As disposable as the first one, it has nothing otherwise: nothing is reviewed twice.
    own = (checkout / "gates/reviewed/staging.txt").read_text()
    assert all(line.startswith("#") for line in own.splitlines())

    # What was accepted guards the delivery, and the pipeline holds its guards.
    delivery = Delivery.read(synthesize(checkout, checkout / "cdk.out").directory, checkout)
    assert of_rules(delivery) == []
    copy = pipeline_copy(delivery, tmp_path)
    of_tools = [*lint.findings(copy), *nag.findings(copy, tmp_path / "nag")]
    assert unexplained([*of_tools, *guard.findings(copy, checkout)], delivery) == []
    again = run(checkout, "scripts/accept")
    assert again.stdout.startswith("Nothing to review"), again.stdout + again.stderr


def test_nothing_is_written_when_the_synthesis_fails(checkout: Path) -> None:
    known = reviewed(checkout)
    assert known
    change_settings(checkout, region="nowhere")
    done = run(checkout, "scripts/accept")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert reviewed(checkout) == known


def test_what_was_written_is_taken_back_when_a_later_step_fails(checkout: Path) -> None:
    (checkout / "gates/reviewed/delivery.txt").unlink()
    (checkout / "gates/reviewed/environment.txt").write_text("Of another checkout.\n")
    known = reviewed(checkout)
    (checkout / "stages/openapi.py").write_text("raise SystemExit('no description')\n")
    done = run(checkout, "scripts/accept")
    assert done.returncode != 0
    assert "a step failed, so the reviewed files are as they were" in done.stderr
    assert reviewed(checkout) == known
