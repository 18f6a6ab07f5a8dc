"""`python -m ops redrive` gives a function its dead letters again and loses none.

Proved on the emulator, on functions that Lambda really gave up on: what is shown and what is not,
that a look hides and changes nothing, that only success deletes, and what is said when something is
missing. Not proved: more messages than one server of SQS holds, and a function that takes minutes.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from embedded_aws.clients import Credentials, Session
from embedded_aws.server import Server
from services.common.infrastructure.rollout import ALIAS
from tests.embedded_aws.emulated import DEV, PROD, REGION
from tests.support import aws
from tests.support.operators import Ended, redrive, run

PATIENCE = 30.0
CODE = """
import os
def handler(event, context):
    if os.environ.get("BROKEN", "") in event["detail"]["object"]["key"]:
        raise LookupError("out of order")
"""
MAY_SEND = aws.allow("sqs:SendMessage", "*")


@dataclass(frozen=True)
class Function:
    """`tap-try-<name>` in dev with its dead-letter queue, and whoever operates it."""

    server: Server
    session: Session
    keys: Credentials
    name: str

    @property
    def full_name(self) -> str:
        return f"tap-try-{self.name}"

    @property
    def url(self) -> str:
        answer = self.session.client("sqs").get_queue_url(QueueName=self.full_name)
        return str(answer["QueueUrl"])

    def give_up(self, *keys: str) -> None:
        """Invokes it asynchronously with events that it fails on, until all are dead letters."""
        self.set(BROKEN="")
        for key in keys:
            event = {"id": f"event-of-{len(key)}", "detail": {"object": {"key": key}}}
            self.session.client("lambda").invoke(
                FunctionName=self.full_name, InvocationType="Event", Payload=json.dumps(event)
            )
        deadline = time.monotonic() + PATIENCE
        while self.visible() != len(keys):
            assert time.monotonic() < deadline, f"{self.visible()} of {keys} given up"
            time.sleep(0.1)

    def set(self, **variables: str) -> None:
        self.session.client("lambda").update_function_configuration(
            FunctionName=self.full_name, Environment={"Variables": variables}
        )

    def visible(self) -> int:
        """Messages that anybody could receive now."""
        answer = self.session.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    def redrive(self, *options: str) -> Ended:
        return redrive(self.server, self.keys, "try", self.name, *options)


@pytest.fixture(scope="module")
def session(emulator: Server, administrators: Mapping[str, Credentials]) -> Session:
    return emulator.session(administrators[DEV])


@pytest.fixture
def function(
    request: pytest.FixtureRequest,
    emulator: Server,
    administrators: Mapping[str, Credentials],
    session: Session,
) -> Iterator[Function]:
    """One of this test alone, as CloudFormation would leave it."""
    name = request.node.name.removeprefix("test_")[:40].replace("_", "-").rstrip("-")
    made = Function(emulator, session, administrators[DEV], name)
    session.client("sqs").create_queue(QueueName=made.full_name)
    aws.function(session, made.full_name, CODE, MAY_SEND)
    session.client("lambda").update_function_configuration(
        FunctionName=made.full_name,
        DeadLetterConfig={"TargetArn": f"arn:aws:sqs:{REGION}:{DEV}:{made.full_name}"},
    )
    # Leads to what the tests set, as if each setting were deployed.
    session.client("lambda").create_alias(
        FunctionName=made.full_name, Name=ALIAS, FunctionVersion="$LATEST"
    )
    yield made
    session.client("lambda").delete_function(FunctionName=made.full_name)


def test_an_empty_queue_is_said_to_be_empty(function: Function) -> None:
    for options in (["--dry-run"], ["--yes"]):
        ended = function.redrive(*options)
        assert (ended.code, ended.err) == (0, "")
        assert "about 0 dead letter(s)" in ended.out


def test_a_look_shows_events_and_errors_and_nothing_of_files(function: Function) -> None:
    function.give_up("secret-name.csv")
    ended = function.redrive("--dry-run")
    assert ended.code == 0
    assert "about 1 dead letter(s)" in ended.out
    assert re.search(r"event event-of-15  request \S{36}  0 min old  200 out of order\n", ended.out)
    assert "nothing was changed" in ended.out
    (message,) = function.redrive("--dry-run", "--json").document()["messages"]
    assert message["event_id"] == "event-of-15"
    assert (message["error_code"], message["error_message"]) == ("200", "out of order")
    assert 0 <= message["age_seconds"] < PATIENCE
    assert "secret" not in ended.out + json.dumps(message)


def test_where_nobody_can_be_asked_nothing_is_redriven_unless_the_command_says_yes(
    function: Function,
) -> None:
    function.give_up("a")
    function.set(BROKEN="none of them")
    for options in ([], ["--json"]):
        ended = function.redrive(*options)
        assert ended.code == 2
        assert "--yes redrives, --dry-run only shows" in ended.err
        assert function.visible() == 1
    assert function.redrive("--yes").code == 0
    assert function.visible() == 0


def test_a_look_leaves_every_message_to_others(function: Function) -> None:
    keys = ["a" * length for length in range(1, 13)]
    function.give_up(*keys)
    function.set(BROKEN="none of them")
    shown = function.redrive("--dry-run", "--json").document()
    assert len(shown["messages"]) == 12
    assert shown["executed"] is False
    assert function.visible() == 12
    assert (
        len(function.redrive("--dry-run", "--json", "--limit", "11").document()["messages"]) == 11
    )
    assert function.visible() == 12


def test_what_succeeds_is_deleted_and_what_fails_stays(function: Function) -> None:
    function.give_up("mended.csv", "still-bad.csv", "mended-too.csv")
    function.set(BROKEN="bad")
    ended = function.redrive("--yes", "--json")
    assert ended.code == 1
    outcomes = {row["event_id"]: row for row in ended.document()["messages"]}
    assert {event: row["outcome"] for event, row in outcomes.items()} == {
        "event-of-10": "redriven",
        "event-of-13": "failed",
        "event-of-14": "redriven",
    }
    # The emulator calls every error by one name; at AWS, this one is a LookupError.
    assert outcomes["event-of-13"]["detail"].endswith(": out of order")
    assert function.visible() == 1
    function.set(BROKEN="none of them")
    ended = function.redrive("--yes")
    assert (ended.code, function.visible()) == (0, 0)
    assert "1 redriven, 0 stayed" in ended.out


def test_a_limit_leaves_the_rest_alone(function: Function) -> None:
    function.give_up("a", "bb", "ccc")
    function.set(BROKEN="none of them")
    ended = function.redrive("--yes", "--limit", "1")
    assert ended.code == 0
    assert "1 redriven, 0 stayed" in ended.out
    assert function.visible() == 2


def test_a_throttled_function_is_left_alone(function: Function, session: Session) -> None:
    function.give_up("a", "bb")
    session.client("lambda").put_function_concurrency(
        FunctionName=function.full_name, ReservedConcurrentExecutions=0
    )
    ended = function.redrive("--yes", "--json")
    assert ended.code == 1
    assert [row["outcome"] for row in ended.document()["messages"]] == ["throttled"]
    assert function.visible() == 2


def test_what_is_no_event_stays(function: Function, session: Session) -> None:
    session.client("sqs").send_message(QueueUrl=function.url, MessageBody="not JSON")
    ended = function.redrive("--yes", "--json")
    assert ended.code == 1
    (message,) = ended.document()["messages"]
    assert message["outcome"] in ("refused", "failed")
    assert (message["event_id"], message["error_code"]) == (None, None)
    assert function.visible() == 1


def test_messages_that_somebody_else_tries_are_counted_and_left(
    function: Function, session: Session
) -> None:
    function.give_up("a")
    session.client("sqs").receive_message(QueueUrl=function.url, VisibilityTimeout=300)
    function.set(BROKEN="none of them")
    ended = function.redrive("--yes")
    assert ended.code == 0
    assert "1 more are hidden for now" in ended.out
    assert "0 redriven, 0 stayed" in ended.out


def test_another_name_is_told_what_there_is(function: Function) -> None:
    ended = redrive(function.server, function.keys, "try", "no-such", "--dry-run")
    assert ended.code == 2
    assert f"there is no function tap-try-no-such in account {DEV}, {REGION}" in ended.err
    assert function.name in ended.err


def test_another_account_is_told_apart(
    function: Function, administrators: Mapping[str, Credentials]
) -> None:
    ended = redrive(function.server, administrators[PROD], "try", function.name, "--dry-run")
    assert ended.code == 2
    assert f"in account {PROD}" in ended.err
    assert "take the credentials of its account" in ended.err


def test_a_function_without_a_queue_is_named(function: Function, session: Session) -> None:
    session.client("lambda").update_function_configuration(
        FunctionName=function.full_name, DeadLetterConfig={"TargetArn": ""}
    )
    ended = function.redrive("--dry-run")
    assert ended.code == 2
    assert f"{function.full_name} has no dead-letter queue of its own" in ended.err


def test_a_queue_that_is_gone_is_named(function: Function, session: Session) -> None:
    session.client("sqs").delete_queue(QueueUrl=function.url)
    ended = function.redrive("--dry-run")
    assert ended.code == 2
    assert f"the dead-letter queue of {function.full_name}" in ended.err
    assert "deploy the environment again" in ended.err


def test_a_missing_permission_is_named_and_gives_the_message_back(
    function: Function, session: Session
) -> None:
    function.give_up("a")
    # At AWS one action is for one message and for many; the emulator asks for two.
    reads = ["lambda:Get*", "sqs:Get*", "sqs:Receive*", "sqs:ChangeMessageVisibility*"]
    statement = {"Effect": "Allow", "Action": reads, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    keys = aws.user(session, function.full_name, policy)
    ended = redrive(function.server, keys, "try", function.name, "--yes")
    assert ended.code == 2
    assert "AWS refused Invoke" in ended.err
    assert function.visible() == 1


def test_without_credentials_nothing_is_asked(function: Function) -> None:
    shell = {"PATH": os.environ["PATH"], "AWS_EC2_METADATA_DISABLED": "true"}
    shell |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    ended = run(["redrive", "try", function.name], shell)
    assert ended.code == 2
    assert "ops: AWS cannot be asked: " in ended.err
