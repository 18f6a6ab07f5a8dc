"""Proves that a push goes through the synthesized pipeline as the developer's guide says.

One rehearsal is up for the whole file; each test pushes a commit of its own from a copy of the
working tree. Everything is real but AWS itself: git, the CDK CLI, builds, smoke tests, the AWS CLI.
It does not prove what the fidelity table lists as not exercised.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded_aws.installation import PIPELINE, Account
from ops.pipeline import Execution, action_runs, executions
from rehearsal.accounts import Directory
from rehearsal.approvals import PendingApproval
from rehearsal.follow import Follower, Operator
from rehearsal.lifecycle import bring_up, operator
from rehearsal.progress import Progress
from rehearsal.remote import Remote
from rehearsal.server import REPOSITORY, Server

HANDLER = "services/requests/runtime/handler.py"
PIPELINE_STACK = "pipeline/stack.py"
REVIEWED = "gates/shape/actions.py"
NEW_STEP = """\
steps: list[pipelines.Step] = [smoke]
        if target.environment == "dev":
            extra = pipelines.CodeBuildStep(
                "Extra",
                input=self._source.step,
                project_name=builds.project_name("extra"),
                logging=builds.logging(builds.log_group(self, "extra")),
                commands=["scripts/extra"],
            )
            steps.append(extra)
        self._pipeline.add_stage(stage, post=steps)"""
INSTALLED = (".venv", ".venv-emulator", "node_modules")


class World:
    """A rehearsal that is up, and a developer's copy of the repository."""

    def __init__(self, server: Server, worktree: Path) -> None:
        self.server = server
        self.worktree = worktree
        self.operator: Operator = operator(server)
        self.progress = io.StringIO()

    def push(
        self, edit: Callable[[Path], object], on_approval: Callable[[PendingApproval], object]
    ) -> Execution:
        """Commit an edit of a fresh copy, push it, follow it to its end."""
        git(self.worktree, "reset", "--quiet", "--hard", "base")
        edit(self.worktree)
        git(self.worktree, "commit", "--quiet", "--all", "--allow-empty", "--message", "An edit")
        commit = git(self.worktree, "rev-parse", "HEAD")
        Remote(self.server.root).push(self.worktree, commit)
        follower = Follower(self.operator, Progress(self.progress), on_approval)
        return follower.follow(commit, since=frozenset())

    def status_of(self, execution: Execution) -> dict[str, str]:
        """`Stage/Action` -> status, in the order in which they started."""
        runs = action_runs(self.operator.codepipeline, PIPELINE, execution.id)
        return {run.label: run.status for run in runs}

    def prod_code(self) -> str:
        """The hash of the code that prod's function runs."""
        session = self.server.session(Directory(self.server).administrator(Account.PROD))
        function = session.client("lambda").get_function(FunctionName="tap-prod-processor")
        return str(function["Configuration"]["CodeSha256"])

    def aws(self, *arguments: str) -> str:
        """Run the real AWS CLI as the operator; what it printed."""
        credentials = Directory(self.server).operator()
        command = [str(REPOSITORY / ".venv" / "bin" / "aws"), *arguments, "--output", "json"]
        environment = {"PATH": os.defpath, "HOME": str(self.server.root)}
        return subprocess.run(
            command,
            env=environment | self.server.environment(credentials),
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def rehearsal(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the rehearsal's command line in the developer's copy."""
        python = str(self.worktree / ".venv" / "bin" / "python")
        command = [python, "-m", "rehearsal", "--root", str(self.server.root), *arguments]
        return subprocess.run(
            command, cwd=self.worktree, check=False, capture_output=True, text=True
        )


def git(folder: Path, *arguments: str) -> str:
    """Run git as a developer; what it printed."""
    author = ("-c", "user.name=A Developer", "-c", "user.email=developer@example.com")
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    root = tmp_path_factory.mktemp("delivery")
    cache = REPOSITORY / ".rehearsal" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (root / "cache").symlink_to(cache)
    worktree = developers_copy(root / "worktree")
    server = Server(root)
    try:
        bring_up(server, Progress(io.StringIO()))
        yield World(server, worktree)
    finally:
        server.stop()


def developers_copy(folder: Path) -> Path:
    """The working tree as a repository of its own, with what is installed linked into it."""
    folder.mkdir()
    ours = ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate")
    for name in filter(None, git(REPOSITORY, *ours).split("\0")):
        if (REPOSITORY / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Everything")
    git(folder, "tag", "base")
    exclude = folder / ".git" / "info" / "exclude"
    exclude.parent.mkdir(exist_ok=True)
    exclude.write_text("\n".join(INSTALLED))
    for name in INSTALLED:
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


def change(name: str, old: str, new: str) -> Callable[[Path], object]:
    """An edit that replaces `old`, which must be there, in one file."""

    def edit(worktree: Path) -> None:
        text = (worktree / name).read_text()
        assert old in text, f"{name} no longer holds {old!r}: adapt this test"
        (worktree / name).write_text(text.replace(old, new, 1))

    return edit


def nothing(worktree: Path) -> None:
    """No edit at all."""


def test_a_push_reaches_prod_when_the_aws_cli_approves_it(world: World) -> None:
    def approve_with_the_cli(waiting: PendingApproval) -> None:
        state = json.loads(world.aws("codepipeline", "get-pipeline-state", "--name", PIPELINE))
        promote = next(s for s in state["stageStates"] if s["stageName"] == waiting.stage)
        token = promote["actionStates"][0]["latestExecution"]["token"]
        world.aws(
            *("codepipeline", "put-approval-result", "--pipeline-name", PIPELINE),
            *("--stage-name", waiting.stage, "--action-name", waiting.action, "--token", token),
            *("--result", "status=Approved,summary=looks good"),
        )

    execution = world.push(nothing, approve_with_the_cli)

    assert execution.status == "Succeeded", world.progress.getvalue()
    listed = world.aws("codepipeline", "list-pipeline-executions", "--pipeline-name", PIPELINE)
    newest = json.loads(listed)["pipelineExecutionSummaries"][0]
    assert (newest["pipelineExecutionId"], newest["status"]) == (execution.id, "Succeeded")
    assert list(world.status_of(execution)) == [
        "Source/Source",
        "Build/Synth",
        "UpdatePipeline/SelfMutate",
        "Assets/FileAssets",
        "Dev/tap-dev.Prepare",
        "Dev/tap-dev.Deploy",
        "Dev/Smoke",
        "Promote/Approve",
        "Prod/tap-prod.Prepare",
        "Prod/tap-prod.Deploy",
        "Prod/Smoke",
    ]


def test_the_commands_show_where_the_delivery_is_and_point_clients_there(world: World) -> None:
    status = world.rehearsal("status").stdout
    assert status.startswith("tap-pipeline: execution ")
    assert status.count("Succeeded") == 12  # the execution and its eleven actions
    assert "Running command scripts/synth" in world.rehearsal("logs", "Build/Synth").stdout
    assert "fits several actions" in world.rehearsal("logs", "Smoke").stderr
    assert "no approval waits" in world.rehearsal("approve").stderr

    exports = world.rehearsal("env", "dev").stdout
    url = f"export TAP_REQUESTS_API_URL={world.server.endpoint}/_aws/execute-api/"
    assert url in exports
    identity = f'eval "$1"; {REPOSITORY}/.venv/bin/aws sts get-caller-identity'
    shell = ["bash", "-c", identity, "bash", exports]
    caller = subprocess.run(shell, check=True, capture_output=True, text=True).stdout
    assert "assumed-role/tap-dev-smoke/" in caller


def test_the_one_command_delivers_a_changed_function_and_says_what_it_proved(world: World) -> None:
    serving = world.prod_code()
    git(world.worktree, "reset", "--quiet", "--hard", "base")
    with (world.worktree / HANDLER).open("a") as code:
        code.write("\n\nCHANGED = True\n")

    done = world.rehearsal("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "dev: 12 of 12 smoke checks passed" in done.stdout
    assert world.prod_code() != serving
    summary = json.loads((world.server.root / "last" / "summary.json").read_text())
    assert (summary["status"], summary["passed"]) == ("Succeeded", True)
    assert summary["smoke"]["prod"]["tests"] == 12
    assert {row["status"] for row in summary["fidelity"]} == {
        "exercised",
        "checked statically",
        "not exercised",
    }
    assert git(world.worktree, "status", "--porcelain") == f"M {HANDLER}"


def test_a_broken_handler_stops_in_dev_and_the_developer_is_told_which_check(world: World) -> None:
    serving = world.prod_code()
    git(world.worktree, "reset", "--quiet", "--hard", "base")
    with (world.worktree / HANDLER).open("a") as code:
        code.write("\n\ndef handler(event: object, context: object) -> None:\n    raise KeyError\n")

    done = world.rehearsal("run")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Dev/Smoke failed" in done.stdout
    assert "dev smoke check failed: test_a_signed_request_is_accepted" in done.stdout
    assert world.prod_code() == serving
    summary = json.loads((world.server.root / "last" / "summary.json").read_text())
    assert (summary["status"], summary["passed"]) == ("Failed", False)
    assert summary["smoke"]["dev"]["failures"] > 0
    assert "prod" not in summary["smoke"]
    assert Path(summary["smoke"]["dev"]["reports"]["html"]).exists()


def test_a_step_that_nobody_reviewed_is_stopped_by_name_before_the_pipeline_changes(
    world: World,
) -> None:
    execution = world.push(add_a_step, nobody_is_asked)

    assert world.status_of(execution) == {"Source/Source": "Succeeded", "Build/Synth": "Failed"}
    assert "Dev/Extra: TAP-SHAPE-known-actions" in world.rehearsal("logs", "Synth").stdout


def test_a_new_step_runs_in_the_push_that_adds_it_and_a_rejection_spares_prod(
    world: World,
) -> None:
    serving = world.prod_code()

    def add_and_review(worktree: Path) -> None:
        add_a_step(worktree)
        review_the_step(worktree)

    execution = world.push(
        add_and_review, lambda _: world.rehearsal("reject", "--reason", "not today")
    )

    status = world.status_of(execution)
    assert status.get("Dev/Extra") == "Succeeded", world.progress.getvalue()
    assert status["Promote/Approve"] == "Failed"
    assert not any(label.startswith("Prod/") for label in status)
    assert world.prod_code() == serving
    of_this_commit = [
        e for e in executions(world.operator.codepipeline, PIPELINE) if e.commit == execution.commit
    ]
    assert [e.status for e in of_this_commit] == ["Failed", "Cancelled"]


def add_a_step(worktree: Path) -> None:
    """A build named Extra after dev's deployment, that runs a script of its own."""
    change(PIPELINE_STACK, "self._pipeline.add_stage(stage, post=[smoke])", NEW_STEP)(worktree)
    script = worktree / "scripts" / "extra"
    script.write_text("#!/bin/sh\necho an extra step\n")
    script.chmod(0o755)
    git(worktree, "add", "scripts/extra")


def review_the_step(worktree: Path) -> None:
    """What a reviewed change of the pipeline's shape brings along: the gates know about it."""
    change(
        REVIEWED, '"tap-pipeline-smoke-dev"}', '"tap-pipeline-smoke-dev", "tap-pipeline-extra"}'
    )(worktree)
    change(REVIEWED, 'action.name == "Smoke"', 'action.name in ("Smoke", "Extra")')(worktree)
    iam = [str(worktree / "scripts" / "iam")]
    subprocess.run(iam, cwd=worktree, check=True, capture_output=True, text=True)


def nobody_is_asked(waiting: PendingApproval) -> None:
    raise AssertionError(f"{waiting.stage}/{waiting.action} was reached")
