"""How executions move through a pipeline, with actions that the test steers.

Proves the engine's rules: order and parallelism, stage locks, superseding, retries, stops, changed
definitions, approvals. Proves nothing about what real actions do, nor about the API.
"""

from __future__ import annotations

import threading

import pytest

from embedded_aws.codepipeline.actions.base import Context, Outcome
from embedded_aws.codepipeline.definition import parse
from embedded_aws.json_service import ServiceError
from tests.embedded_aws.pipelines import (
    APPROVAL,
    PATIENCE,
    REGION,
    Bench,
    action,
    properties,
    source,
)

DEV = ("Dev", [action("Deploy"), action("Smoke", order=2)])
PROMOTE = ("Promote", [action("Approve", APPROVAL)])
PROD = ("Prod", [action("Release")])


def test_stages_and_run_orders_are_followed() -> None:
    bench = Bench(properties(DEV, PROD))
    bench.ended(bench.start(), "Succeeded")
    assert bench.performed == ["Push", "Deploy", "Smoke", "Release"]


def test_actions_of_one_run_order_run_side_by_side() -> None:
    bench = Bench(properties(("Dev", [action("A"), action("B")])))
    meeting = threading.Barrier(2)

    def meet(_: Context) -> Outcome:
        meeting.wait(PATIENCE)
        return Outcome()

    bench.behaviour = {"A": meet, "B": meet}
    bench.ended(bench.start(), "Succeeded")


def test_a_failed_action_ends_the_execution_after_its_siblings() -> None:
    bench = Bench(properties(("Dev", [action("A"), action("B"), action("C", order=2)]), PROD))
    bench.hold("B")
    bench.fail("A", "the disk is full")
    execution = bench.start()
    bench.until(lambda: any(r.status == "Failed" for r in execution.runs), "A fails")
    assert not execution.ended
    bench.let_go("B")
    bench.ended(execution, "Failed")
    assert execution.summary == "Dev/A: the disk is full"
    assert "C" not in bench.performed
    assert "Release" not in bench.performed


def test_a_crash_inside_an_action_is_a_failed_action() -> None:
    bench = Bench(properties(DEV))
    bench.behaviour["Deploy"] = lambda _: Outcome(variables={"x": {}["missing"]})
    execution = bench.start()
    bench.ended(execution, "Failed")
    assert "KeyError" in execution.summary


def test_variables_and_artifacts_reach_later_actions() -> None:
    use = action(
        "Use",
        InputArtifacts=[{"Name": "Code"}],
        Configuration={
            "EnvironmentVariables": '[{"name":"A","value":"#{Src.Message} #{variables.Where}"}]',
            "ProjectName": "#{codepipeline.PipelineExecutionId}",
        },
    )
    bench = Bench(properties(("Dev", [use]), Variables=[{"Name": "Where", "DefaultValue": "here"}]))
    bench.behaviour["Push"] = lambda _: Outcome(variables={"Message": 'say "hi"\n'})
    seen: list[Context] = []
    bench.behaviour["Use"] = lambda context: seen.append(context) or Outcome()
    execution = bench.start()
    bench.ended(execution, "Succeeded")
    expected = '[{"name": "A", "value": "say \\"hi\\"\\n here"}]'
    assert seen[0].configuration["EnvironmentVariables"] == expected
    assert seen[0].configuration["ProjectName"] == execution.id
    assert seen[0].inputs["Code"] == execution.runs[0].outputs[0]
    assert seen[0].inputs["Code"].key.startswith("delivery/Code/")


def test_a_variable_without_a_value_fails_the_action_by_name() -> None:
    use = action(
        "Use", Configuration={"EnvironmentVariables": '[{"name":"A","value":"#{Src.Nothing}"}]'}
    )
    bench = Bench(properties(("Dev", [use])))
    execution = bench.start()
    bench.ended(execution, "Failed")
    assert "#{Src.Nothing}" in execution.summary
    assert "Use" not in bench.performed


def test_an_execution_waits_for_a_locked_stage() -> None:
    bench = Bench(properties(DEV, PROD))
    bench.hold("Deploy")
    first = bench.start()
    bench.until(lambda: "Deploy" in bench.performed, "Deploy starts")
    second = bench.start()
    bench.waiting(second, "Dev")
    assert bench.performed == ["Push", "Deploy", "Push"]
    bench.let_go("Deploy")
    bench.ended(first, "Succeeded")
    bench.ended(second, "Succeeded")


