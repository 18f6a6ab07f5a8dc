"""What a stage's conditions make of an execution, with actions and rules that the test steers.

Proves what follows each result before entry, on success and on failure, what overriding and
retrying do, and what the API shows. Rules against real services are another test's matter.
"""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws.codepipeline import views
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.definition import parse
from embedded_aws.codepipeline.executions import Execution
from embedded_aws.json_service import ServiceError
from tests.embedded_aws.pipelines import (
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


def bench(**given: Any) -> Bench:
    """Source, Dev with these conditions, Prod."""
    variables = [{"Name": "Go", "DefaultValue": "yes"}]
    made = Bench(with_conditions(properties(DEV, PROD, Variables=variables), "Dev", **given))
    made.behaviour["Push"] = lambda _: Outcome(variables={"CommitMessage": "feat: new"})
    return made


def start(made: Bench, go: str) -> Execution:
    """An execution whose pipeline variable has this value."""
    return made.engine.start(
        made.pipeline, ("StartPipelineExecution", "test"), variables={"Go": go}
    )


def stage_view(made: Bench, name: str = "Dev") -> dict[str, Any]:
    """A stage of GetPipelineState."""
    states: list[dict[str, Any]] = views.pipeline_state(made.pipeline)["stageStates"]
    return next(state for state in states if state["stageName"] == name)


def refused(code: str, made: Bench, execution: Execution, kind: Any = "BEFORE_ENTRY") -> None:
    with pytest.raises(ServiceError) as refusal:
        made.engine.override(made.pipeline, "Dev", execution.id, kind)
    assert refusal.value.code == code


def test_a_met_entry_condition_lets_the_execution_in() -> None:
    made = bench(BeforeEntry=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")))
    made.ended(made.start(), "Succeeded")
    assert made.performed == ["Push", "Deploy", "Smoke", "Release"]
    assert stage_view(made)["beforeEntryConditionState"]["latestExecution"] == {
        "status": "Succeeded"
    }


def test_a_failed_entry_condition_fails_the_stage_before_any_action() -> None:
    made = bench(BeforeEntry=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")))
    execution = start(made, "no")
    made.ended(execution, "Failed")
    assert made.performed == ["Push"]
    assert "#{variables.Go} is 'no', which does not pass EQ 'yes'" in execution.summary
    assert stage_view(made)["latestExecution"]["status"] == "Failed"


def test_a_skipped_stage_runs_nothing_and_the_execution_goes_on() -> None:
    made = bench(BeforeEntry=conditions("SKIP", check("#{Src.CommitMessage}", "CONTAINS", "fix")))
    execution = made.start()
    made.ended(execution, "Succeeded")
    assert made.performed == ["Push", "Release"]
    state = stage_view(made)
    assert state["latestExecution"]["status"] == "Skipped"
    assert state["beforeEntryConditionState"]["latestExecution"]["status"] == "Failed"
    assert [a.get("latestExecution") for a in state["actionStates"]] == [None, None]
    assert [run.stage for run in execution.runs] == ["Source", "Prod"]
    assert not execution.succeeded_in("Dev")


def test_what_a_skipped_stage_would_have_told_has_no_value_later() -> None:
    deploy = action("Deploy", Namespace="Dev")
    use = check("#{Dev.Url}", "NE", "", name="Later")
    use["Configuration"]["Value"] = "nothing"
    given = with_conditions(
        properties(("Dev", [deploy]), PROD),
        "Dev",
        BeforeEntry=conditions("SKIP", check("#{Src.CommitMessage}", "EQ", "no")),
    )
    made = Bench(with_conditions(given, "Prod", BeforeEntry=conditions("SKIP", use)))
    made.behaviour["Push"] = lambda _: Outcome(variables={"CommitMessage": "feat"})
    execution = made.start()
    made.ended(execution, "Failed")
    assert "#{Dev.Url}" in execution.summary
    assert stage_view(made, "Prod")["beforeEntryConditionState"]["latestExecution"]["status"] == (
        "Errored"
    )
    assert "Release" not in made.performed


def test_all_rules_of_a_condition_must_succeed_and_they_run_side_by_side() -> None:
    made = bench(BeforeEntry=conditions("FAIL", rule("One"), rule("Two")))
    made.hold("One")
    made.fail("Two", "not now")
    execution = made.start()
    made.until(lambda: any(r.status == "Failed" for r in execution.rule_runs()), "Two fails")
    assert not execution.ended
    made.let_go("One")
    made.ended(execution, "Failed")
    assert execution.summary == "Dev, condition BEFORE_ENTRY: Two: not now"


def test_a_failed_success_condition_fails_the_stage_though_its_actions_succeeded() -> None:
    made = bench(OnSuccess=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")))
    execution = start(made, "no")
    made.ended(execution, "Failed")
    assert made.performed == ["Push", "Deploy", "Smoke"]
    assert "condition ON_SUCCESS" in execution.summary


def test_a_condition_of_failure_is_not_asked_when_the_actions_succeed() -> None:
    made = bench(OnFailure=conditions("ROLLBACK", rule("Alarm")))
    made.ended(made.start(), "Succeeded")
    assert "Alarm" not in made.performed


@pytest.mark.parametrize(("mode", "again"), [("FAILED_ACTIONS", 1), ("ALL_ACTIONS", 2)])
def test_a_stage_that_retries_itself_does_so_once(mode: str, again: int) -> None:
    given = {"Result": "RETRY", "RetryConfiguration": {"RetryMode": mode}}
    made = bench(OnFailure=given)
    made.fail("Smoke")
    execution = made.start()
    made.ended(execution, "Failed")
    assert (made.performed.count("Deploy"), made.performed.count("Smoke")) == (again, 2)
    assert stage_view(made)["retryStageMetadata"] == {
        "autoStageRetryAttempt": 1,
        "latestRetryTrigger": "AutomatedStageRetry",
    }


def test_an_automatic_retry_that_succeeds_goes_on() -> None:
    made = bench(OnFailure={"Result": "RETRY"})
    attempts: list[int] = []

    def second_time(_: Context) -> Outcome:
        attempts.append(1)
        if len(attempts) == 1:
            raise ActionError("flaky")
        return Outcome()

    made.behaviour["Smoke"] = second_time
    made.ended(made.start(), "Succeeded")
    assert made.performed[-1] == "Release"


def test_a_failed_entry_condition_can_be_overridden_and_the_stage_runs() -> None:
    made = bench(BeforeEntry=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")))
    execution = start(made, "no")
    made.ended(execution, "Failed")
    made.engine.override(made.pipeline, "Dev", execution.id, "BEFORE_ENTRY")
    made.ended(execution, "Succeeded")
    assert made.performed == ["Push", "Deploy", "Smoke", "Release"]
    state = stage_view(made)["beforeEntryConditionState"]
    assert state["latestExecution"]["status"] == "Overridden"
    refused("ConditionNotOverridableException", made, execution)


def test_a_failed_success_condition_can_be_overridden_and_nothing_runs_again() -> None:
    made = bench(OnSuccess=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")))
    execution = start(made, "no")
    made.ended(execution, "Failed")
    refused("ConditionNotOverridableException", made, execution, "BEFORE_ENTRY")
    made.engine.override(made.pipeline, "Dev", execution.id, "ON_SUCCESS")
    made.ended(execution, "Succeeded")
    assert made.performed == ["Push", "Deploy", "Smoke", "Release"]
    assert stage_view(made)["latestExecution"]["status"] == "Succeeded"


def test_a_condition_that_is_being_checked_can_be_overridden() -> None:
    made = bench(BeforeEntry=conditions("FAIL", rule("Ask")))
    made.hold("Ask")
    execution = made.start()
    made.until(lambda: "Ask" in made.performed, "the rule runs")
    assert stage_view(made)["beforeEntryConditionState"]["latestExecution"]["status"] == (
        "InProgress"
    )
    made.engine.override(made.pipeline, "Dev", execution.id, "BEFORE_ENTRY")
    made.ended(execution, "Succeeded")
    assert execution.rule_runs()[0].status == "Abandoned"
    made.let_go("Ask")


def test_what_was_skipped_or_is_not_the_latest_cannot_be_overridden() -> None:
    made = bench(BeforeEntry=conditions("SKIP", check("#{variables.Go}", "EQ", "yes")))
    older = start(made, "no")
    made.ended(older, "Succeeded")
    refused("ConditionNotOverridableException", made, older)
    newer = start(made, "no")
    made.ended(newer, "Succeeded")
    refused("NotLatestPipelineExecutionException", made, older)


def test_a_condition_of_an_earlier_definition_cannot_be_overridden() -> None:
    made = bench(BeforeEntry=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")))
    execution = start(made, "no")
    made.ended(execution, "Failed")
    made.engine.update(made.pipeline, parse(properties(DEV, PROD), "delivery", REGION))
    refused("ConditionNotOverridableException", made, execution)


def test_a_stage_that_retried_itself_does_not_do_so_again_after_a_retry_by_hand() -> None:
    made = bench(OnFailure={"Result": "RETRY"})
    made.fail("Smoke")
    execution = made.start()
    made.ended(execution, "Failed")
    made.engine.retry(made.pipeline, "Dev", execution.id, "FAILED_ACTIONS")
    made.ended(execution, "Failed")
    assert made.performed.count("Smoke") == 3
    assert stage_view(made)["retryStageMetadata"] == {
        "autoStageRetryAttempt": 1,
        "manualStageRetryAttempt": 1,
        "latestRetryTrigger": "ManualStageRetry",
    }


def test_stopping_ends_a_condition_that_is_being_checked() -> None:
    made = bench(BeforeEntry=conditions("FAIL", rule("Ask")))
    made.hold("Ask")
    execution = made.start()
    made.until(lambda: "Ask" in made.performed, "the rule runs")
    made.engine.stop(made.pipeline, execution.id, abandon=False, reason="enough")
    made.ended(execution, "Stopped")
    assert stage_view(made)["beforeEntryConditionState"]["latestExecution"]["status"] == (
        "Cancelled"
    )
    made.let_go("Ask")


def test_a_new_definition_cancels_what_waits_in_a_condition() -> None:
    made = bench(BeforeEntry=conditions("FAIL", rule("Ask")))
    made.hold("Ask")
    execution = made.start()
    made.until(lambda: "Ask" in made.performed, "the rule runs")
    made.engine.update(made.pipeline, parse(properties(DEV, PROD), "delivery", REGION))
    made.ended(execution, "Cancelled")
    made.let_go("Ask")


def test_a_retry_of_a_stage_that_was_never_entered_asks_its_condition_again() -> None:
    made = bench(BeforeEntry=conditions("FAIL", rule("Ask")))
    made.fail("Ask", "closed")
    execution = made.start()
    made.ended(execution, "Failed")
    made.engine.retry(made.pipeline, "Dev", execution.id, "ALL_ACTIONS")
    made.ended(execution, "Failed")
    assert "Deploy" not in made.performed
    made.behaviour.pop("Ask")
    made.engine.retry(made.pipeline, "Dev", execution.id, "FAILED_ACTIONS")
    made.ended(execution, "Succeeded")
    assert made.performed == ["Push", "Ask", "Ask", "Ask", "Deploy", "Smoke", "Release"]


def test_a_failing_entry_condition_is_no_failure_of_the_stages_actions() -> None:
    made = bench(
        BeforeEntry=conditions("FAIL", check("#{variables.Go}", "EQ", "yes")),
        OnFailure={"Result": "RETRY"},
    )
    made.ended(start(made, "no"), "Failed")
    assert "retryStageMetadata" not in stage_view(made)


@pytest.mark.parametrize(
    ("operator", "value", "passes"),
    [
        ("EQ", "feat: new", True),
        ("EQ", "feat", False),
        ("NE", "feat", True),
        ("NE", "feat: new", False),
        ("CONTAINS", "at: n", True),
        ("CONTAINS", "fix", False),
        ("MATCHES", "feat.*", True),
        ("MATCHES", "feat", False),
        ("MATCHES", "#{Src.CommitMessage}", True),
    ],
)
def test_variables_are_compared_as_the_operator_says(
    operator: str, value: str, passes: bool
) -> None:
    made = bench(BeforeEntry=conditions("FAIL", check("#{Src.CommitMessage}", operator, value)))
    made.ended(made.start(), "Succeeded" if passes else "Failed")
