"""Stage conditions in real pipelines on a running emulator: every rule against what it asks.

Proves alarms, functions, deployment windows and commands, the API and CloudFormation around them,
and a rollback over the wire. The pipelines are made in one stack and each ran once by itself.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded_aws.connections.played import Connection
from tests.embedded_aws.delivery import (
    BUCKET,
    CONNECTION,
    PIPELINE_ROLE,
    REPOSITORY,
    Delivery,
    policy,
)
from tests.embedded_aws.emulated import TOOLS, root_of
from tests.embedded_aws.pipelines import APPROVAL, SOURCE, action, check, conditions, rule
from tests.support import aws

JUDGE = """
import boto3

def handler(event, context):
    job = event["CodePipeline.job"]
    wish = job["data"]["actionConfiguration"]["configuration"]["UserParameters"]
    location = job["data"]["inputArtifacts"][0]["location"]["s3Location"]
    assert location["objectKey"].startswith("asked-"), location
    if wish == "break":
        raise RuntimeError("I am broken")
    pipeline = boto3.client("codepipeline")
    if wish == "yes":
        pipeline.put_job_success_result(jobId=job["id"])
    else:
        details = {"type": "JobFailed", "message": "I would rather not"}
        pipeline.put_job_failure_result(jobId=job["id"], failureDetails=details)
"""
CODE = [{"Name": "Code"}]


def alarm(name: str, **more: str) -> dict[str, Any]:
    return rule("Alarm", "CloudWatchAlarm", Configuration={"AlarmName": name, **more})


def window(cron: str) -> dict[str, Any]:
    return rule("Window", "DeploymentWindow", Configuration={"Cron": cron, "TimeZone": "UTC+1"})


def asked(wish: str) -> dict[str, Any]:
    configuration = {"FunctionName": "judge", "UserParameters": wish}
    return rule("Judge", Configuration=configuration, InputArtifacts=CODE)


def commands(*lines: str) -> dict[str, Any]:
    return rule("Shell", "Commands", Commands=list(lines), InputArtifacts=CODE)


GATES = {
    "alarm-ok": conditions("FAIL", alarm("quiet")),
    "alarm-rings": conditions("FAIL", alarm("ringing")),
    "alarm-wanted": conditions("FAIL", alarm("ringing", AlarmStates="ALARM, INSUFFICIENT_DATA")),
    "alarm-late": conditions("FAIL", alarm("late", WaitTime="1")),
    "alarm-absent": conditions("FAIL", alarm("absent")),
    "window-open": conditions("FAIL", window("* * * * * ?")),
    "window-closed": conditions("FAIL", window("* * * * * ? 1970")),
    "asked-yes": conditions("SKIP", asked("yes")),
    "asked-no": conditions("SKIP", asked("no")),
    "asked-break": conditions("SKIP", asked("break")),
    "commands-good": conditions("FAIL", commands("test -f stack.json")),
    "commands-bad": conditions("FAIL", commands("echo about to fail", "test -f nothing")),
}


def pipeline(name: str, gate: dict[str, Any]) -> dict[str, Any]:
    """Source, then an approval behind the gate."""
    connection = {"ConnectionArn": CONNECTION}
    fetch = action("Push", SOURCE, OutputArtifacts=CODE, Namespace="Src", Configuration=connection)
    return {
        "Name": name,
        "RoleArn": PIPELINE_ROLE,
        "PipelineType": "V2",
        "ArtifactStore": {"Type": "S3", "Location": BUCKET},
        "Stages": [
            {"Name": "Source", "Actions": [fetch]},
            {"Name": "Gate", "Actions": [action("Approve", APPROVAL)], **gate},
        ],
    }


@pytest.fixture(scope="module")
def gates(pipelines: Delivery) -> Delivery:
    """All pipelines, each with its first execution on its way."""
    made = pipelines
    Connection(CONNECTION, REPOSITORY).write(made.server.root)
    made.commit_and_push("fix: gates", stack_json="{}")
    _permit(made)
    for name, state in (("quiet", "OK"), ("ringing", "ALARM"), ("late", "ALARM")):
        _alarm(made, name, state)
    session = made.server.session(root_of(TOOLS))
    aws.function(session, "judge", JUDGE, aws.allow("codepipeline:PutJob*", "*"))
    stack = {
        name.title().replace("-", ""): pipeline(name, {"BeforeEntry": gate})
        for name, gate in GATES.items()
    }
    made.deploy(stack, "gates")
    return made


def _permit(made: Delivery) -> None:
    actions = ["s3:GetObject", "s3:PutObject", "codestar-connections:UseConnection"]
    actions += ["cloudwatch:DescribeAlarms", "lambda:InvokeFunction"]
    actions += ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    made.client("iam").put_role_policy(
        RoleName=PIPELINE_ROLE.rpartition("/")[2],
        PolicyName="p",
        PolicyDocument=json.dumps(policy(actions, "*")),
    )


def _alarm(made: Delivery, name: str, state: str) -> None:
    cloudwatch = made.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="Tests",
        MetricName=name,
        Statistic="Sum",
        Period=86400,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def gate_of(made: Delivery, name: str, status: str) -> dict[str, Any]:
    """The stage Gate when its entry condition has come to this status."""
    found: list[dict[str, Any]] = []

    def there() -> bool:
        stage = made.api.get_pipeline_state(name=name)["stageStates"][1]
        latest = stage["beforeEntryConditionState"].get("latestExecution", {})
        found[:] = [stage]
        return latest.get("status") == status

    made.until(there, f"the condition of {name} is {status}: {found}")
    return found[0]


def execution(made: Delivery, name: str) -> dict[str, Any]:
    """The pipeline's newest execution, in the shape of ListPipelineExecutions."""
    rows = made.api.list_pipeline_executions(pipelineName=name)["pipelineExecutionSummaries"]
    row: dict[str, Any] = rows[0]
    return row


