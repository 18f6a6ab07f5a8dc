"""What runs on the embedded AWS is measured, and queries answer with what was measured.

Proved on the running emulator with functions, an API and state machines of its own: which metrics
there are, by which dimensions, and what they count; queues: `test_alarms.py`. Not proved: what
no test names, for example metrics of DynamoDB and S3, which the emulator does not measure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.embedded_aws.emulated import DEV, Credentials, Server, Session
from tests.embedded_aws.measuring import Watcher, until
from tests.support import aws

MINUTE = timedelta(minutes=1)
CODE = """
import json, time
def handler(event, context):
    if "say" in event:
        print(json.dumps(event["say"]))
    if "raise" in event:
        raise ValueError(event["raise"])
    return {"statusCode": event.get("status", 200), "body": "{}"}
"""


@pytest.fixture(scope="module")
def session(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    return emulator.session(administrators[DEV])


@pytest.fixture(scope="module")
def watcher(session: Session) -> Watcher:
    return Watcher(session)


def function(session: Session, name: str) -> Any:
    """Makes a function that does as its event says; Lambda's client, to invoke it."""
    aws.function(session, name, CODE)
    return session.client("lambda")


def counted(watcher: Watcher, **dimensions: str) -> dict[str, float | None]:
    names = ("Invocations", "Errors", "Throttles")
    return {name: watcher.sum(f"AWS/Lambda:{name}", **dimensions) for name in names}


def test_invocations_errors_and_throttles_are_counted_for_each_function(
    session: Session, watcher: Watcher
) -> None:
    function(session, "counted")
    aws.invoke(session, "counted", {})
    aws.invoke(session, "counted", {})
    aws.invoke(session, "counted", {"raise": "no"})
    api = session.client("lambda")
    api.put_function_concurrency(FunctionName="counted", ReservedConcurrentExecutions=0)
    with pytest.raises(api.exceptions.TooManyRequestsException) as refused:
        api.invoke(FunctionName="counted")
    attempts = 1 + refused.value.response["ResponseMetadata"]["RetryAttempts"]
    assert counted(watcher, FunctionName="counted") == {
        "Invocations": 3,
        "Errors": 1,
        "Throttles": attempts,
    }
    (point,) = watcher.points(
        "AWS/Lambda:ConcurrentExecutions", {"FunctionName": "counted"}, Statistics=["Maximum"]
    )
    assert point["Maximum"] == 1


def test_a_duration_is_that_of_the_handler(session: Session, watcher: Watcher) -> None:
    code = "import time\ntime.sleep(1.5)\ndef handler(event, context):\n    time.sleep(0.2)\n"
    aws.function(session, "slow", code)
    began = time.monotonic()
    aws.invoke(session, "slow", {})
    all_in_all = 1000 * (time.monotonic() - began)
    (point,) = watcher.points(
        "AWS/Lambda:Duration", {"FunctionName": "slow"}, ExtendedStatistics=["p99"]
    )
    assert 200 <= point["ExtendedStatistics"]["p99"] <= all_in_all - 1500
    assert point["Unit"] == "Milliseconds"


def test_an_alias_is_counted_by_itself_and_with_weights_by_version(
    session: Session, watcher: Watcher
) -> None:
    api = function(session, "aliased")
    api.get_waiter("function_updated_v2").wait(FunctionName="aliased")
    first = api.publish_version(FunctionName="aliased")["Version"]
    api.create_alias(FunctionName="aliased", Name="live", FunctionVersion=first)
    api.invoke(FunctionName="aliased:live")
    resource = {"FunctionName": "aliased", "Resource": "aliased:live"}
    assert counted(watcher, **resource)["Invocations"] == 1
    assert counted(watcher, **resource, ExecutedVersion=first)["Invocations"] is None
    api.update_function_configuration(FunctionName="aliased", Description="the second")
    api.get_waiter("function_updated_v2").wait(FunctionName="aliased")
    second = api.publish_version(FunctionName="aliased")["Version"]
    weights = {"AdditionalVersionWeights": {second: 0.0}}
    api.update_alias(FunctionName="aliased", Name="live", RoutingConfig=weights)
    api.invoke(FunctionName="aliased:live")
    api.invoke(FunctionName="aliased")
    assert counted(watcher, **resource, ExecutedVersion=first)["Invocations"] == 1
    assert counted(watcher, **resource, ExecutedVersion=second)["Invocations"] is None
    assert counted(watcher, **resource)["Invocations"] == 2
    assert counted(watcher, FunctionName="aliased")["Invocations"] == 3


def test_events_are_counted_when_they_run_and_when_they_are_given_up(
    session: Session, watcher: Watcher
) -> None:
    api = function(session, "event-driven")
    api.put_function_event_invoke_config(FunctionName="event-driven", MaximumRetryAttempts=1)
    api.invoke(FunctionName="event-driven", InvocationType="Event", Payload=b'{"raise": "no"}')
    by = {"FunctionName": "event-driven"}
    until(lambda: watcher.sum("AWS/Lambda:AsyncEventsDropped", **by) == 1, "it is given up")
    assert counted(watcher, **by) == {"Invocations": 2, "Errors": 2, "Throttles": 0}
    assert watcher.sum("AWS/Lambda:AsyncEventsReceived", **by) == 1
    ages = watcher.points("AWS/Lambda:AsyncEventAge", by, Statistics=["Maximum", "SampleCount"])
    assert sum(point["SampleCount"] for point in ages) == 2


