"""Proves that a push goes through the synthesized pipeline as the developer's guide says.

One rehearsal is up for the whole file, which goes on from the delivery that the folder's tests
share; tests push commits of their own from a copy of the working tree. Everything is real but AWS
itself: git, the CDK CLI, builds, smoke tests, the AWS CLI. It does not prove what the fidelity
table lists as not exercised.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from embedded_aws.clients import Credentials
from ops.pipeline import Pipeline
from ops.records import PendingApproval
from rehearsal.accounts import Directory
from rehearsal.follow import Follower
from rehearsal.progress import Progress
from tests.delivery.developer import Developer, accept, change, git

PIPELINE = "tap-pipeline"
HANDLER = "services/requests/runtime/handler.py"
PIPELINE_STACK = "pipeline/stack.py"
STAGE = "self._pipeline.add_stage(stage, post=[smoke])"
NEW_STEP = """\
steps: list[pipelines.Step] = [smoke]
        if environment == self._settings.environments[0]:
            log = builds.log_group(self, "extra")
            extra = pipelines.CodeBuildStep(
                "Extra",
                input=self._source.step,
                project_name=builds.project_name("extra"),
                role=builds.role(
                    self, "extra", "Runs one command", artifacts=self._artifacts, log=log
                ),
                logging=builds.logging(log),
                commands=["bash scripts/extra"],
            )
            steps.append(extra)
        self._pipeline.add_stage(stage, post=steps)"""
ACKNOWLEDGED = """
[[acknowledged]]
rule = "AwsSolutions-IAM5"
where = "TapPipelineStack/Role-extra/Resource"
subject = "Resource::<Artifacts.Arn>/*"
expires = {expires}
reason = "CodePipeline names the objects of its artifacts anew for each execution; it reads its source there."

[[acknowledged]]
rule = "CT.CLOUDWATCH.PR.3"
where = "TapPipelineStack/Logs-extra/Resource"
expires = {expires}
reason = "One line that says that an extra step ran: nothing in it has to be kept from anybody."
"""  # noqa: E501
"""What other people's rules ask of any build's role and log group."""
BROKEN_FOR_POSTS = """

_unbroken = handler


def handler(event: dict[str, Any], context: LambdaContext) -> Response:
    if event["httpMethod"] == "POST":
        raise KeyError
    return _unbroken(event, context)
