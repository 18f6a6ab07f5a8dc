"""A function's dead-letter queue: found from the function, read, and given back as it was.

A message is the event that the function was invoked with, unchanged; what came of the last attempt
stands in the attributes RequestID, ErrorCode and ErrorMessage ("Adding a dead-letter queue", AWS
Lambda Developer Guide, `invocation-async-retain-records.html`). A rule that cannot hand an event
over may use the same queue; its attributes are ERROR_CODE and ERROR_MESSAGE ("Using dead-letter
queues to process undelivered events", Amazon EventBridge User Guide, `eb-rule-dlq.html`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from ops.errors import NoDeadLetterQueueError, NoSuchFunctionError
from ops.text import short

# What everybody invokes: the version that is deployed, and not one that a deployment tries or has
# taken back (docs/decisions/2026-11-26-gradual-rollout.md).
ALIAS = "live"
# Asks all servers of the queue and not a sample of them ("Amazon SQS short and long polling").
_WAIT_SECONDS = 2
# At most ten messages a call ("ReceiveMessage" and "ChangeMessageVisibilityBatch", Amazon SQS API
# Reference).
_BATCH = 10
_MISSING_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


@dataclass(frozen=True)
class DeadLetter:
    """One message. event: the body as it came. receipt: by which SQS knows who received it.

    event_id: the event's own `id`, or None. sent_at: when the event was given up, aware.
    receives: how often it was received, this time included. error_code: an HTTP status; 200 when
    the function ran and failed. The last three are None for a message that Lambda did not send.
    """

    message_id: str
    receipt: str
    event: str
    event_id: str | None
    sent_at: datetime
    receives: int
    request_id: str | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True)
class Target:
    """A function and its queue. function, queue: names. timeout: seconds of one invocation."""

    function: str
    timeout: int
    queue: str
    queue_url: str


class Queue:
    """The messages of one queue. Whoever receives one hides it from all others for a while."""

    def __init__(self, client: Any, url: str) -> None:
        self._client = client
        self._url = url

    def counts(self) -> tuple[int, int]:
        """How many messages wait, and how many somebody has received; both approximate."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=names)
        waiting, received = (int(answer["Attributes"][name]) for name in names)
        return waiting, received

    def receive(self, *, most: int, hidden_for: int) -> list[DeadLetter]:
        """Up to `most` messages, and ten; hidden from others for so many seconds. Empty at the end.

        Being received is counted with a message and changes nothing else of it.
        """
        answer = self._client.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=min(most, _BATCH),
            VisibilityTimeout=hidden_for,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageSystemAttributeNames=["SentTimestamp", "ApproximateReceiveCount"],
            MessageAttributeNames=["All"],
        )
        return [_letter(message) for message in answer.get("Messages", [])]

    def give_back(self, letters: Iterable[DeadLetter]) -> None:
        """Lets everybody see them again, at once. Those that had come to light already stay so."""
        receipts = [letter.receipt for letter in letters]
        for first in range(0, len(receipts), _BATCH):
            entries = [
                {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
                for number, receipt in enumerate(receipts[first : first + _BATCH])
            ]
            self._client.change_message_visibility_batch(QueueUrl=self._url, Entries=entries)

    def delete(self, letter: DeadLetter) -> None:
        """Nobody will see it again."""
        self._client.delete_message(QueueUrl=self._url, ReceiptHandle=letter.receipt)


def find(client: Callable[[str], Any], environment: str, function: str) -> Target:
    """The function `tap-<environment>-<function>` of the caller's account, and its queue.

    client: makes boto3's client of a service. Raises NoSuchFunctionError, NoDeadLetterQueueError.
    """
    name = f"tap-{environment}-{function}"
    lambda_ = client("lambda")
    try:
        configuration = lambda_.get_function_configuration(FunctionName=name, Qualifier=ALIAS)
    except lambda_.exceptions.ResourceNotFoundException:
        raise NoSuchFunctionError(_nowhere(client, environment, name)) from None
    arn = configuration.get("DeadLetterConfig", {}).get("TargetArn", "")
    if arn.split(":")[2:3] != ["sqs"]:
        raise NoDeadLetterQueueError(
            f"{name} sends its dead letters to {arn}, which keeps none"
            if arn
            else f"{name} has no dead-letter queue of its own, so there is nothing to redrive"
        )
    account, queue = arn.split(":")[4:6]
    return Target(name, configuration["Timeout"], queue, _url(client("sqs"), account, queue, name))


def _url(client: Any, account: str, queue: str, function: str) -> str:
    try:
        answer = client.get_queue_url(QueueName=queue, QueueOwnerAWSAccountId=account)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _MISSING_QUEUE:
            raise
        raise NoDeadLetterQueueError(
            f"the dead-letter queue of {function}, {queue}, is not in account {account}: "
            "deploy the environment again; what the function gives up meanwhile is lost"
        ) from None
    return str(answer["QueueUrl"])


def _nowhere(client: Callable[[str], Any], environment: str, name: str) -> str:
    """Why a function is not there: another account, another environment, or another name."""
    identity = client("sts").get_caller_identity()
    prefix = f"tap-{environment}-"
    pages = client("lambda").get_paginator("list_functions").paginate()
    known = sorted(
        function["FunctionName"].removeprefix(prefix)
        for page in pages
        for function in page["Functions"]
        if function["FunctionName"].startswith(prefix)
        and function.get("DeadLetterConfig", {}).get("TargetArn")
    )
    where = f"account {identity['Account']}, {client('lambda').meta.region_name}"
    text = f"there is no function {name} in {where}"
    if known:
        return f"{text}; {environment} has these with a dead-letter queue: {', '.join(known)}"
    return f"{text}, nor another one of {environment}: take the credentials of its account"


def _letter(message: dict[str, Any]) -> DeadLetter:
    attributes = {
        name: short(each.get("StringValue", ""))
        for name, each in message.get("MessageAttributes", {}).items()
    }
    system = message["Attributes"]
    return DeadLetter(
        message_id=message["MessageId"],
        receipt=message["ReceiptHandle"],
        event=message["Body"],
        event_id=_event_id(message["Body"]),
        sent_at=datetime.fromtimestamp(int(system["SentTimestamp"]) / 1000, UTC),
        receives=int(system["ApproximateReceiveCount"]),
        request_id=attributes.get("RequestID"),
        error_code=attributes.get("ErrorCode", attributes.get("ERROR_CODE")),
        error_message=attributes.get("ErrorMessage", attributes.get("ERROR_MESSAGE")),
    )


def _event_id(body: str) -> str | None:
    try:
        event = json.loads(body)
    except ValueError:
        return None
    found = event.get("id") if isinstance(event, dict) else None
    return short(found) if isinstance(found, str) else None
