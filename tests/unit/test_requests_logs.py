"""What the function behind the API writes: JSON lines for people, metrics, and never what was sent.

Proved with the real entry point in a process of its own, over a small AWS on a socket: whatever the
process prints, on any stream, holds nothing of what callers sent or were answered, while things go
well, while stores fail, and even with Powertools told to log events. Not proved: what Lambda's own
runtime and API Gateway log; the template tests look at their settings.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from services.common.runtime.probe import ASKING
from tests.support.request_stores import get, post
from tests.support.synthesis import REPOSITORY

CANARY = "4111-1111-canary"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
KNOWN = "5a1c9f0e-8e0b-4b69-8a51-3f5a55cf8f3e"
WORKER = REPOSITORY / "tests/support/lambda_worker.py"


class SmallAws(BaseHTTPRequestHandler):
    """S3 takes everything, DynamoDB keeps rows, Step Functions starts; or all of them refuse.

    refusing: the error with which DynamoDB refuses everything, or "".
    """

    rows: dict[str, Any]
    traces: list[str | None]
    refusing: str

    def do_PUT(self) -> None:  # the name that http.server asks for
        self._answer(503 if self.refusing else 200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.traces.append(self.headers["X-Amzn-Trace-Id"])
        if self.refusing:
            self._answer(400, {"__type": self.refusing, "message": "no"})
            return
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        self._answer(*getattr(self, f"_{operation.lower()}")(body))

    def _putitem(self, body: Any) -> tuple[int, Any]:
        request_id = body["Item"]["request_id"]["S"]
        if request_id in self.rows:
            kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
            return 400, {"__type": kind, "message": "no", "Item": self.rows[request_id]}
        self.rows[request_id] = body["Item"]
        return 200, {}

    def _getitem(self, body: Any) -> tuple[int, Any]:
        row = self.rows.get(body["Key"]["request_id"]["S"])
        return 200, {"Item": row} if row else {}

    def _startexecution(self, _: Any) -> tuple[int, Any]:
        return 200, {"executionArn": "arn", "startDate": 1}

    def _answer(self, status: int, body: Any) -> None:
        # What is left of a request's body would be read as the next request.
        self.close_connection = True
        text = json.dumps(body).encode() if self.command == "POST" else b""
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: Any) -> None:
        """Silent: the test looks at the function's output only."""


@contextmanager
def small_aws(*, refusing: str = "") -> Iterator[tuple[str, type[SmallAws]]]:
    row = {
        "request_id": KNOWN,
        "timestamp": "2026-11-23T09:26:53.589+00:00",
        "s3_key": f"requests/{KNOWN}.json",
        "status": "failed",
        "step_function_execution_arn": "arn",
        "body_sha256": "0",
        "accepted_by": "call-0",
        "failure_error": CANARY,
        "failure_cause": CANARY,
    }
    stored = {KNOWN: {name: {"S": value} for name, value in row.items()}}
    members = {"rows": stored, "traces": [], "refusing": refusing}
    handler = type("Handler", (SmallAws,), members)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


@dataclass
class Run:
    """What a worker printed and answered."""

    output: str
    answers: list[Any]
    lines: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = [json.loads(line) for line in self.output.splitlines()]

    @property
    def logs(self) -> list[Any]:
        return [line for line in self.lines if "_aws" not in line]

    @property
    def metrics(self) -> list[Any]:
        return [line for line in self.lines if "_aws" in line]