"""
"""What the hooks of a deployment ask still works, so that smoke tests are what finds it."""
STAGING = "444444444444"


@dataclass(frozen=True)
class Stopped:
    """What became of a push whose handler fails. before: what prod ran then."""

    before: str
    done: subprocess.CompletedProcess[str]
    summary: Any


@pytest.fixture(scope="module")
def stopped(developer: Developer) -> Stopped:
    """On top of the delivery that everything started with."""
    before = developer.code_in("prod")
    developer.start_over()
    with (developer.worktree / HANDLER).open("a") as code:
        code.write(BROKEN_FOR_POSTS)
    done = developer.rehearsal("run")
    return Stopped(before, done, developer.summary())


def test_a_broken_handler_stops_in_dev_and_the_developer_is_told_which_check(
    developer: Developer, stopped: Stopped
) -> None:
    done, summary = stopped.done, stopped.summary
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Dev/Smoke failed" in done.stdout
    assert "dev smoke check failed: test_a_signed_request_is_accepted" in done.stdout
    assert developer.code_in("prod") == stopped.before
    assert (summary["status"], summary["passed"]) == ("Failed", False)
    assert summary["smoke"]["dev"]["failures"] > 0
    assert "prod" not in summary["smoke"]
    assert Path(summary["smoke"]["dev"]["reports"]["html"]).exists()


def test_the_commands_show_where_the_delivery_is_and_point_clients_there(
    developer: Developer, stopped: Stopped
) -> None:
    status = developer.rehearsal("status").stdout
    assert status.startswith("tap-pipeline: execution ")
    assert status.splitlines()[0].endswith(f"{stopped.summary['commit'][:12]} Failed")
    # Each of fourteen actions but the one that failed: those after it have not run since.
    assert (status.count("Succeeded"), status.count("Failed")) == (13, 2)
    assert "Running command bash scripts/synth" in developer.rehearsal("logs", "Build/Synth").stdout
    assert "fits several actions" in developer.rehearsal("logs", "Smoke").stderr
    looked = developer.rehearsal("shell", "Synth", "--", "ls", "cdk.out")
    assert "manifest.json" in looked.stdout.split()
    assert developer.rehearsal("shell", "Synth", "--", "sh", "-c", "exit 7").returncode == 7
    assert "there are: Source/" in developer.rehearsal("shell", "Sinth").stderr
    assert "ran no build" in developer.rehearsal("shell", "Promote/Approve").stderr
    assert "no approval waits" in developer.rehearsal("approve").stderr

    exports = developer.rehearsal("env", "dev").stdout
    url = f"export TAP_REQUESTS_API_URL={developer.server.endpoint}/_aws/execute-api/"
    assert url in exports
    identity = 'eval "$1"; command -v aws; aws sts get-caller-identity'
    shell = ["bash", "-c", identity, "bash", exports]
    said = subprocess.run(shell, check=True, capture_output=True, text=True).stdout
    assert said.startswith(f"{developer.worktree}/.venv/bin/aws\n")
    assert "assumed-role/tap-dev-smoke/" in said


def test_a_commit_that_empties_a_gate_waits_and_rejected_leaves_all_as_it_was(
    developer: Developer,
) -> None:
    """Nothing of it runs, and who may only promote cannot let it through."""
    before = left_alone(developer)
    seen: list[PendingApproval] = []

    def empty_a_gate(worktree: Path) -> None:
        (worktree / "gates/rules/data.py").write_text("")
        change(HANDLER, "from __future__", "EMPTIED = True\nfrom __future__")(worktree)

    def reject(waiting: PendingApproval) -> None:
        seen.append(waiting)
        assert may_not_answer(developer, waiting)
        done = developer.rehearsal("reject", "--reason", "a gate is gone")
        assert done.returncode == 0, done.stdout + done.stderr

    execution = developer.push(empty_a_gate, reject)

    (waiting,) = seen
    assert (waiting.stage, waiting.execution_id) == ("Guards", execution.id)
    assert "gates/rules/data.py changed" in waiting.message
    assert str(execution.commit) in waiting.message
    assert HANDLER not in waiting.message
    assert execution.status == "Failed"
    assert developer.status_of(execution) == {
        "Source/Source": "Succeeded",
        "Compare/Compare": "Succeeded",
        "Guards/Approve": "Failed",
    }
    assert left_alone(developer) == before
    # Retried, it asks again: a no stays one until the branch is another.
    developer.aws(
        *("codepipeline", "retry-stage-execution", "--pipeline-name", PIPELINE),
        *("--stage-name", "Guards", "--pipeline-execution-id", execution.id),
        *("--retry-mode", "FAILED_ACTIONS"),
    )
    asked: list[str] = []
    answer = reject_again(developer, asked)
    follower = Follower(developer.pipeline, Progress(io.StringIO()), answer)
    assert follower.follow(str(execution.commit), since=frozenset()).status == "Failed"
    assert asked == ["Guards"]
    assert left_alone(developer) == before


def reject_again(developer: Developer, asked: list[str]) -> Callable[[PendingApproval], None]:
    def reject(waiting: PendingApproval) -> None:
        asked.append(waiting.stage)
        assert developer.rehearsal("reject", "--reason", "it still is").returncode == 0

    return reject


def left_alone(developer: Developer) -> list[object]:
    """What a rejected commit must not have changed: the pipeline, its builds, dev and prod."""
    pipeline = developer.aws("codepipeline", "get-pipeline", "--name", PIPELINE)["pipeline"]
    names = developer.aws("codebuild", "list-projects")["projects"]
    builds = developer.aws("codebuild", "batch-get-projects", "--names", *sorted(names))
    sources = [(each["name"], each["source"]) for each in builds["projects"]]
    return [pipeline, sources, developer.code_in("dev"), developer.code_in("prod")]


def may_not_answer(developer: Developer, waiting: PendingApproval) -> bool:
    """Is somebody refused who may answer prod's approval and no other?"""
    directory = Directory(developer.server)
    iam, sts = (directory.session("tools").client(name) for name in ("iam", "sts"))
    account, region = directory.account("tools"), developer.server.region
    trust = {"Action": "sts:AssumeRole", "Principal": {"AWS": account}}
    arn = f"arn:aws:codepipeline:{region}:{account}:{PIPELINE}/Promote/Approve"
    may = {"Action": "codepipeline:PutApprovalResult", "Resource": arn}
    documents = [
        json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each}]})
        for each in (trust, may)
    ]
    role = iam.create_role(RoleName="promoter", AssumeRolePolicyDocument=documents[0])["Role"]
    iam.put_role_policy(RoleName="promoter", PolicyName="promote", PolicyDocument=documents[1])
    assumed = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="promoter")
    promoter = developer.server.session(Credentials.from_sts(assumed["Credentials"]))
    with pytest.raises(ClientError) as refused:
        Pipeline(PIPELINE, promoter.client).answer(waiting, approved=True, reason="why not")
    return refused.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_step_that_nobody_reviewed_is_stopped_by_name_before_the_pipeline_changes(
    developer: Developer,
) -> None:
    execution = developer.push(add_a_step, only_guards_are_let(developer))

    assert developer.status_of(execution) == {
        "Source/Source": "Succeeded",
        "Compare/Compare": "Succeeded",
        "Guards/Approve": "Succeeded",
        "Build/Synth": "Succeeded",
        "Build/Gates": "Failed",
    }
    log = developer.rehearsal("logs", "Gates").stdout
    assert "Extra" in log
    assert "make accept" in log


