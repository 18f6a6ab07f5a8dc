"""The deployed request service under load, while one of its workers is killed.

    python -m tests.rehearsal.load [--requests N] [--clients N]

Deploys the stack on an emulator of its own, lets clients post with idempotency keys as the smoke
role, retrying what fails, kills one worker of the function half-way, and then looks into every
store as administrator. Prints one line; exits 1 when anything is lost, doubled or left over.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from signal import SIGKILL
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from embedded_aws import processes
from embedded_aws.clients import Credentials, Session
from embedded_aws.installation import HOST, local_api_url
from embedded_aws.server import Server
from tests.embedded_aws.emulated import DEV, REGION, administrators
from tests.rehearsal.deployments import deploy
from tests.support import aws

OK = 200
TRIES = 8
# For executions to end after the last answer.
PATIENCE = 60.0


@dataclass
class Answers:
    """What the clients heard. accepted: request ids by idempotency key."""

    accepted: dict[str, set[str]] = field(default_factory=dict)
    retried: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.accepted) + len(self.refused)


@dataclass(frozen=True)
class Outcome:
    """How a load run went.

    wrong: everything in the stores that should not be, in words. look: looks at them once more.
    """

    requests: int
    seconds: float
    retried: Counter[str]
    killed: int
    wrong: list[str]
    look: Callable[[], list[str]]

    def __str__(self) -> str:
        again = ", ".join(f"{count} {why}" for why, count in sorted(self.retried.items()))
        return (
            f"{self.requests} requests in {self.seconds:.0f} s "
            f"({self.requests / self.seconds:.0f} a second), {self.killed} worker killed, "
            f"retried: {again or 'none'}; wrong: {len(self.wrong)}"
        )


class Client:
    """One client with a connection that it keeps, and renews when it breaks."""

    def __init__(self, server: Server, path: str, credentials: Credentials) -> None:
        self._url, self._path = server.endpoint + path, path
        self._signer = SigV4Auth(
            BotoCredentials(
                credentials.access_key_id, credentials.secret_access_key, credentials.session_token
            ),
            "execute-api",
            REGION,
        )
        context = ssl.create_default_context(cafile=str(server.ca_bundle))
        self._connection = HTTPSConnection(HOST, server.port, context=context, timeout=30)

    def submit(self, key: str, body: bytes, answers: Answers) -> None:
        """Posts until the answer is a 200, or gives up after some tries."""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(0.1 * 2**attempt)
            try:
                status, content = self._post(key, body)
            except (OSError, HTTPException) as error:
                self._connection.close()
                answers.retried[type(error).__name__] += 1
                continue
            if status == OK:
                answers.accepted.setdefault(key, set()).add(json.loads(content)["request_id"])
                return
            answers.retried[str(status)] += 1
        answers.refused.append(key)

    def _post(self, key: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        request = AWSRequest(method="POST", url=self._url, data=body, headers=headers)
        self._signer.add_auth(request)
        self._connection.request("POST", self._path, body, dict(request.headers))
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()


def run(server: Server, session: Session, requests: int, clients: int) -> Outcome:
    """Deploys, loads, kills, and audits. `session`: the administrator's, in dev."""
    outputs = deploy(session, DEV)
    smoke = aws.assume(session, outputs["SmokeRoleArn"])
    path = urlsplit(local_api_url(outputs["RequestsApiUrl"], server.endpoint)).path
    answers, killed = Answers(), list[int]()
    half = threading.Thread(target=_kill_half_way, args=(server, answers, requests, killed))
    began = time.monotonic()
    half.start()
    with ThreadPoolExecutor(clients) as pool:
        list(
            pool.map(
                lambda number: _serve(
                    Client(server, path, smoke), number, requests, clients, answers
                ),
                range(clients),
            )
        )
    seconds = time.monotonic() - began
    half.join()
    look = partial(audit, session, outputs, answers)
    return Outcome(requests, seconds, answers.retried, len(killed), look(), look)