def ended(made: Delivery, name: str) -> tuple[str, str]:
    """How the newest execution ended, and why."""
    made.until(lambda: execution(made, name)["status"] != "InProgress", f"{name} ends")
    row = execution(made, name)
    return str(row["status"]), str(row.get("statusSummary", ""))


def entered(made: Delivery, name: str) -> None:
    """Waits for the approval behind the gate."""

    def asked_for() -> bool:
        stage = made.api.get_pipeline_state(name=name)["stageStates"][1]
        return "token" in stage["actionStates"][0].get("latestExecution", {})

    made.until(asked_for, f"{name} passes its gate")


@pytest.mark.parametrize(
    "name", ["alarm-ok", "alarm-wanted", "window-open", "asked-yes", "commands-good"]
)
def test_a_rule_that_is_met_lets_the_execution_in(gates: Delivery, name: str) -> None:
    gate_of(gates, name, "Succeeded")
    entered(gates, name)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("alarm-rings", "Alarm: alarm ringing is ALARM, not OK"),
        ("commands-bad", "Shell: Build terminated with state: FAILED. Phase: BUILD"),
    ],
)
def test_a_rule_that_is_not_met_fails_the_stage(gates: Delivery, name: str, reason: str) -> None:
    gate_of(gates, name, "Failed")
    status, why = ended(gates, name)
    assert (status, reason in why) == ("Failed", True), why


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("alarm-absent", "Alarm: there is no alarm absent"),
        ("asked-break", "Judge: the function judge raised"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_an_error_and_skips_nothing(
    gates: Delivery, name: str, reason: str
) -> None:
    gate_of(gates, name, "Errored")
    status, why = ended(gates, name)
    assert (status, reason in why) == ("Failed", True), why


def test_an_alarm_that_recovers_in_time_lets_the_execution_in(gates: Delivery) -> None:
    gate_of(gates, "alarm-late", "InProgress")
    cloudwatch = gates.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName="late", StateValue="OK", StateReason="test")
    gate_of(gates, "alarm-late", "Succeeded")


def test_a_function_that_refuses_skips_the_stage(gates: Delivery) -> None:
    stage = gate_of(gates, "asked-no", "Failed")
    assert ended(gates, "asked-no")[0] == "Succeeded"
    found = execution(gates, "asked-no")["pipelineExecutionId"]
    (row,) = gates.api.list_rule_executions(
        pipelineName="asked-no", filter={"pipelineExecutionId": found}
    )["ruleExecutionDetails"]
    assert row["output"]["executionResult"]["errorDetails"]["message"] == "I would rather not"
    assert row["input"]["resolvedConfiguration"]["UserParameters"] == "no"
    assert row["input"]["inputArtifacts"][0]["name"] == "Code"
    assert "latestExecution" not in stage["actionStates"][0]
    ran = gates.api.list_action_executions(pipelineName="asked-no")["actionExecutionDetails"]
    assert [detail["actionName"] for detail in ran] == ["Push"]


