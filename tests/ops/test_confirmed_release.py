"""What is deployed is what was approved: `python -m promotion.confirm`, on a running emulator.

Proves it with a pipeline's executions, a rollback among them, and a stack that changes between the
page and the deployment. That the pipeline asks it at the entry of its last stage is a rule of the
gates.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from promotion import confirm, release
from promotion.variables import NOTHING
from tests.embedded_aws.delivery import NAME, Delivery
from tests.embedded_aws.emulated import DEV
from tests.ops.conftest import Ops
from tests.ops.test_approvals import waits
from tests.promotion.conftest import Prod, template
from tests.promotion.test_previews import queue
from tests.promotion.test_promotion_command import assembly, told

BEFORE, WAITS, OTHER = "b" * 40, "c" * 40, "d" * 40


@pytest.fixture(scope="module")
def execution(delivery: Delivery) -> str:
    """One that has ended, and deployed."""
    made = waits(delivery, "An execution to confirm")
    delivery.answer(made)
    delivery.succeeds(made)
    return made


def problems(delivery: Delivery, folder: Path, execution: str, **shown: str) -> list[str]:
    """What is said of the release in `folder`; shown: what its page said, where not the same."""
    shown = {"digest": release.of_assembly(folder, WAITS).digest, "running": BEFORE, **shown}
    options = [f"--{name}={value}" for name, value in shown.items()]
    options += ["--commit", WAITS, "--execution", execution, "--pipeline", NAME]
    given = confirm.parser().parse_args([str(folder), *options])
    return list(confirm.problems(given, delivery.client, partial(delivery.client, account=DEV)))


def running(delivery: Delivery, name: str, commit: str) -> None:
    """Lets the stack run a version, by whatever way."""
    body = told(template(Q=queue()))
    body["Parameters"]["DeployedCommit"]["Default"] = commit
    Prod(partial(delivery.client, account=DEV)).deploy(name, body)


def test_the_release_that_was_shown_is_confirmed(
    delivery: Delivery, execution: str, tmp_path: Path
) -> None:
    folder = assembly(tmp_path / "cdk.out", shown=told(template(Q=queue())))
    assert problems(delivery, folder, execution, running=NOTHING) == []
    running(delivery, "shown", BEFORE)
    assert problems(delivery, folder, execution) == []


def test_an_approval_lets_no_other_release_through(
    delivery: Delivery, execution: str, tmp_path: Path
) -> None:
    approved = assembly(tmp_path / "approved", other=told(template(Q=queue())))
    digest = release.of_assembly(approved, WAITS).digest
    sneaked = assembly(tmp_path / "sneaked", other=told(template(Q=queue(DelaySeconds=1))))
    running(delivery, "other", BEFORE)
    (problem,) = problems(delivery, sneaked, execution, digest=digest)
    assert f"approved from shows {release.Release(WAITS, digest).name} (digest {digest})" in problem
    assert release.of_assembly(sneaked, WAITS).digest in problem


def test_an_environment_that_moved_on_since_the_page_was_made_is_not_touched(
    delivery: Delivery, execution: str, tmp_path: Path
) -> None:
    folder = assembly(tmp_path / "cdk.out", moved=told(template(Q=queue())))
    running(delivery, "moved", BEFORE)
    assert problems(delivery, folder, execution) == []
    Prod(partial(delivery.client, account=DEV)).client("cloudformation").update_stack(
        StackName="moved",
        UsePreviousTemplate=True,
        Parameters=[{"ParameterKey": "DeployedCommit", "ParameterValue": OTHER}],
    )
    (problem,) = problems(delivery, folder, execution)
    assert problem == (
        f"{OTHER} runs there by now, but the page that was approved from was made against {BEFORE}"
    )


def test_a_stage_that_is_tried_again_after_it_deployed_is_confirmed(
    delivery: Delivery, execution: str, tmp_path: Path
) -> None:
    folder = assembly(tmp_path / "cdk.out", again=told(template(Q=queue())))
    running(delivery, "again", WAITS)
    assert problems(delivery, folder, execution) == []


def test_a_rollback_is_let_in_whatever_runs_and_whatever_the_page_said(
    delivery: Delivery, execution: str, ops: Ops, tmp_path: Path
) -> None:
    later = waits(delivery, "A later execution, rolled back")
    ops("approve", "--yes")
    delivery.succeeds(later)
    back = delivery.api.rollback_stage(
        pipelineName=NAME, stageName="Dev", targetPipelineExecutionId=execution
    )["pipelineExecutionId"]
    delivery.succeeds(back)
    folder = assembly(tmp_path / "cdk.out", back=told(template(Q=queue())))
    running(delivery, "back", OTHER)
    assert problems(delivery, folder, back) == []
    assert problems(delivery, folder, back, digest="0" * 64) == []
    assert len(problems(delivery, folder, later)) == 1
