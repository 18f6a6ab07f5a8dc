"""What becomes of an event that a function was sent asynchronously, until somebody has it.

AWS ("How Lambda handles errors and retries with asynchronous invocation", "Adding a dead-letter
queue", Lambda developer guide, `invocation-async-error-handling.html`,
`invocation-async-retain-records.html`):

- an error of the function is tried again, twice unless its EventInvokeConfig says otherwise;
- a throttle is no attempt: the event waits, up to its maximum age;
- with a reserved concurrency of 0 it goes to the dead-letter queue at once;
- what the queue gets is the event as it was, with the attributes RequestID, ErrorCode (an HTTP
  status) and ErrorMessage (1 KB at most), sent with the function's role;
- what was invoked decides whose EventInvokeConfig counts: the alias's, the version's, or the
  function's; none of them stands in for another;
- every attempt has one request id;
- metrics tell of it: AsyncEventsReceived, AsyncEventAge, AsyncEventsDropped, DeadLetterErrors.

MiniStack counts throttles as attempts, sends an envelope of its own to the queue, as nobody, makes
an id for each attempt, and knows the function's settings alone. Whoever redrives a queue would read
something that AWS never writes. Pauses between attempts stay MiniStack's: seconds, not the minutes
of AWS.
"""

from __future__ import annotations

import contextvars
import json
import logging
import threading
import time
import uuid
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from ministack.core.responses import request_scope
from ministack.services import lambda_svc

from embedded_aws import registry
from embedded_aws.function_records import function_of, qualifier_of
from embedded_aws.metrics.functions import measure

_log = logging.getLogger("embedded_aws.lambda")
_RETRIES = 2
_MAXIMUM_AGE_SECONDS = 21_600
_MESSAGE_BYTES = 1024


def install() -> None:
    """Takes the place of the one function through which all asynchronous invocations go."""
    lambda_svc.invoke_async_with_retry = invoke


def invoke(function: dict[str, Any], event: Any) -> None:
    """Sends the event to the function, on a thread of its own; returns at once.

    `function` is MiniStack's record with the `config` of the version that is invoked.
    """
    context = contextvars.copy_context()
    measure(function["config"], time.time(), AsyncEventsReceived=1)
    run = _Invocation(function, event).run
    threading.Thread(target=context.run, args=(run,), daemon=True, name="lambda-event").start()


class _Invocation:
    """One event on its way through one function."""

    def __init__(self, function: dict[str, Any], event: Any) -> None:
        self._function = function
        self._config: dict[str, Any] = function["config"]
        self._event = event
        self._id = str(uuid.uuid4())
        self._received = time.time()
        settings = _settings(self._config)
        self._attempts = 1 + int(settings.get("MaximumRetryAttempts", _RETRIES))
        age = int(settings.get("MaximumEventAgeInSeconds", _MAXIMUM_AGE_SECONDS))
        self._expires = time.monotonic() + age
        self._on_failure = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}

    def run(self) -> None:
        """Until the function has taken the event, or nobody will try any more."""
        account, region = lambda_svc._account_region_from_function_config(self._config)
        with request_scope(account, region):
            failed = self._last_failure()
            if failed is not None:
                self._give_up(account, failed)

    def _last_failure(self) -> dict[str, Any] | None:
        """What the last attempt came to; None when one succeeded."""
        attempts, pauses = 0, 0
        while True:
            result = self._attempt()
            attempts += not result.get("throttle", False)
            if not result.get("error"):
                return None
            held = result.get("throttle") and lambda_svc._reserved_concurrency(
                self._function, self._config
            )
            if attempts >= self._attempts or held == 0:
                return result
            pause = min(
                lambda_svc._LAMBDA_ASYNC_RETRY_BASE_SECONDS * 2**pauses,
                lambda_svc._LAMBDA_ASYNC_RETRY_MAX_SECONDS,
            )
            if time.monotonic() + pause > self._expires:
                return result
            time.sleep(pause)
            pauses += 1

    def _attempt(self) -> dict[str, Any]:
        slot, _ = lambda_svc._acquire_execution_slot(self._function, self._config)
        if slot is None:
            return {"error": True, "throttle": True, "body": {"errorMessage": "Rate Exceeded."}}
        now = time.time()
        age = 1000 * (now - self._received)
        measure(self._config, now, unit="Milliseconds", AsyncEventAge=age)
        try:
            result: dict[str, Any] = lambda_svc._execute_function_dispatch(
                self._function, self._config, self._event, self._id, now
            )
        finally:
            lambda_svc._release_execution_slot(slot)
        return result

    def _give_up(self, account: str, failed: Mapping[str, Any]) -> None:
        """The failure goes to the destination, the event to the dead-letter queue: AWS does both.

        A destination gets MiniStack's envelope, which is AWS's.
        """
        measure(self._config, time.time(), AsyncEventsDropped=1)
        if destination := self._on_failure.get("Destination"):
            lambda_svc._route_async_failure(
                destination, self._config["FunctionName"], self._event, failed
            )
        target = (self._config.get("DeadLetterConfig") or {}).get("TargetArn")
        if not target:
            return
        try:
            self._send(account, target, _attributes(self._id, failed))
        except ClientError:
            # AWS counts it and drops the event.
            measure(self._config, time.time(), DeadLetterErrors=1)
            _log.exception("%s lost an event: %s", self._config["FunctionName"], target)

    def _send(self, account: str, target: str, attributes: dict[str, Any]) -> None:
        """With the permissions of the function's role; the root plays lambda.amazonaws.com."""
        body = json.dumps(self._event)
        with closing(registry.client("sts", account=account)) as sts:
            session = self._config["FunctionName"]
            role = sts.assume_role(RoleArn=self._config["Role"], RoleSessionName=session)
        service = target.split(":")[2]
        with closing(registry.client(service, role["Credentials"])) as client:
            if service == "sns":
                client.publish(TopicArn=target, Message=body, MessageAttributes=attributes)
                return
            url = _queue_url(target)
            client.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)


def _queue_url(arn: str) -> str:
    account, name = arn.split(":")[4:]
    return f"{registry.running().endpoint}/{account}/{name}"


def _attributes(request_id: str, failed: Mapping[str, Any]) -> dict[str, Any]:
    status = HTTPStatus.TOO_MANY_REQUESTS if failed.get("throttle") else HTTPStatus.OK
    body = failed.get("body")
    message = body.get("errorMessage", "") if isinstance(body, dict) else str(body or "")
    text = message.encode()[:_MESSAGE_BYTES].decode(errors="ignore") or "Unknown error"
    return {
        "RequestID": {"DataType": "String", "StringValue": request_id},
        "ErrorCode": {"DataType": "Number", "StringValue": str(status.value)},
        "ErrorMessage": {"DataType": "String", "StringValue": text},
    }


def _settings(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The EventInvokeConfig of what was invoked, by the ARN in the version's config."""
    configs = (function_of(config) or {}).get("event_invoke_configs") or {}
    qualifier = qualifier_of(config)
    names = [qualifier] if qualifier else ["$LATEST", ""]
    return next((configs[name] for name in names if name in configs), {})