def test_a_newer_execution_supersedes_the_one_that_waits_but_not_the_one_inside() -> None:
    bench = Bench(properties(PROMOTE, PROD))
    inside = bench.start()
    bench.running(inside, "Approve")
    older = bench.start()
    bench.waiting(older, "Promote")
    newer = bench.start()
    bench.ended(older, "Superseded")
    assert newer.id in older.summary
    bench.waiting(newer, "Promote")
    assert inside.status == "InProgress"
    bench.approve(inside, approved=False)
    bench.ended(inside, "Failed")
    bench.approve(newer)
    bench.ended(newer, "Succeeded")
    assert bench.performed.count("Release") == 1


def test_queued_executions_keep_their_turn() -> None:
    bench = Bench(properties(DEV, ExecutionMode="QUEUED"))
    bench.hold("Deploy")
    executions = [bench.start() for _ in range(3)]
    for execution in executions[1:]:
        bench.waiting(execution, "Dev")
    bench.let_go("Deploy")
    for execution in executions:
        bench.ended(execution, "Succeeded")


def test_a_disabled_transition_holds_executions_and_they_can_be_stopped_there() -> None:
    bench = Bench(
        properties(DEV, DisableInboundStageTransitions=[{"StageName": "Dev", "Reason": "freeze"}])
    )
    execution = bench.start()
    bench.waiting(execution, "Dev")
    bench.engine.stop(bench.pipeline, execution.id, abandon=False, reason="enough")
    bench.ended(execution, "Stopped")
    assert bench.performed == ["Push"]


def test_a_rejected_approval_fails_its_stage_and_nothing_behind_it_runs() -> None:
    bench = Bench(properties(PROMOTE, PROD))
    execution = bench.start()
    bench.approve(execution, approved=False)
    bench.ended(execution, "Failed")
    assert "Rejected by arn:tester: because" in execution.summary
    assert "Release" not in bench.performed


def test_an_approval_is_answered_once() -> None:
    bench = Bench(properties(PROMOTE, PROD))
    execution = bench.start()
    bench.approve(execution)
    with pytest.raises(ServiceError) as refusal:
        bench.approve(execution, approved=False)
    assert refusal.value.code == "ApprovalAlreadyCompletedException"
    bench.ended(execution, "Succeeded")


def test_an_approval_that_nobody_answers_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded_aws.codepipeline.performing.APPROVAL_TIMEOUT_MINUTES", 0.001)
    bench = Bench(properties(PROMOTE, PROD))
    execution = bench.start()
    bench.ended(execution, "Failed")
    assert "Nobody answered" in execution.summary


@pytest.mark.parametrize(
    ("mode", "again"), [("FAILED_ACTIONS", ["B"]), ("ALL_ACTIONS", ["A", "B"])]
)
def test_retrying_a_stage_repeats_what_the_mode_says_and_then_goes_on(
    mode: str, again: list[str]
) -> None:
    bench = Bench(properties(("Dev", [action("A"), action("B")]), PROD))
    bench.fail("B")
    execution = bench.start()
    bench.ended(execution, "Failed")
    bench.performed.clear()
    bench.behaviour.clear()
    bench.engine.retry(bench.pipeline, "Dev", execution.id, mode)
    bench.ended(execution, "Succeeded")
    assert sorted(bench.performed[:-1]) == again
    assert bench.performed[-1] == "Release"


def test_only_a_failed_stage_of_the_latest_execution_can_be_retried() -> None:
    bench = Bench(properties(DEV, PROD))
    bench.fail("Deploy")
    older, newer = bench.start(), None
    bench.ended(older, "Failed")
    newer = bench.start()
    bench.ended(newer, "Failed")
    for stage, execution, code in (
        ("Dev", older, "NotLatestPipelineExecutionException"),
        ("Source", newer, "StageNotRetryableException"),
        ("Nowhere", newer, "StageNotFoundException"),
    ):
        with pytest.raises(ServiceError) as refusal:
            bench.engine.retry(bench.pipeline, stage, execution.id, "FAILED_ACTIONS")
        assert refusal.value.code == code


