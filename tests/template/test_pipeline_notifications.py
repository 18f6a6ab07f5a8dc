"""Who is told of the delivery, as synthesized: subscriptions, rules, rights, alarms.

Proves for the settings in cdk.json, and others, which events are followed and nothing else; that
the functions may do what their code calls and no more; that a setting becomes a subscription; that
every alarm has its section in the runbook. That messages come, tests/ops/test_notifications.py
and every rehearsal show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.session import Session

from assembly.assets import function_assets
from notifications import drift_check, teller
from notifications.news import Kind, Newsroom
from ops.pipeline import Pipeline
from tests.support.synthesis import REPOSITORY, Assembly, with_settings

RUNBOOK = "docs/runbooks/delivery.md"
# Lambda itself uses these: logs, traces, the dead-letter queue, and the key for SNS.
LAMBDAS_OWN = {
    *("logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"),
    *("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    *("kms:Decrypt", "kms:GenerateDataKey"),
}
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def granted(assembly: Assembly, begins: str) -> set[str]:
    """The actions that the policy of a role allows, but for Lambda's own."""
    (policy,) = (
        each["PolicyDocument"]["Statement"]
        for each in assembly.resources("AWS::IAM::Policy")
        if each["PolicyName"].startswith(begins)
    )
    actions = {
        action
        for statement in policy
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }
    return actions - LAMBDAS_OWN


def rules(assembly: Assembly) -> dict[str, Any]:
    return {each["Name"]: each for each in assembly.resources("AWS::Events::Rule")}