def test_all_functions_together_are_a_metric_without_dimensions(
    session: Session, watcher: Watcher
) -> None:
    before = watcher.sum("AWS/Lambda:Invocations") or 0
    function(session, "one-of-many")
    aws.invoke(session, "one-of-many", {})
    assert watcher.sum("AWS/Lambda:Invocations") == before + 1


def test_a_document_that_a_function_prints_is_a_metric(session: Session, watcher: Watcher) -> None:
    function(session, "till")
    directive = {
        "Namespace": "Shop",
        "Dimensions": [["service"], ["service", "kind"]],
        "Metrics": [{"Name": "Sold", "Unit": "Count"}],
    }
    now = int(datetime.now(UTC).timestamp() * 1000)
    metadata = {"Timestamp": now, "CloudWatchMetrics": [directive]}
    document = {"_aws": metadata, "service": "till", "kind": "table", "Sold": [2, 3]}
    aws.invoke(session, "till", {"say": document})
    aws.invoke(session, "till", {"say": document | {"Sold": 4}, "raise": "after it was sold"})
    aws.invoke(session, "till", {"say": document | {"Sold": "many"}})
    assert watcher.sum("Shop:Sold", service="till") == 9
    assert watcher.sum("Shop:Sold", service="till", kind="table") == 9
    assert watcher.sum("Shop:Sold", kind="table") is None
    listed = watcher.api.list_metrics(Namespace="Shop")["Metrics"]
    assert sorted(len(metric["Dimensions"]) for metric in listed) == [1, 2]
    (point,) = watcher.points("Shop:Sold", {"service": "till"}, Statistics=["Average"])
    assert (point["Average"], point["Unit"]) == (3.0, "Count")


def test_a_query_for_data_has_the_newest_value_first(watcher: Watcher) -> None:
    now = datetime.now(UTC)
    for value, minutes in ((1.0, 3), (2.0, 2)):
        datum = {"MetricName": "Level", "Value": value, "Timestamp": now - minutes * MINUTE}
        watcher.api.put_metric_data(Namespace="Depot", MetricData=[datum])
    query = {
        "Id": "q",
        "MetricStat": {
            "Metric": {"Namespace": "Depot", "MetricName": "Level"},
            "Period": 60,
            "Stat": "Sum",
        },
    }
    asked = {"MetricDataQueries": [query], "StartTime": now - 5 * MINUTE, "EndTime": now}
    (result,) = watcher.api.get_metric_data(**asked)["MetricDataResults"]
    assert result["Values"] == [2.0, 1.0]
    assert result["Timestamps"] == sorted(result["Timestamps"], reverse=True)
    (result,) = watcher.api.get_metric_data(**asked, ScanBy="TimestampAscending")[
        "MetricDataResults"
    ]
    assert result["Values"] == [1.0, 2.0]


def test_calls_of_an_api_are_counted_by_their_answers(
    emulator: Server, session: Session, administrators: Mapping[str, Credentials], watcher: Watcher
) -> None:
    aws.function(session, "behind", "def handler(event, context):\n    return {'statusCode': 200}")
    broken = aws.function(session, "crashes", "def handler(event, context):\n    1 / 0")
    keys = administrators[DEV]
    ends = {}
    for name, arn in (("fine", f"arn:aws:lambda:us-west-2:{DEV}:function:behind"), ("bad", broken)):
        ends[name] = aws.rest_api(session, DEV, arn)
        session.client("apigateway").update_rest_api(
            restApiId=ends[name].id,
            patchOperations=[{"op": "replace", "path": "/name", "value": name}],
        )
    assert aws.call(emulator, ends["fine"].path(), credentials=keys).status == 200
    assert aws.call(emulator, ends["fine"].path()).status == 403
    assert aws.call(emulator, ends["bad"].path(), credentials=keys).status == 502
    for name, expected in (("fine", [2, 1, 0]), ("bad", [1, 0, 1])):
        metrics = [f"AWS/ApiGateway:{metric}" for metric in ("Count", "4XXError", "5XXError")]
        sums = [watcher.sum(metric, ApiName=name, Stage="v1") for metric in metrics]
        assert sums == expected == [watcher.sum(metric, ApiName=name) for metric in metrics]
    (point,) = watcher.points(
        "AWS/ApiGateway:Latency", {"ApiName": "bad", "Stage": "v1"}, Statistics=["SampleCount"]
    )
    assert point["SampleCount"] == 1


def test_executions_are_counted_by_how_they_ended(session: Session, watcher: Watcher) -> None:
    machines = session.client("stepfunctions")
    role = session.client("iam").create_role(
        RoleName="measured-machine", AssumeRolePolicyDocument=aws.trust("states")
    )["Role"]["Arn"]
    arns = {}
    for kind in ("Succeed", "Fail"):
        definition = {"StartAt": "End", "States": {"End": {"Type": kind}}}
        made = machines.create_state_machine(
            name=f"measured-{kind}", definition=json.dumps(definition), roleArn=role
        )
        arns[kind] = made["stateMachineArn"]
        machines.start_execution(stateMachineArn=arns[kind])
    for kind, metric in (("Succeed", "ExecutionsSucceeded"), ("Fail", "ExecutionsFailed")):
        by = {"StateMachineArn": arns[kind]}
        until(lambda m=metric, by=by: watcher.sum(f"AWS/States:{m}", **by) == 1, metric)
        assert watcher.sum("AWS/States:ExecutionsStarted", **by) == 1
        assert (watcher.sum("AWS/States:ExecutionTime", **by) or 0) > 0
    assert watcher.sum("AWS/States:ExecutionsFailed", StateMachineArn=arns["Succeed"]) is None
