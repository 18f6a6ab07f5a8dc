"""Proves that prod comes back by itself from a release that fails only there, and is held then.

One rehearsal stays up for the file, and the tests go on from one another: a release that passed
dev, was approved by the AWS CLI and broke prod, and the next push, which is rejected, asked for
again, approved, and stays out until somebody lifts the hold with a reason. That CodePipeline at AWS
rolls back as the embedded one does is not shown here.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ops.records import Execution, PendingApproval
from rehearsal.accounts import Directory
from rehearsal.follow import Follower
from rehearsal.progress import Progress
from tests.delivery.developer import Developer
from tests.support import aws

PIPELINE = "tap-pipeline"
HANDLER = "services/requests/runtime/handler.py"
ONLY_IN_PROD = """

if os.environ["ENVIRONMENT"] == "prod":
    _everywhere = handler

    def handler(event: dict[str, Any], context: LambdaContext) -> Response:
        if event["httpMethod"] == "POST":
            raise RuntimeError("nobody tried this in dev")
        return _everywhere(event, context)
"""
"""What the hooks of a deployment ask still works, so that smoke tests are what finds it."""
SMOKE_ROLE = "arn:aws:iam::333333333333:role/tap-prod-smoke"


@dataclass(frozen=True)
class Incident:
    """What was before, and what became of the release that broke prod. accepted: the id of a
    request that prod took after the release was approved, before it failed."""

    serving: str
    failed: Execution
    back: Execution
    accepted: str


def submit(developer: Developer) -> aws.Answer:
    """A signed request to prod's API, as its smoke tests send one."""
    return call(developer, "POST", "")


def call(developer: Developer, method: str, path: str) -> aws.Answer:
    exports = developer.rehearsal("env", "prod").stdout
    found = re.search(r"TAP_REQUESTS_API_URL=(\S+)", exports)
    assert found, exports
    address = found[1].strip("'\"").removeprefix(developer.server.endpoint)
    keys = Directory(developer.server).smoke(SMOKE_ROLE)
    return aws.call(developer.server, address + path, method=method, credentials=keys)


