"""Whatever runs in an environment has its alarms, and they reach whoever is on call.

Proved on the synthesized templates: every function, API, state machine and queue has the alarms of
its kind, so a new one without them fails here; every alarm notifies the one topic, stands on the
dashboard and in the runbook; metrics of our own are ones that the code emits. That real values set
an alarm off is for CloudWatch; that the templates deploy is for the rehearsal.
"""

from __future__ import annotations

import json
import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.queues import dead_letter_queue
from services.common.infrastructure.service_monitor import ServiceMonitor
from services.files import monitoring as files_monitoring
from services.files.runtime.catalogue import metric_names as files_metrics
from services.requests import monitoring as requests_monitoring
from services.requests.runtime import metric_names as requests_metrics
from tests.support.application_templates import (
    DISPOSABLE,
    ENVIRONMENTS,
    REPOSITORY,
    Application,
    Resource,
    application,
    plain,
)

# Metrics that an alarm of each kind of thing must look at, and the dimension that names the thing.
NEEDED = {
    "AWS::Lambda::Function": ("FunctionName", {"Errors", "Throttles", "Duration"}),
    "AWS::StepFunctions::StateMachine": (
        "StateMachineArn",
        {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled"},
    ),
    "AWS::SQS::Queue": (
        "QueueName",
        {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"},
    ),
}
# The CDK's own helper runs only while a stack is deleted, and its failure fails the deletion; hooks
# run in deployments, and their failure fails those.
HELPER = "CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F"
HOOK = "RolloutHookFunction"
# Of each service: its page, what its metrics are called, and by which name it emits them.
SERVICES = {
    requests_monitoring.RUNBOOK: (requests_metrics.SERVICE, requests_metrics.Metric),
    files_monitoring.RUNBOOK: (files_metrics.SERVICE, files_metrics.Metric),
}
SOME = EnvironmentSettings(name="any", disposable=True, architecture="x86_64", cors_origins=())
CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}


@pytest.fixture(params=ENVIRONMENTS, ids=[each.name for each in ENVIRONMENTS])
def app(request: pytest.FixtureRequest) -> Application:
    return application(request.param).whole


def for_people(app: Application) -> list[Resource]:
    """All alarms but those that deployments alone heed (test_application_rollout.py)."""
    stopping = {
        alarm["Name"]["Ref"]
        for group in app.resources("AWS::CodeDeploy::DeploymentGroup")
        for alarm in group.properties["AlarmConfiguration"]["Alarms"]
    }
    found = app.resources("AWS::CloudWatch::Alarm")
    return [alarm for alarm in found if alarm.logical_id not in stopping]


def alarms(app: Application) -> list[dict[str, Any]]:
    return [plain(alarm.properties) for alarm in for_people(app)]


def watched(app: Application, dimension: str, value: str) -> set[str]:
    """The metrics of alarms on one thing."""
    one = {"Name": dimension, "Value": value}
    return {alarm["MetricName"] for alarm in alarms(app) if one in alarm["Dimensions"]}


def missing_alarms(app: Application, thing: Resource) -> set[str]:
    dimension, metrics = NEEDED[thing.type]
    reference = f"<{thing.logical_id}>"
    return (
        set()
        if thing.logical_id.endswith(HELPER) or HOOK in thing.logical_id
        else metrics - watched(app, dimension, reference)
    )


def test_everything_that_runs_has_the_alarms_of_its_kind(app: Application) -> None:
    things = [thing for kind in NEEDED for thing in app.resources(kind)]
    assert len(things) > 2
    assert {t.logical_id: missing for t in things if (missing := missing_alarms(app, t))} == {}


def test_a_function_without_alarms_is_noticed(app: Application) -> None:
    new = Resource("Forgotten", "AWS::Lambda::Function", {}, {})
    assert missing_alarms(app, new) == {"Errors", "Throttles", "Duration"}


def test_a_dead_letter_queue_is_watched_by_one_call() -> None:
    stack = cdk.Stack()
    queue = dead_letter_queue(stack, "Queue", environment=SOME, name="files-dead")
    monitor = Monitor(stack, "Monitor", environment=SOME)
    ServiceMonitor(monitor, runbook="page.md").dead_letters("files-dead", queue)
    found = Template.from_stack(stack).find_resources("AWS::CloudWatch::Alarm").values()
    by_name = {each["Properties"]["AlarmName"]: plain(each["Properties"]) for each in found}
    filled, old = (by_name[f"tap-any-files-dead-{what}"] for what in ("not-empty", "age"))
    for alarm in (filled, old):
        assert alarm["Dimensions"] == [
            {"Name": "QueueName", "Value": plain(stack.resolve(queue.queue_name))}
        ]
        assert alarm["Statistic"] == "Maximum"
    assert {filled["MetricName"], old["MetricName"]} == NEEDED["AWS::SQS::Queue"][1]
    assert filled["Threshold"] == 0
    # While there is time to act: SQS deletes a message after fourteen days.
    assert old["Threshold"] == 10 * 24 * 3600


def test_every_api_stage_has_alarms_on_faults_and_latency(app: Application) -> None:
    for stage in app.resources("AWS::ApiGateway::Stage"):
        assert watched(app, "Stage", f"<{stage.logical_id}>") == {"5XXError", "Latency"}


def test_a_function_on_a_schedule_has_an_alarm_on_its_silence(app: Application) -> None:
    silent = {
        (dimension["Value"], alarm["TreatMissingData"])
        for alarm in alarms(app)
        for dimension in alarm["Dimensions"]
        if alarm["MetricName"] == "Invocations"
    }
    scheduled = {
        (plain(target["Arn"]), "breaching")
        for rule in app.resources("AWS::Events::Rule")
        if "ScheduleExpression" in rule.properties
        for target in rule.properties["Targets"]
    }
    assert scheduled
    assert silent == {(of_alias(app, arn), missing) for arn, missing in scheduled}


def of_alias(app: Application, reference: str) -> str:
    """The function whose alias it is."""
    alias = app.template["Resources"][reference.strip("<>")]
    return str(plain(alias["Properties"]["FunctionName"]))


def test_latency_is_the_slowest_percent_in_milliseconds(app: Application) -> None:
    slow = [alarm for alarm in alarms(app) if alarm["MetricName"] in ("Duration", "Latency")]
    assert slow
    for alarm in slow:
        assert alarm["ExtendedStatistic"] == "p99"
        assert alarm["Threshold"] >= 1000


def test_every_alarm_tells_the_topic_when_it_begins_and_ends(app: Application) -> None:
    topic = [f"<{app.only('AWS::SNS::Topic').logical_id}>"]
    for alarm in alarms(app):
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (topic, topic), alarm["AlarmName"]


def test_every_alarm_says_what_missing_values_mean(app: Application) -> None:
    # Nothing called, nothing wrong; what ought to come by itself is another matter.
    meaning = {alarm["AlarmName"]: alarm["TreatMissingData"] for alarm in alarms(app)}
    other = {name: each for name, each in meaning.items() if each != "notBreaching"}
    prefix = f"tap-{app.environment.name}-sweeper"
    assert other == {
        f"{prefix}-silent": "breaching",
        f"{prefix}-backlog": "ignore",
        f"{prefix}-age": "ignore",
    }


def test_the_topic_is_encrypted_with_a_key_that_alarms_may_use(app: Application) -> None:
    topic = app.only("AWS::SNS::Topic").properties
    key = app.only("AWS::KMS::Key")
    assert plain(topic["KmsMasterKeyId"]) == f"<{key.logical_id}>"
    assert key.properties["EnableKeyRotation"] is True
    allowed = [s for s in statements(key, "KeyPolicy") if s["Principal"] == CLOUDWATCH]
    assert [set(s["Action"]) for s in allowed] == [{"kms:Decrypt", "kms:GenerateDataKey*"}]


def test_only_alarms_of_this_account_publish_and_only_over_tls(app: Application) -> None:
    policy = statements(app.only("AWS::SNS::TopicPolicy"), "PolicyDocument")
    refusals = [s for s in policy if s["Effect"] == "Deny"]
    assert [s["Condition"] for s in refusals] == [{"Bool": {"aws:SecureTransport": "false"}}]
    (allowed,) = (s for s in policy if s["Effect"] == "Allow")
    assert (allowed["Principal"], allowed["Action"]) == (CLOUDWATCH, "sns:Publish")
    assert allowed["Condition"]["StringEquals"].keys() == {"aws:SourceAccount"}


def statements(resource: Resource, policy: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resource.properties[policy]["Statement"]
    return found


def test_the_dashboard_shows_every_alarm_and_what_it_looks_at(app: Application) -> None:
    dashboard = app.only("AWS::CloudWatch::Dashboard").properties
    assert dashboard["DashboardName"] == f"tap-{app.environment.name}-operations"
    widgets = json.loads(plain(dashboard["DashboardBody"]))["widgets"]
    shown = {a for w in widgets if w["type"] == "alarm" for a in w["properties"]["alarms"]}
    assert shown == {f"<{alarm.logical_id}>" for alarm in for_people(app)}
    graphs = [w["properties"]["metrics"] for w in widgets if w["type"] == "metric"]
    drawn = {line[1] for lines in graphs for line in lines if isinstance(line[1], str)}
    assert drawn >= {alarm["MetricName"] for alarm in alarms(app)}
    assert drawn >= {metric.value for _, metrics in SERVICES.values() for metric in metrics}


def test_alarms_on_our_own_metrics_name_what_the_code_emits(app: Application) -> None:
    ours = [alarm for alarm in alarms(app) if alarm["Namespace"] == "Tap"]
    assert ours
    emitted = {service: set(metrics) for service, metrics in SERVICES.values()}
    for alarm in ours:
        dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert alarm["MetricName"] in emitted[dimensions.pop("service")]
        assert dimensions == {"environment": app.environment.name}


def test_tracing_is_on_and_patches_nothing(app: Application) -> None:
    for function in app.resources("AWS::Lambda::Function"):
        if not function.logical_id.endswith(HELPER):
            assert function.properties["TracingConfig"] == {"Mode": "Active"}
    stages = list(app.resources("AWS::ApiGateway::Stage"))
    assert [stage.properties["TracingEnabled"] for stage in stages] == [True] * len(SERVICES)
    machine = app.only("AWS::StepFunctions::StateMachine").properties
    assert machine["TracingConfiguration"] == {"Enabled": True}
    sources = "".join(
        path.read_text() for path in (REPOSITORY / "services").glob("*/runtime/**/*.py")
    )
    assert not re.search(r"aws_xray_sdk|\bTracer\b|patch_all", sources)


@pytest.fixture(params=SERVICES)
def runbook(request: pytest.FixtureRequest) -> str:
    """The path of a service's page."""
    return str(request.param)


def text_of(runbook: str) -> str:
    return (REPOSITORY / runbook).read_text(encoding="utf-8")


def named_in(runbook: str, app: Application) -> set[str]:
    """The sections to which the alarms lead that name this page."""
    return {
        alarm["AlarmName"].removeprefix(f"tap-{app.environment.name}-")
        for alarm in alarms(app)
        if f" {runbook}#" in alarm["AlarmDescription"]
    }


def test_every_alarm_has_its_section_in_the_runbook_and_every_section_its_alarm(
    runbook: str, app: Application
) -> None:
    sections = re.findall(r"^### (\S+)$", text_of(runbook), re.MULTILINE)
    assert len(sections) == len(set(sections))
    assert named_in(runbook, app) == set(sections)


def test_every_section_says_what_it_means_what_to_look_at_and_what_to_do(runbook: str) -> None:
    parts = re.split(r"^##+ (.+)$", text_of(runbook), flags=re.MULTILINE)
    known = named_in(runbook, application(DISPOSABLE).whole)
    for title, text in zip(parts[1::2], parts[2::2], strict=True):
        if title in known:
            assert re.findall(r"^\*\*([\w ]+)\.\*\*", text, re.MULTILINE) == [
                "Means",
                "Look at",
                "Do",
            ], title


def test_a_notification_points_to_its_section(app: Application) -> None:
    for alarm in alarms(app):
        section = alarm["AlarmName"].removeprefix(f"tap-{app.environment.name}-")
        page = alarm["AlarmDescription"].rpartition(" ")[2].removesuffix(f"#{section}")
        assert page in SERVICES, alarm["AlarmDescription"]


def test_every_metric_of_ours_is_explained_in_the_runbook(runbook: str) -> None:
    _, metrics = SERVICES[runbook]
    assert {metric for metric in metrics if f"`{metric}`" not in text_of(runbook)} == set()
