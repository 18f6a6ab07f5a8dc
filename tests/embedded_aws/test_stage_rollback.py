"""How a stage comes back to what an earlier execution left there, by hand and by itself.

Proves which executions a stage can be rolled back to, what a rollback runs and uses, and what the
API shows of it, with actions that the test steers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.codepipeline import views
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.executions import Execution
from embedded_aws.json_service import ServiceError
from tests.embedded_aws.pipelines import (
    APPROVAL,
    REGION,
    Bench,
    action,
    check,
    conditions,
    properties,
    rule,
    with_conditions,
)

DEV = ("Dev", [action("Deploy"), action("Smoke", order=2)])
PROD = ("Prod", [action("Release")])
VARIABLES = [{"Name": "Go", "DefaultValue": "yes"}]
NOBODY = "00000000-0000-0000-0000-000000000000"


def bench(**given: Any) -> Bench:
    """Source, Dev with these conditions, Prod; every push has another commit."""
    made = Bench(with_conditions(properties(DEV, PROD, Variables=VARIABLES), "Dev", **given))
    made.behaviour["Push"] = lambda context: Outcome(variables={"CommitId": context.execution_id})
    return made


def delivered(made: Bench) -> Execution:
    """An execution that succeeded."""
    execution = made.start()
    made.ended(execution, "Succeeded")
    return execution


def refusal(made: Bench, stage: str, target: str) -> tuple[str, str]:
    """AWS's exception and its message."""
    with pytest.raises(ServiceError) as error:
        made.engine.rollback(made.pipeline, stage, target, "arn:tester")
    return error.value.code, error.value.message


def test_a_rollback_runs_only_its_stage_with_the_targets_results() -> None:
    use = action(
        "Deploy",
        Configuration={
            "EnvironmentVariables": '[{"name":"A","value":"#{Src.CommitId} #{variables.Go}"}]'
        },
    )
    made = Bench(properties(("Dev", [use]), PROD, Variables=VARIABLES))
    made.behaviour["Push"] = lambda context: Outcome(variables={"CommitId": context.execution_id})
    seen: list[Context] = []
    made.behaviour["Deploy"] = lambda context: seen.append(context) or Outcome()
    first = made.engine.start(made.pipeline, ("x", "y"), variables={"Go": "as asked"})
    made.ended(first, "Succeeded")
    delivered(made)
    made.performed.clear()
    back = made.engine.rollback(made.pipeline, "Dev", first.id, "arn:tester")
    made.ended(back, "Succeeded")
    assert made.performed == ["Deploy"]
    (told,) = json.loads(seen[-1].configuration["EnvironmentVariables"])
    assert told["value"] == f"{first.id} as asked"
    assert seen[-1].inputs["Code"] == seen[0].inputs["Code"]
    summary = views.execution_summary(back)
    assert (summary["executionType"], summary["status"]) == ("ROLLBACK", "Succeeded")
    assert summary["rollbackMetadata"] == {"rollbackTargetPipelineExecutionId": first.id}
    assert summary["trigger"] == {"triggerType": "ManualRollback", "triggerDetail": "arn:tester"}
    state = views.pipeline_state(made.pipeline)["stageStates"]
    assert state[1]["latestExecution"]["type"] == "ROLLBACK"
    assert state[2]["latestExecution"]["type"] == "STANDARD"


def test_a_rollback_that_fails_says_so_and_starts_no_other() -> None:
    made = bench(OnFailure={"Result": "ROLLBACK"})
    first = delivered(made)
    made.fail("Deploy")
    back = made.engine.rollback(made.pipeline, "Dev", first.id, "arn:tester")
    made.ended(back, "Failed")
    assert len(made.pipeline.executions) == 2