@dataclass(frozen=True)
class Grown:
    """What was delivered after an environment and a step were added. before: what prod ran then."""

    before: str
    done: subprocess.CompletedProcess[str]
    summary: Any
    status: dict[str, str]


@pytest.fixture(scope="module")
def grown(developer: Developer) -> Grown:
    """One delivery of a pipeline that grew by both, for the tests of either: it updates itself and
    starts anew only once."""
    developer.start_over()
    before = developer.code_in("prod")
    add_staging(developer.worktree)
    add_a_step(developer.worktree)
    with (developer.worktree / HANDLER).open("a") as code:
        code.write("\n\nSTAGED = True\n")
    accept(developer.worktree)
    done = developer.rehearsal("run")
    summary = developer.summary()
    status = {f"{run['stage']}/{run['action']}": run["status"] for run in summary["actions"]}
    return Grown(before, done, summary, status)


def test_a_new_step_runs_in_the_push_that_adds_it(developer: Developer, grown: Grown) -> None:
    """Asked about the guards once: the pipeline that was let in holds those of the commit."""
    assert grown.status.get("Dev/Extra") == "Succeeded", grown.done.stdout
    assert grown.done.stdout.count("approving the guards") == 1
    assert "cdk.json changed" in grown.done.stdout
    commit = next(e.commit for e in developer.pipeline.executions() if e.ended)
    of_this_commit = [e for e in developer.pipeline.executions() if e.commit == commit]
    assert [e.status for e in of_this_commit] == ["Succeeded", "Cancelled"]


def test_an_environment_between_is_one_entry_and_is_rehearsed_on_the_way_to_prod(
    developer: Developer, grown: Grown
) -> None:
    """Its account is new to a rehearsal that is up: it is bootstrapped as its owner would."""
    assert grown.done.returncode == 0, grown.done.stdout + grown.done.stderr
    assert "4 accounts, bootstrapped" in grown.done.stdout
    assert re.search(r"staging: (\d+) of \1 smoke checks passed", grown.done.stdout)
    smoke = grown.summary["smoke"]
    assert list(smoke) == ["dev", "staging", "prod"]
    assert all(each["tests"] and not each["failures"] for each in smoke.values())
    stages = list(dict.fromkeys(action["stage"] for action in grown.summary["actions"]))
    assert stages[-5:] == ["Dev", "Staging", "Preview", "Promote", "Prod"]
    codes = {developer.code_in(name) for name in ("dev", "staging", "prod")}
    assert len(codes) == 1
    assert grown.before not in codes
    caller = developer.rehearsal("env", "staging", "--administrator").stdout
    assert "TAP_REQUESTS_API_URL" in caller


def add_staging(worktree: Path) -> None:
    """One entry in the list of environments, before the last one."""
    file = worktree / "cdk.json"
    document = json.loads(file.read_text())
    entry = {"name": "staging", "account": STAGING, "disposable": True}
    document["context"]["tap"]["environments"].insert(-1, entry)
    file.write_text(json.dumps(document, indent=2) + "\n")


def add_a_step(worktree: Path) -> None:
    """A build named Extra after dev's deployment, that runs a script of its own."""
    change(PIPELINE_STACK, STAGE, NEW_STEP)(worktree)
    script = worktree / "scripts" / "extra"
    script.write_text("echo an extra step\n")
    expires = datetime.now(UTC).date() + timedelta(days=300)
    with (worktree / "gates" / "acknowledged.toml").open("a") as acknowledged:
        acknowledged.write(ACKNOWLEDGED.format(expires=expires))
    git(worktree, "add", "scripts/extra")


def only_guards_are_let(developer: Developer) -> Callable[[PendingApproval], None]:
    """Answers for the guards, and expects to be asked nothing else."""

    def answer(waiting: PendingApproval) -> None:
        assert waiting.stage == "Guards"
        assert developer.rehearsal("approve", "--yes").returncode == 0

    return answer