def worked(endpoint: str, events: list[Any], **variables: str) -> Run:
    """Runs the function behind the API with these events."""
    environment = {
        "PYTHONPATH": str(REPOSITORY),
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_LAMBDA_FUNCTION_NAME": "tap-dev-processor",
        "AWS_LAMBDA_FUNCTION_VERSION": "42",
        "_X_AMZN_TRACE_ID": TRACE,
        "ENVIRONMENT": "dev",
        "BUCKET_NAME": "bucket",
        "TABLE_NAME": "table",
        "STATE_MACHINE_ARN": "arn:aws:states:us-west-2:222222222222:stateMachine:m",
        "MAX_BODY_BYTES": "1000",
        "CORS_ORIGINS": "",
        "POWERTOOLS_SERVICE_NAME": "requests",
        "POWERTOOLS_METRICS_NAMESPACE": "Tap",
        **variables,
    }
    with tempfile.TemporaryDirectory() as folder:
        answers = Path(folder) / "answers"
        done = subprocess.run(
            [
                sys.executable,
                str(WORKER),
                "services.requests.runtime.handler.handler",
                str(answers),
            ],
            input="".join(json.dumps(event) + "\n" for event in events),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout
        given = [json.loads(line) for line in answers.read_text().splitlines()]
    return Run(done.stdout, given)


def with_canaries() -> list[Any]:
    """Events with the canary wherever a caller can put one."""
    body = json.dumps({"pan": CANARY, "nested": [{CANARY: CANARY}]})
    headers = {
        "Authorization": f"AWS4-HMAC-SHA256 Credential={CANARY}",
        "Cookie": CANARY,
        "X_Anything": CANARY,
        "Origin": f"https://{CANARY}.example.com",
    }
    events = [
        post(body, **headers),
        post(body, Idempotency_Key=CANARY, **headers),
        post(body, Idempotency_Key=CANARY, **headers),
        post('{"another": "body"}', Idempotency_Key=CANARY),
        post(body[:-1], **headers),
        post(f'"{CANARY}"'),
        post(f'{{"{CANARY}": 1, "{CANARY}": 2}}'),
        post(body, Idempotency_Key=f"not a key {CANARY}"),
        post(body, Content_Type=CANARY),
        post(json.dumps({"long": CANARY * 100})),
        post(f"{CANARY}=!") | {"isBase64Encoded": True},
        get(CANARY),
        get(KNOWN),
    ]
    for event in events:
        event["queryStringParameters"] = {"q": CANARY}
        event["requestContext"]["identity"]["userAgent"] = CANARY
    return events


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """All events against an AWS that works."""
    with small_aws() as (endpoint, _):
        yield worked(endpoint, with_canaries(), POWERTOOLS_LOGGER_LOG_EVENT="true")


def test_nothing_that_was_sent_or_answered_is_ever_printed(run: Run) -> None:
    statuses = [answer["statusCode"] for answer in run.answers]
    assert statuses == [200, 200, 200, 409, 400, 400, 400, 400, 415, 413, 400, 404, 200]
    # The canary does reach the function and its answers, so it could have been printed.
    assert CANARY in run.answers[-1]["body"]
    assert CANARY not in run.output


def test_nothing_is_printed_either_while_every_store_fails() -> None:
    with small_aws(refusing="AccessDeniedException") as (endpoint, _):
        run = worked(endpoint, [*with_canaries()[:3], get(KNOWN)])
    assert [answer["statusCode"] for answer in run.answers] == [503] * 4
    assert "AccessDeniedException" in run.output
    assert CANARY not in run.output


def test_every_call_leaves_a_json_line_with_its_id_route_and_trace(run: Run) -> None:
    ids = [event["request_id"] for event in run.logs if event["message"] != "cold start"]
    assert len(set(ids)) == len([a for a in run.answers if a["statusCode"] >= 400]) + 3
    for line in run.logs:
        assert line["service"] == "requests"
        assert line["route"] in ("POST /", "GET /requests/{request_id}")
        assert line["request_id"].startswith("call-")
        assert line["xray_trace_id"] == "1-5759e988-bd862e3fe1be46a994272793"


def test_a_replay_is_told_from_a_first_acceptance(run: Run) -> None:
    accepted = [line["replayed"] for line in run.logs if line["message"] == "accepted"]
    assert accepted == [False, False, True]


def test_metrics_carry_the_dimensions_that_alarms_look_at(run: Run) -> None:
    emitted: dict[str, list[list[str]]] = {}
    for line in run.metrics:
        if "ColdStart" in line:
            continue  # by function, which no alarm looks at
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Tap"
        for metric in directive["Metrics"]:
            emitted.setdefault(metric["Name"], []).append(sorted(directive["Dimensions"][0]))
        assert (line["service"], line["environment"]) == ("requests", "dev")
    assert emitted["Accepted"] == [["environment", "service"]] * 2
    assert emitted["Replayed"] == [["environment", "service"]]
    assert len(emitted["Answered409"]) == 1


def faults(run: Run) -> list[Any]:
    """What stops a deployment of the version."""
    return [line for line in run.metrics if "Faults" in line]


@pytest.mark.parametrize("refusal", ["AccessDeniedException", "ResourceNotFoundException"])
def test_what_this_version_asks_wrongly_counts_as_its_fault(refusal: str) -> None:
    with small_aws(refusing=refusal) as (endpoint, _):
        run = worked(endpoint, [get(KNOWN), get(KNOWN)])
    assert [answer["statusCode"] for answer in run.answers] == [503] * 2
    for line in faults(run):
        (directive,) = line["_aws"]["CloudWatchMetrics"]
        assert directive["Namespace"] == "Tap"
        assert sorted(directive["Dimensions"][0]) == ["function", "service", "version"]
        assert (line["service"], line["function"]) == ("requests", "tap-dev-processor")
        assert (line["version"], line["Faults"]) == ("42", [1.0])
    assert len(faults(run)) == 2


def test_what_a_deployment_asks_is_for_its_hook_to_judge() -> None:
    asked = get(KNOWN)
    asked["requestContext"]["requestId"] = ASKING
    with small_aws(refusing="AccessDeniedException") as (endpoint, _):
        run = worked(endpoint, [asked])
    assert [answer["statusCode"] for answer in run.answers] == [503]
    assert faults(run) == []


def test_neither_callers_nor_a_throttled_or_silent_store_make_a_fault(run: Run) -> None:
    assert faults(run) == []
    with small_aws(refusing="ProvisionedThroughputExceededException") as (endpoint, _):
        throttled = worked(endpoint, [get(KNOWN)])
    silent = worked(endpoint, [get(KNOWN)])
    for each in (throttled, silent):
        assert [answer["statusCode"] for answer in each.answers] == [503]
        assert faults(each) == []


def test_one_trace_reaches_the_workflow_without_patching_any_library() -> None:
    # botocore itself passes the worker's trace on (`botocore.utils`, recursion detection header).
    with small_aws() as (endpoint, aws):
        worked(endpoint, [post("{}")])
    assert aws.traces == [TRACE, TRACE]