def test_only_a_success_in_the_stage_can_be_rolled_back_to() -> None:
    made = bench()
    good = delivered(made)
    made.fail("Smoke")
    bad = made.start()
    made.ended(bad, "Failed")
    assert refusal(made, "Nowhere", good.id)[0] == "StageNotFoundException"
    assert refusal(made, "Dev", NOBODY)[0] == "PipelineExecutionNotFoundException"
    code, message = refusal(made, "Dev", bad.id)
    assert (code, "did not succeed" in message) == ("UnableToRollbackStageException", True)
    code, message = refusal(made, "Source", good.id)
    assert (code, "source stage" in message) == ("UnableToRollbackStageException", True)
    made.behaviour.pop("Smoke")
    back = made.engine.rollback(made.pipeline, "Dev", good.id, "arn:tester")
    made.ended(back, "Succeeded")
    code, message = refusal(made, "Dev", back.id)
    assert (code, "is a rollback itself" in message) == ("UnableToRollbackStageException", True)


def test_a_skipped_stage_is_no_target() -> None:
    made = bench(BeforeEntry=conditions("SKIP", check("#{variables.Go}", "EQ", "no")))
    execution = delivered(made)
    assert refusal(made, "Dev", execution.id)[0] == "UnableToRollbackStageException"
    assert execution.succeeded_in("Prod")


def test_a_stage_that_runs_cannot_be_rolled_back() -> None:
    made = bench()
    good = delivered(made)
    made.hold("Deploy")
    running = made.start()
    made.until(lambda: running.latest_run("Dev", "Deploy") is not None, "Deploy runs")
    code, message = refusal(made, "Dev", good.id)
    assert (code, "currently running" in message) == ("UnableToRollbackStageException", True)
    made.let_go("Deploy")
    made.ended(running, "Succeeded")


def test_an_execution_of_an_earlier_definition_is_outdated() -> None:
    made = bench()
    old = delivered(made)
    made.engine.update(made.pipeline, parse(properties(DEV, PROD), "delivery", REGION))
    assert refusal(made, "Dev", old.id)[0] == "PipelineExecutionOutdatedException"


def test_a_pipeline_of_type_v1_has_no_rollback() -> None:
    made = Bench(properties(DEV, PROD, PipelineType="V1"))
    good = delivered(made)
    code, message = refusal(made, "Dev", good.id)
    assert (code, "type V2" in message) == ("UnableToRollbackStageException", True)


def automatic(made: Bench, failed: Execution) -> Execution:
    """The rollback that followed a failure, when it has ended."""
    made.ended(failed, "Failed")
    back = made.pipeline.executions[-1]
    assert back.target is not None
    made.ended(back, "Succeeded")
    return back


def test_a_failed_stage_rolls_itself_back_to_the_newest_success() -> None:
    made = bench(OnFailure={"Result": "ROLLBACK"})
    delivered(made)
    second = delivered(made)
    good = {artifact.key for run in second.runs for artifact in run.outputs}

    def passes_for_the_second(context: Context) -> Outcome:
        if context.inputs["Code"].key not in good:
            raise ActionError("the new version is broken")
        return Outcome()

    made.behaviour["Smoke"] = passes_for_the_second
    failed = made.start()
    back = automatic(made, failed)
    assert back.target is second
    assert views.execution_summary(back)["trigger"] == {
        "triggerType": "AutomatedRollback",
        "triggerDetail": json.dumps({"FailedPipelineExecutionId": failed.id}),
    }
    # A rollback is no target: the next failure goes back to the same success.
    assert automatic(made, made.start()).target is second


def test_who_is_kept_out_after_a_rollback_rolls_nothing_back_and_enters_when_retried() -> None:
    """The entry condition of a stage that is held by every rollback of it, until that is lifted."""
    made = bench(BeforeEntry=conditions("FAIL", rule("NotHeld")), OnFailure={"Result": "ROLLBACK"})
    good = delivered(made)
    lifted: list[str] = []

    def not_held(_: Context) -> Outcome:
        if {each.id for each in made.pipeline.executions if each.target} - {*lifted}:
            raise ActionError("held")
        return Outcome()

    made.behaviour["NotHeld"] = not_held
    artifacts = {artifact.key for run in good.runs for artifact in run.outputs}

    def passes_for_the_good(context: Context) -> Outcome:
        if context.inputs["Code"].key not in artifacts:
            raise ActionError("the new version is broken")
        return Outcome()

    made.behaviour["Smoke"] = passes_for_the_good
    back = automatic(made, made.start())
    assert back.condition("Dev", "BEFORE_ENTRY") is None

    made.behaviour.pop("Smoke")
    kept_out = made.start()
    made.ended(kept_out, "Failed")
    assert kept_out.latest_run("Dev", "Deploy") is None
    assert made.pipeline.executions[-1] is kept_out
    lifted.append(back.id)
    made.engine.retry(made.pipeline, "Dev", kept_out.id, "FAILED_ACTIONS")
    made.ended(kept_out, "Succeeded")