class Calls:
    """Clients that note what is called of them, as IAM names it, and answer what was prepared."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.made: set[str] = set()
        self._answers = answers

    def __call__(self, service: str) -> Any:
        return _Client(self, service)

    def note(self, service: str, method: str) -> Any:
        names = Session().get_service_model(service).operation_names
        (operation,) = (name for name in names if xform_name(name) == method)
        self.made.add(f"{service}:{operation}")
        return self._answers.get(method, {})


class _Client:
    def __init__(self, calls: Calls, service: str) -> None:
        self._calls, self._service = calls, service

    def __getattr__(self, method: str) -> Any:
        if method == "get_paginator":
            return lambda paged: _Paginator(lambda: self._calls.note(self._service, paged))
        return lambda **_: self._calls.note(self._service, method)


class _Paginator:
    def __init__(self, page: Any) -> None:
        self._page = page

    def paginate(self, **_: Any) -> list[Any]:
        return [self._page()]


def history(status: str, category: str) -> dict[str, Any]:
    """An execution with one action that has this status."""
    action = {
        "actionExecutionId": "a",
        "stageName": "Dev",
        "actionName": "Smoke",
        "status": status,
        "startTime": MOMENT,
        "lastUpdateTime": MOMENT,
        "pipelineExecutionId": "e",
        "input": {"actionTypeId": {"category": category}},
        "output": {"executionResult": {"externalExecutionId": "project:id"}},
    }
    return {
        "get_pipeline_execution": {
            "pipelineExecution": {"pipelineExecutionId": "e", "status": "Failed"}
        },
        "list_action_executions": {"actionExecutionDetails": [action]},
        "list_rule_executions": {"ruleExecutionDetails": []},
        "batch_get_builds": {"builds": [{"reportArns": ["arn"]}]},
        "describe_test_cases": {"testCases": [{"name": "t", "status": "FAILED"}]},
    }


def test_the_teller_may_do_what_its_code_calls_and_no_more(assembly: Assembly) -> None:
    used = {"s3:GetObject"}  # by teller._read, for a record
    ended = {"detail-type": Kind.PIPELINE.value, "detail": {"execution-id": "e"}}
    asked = {
        "detail-type": Kind.ACTION.value,
        "detail": {"execution-id": "e", "stage": "Dev", "action": "Smoke"},
    }
    for event, told in (
        (ended, history("Failed", "Test")),
        (ended, history("Succeeded", "Test")),
        (asked, history("InProgress", "Approval")),
    ):
        calls = Calls(told)
        news = Newsroom(Pipeline("p", calls), "us-west-2", "prod", lambda *_: {})
        assert teller.tell(news, calls, "arn", event)["told"]
        used |= calls.made
    assert granted(assembly, "NotificationsTeller") == used


def test_the_drift_check_takes_roles_and_puts_events_of_the_delivery(assembly: Assembly) -> None:
    assert granted(assembly, "DriftCheck") == {"sts:AssumeRole", "events:PutEvents"}
    puts = [
        statement
        for policy in assembly.resources("AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] == "events:PutEvents"
    ]
    assert [each["Condition"] for each in puts] == [
        {"StringEquals": {"events:source": "tap.delivery"}}
    ]


def test_only_what_a_person_needs_to_know_is_followed(assembly: Assembly) -> None:
    followed = {
        name.removeprefix("tap-pipeline-"): each["EventPattern"]
        for name, each in rules(assembly).items()
        if "EventPattern" in each
    }
    assert all(each["State"] == "ENABLED" for each in rules(assembly).values())
    approvals, ends = followed["approval-needed"], followed["delivery-ended"]
    assert approvals["detail"]["type"] == {"category": ["Approval"]}
    assert approvals["detail"]["state"] == ["STARTED"]
    assert ends["detail"]["state"] == ["SUCCEEDED", "FAILED"]
    assert ends["detail-type"] == ["CodePipeline Pipeline Execution State Change"]
    keys = followed["delivery-held"]["detail"]["object"]["key"]
    assert keys == [{"prefix": "holds/"}, {"prefix": "lifts/"}]
    assert followed["drift-found"]["source"] == ["tap.delivery"]
    assert set(followed) == {*("approval-needed", "delivery-ended", "delivery-held", "drift-found")}


def test_what_cannot_be_told_is_kept_and_has_an_alarm(assembly: Assembly) -> None:
    for rule in rules(assembly).values():
        assert all("DeadLetterConfig" in target for target in rule["Targets"]), rule["Name"]
    functions = assembly.resources("AWS::Lambda::Function")
    assert {each["FunctionName"] for each in functions} == {
        *("tap-pipeline-teller", "tap-pipeline-drift-check")
    }
    assert all("DeadLetterConfig" in each for each in functions)
    assert {each["AlarmName"] for each in assembly.resources("AWS::CloudWatch::Alarm")} == {
        *("tap-pipeline-teller-errors", "tap-pipeline-untold-waiting"),
        *("tap-pipeline-notifications-undelivered", "tap-pipeline-drift-check-errors"),
    }


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm(
    assembly: Assembly,
) -> None:
    described = [each["AlarmDescription"] for each in assembly.resources("AWS::CloudWatch::Alarm")]
    named = {each.partition(f"{RUNBOOK}#")[2] for each in described}
    text = (REPOSITORY / RUNBOOK).read_text(encoding="utf-8")
    assert named == set(re.findall(r"^### (\S+)$", text, re.MULTILINE))


def test_the_functions_ship_what_they_run_and_nothing_of_the_services(assembly: Assembly) -> None:
    shipped = [
        {name.partition("/")[0] for name in code.names}
        for code in function_assets(assembly.directory).values()
        if code.within("notifications")
    ]
    assert shipped == [{"notifications", "ops"}]


def test_the_environments_have_a_role_for_the_drift_check_alone(assembly: Assembly) -> None:
    functions = assembly.resources("AWS::Lambda::Function")
    (check,) = (each for each in functions if each["FunctionName"].endswith("drift-check"))
    roles = json.loads(check["Environment"]["Variables"]["ROLES"])
    for role in roles.values():
        account = role.split(":")[4]
        assert role.endswith(f":role/cdk-hnb659fds-drift-role-{account}-us-west-2")
    template = (REPOSITORY / "accounts/bootstrap/environment.template.yaml").read_text()
    assert "tap-pipeline-DriftCheckRole" in template
    assert drift_check.handler.__name__ == check["Handler"].rpartition(".")[2]


@pytest.mark.parametrize("settings", [{"emails": ["a@example.com", "b@example.com"]}])
def test_settings_become_subscriptions(tmp_path: Path, settings: dict[str, Any]) -> None:
    webhook = "https://hooks.example.com/delivery"
    told = with_settings(tmp_path / "told", notifications={**settings, "webhook": webhook})
    subscribed = {
        (each["Protocol"], each["Endpoint"]) for each in told.resources("AWS::SNS::Subscription")
    }
    assert subscribed == {
        *(("email", each) for each in settings["emails"]),
        ("https", webhook),
    }