def _serve(client: Client, number: int, requests: int, clients: int, answers: Answers) -> None:
    """One client's share of the requests."""
    for each in range(number, requests, clients):
        client.submit(f"load-{each}", json.dumps({"order": each}).encode(), answers)
    client.close()


def _kill_half_way(server: Server, answers: Answers, requests: int, killed: list[int]) -> None:
    """Kills one worker of the function, a process of this very server, without warning."""
    deadline = time.monotonic() + 10 * PATIENCE
    while answers.count < requests // 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    worker = next(_workers(server), None)
    if worker is not None:
        processes.signal_all([worker], SIGKILL)
        killed.append(worker.pid)


def _workers(server: Server) -> Iterator[processes.Process]:
    """The server's processes that run the API's function."""
    leader = json.loads((server.root / "server.json").read_text())["pid"]
    wanted = b"AWS_LAMBDA_FUNCTION_NAME=tap-dev-processor"
    for process in processes.family(leader):
        environment = Path(f"/proc/{process.pid}/environ")
        if process.pid != leader and wanted in environment.read_bytes().split(b"\0"):
            yield process


def audit(session: Session, outputs: Mapping[str, str], answers: Answers) -> list[str]:
    """What is wrong in the stores, once every execution has ended."""
    rows = _rows_at_rest(session, outputs["RequestsTableName"])
    payloads = Counter(_payloads(session, outputs["RequestsBucketName"]))
    executions = Counter(_executions(session, outputs["RequestsStateMachineArn"]))
    wrong = [f"{key} was never accepted" for key in answers.refused]
    accepted = set[str]()
    for key, ids in answers.accepted.items():
        accepted |= ids
        if len(ids) != 1:
            wrong.append(f"{key} is {len(ids)} requests")
        for request_id in ids:
            found = (
                payloads[f"requests/{request_id}.json"],
                int(rows.get(request_id) == "completed"),
                executions[request_id],
            )
            if found != (1, 1, 1):
                wrong.append(f"{request_id}: {found} times in payloads, rows, executions")
    wrong += [f"{each}: a row nobody was told of" for each in rows.keys() - accepted]
    wrong += [f"{each}: an execution nobody was told of" for each in executions.keys() - accepted]
    if len(payloads) != len(accepted):
        wrong.append(f"{len(payloads)} payloads for {len(accepted)} requests")
    return wrong


def _rows_at_rest(session: Session, table: str) -> dict[str, str]:
    """Status by request id, once no row changes any more or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while True:
        rows = dict(_rows(session, table))
        if set(rows.values()) <= {"completed", "failed"} or time.monotonic() > deadline:
            return rows
        time.sleep(0.5)


def _rows(session: Session, table: str) -> Iterator[tuple[str, str]]:
    pages = session.client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=table, ConsistentRead=True):
        for item in page["Items"]:
            yield item["request_id"]["S"], item["status"]["S"]


def _payloads(session: Session, bucket: str) -> Iterator[str]:
    for page in session.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from (each["Key"] for each in page.get("Contents", []))


def _executions(session: Session, machine: str) -> Iterator[str]:
    pages = session.client("stepfunctions").get_paginator("list_executions")
    for page in pages.paginate(stateMachineArn=machine):
        yield from (each["name"] for each in page["executions"])


def on_own_server(root: Path, work: Callable[[Server, Session], Any]) -> Any:
    """Runs `work` with a fresh emulator and the session of dev's administrator."""
    with Server(root, region=REGION, services=["codedeploy"]) as server:
        return work(server, server.session(administrators(server)[DEV]))


def main(arguments: list[str]) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="load", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--clients", type=int, default=32)
    wanted = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        outcome: Outcome = on_own_server(
            Path(folder), lambda s, a: run(s, a, wanted.requests, wanted.clients)
        )
    print(outcome, *outcome.wrong[:20], sep="\n  ")
    return 1 if outcome.wrong or outcome.killed != 1 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