def test_nothing_rolls_back_to_a_success_of_an_earlier_definition() -> None:
    made = bench(OnFailure={"Result": "ROLLBACK"})
    delivered(made)
    made.engine.update(made.pipeline, made.pipeline.structure)
    made.fail("Smoke")
    made.ended(made.start(), "Failed")
    assert [execution.target for execution in made.pipeline.executions] == [None, None]


def test_without_an_earlier_success_nothing_rolls_back() -> None:
    made = bench(OnFailure={"Result": "ROLLBACK"})
    made.fail("Smoke")
    made.ended(made.start(), "Failed")
    assert len(made.pipeline.executions) == 1


def test_a_rollback_goes_before_those_that_wait() -> None:
    made = Bench(
        with_conditions(
            properties(("Dev", [action("Approve", APPROVAL)]), PROD),
            "Dev",
            OnFailure={"Result": "ROLLBACK"},
        )
    )
    good = made.start()
    made.approve(good)
    made.ended(good, "Succeeded")
    failing = made.start()
    made.running(failing, "Approve")
    waiting = made.start()
    made.waiting(waiting, "Dev")
    made.approve(failing, approved=False)
    made.ended(failing, "Failed")
    back = made.pipeline.executions[-1]
    assert back.target is good
    made.running(back, "Approve")
    assert waiting in made.pipeline.stage_state("Dev").waiting
    made.approve(back)
    made.ended(back, "Succeeded")
    made.approve(waiting)
    made.ended(waiting, "Succeeded")


@pytest.mark.parametrize(("answer", "executions"), [("fails", 3), ("passes", 2)])
def test_a_failure_condition_decides_whether_the_stage_rolls_back(
    answer: str, executions: int
) -> None:
    made = bench(OnFailure=conditions("ROLLBACK", rule("Alarm")))
    delivered(made)
    made.fail("Smoke")
    if answer == "fails":
        made.fail("Alarm")
    failed = made.start()
    made.ended(failed, "Failed")
    assert len(made.pipeline.executions) == executions
    last = made.pipeline.executions[-1]
    made.until(lambda: last.ended, "the last one ends")


def test_a_failed_success_condition_can_roll_back_and_then_not_be_overridden() -> None:
    made = bench(OnSuccess=conditions("ROLLBACK", check("#{variables.Go}", "EQ", "yes")))
    good = delivered(made)
    failed = made.engine.start(made.pipeline, ("x", "y"), variables={"Go": "no"})
    back = automatic(made, failed)
    assert back.target is good
    assert made.performed.count("Smoke") == 3
    with pytest.raises(ServiceError) as error:
        made.engine.override(made.pipeline, "Dev", failed.id, "ON_SUCCESS")
    assert error.value.code == "NotLatestPipelineExecutionException"


def test_a_failed_rollback_can_be_retried_and_still_ends_with_its_stage() -> None:
    made = bench()
    good = delivered(made)
    made.fail("Smoke")
    back = made.engine.rollback(made.pipeline, "Dev", good.id, "arn:tester")
    made.ended(back, "Failed")
    made.behaviour.pop("Smoke")
    made.engine.retry(made.pipeline, "Dev", back.id, "FAILED_ACTIONS")
    made.ended(back, "Succeeded")
    assert made.performed.count("Release") == 1
