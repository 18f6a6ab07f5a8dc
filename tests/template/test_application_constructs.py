"""The constructs that every service has in common do what a service asks of them.

Proved on synthesized templates of small stacks: a function for events with its dead-letter queue
and limits, an environment's alarm address, headers of an API. What
the shipped services make of them: the other files of this folder.
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk.assertions import Template

from services.common.infrastructure.api import signed_api
from services.common.infrastructure.environment import EnvironmentSettings
from services.common.infrastructure.function import PythonFunction
from services.common.infrastructure.monitoring import Monitor
from services.common.infrastructure.queues import dead_letter_queue
from tests.support.application_templates import plain
from tests.support.apps import scratch_app

SOME = EnvironmentSettings(
    name="any",
    disposable=True,
    architecture="x86_64",
    cors_origins=("https://page.example.com",),
    alarm_email="on-call@example.com",
)


@pytest.fixture
def stack() -> cdk.Stack:
    return cdk.Stack(scratch_app())


def only(stack: cdk.Stack, kind: str) -> Any:
    (resource,) = Template.from_stack(stack).find_resources(kind).values()
    return plain(resource["Properties"])


def function(stack: cdk.Stack, **asked: Any) -> PythonFunction:
    return PythonFunction(
        stack,
        "Images",
        environment=SOME,
        name="images",
        service="files",
        runtime="services/requests/runtime",
        handler="handler.handler",
        memory_mib=512,
        timeout=cdk.Duration.minutes(5),
        variables={"SIZES": "100 200"},
        **asked,
    )


def test_a_function_for_events_has_its_queue_and_its_limits(stack: cdk.Stack) -> None:
    queue = dead_letter_queue(stack, "Dead", environment=SOME, name="images-dead")
    function(
        stack,
        dead_letters=queue,
        reserved_concurrency=10,
        ephemeral_storage=cdk.Size.gibibytes(2),
    )
    made = only(stack, "AWS::Lambda::Function")
    dead = stack.resolve(stack.get_logical_id(queue.node.default_child))  # type: ignore[arg-type]
    assert made["DeadLetterConfig"] == {"TargetArn": f"<{dead}>"}
    assert made["ReservedConcurrentExecutions"] == 10
    assert made["EphemeralStorage"] == {"Size": 2048}
    allowed = {
        (action, statement["Resource"])
        for statement in only(stack, "AWS::IAM::Policy")["PolicyDocument"]["Statement"]
        for action in [statement["Action"]]
        if isinstance(action, str)
    }
    assert ("sqs:SendMessage", f"<{dead}>") in allowed


def test_a_function_gets_nothing_that_was_not_asked_for(stack: cdk.Stack) -> None:
    function(stack)
    made = only(stack, "AWS::Lambda::Function")
    absent = {"DeadLetterConfig", "ReservedConcurrentExecutions", "EphemeralStorage"}
    assert not absent & made.keys()
    Template.from_stack(stack).resource_count_is("AWS::Lambda::EventInvokeConfig", 0)


def test_a_dead_letter_queue_is_encrypted_reached_over_tls_only_and_keeps_for_two_weeks(
    stack: cdk.Stack,
) -> None:
    dead_letter_queue(stack, "Dead", environment=SOME, name="images-dead")
    queue = only(stack, "AWS::SQS::Queue")
    assert queue["QueueName"] == "tap-any-images-dead"
    assert queue["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert queue["SqsManagedSseEnabled"] is True
    (statement,) = only(stack, "AWS::SQS::QueuePolicy")["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def test_the_alarm_address_of_an_environment_hears_of_its_alarms(stack: cdk.Stack) -> None:
    monitor = Monitor(stack, "Monitor", environment=SOME)
    topic = stack.resolve(monitor.topic.topic_arn)
    subscription = only(stack, "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", SOME.alarm_email)
    assert subscription["TopicArn"] == plain(topic)


def test_browser_pages_may_send_and_read_the_headers_that_an_api_names(stack: cdk.Stack) -> None:
    api = signed_api(
        stack,
        "Api",
        environment=SOME,
        name="api",
        description="Any",
        request_headers=["Idempotency-Key"],
        response_headers=["Idempotency-Replayed"],
    )
    api.root.add_method("GET")
    (preflight,) = (
        plain(each["Properties"])
        for each in Template.from_stack(stack).find_resources("AWS::ApiGateway::Method").values()
        if each["Properties"]["HttpMethod"] == "OPTIONS"
    )
    (answer,) = preflight["Integration"]["IntegrationResponses"]
    headers = answer["ResponseParameters"]
    sent = headers["method.response.header.Access-Control-Allow-Headers"].strip("'").split(",")
    assert {"Authorization", "X-Amz-Date", "Idempotency-Key"} <= set(sent)
    read = headers["method.response.header.Access-Control-Expose-Headers"]
    assert read == "'Idempotency-Replayed'"
