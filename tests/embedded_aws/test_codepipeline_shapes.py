"""Every answer of the API has exactly the shape of AWS's own service model.

Proves names, types, enumerations, lengths and required members against botocore's model, for an
execution in several states. botocore itself would ignore unknown members silently.
"""

from __future__ import annotations

import pytest

from embedded_aws.codepipeline import views
from embedded_aws.codepipeline.actions.base import Context, Outcome
from embedded_aws.codepipeline.conditions.views import rule_execution_detail, rule_types
from embedded_aws.codepipeline.executions import Revision, now
from tests.embedded_aws.pipelines import (
    APPROVAL,
    Bench,
    action,
    check,
    conditions,
    properties,
    rule,
    with_conditions,
)
from tests.support.model_shapes import problems, service_model

MODEL = service_model("codepipeline")


@pytest.fixture
def bench() -> Bench:
    """A pipeline with an execution that waits, one that waits before it, and one that failed."""
    made = Bench(
        properties(
            ("Promote", [action("Approve", APPROVAL)]),
            ("Dev", [action("Deploy", InputArtifacts=[{"Name": "Code"}])]),
            Variables=[{"Name": "V", "DefaultValue": "1"}],
            DisableInboundStageTransitions=[{"StageName": "Dev", "Reason": "freeze"}],
            Tags=[{"Key": "a", "Value": "b"}],
        )
    )

    def fetch(context: Context) -> Outcome:
        context.report(external_id="e", external_url="https://x", entity_url="https://y")
        revision = Revision("Push", "Code", "abc", "message", None, now())
        return Outcome({"CommitId": "abc"}, summary="message", revision=revision)

    made.behaviour["Push"] = fetch
    failed = made.start()
    made.approve(failed, approved=False)
    made.ended(failed, "Failed")
    made.running(made.start(), "Approve")
    made.waiting(made.start(), "Promote")
    stopped = made.pipeline.executions[-1]
    made.engine.stop(made.pipeline, stopped.id, abandon=False, reason="why")
    made.waiting(made.start(), "Promote")
    return made


def test_every_answer_has_the_shape_of_the_service_model(bench: Bench) -> None:
    pipeline = bench.pipeline
    executions = pipeline.executions
    runs = [
        views.action_execution_detail(e, run, "us-west-2") for e in executions for run in e.runs
    ]
    answers = {
        "GetPipeline": [views.pipeline(pipeline, 1)],
        "GetPipelineState": [views.pipeline_state(pipeline)],
        "GetPipelineExecution": [views.execution(pipeline, e) for e in executions],
        "ListPipelines": [{"pipelines": [views.pipeline_summary(pipeline)]}],
        "ListPipelineExecutions": [
            {"pipelineExecutionSummaries": [views.execution_summary(e) for e in executions]}
        ],
        "ListActionExecutions": [{"actionExecutionDetails": runs}],
    }
    for operation, views_of_it in answers.items():
        shape = MODEL.operation_model(operation).output_shape
        assert [p for view in views_of_it for p in problems(view, shape, operation)] == []


def test_conditions_and_rollbacks_have_the_shape_of_the_service_model() -> None:
    given = properties(("Dev", [action("Deploy")]), Variables=[{"Name": "V", "DefaultValue": "1"}])
    entry = conditions("FAIL", check("#{variables.V}", "EQ", "1"))
    failure = {"Result": "RETRY", **conditions("ROLLBACK", rule("Alarm"))}
    made = Bench(with_conditions(given, "Dev", BeforeEntry=entry, OnFailure=failure))
    empty = views.pipeline_state(made.pipeline)
    good = made.start()
    made.ended(good, "Succeeded")
    made.fail("Deploy")
    made.fail("Alarm", "it rings")
    made.ended(made.start(), "Failed")
    back = made.pipeline.executions[-1]
    made.ended(back, "Failed")
    rows = [
        rule_execution_detail(e, run, "us-west-2")
        for e in made.pipeline.executions
        for run in e.rule_runs()
    ]
    answers = {
        "GetPipeline": [views.pipeline(made.pipeline, 1)],
        "GetPipelineState": [empty, views.pipeline_state(made.pipeline)],
        "GetPipelineExecution": [views.execution(made.pipeline, back)],
        "ListPipelineExecutions": [{"pipelineExecutionSummaries": [views.execution_summary(back)]}],
        "ListRuleExecutions": [{"ruleExecutionDetails": rows}],
        "ListRuleTypes": [{"ruleTypes": rule_types()}],
    }
    assert [row["ruleName"] for row in rows] == ["Check", "Check", "Alarm"]
    for operation, views_of_it in answers.items():
        shape = MODEL.operation_model(operation).output_shape
        assert [p for view in views_of_it for p in problems(view, shape, operation)] == []


def test_the_state_says_who_waits_and_what_is_closed(bench: Bench) -> None:
    _, promote, dev = views.pipeline_state(bench.pipeline)["stageStates"]
    assert promote["latestExecution"]["status"] == "InProgress"
    assert promote["inboundExecution"]["pipelineExecutionId"] == bench.pipeline.executions[-1].id
    assert dev["inboundTransitionState"] == {"enabled": False, "disabledReason": "freeze"}
    assert "token" in promote["actionStates"][0]["latestExecution"]


def test_the_check_finds_wrong_shapes() -> None:
    shape = MODEL.operation_model("ListPipelines").output_shape
    wrong = {"pipelines": [{"name": "a b", "version": "1", "nonsense": 1}]}
    assert len(problems(wrong, shape)) == 3