def test_a_closed_window_waits_until_somebody_overrides_it(gates: Delivery) -> None:
    gate_of(gates, "window-closed", "InProgress")
    waiting = execution(gates, "window-closed")["pipelineExecutionId"]
    override = {
        "pipelineName": "window-closed",
        "stageName": "Gate",
        "pipelineExecutionId": waiting,
        "conditionType": "BEFORE_ENTRY",
    }
    gates.api.override_stage_condition(**override)
    gate_of(gates, "window-closed", "Overridden")
    entered(gates, "window-closed")
    with pytest.raises(gates.api.exceptions.ConditionNotOverridableException):
        gates.api.override_stage_condition(**override)


def test_commands_log_to_the_pipelines_group_and_leave_no_project(gates: Delivery) -> None:
    ended(gates, "commands-bad")
    events = gates.client("logs").filter_log_events(logGroupName="/aws/codepipeline/commands-bad")
    assert any("about to fail" in event["message"] for event in events["events"])
    projects = gates.client("codebuild").list_projects()["projects"]
    assert not [name for name in projects if name.startswith("codepipeline-commands")]


def test_the_rule_types_are_listed_with_what_they_need(gates: Delivery) -> None:
    types = {t["id"]["provider"]: t for t in gates.api.list_rule_types()["ruleTypes"]}
    properties = types["VariableCheck"]["ruleConfigurationProperties"]
    assert {p["name"] for p in properties if p["required"]} == {"Operator", "Value", "Variable"}
    assert types["Commands"]["inputArtifactDetails"] == {"minimumCount": 1, "maximumCount": 10}


def test_a_stage_is_rolled_back_over_the_wire_and_then_skipped(gates: Delivery) -> None:
    skip = check("#{Src.CommitMessage}", "CONTAINS", "fix")
    gates.deploy({"P": pipeline("wire", {"BeforeEntry": conditions("SKIP", skip)})}, "wire")
    good = execution(gates, "wire")["pipelineExecutionId"]
    entered(gates, "wire")
    api = gates.api
    with pytest.raises(api.exceptions.UnableToRollbackStageException, match="currently running"):
        api.rollback_stage(pipelineName="wire", stageName="Gate", targetPipelineExecutionId=good)
    _approve(gates)
    assert ended(gates, "wire")[0] == "Succeeded"
    gates.commit_and_push("feat: not gated", other_txt="x")
    made = execution(gates, "wire")
    assert ended(gates, "wire")[0] == "Succeeded"
    assert api.get_pipeline_state(name="wire")["stageStates"][1]["latestExecution"] == {
        "pipelineExecutionId": made["pipelineExecutionId"],
        "status": "Skipped",
        "type": "STANDARD",
    }
    back = api.rollback_stage(
        pipelineName="wire", stageName="Gate", targetPipelineExecutionId=good
    )["pipelineExecutionId"]
    entered(gates, "wire")
    _approve(gates)
    assert ended(gates, "wire")[0] == "Succeeded"
    row = execution(gates, "wire")
    assert (row["pipelineExecutionId"], row["executionType"]) == (back, "ROLLBACK")
    assert row["trigger"]["triggerDetail"].endswith("user/administrator")
    assert row["rollbackMetadata"]["rollbackTargetPipelineExecutionId"] == good
    succeeded = api.list_pipeline_executions(
        pipelineName="wire", filter={"succeededInStage": {"stageName": "Gate"}}
    )["pipelineExecutionSummaries"]
    assert [s["pipelineExecutionId"] for s in succeeded] == [back, good]


def _approve(gates: Delivery) -> None:
    """Answers the open approval of the pipeline `wire`."""
    (state,) = gates.api.get_pipeline_state(name="wire")["stageStates"][1]["actionStates"]
    gates.api.put_approval_result(
        pipelineName="wire",
        stageName="Gate",
        actionName="Approve",
        token=state["latestExecution"]["token"],
        result={"status": "Approved", "summary": "fine"},
    )