def ops(developer: Developer, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, as the pipeline's operator runs it."""
    keys = Directory(developer.server).operator()
    command = [str(developer.worktree / ".venv/bin/python"), "-m", "ops", *arguments]
    return subprocess.run(
        command,
        cwd=developer.worktree,
        env=developer.server.environment(keys),
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def incident(developer: Developer) -> Incident:
    """A release that works in dev alone was approved, by the AWS CLI."""
    serving = developer.code_in("prod")
    accepted: list[str] = []

    def approve(waiting: PendingApproval) -> None:
        accepted.append(json.loads(submit(developer).body)["request_id"])
        approve_with_the_cli(developer, waiting)

    def break_prod(worktree: Path) -> None:
        with (worktree / HANDLER).open("a") as code:
            code.write(ONLY_IN_PROD)

    failed = developer.push(break_prod, approve)
    (back,) = (each for each in developer.pipeline.executions() if each.undoes(failed))
    return Incident(serving, failed, back, accepted[0])


def test_the_old_release_serves_again_without_anybody(
    developer: Developer, incident: Incident, record_property: Any
) -> None:
    status = developer.status_of(incident.failed)
    assert status["Dev/Smoke"] == "Succeeded", developer.shown.getvalue()
    assert status["Prod/Smoke"] == "Failed", developer.shown.getvalue()
    assert "rolled back by itself: succeeded" in developer.shown.getvalue()
    assert (incident.back.status, incident.back.trigger) == ("Succeeded", "AutomatedRollback")
    assert json.loads(incident.back.detail) == {"FailedPipelineExecutionId": incident.failed.id}
    assert list(developer.status_of(incident.back)) == [
        "Prod/tap-prod.Prepare",
        "Prod/tap-prod.Deploy",
        "Prod/Smoke",
    ]
    assert developer.code_in("prod") == incident.serving
    assert submit(developer).status == 200
    record_property("seconds_from_failed_smoke_to_old_release", seconds_down(developer, incident))


def seconds_down(developer: Developer, incident: Incident) -> float:
    """From the failed check until the old release was deployed."""
    runs = developer.pipeline.action_runs(incident.failed.id)
    (noticed,) = [run.updated for run in runs if run.label == "Prod/Smoke"]
    back = developer.pipeline.action_runs(incident.back.id)
    (deployed,) = [run.updated for run in back if run.label == "Prod/tap-prod.Deploy"]
    seconds = (deployed - noticed).total_seconds()
    print(f"{seconds:.1f} s from the failed check until the old release was deployed again")
    return seconds


def test_what_was_written_meanwhile_is_kept(developer: Developer, incident: Incident) -> None:
    answer = call(developer, "GET", f"requests/{incident.accepted}")
    assert answer.status == 200
    assert json.loads(answer.body)["request_id"] == incident.accepted


@dataclass(frozen=True)
class Rejected:
    """The next push, which somebody rejected. said: what was shown to whoever did so."""

    execution: Execution
    said: str


@pytest.fixture(scope="module")
def rejected(developer: Developer, incident: Incident) -> Rejected:
    """It would be another good release."""
    assert incident.failed.ended
    said: list[str] = []

    def reject(waiting: PendingApproval) -> None:
        assert waiting.label == "Promote/Approve"
        said.append(developer.rehearsal("reject", "--reason", "not today").stdout)

    return Rejected(developer.push(repair, reject), said[0])


def test_a_rejection_spares_prod_and_shows_what_it_decides_about(
    developer: Developer, incident: Incident, rejected: Rejected
) -> None:
    execution, status = rejected.execution, developer.status_of(rejected.execution)
    assert execution.status == "Failed"
    assert status["Promote/Approve"] == "Failed", developer.shown.getvalue()
    assert not any(label.startswith("Prod/") for label in status)
    assert developer.code_in("prod") == incident.serving
    assert re.search(r"GOOD  tests: Dev/Smoke: (\d+) of \1 checks passed", rejected.said)
    assert f"/promotions/{execution.id}.html" in rejected.said.replace("&prefix=", "/")
    record = f"rejected Promote/Approve of execution {execution.id}; the record: s3://"
    assert record in rejected.said


def test_prod_is_held_and_the_next_push_stays_out_until_somebody_lifts_that(
    developer: Developer, incident: Incident, rejected: Rejected
) -> None:
    """The push that was rejected is asked for again, and approved."""
    held = ops(developer, "held", "prod")
    assert held.returncode == 1, held.stdout + held.stderr
    assert f"by {incident.back.id}" in held.stdout
    asked: list[str] = []

    def approve(waiting: PendingApproval) -> None:
        asked.append(waiting.label)
        warned = developer.rehearsal("approve")
        assert "Prod is held" in warned.stdout + warned.stderr
        assert developer.rehearsal("approve", "--yes").returncode == 0

    again = ("--stage-name", "Promote", "--pipeline-execution-id", rejected.execution.id)
    cli(developer, "retry-stage-execution", *again, "--retry-mode", "FAILED_ACTIONS")
    follower = Follower(developer.pipeline, Progress(developer.shown), approve)
    kept_out = follower.follow(str(rejected.execution.commit), since=frozenset())

    assert (kept_out.id, kept_out.status) == (rejected.execution.id, "Failed")
    said = ops(developer, "logs", "ProdEntry").stdout
    assert f"by {incident.back.id}" in said
    assert f"by {incident.back.id}" in developer.shown.getvalue()
    assert not any(label.startswith("Prod/") for label in developer.status_of(kept_out))
    assert developer.code_in("prod") == incident.serving

    lifted = ops(developer, "lift", "prod", "--reason", "repaired, and tried with prod's settings")
    assert lifted.returncode == 0, lifted.stderr
    retried = ops(developer, "retry", "prod")
    assert retried.returncode == 0, retried.stdout + retried.stderr
    assert asked == ["Promote/Approve"]
    assert set(developer.status_of(kept_out).values()) == {"Succeeded"}
    newest = cli(developer, "list-pipeline-executions")["pipelineExecutionSummaries"][0]
    assert (newest["pipelineExecutionId"], newest["status"]) == (kept_out.id, "Succeeded")
    assert developer.code_in("prod") != incident.serving


def approve_with_the_cli(developer: Developer, waiting: PendingApproval) -> None:
    state = developer.aws("codepipeline", "get-pipeline-state", "--name", PIPELINE)
    promote = next(s for s in state["stageStates"] if s["stageName"] == waiting.stage)
    token = promote["actionStates"][0]["latestExecution"]["token"]
    names = ("--stage-name", waiting.stage, "--action-name", waiting.action, "--token", token)
    answer = ("--result", "status=Approved,summary=looks good")
    cli(developer, "put-approval-result", *names, *answer)


def cli(developer: Developer, command: str, *arguments: str) -> Any:
    """A command of `aws codepipeline` about our pipeline."""
    return developer.aws("codepipeline", command, "--pipeline-name", PIPELINE, *arguments)


def repair(worktree: Path) -> None:
    """Another good release."""
    with (worktree / HANDLER).open("a") as code:
        code.write("\n\nREPAIRED = True\n")
