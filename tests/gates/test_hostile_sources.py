"""A few hostile edits of the pipeline's own code, synthesized, are reported by their rules.

Proves that what the mutants of templates stand for is what an edit of the definition makes of them.
Does not repeat them all: each costs a synthesis.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from gates.delivery import Delivery
from gates.rules import RULES
from tests.support.synthesis import copy_checkout, share_staged_assets, synthesize


@dataclass(frozen=True)
class Edit:
    """A text of a file replaced by another, and the rule that reports what comes of it.

    Edits of the same `checkout` are synthesized together: they do not get in each other's way.
    """

    rule: str
    file: str
    old: str
    new: str
    checkout: str = "careless"


EDITS = {
    "the approval is a build": Edit(
        "TAP-401",
        "pipeline/promotion.py",
        "pipelines.ManualApprovalStep(APPROVAL, comment=question.text, review_url=question.page)\n",
        'pipelines.CodeBuildStep(APPROVAL, commands=[f"echo {question.text!r}"])\n',
        checkout="unasked",
    ),
    "prod is delivered before dev": Edit(
        "TAP-402",
        "pipeline/stack.py",
        "*before, tested, guarded = self._settings.environments",
        "*before, guarded, tested = self._settings.environments",
        checkout="hasty",
    ),
    "failing smoke tests pass": Edit(
        "TAP-407",
        "pipeline/smoke.py",
        'commands=["bash scripts/smoke"]',
        'commands=["bash scripts/smoke || true"]',
    ),
    "the smoke project takes any role": Edit(
        "TAP-410",
        "pipeline/smoke.py",
        'allow(["sts:AssumeRole"], environment.smoke_role_arn)',
        'allow(["sts:AssumeRole"], "*")',
    ),
    "builds are privileged": Edit(
        "TAP-303", "pipeline/builds.py", "privileged=False", "privileged=True"
    ),
    "the CDK is the newest": Edit(
        "TAP-301", "pipeline/stack.py", "cli_version=tools.cdk_cli,\n", "\n"
    ),
    "the approval ends before anyone sees it": Edit(
        "TAP-701",
        "pipeline/stack.py",
        "limit_wait(built, minutes=minutes)",
        "limit_wait(built, minutes=5)",
    ),
    "the stage Guards is gone": Edit(
        "TAP-421",
        "pipeline/guarding.py",
        "    pipeline.add_stage(\n        stage_name=STAGE,",
        "    (lambda **_: None)(\n        stage_name=STAGE,",
    ),
    "anyone may take the smoke role": Edit(
        "TAP-411",
        "stages/smoke_role.py",
        "assumed_by=iam.ArnPrincipal(project_role_arn)",
        "assumed_by=iam.AnyPrincipal()",
    ),
}
CHECKOUTS = list(dict.fromkeys(edit.checkout for edit in EDITS.values()))


@pytest.fixture(scope="module")
def checkouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Delivery]]]:
    """The edited checkouts, synthesized two at a time."""
    folder = tmp_path_factory.mktemp("hostile")
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(_edited, folder / name) for name in CHECKOUTS}


def _edited(folder: Path) -> Delivery:
    checkout = copy_checkout(folder)
    share_staged_assets(checkout)
    for edit in EDITS.values():
        if edit.checkout == folder.name:
            _apply(edit, checkout / edit.file)
    assembly = synthesize(checkout, checkout / "cdk.out")
    return Delivery.read(assembly.directory, checkout)


def _apply(edit: Edit, file: Path) -> None:
    text = file.read_text()
    assert text.count(edit.old) == 1, f"{edit.file} no longer says {edit.old!r}"
    file.write_text(text.replace(edit.old, edit.new))


@pytest.mark.parametrize("name", EDITS)
def test_a_hostile_edit_of_the_definition_is_caught(
    checkouts: dict[str, Future[Delivery]], name: str
) -> None:
    edit = EDITS[name]
    assert list(RULES[edit.rule].findings(checkouts[edit.checkout].result()))