def test_stopping_lets_running_actions_end_and_starts_no_more() -> None:
    bench = Bench(properties(DEV, PROD))
    bench.hold("Deploy")
    execution = bench.start()
    bench.running(execution, "Deploy")
    bench.engine.stop(bench.pipeline, execution.id, abandon=False, reason="wrong commit")
    assert execution.status == "Stopping"
    with pytest.raises(ServiceError) as refusal:
        bench.engine.stop(bench.pipeline, execution.id, abandon=False, reason="again")
    assert refusal.value.code == "DuplicatedStopRequestException"
    bench.let_go("Deploy")
    bench.ended(execution, "Stopped")
    assert execution.runs[-1].status == "Succeeded"
    assert "Smoke" not in bench.performed


def test_abandoning_does_not_wait_and_unlocks_the_stage() -> None:
    bench = Bench(properties(DEV, PROD))
    bench.hold("Deploy")
    execution = bench.start()
    bench.running(execution, "Deploy")
    bench.engine.stop(bench.pipeline, execution.id, abandon=True, reason="")
    bench.ended(execution, "Stopped")
    assert execution.runs[-1].status == "Abandoned"
    bench.let_go("Deploy")
    bench.ended(bench.start(), "Succeeded")
    assert execution.runs[-1].status == "Abandoned"


def test_what_has_ended_cannot_be_stopped() -> None:
    bench = Bench(properties(DEV))
    execution = bench.start()
    bench.ended(execution, "Succeeded")
    with pytest.raises(ServiceError) as refusal:
        bench.engine.stop(bench.pipeline, execution.id, abandon=True, reason="")
    assert refusal.value.code == "PipelineExecutionNotStoppableException"


def test_a_new_definition_cancels_after_the_running_action_and_is_used_next() -> None:
    old = properties(("UpdatePipeline", [action("SelfMutate")]), DEV)
    bench = Bench(old)
    bench.hold("SelfMutate")
    first = bench.start()
    bench.running(first, "SelfMutate")
    new = parse(properties(("UpdatePipeline", [action("SelfMutate")]), PROD), "delivery", REGION)
    bench.engine.update(bench.pipeline, new)
    second = bench.start()
    bench.waiting(second, "UpdatePipeline")
    assert not first.ended
    bench.let_go("SelfMutate")
    bench.ended(first, "Cancelled")
    bench.ended(second, "Succeeded")
    assert first.runs[-1].status == "Succeeded"
    assert (first.version, second.version) == (1, 2)
    assert bench.performed == ["Push", "SelfMutate", "Push", "SelfMutate", "Release"]


def test_a_new_definition_abandons_an_approval_and_frees_its_stage() -> None:
    given = properties(PROMOTE, PROD)
    bench = Bench(given)
    first = bench.start()
    bench.running(first, "Approve")
    bench.engine.update(bench.pipeline, parse(given, "delivery", REGION))
    bench.ended(first, "Cancelled")
    with pytest.raises(ServiceError):
        bench.approve(first)
    second = bench.start()
    bench.approve(second)
    bench.ended(second, "Succeeded")


def test_a_failed_stage_cannot_be_retried_with_another_definition() -> None:
    given = properties(DEV)
    bench = Bench(given)
    bench.fail("Deploy")
    execution = bench.start()
    bench.ended(execution, "Failed")
    bench.engine.update(bench.pipeline, parse(given, "delivery", REGION))
    with pytest.raises(ServiceError) as refusal:
        bench.engine.retry(bench.pipeline, "Dev", execution.id, "ALL_ACTIONS")
    assert refusal.value.code == "StageNotRetryableException"


def test_deleting_a_pipeline_leaves_nobody_waiting() -> None:
    bench = Bench(properties(PROMOTE, PROD))
    inside = bench.start()
    bench.running(inside, "Approve")
    outside = bench.start()
    bench.waiting(outside, "Promote")
    bench.engine.delete(bench.pipeline)
    bench.ended(inside, "Cancelled")
    bench.ended(outside, "Cancelled")


def test_a_source_action_is_told_which_revision_to_fetch() -> None:
    bench = Bench(
        properties(DEV, Stages=None)
        | {
            "Stages": [
                {"Name": "Source", "Actions": [source()]},
                {"Name": "Dev", "Actions": DEV[1]},
            ]
        }
    )
    seen: list[Context] = []
    bench.behaviour["Push"] = lambda context: seen.append(context) or Outcome()
    execution = bench.engine.start(
        bench.pipeline, ("WebhookV2", "arn:c"), revisions={"Push": ("abc", "topic")}
    )
    bench.ended(execution, "Succeeded")
    assert (seen[0].source_revision, seen[0].source_branch) == ("abc", "topic")
