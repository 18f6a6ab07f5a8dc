"""Proves that a push goes through the synthesized pipeline as the developer's guide says.

One rehearsal is up for the whole file; each test pushes a commit of its own from a copy of the
working tree. Everything is real but AWS itself: git, the CDK CLI, builds, smoke tests, the AWS CLI.
It does not prove what the fidelity table lists as not exercised.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from ops.records import PendingApproval
from tests.delivery.developer import Developer, accept, change, git

PIPELINE = "tap-pipeline"
HANDLER = "services/requests/runtime/handler.py"
PIPELINE_STACK = "pipeline/stack.py"
NEW_STEP = """\
steps: list[pipelines.Step] = [smoke]
        if environment == self._settings.environments[0]:
            extra = pipelines.CodeBuildStep(
                "Extra",
                input=self._source.step,
                project_name=builds.project_name("extra"),
                logging=builds.logging(builds.log_group(self, "extra")),
                commands=["bash scripts/extra"],
            )
            steps.append(extra)
        self._pipeline.add_stage(stage, post=steps)"""
STAGING = "444444444444"


def test_a_push_reaches_prod_when_the_aws_cli_approves_it(developer: Developer) -> None:
    serving = developer.code_in("prod")

    def approve_with_the_cli(waiting: PendingApproval) -> None:
        state = developer.aws("codepipeline", "get-pipeline-state", "--name", PIPELINE)
        promote = next(s for s in state["stageStates"] if s["stageName"] == waiting.stage)
        token = promote["actionStates"][0]["latestExecution"]["token"]
        developer.aws(
            *("codepipeline", "put-approval-result", "--pipeline-name", PIPELINE),
            *("--stage-name", waiting.stage, "--action-name", waiting.action, "--token", token),
            *("--result", "status=Approved,summary=looks good"),
        )

    execution = developer.push(change_a_function, approve_with_the_cli)

    assert execution.status == "Succeeded", developer.shown.getvalue()
    assert developer.code_in("prod") != serving
    listed = developer.aws("codepipeline", "list-pipeline-executions", "--pipeline-name", PIPELINE)
    newest = listed["pipelineExecutionSummaries"][0]
    assert (newest["pipelineExecutionId"], newest["status"]) == (execution.id, "Succeeded")
    assert list(developer.status_of(execution)) == [
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


def test_the_commands_show_where_the_delivery_is_and_point_clients_there(
    developer: Developer,
) -> None:
    status = developer.rehearsal("status").stdout
    assert status.startswith("tap-pipeline: execution ")
    assert status.count("Succeeded") == 12  # the execution and its eleven actions
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


def test_a_broken_handler_stops_in_dev_and_the_developer_is_told_which_check(
    developer: Developer,
) -> None:
    serving = developer.code_in("prod")
    developer.start_over()
    with (developer.worktree / HANDLER).open("a") as code:
        code.write("\n\ndef handler(event: object, context: object) -> None:\n    raise KeyError\n")

    done = developer.rehearsal("run")

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Dev/Smoke failed" in done.stdout
    assert "dev smoke check failed: test_a_signed_request_is_accepted" in done.stdout
    assert developer.code_in("prod") == serving
    summary = developer.summary()
    assert (summary["status"], summary["passed"]) == ("Failed", False)
    assert summary["smoke"]["dev"]["failures"] > 0
    assert "prod" not in summary["smoke"]
    assert Path(summary["smoke"]["dev"]["reports"]["html"]).exists()


def test_a_step_that_nobody_reviewed_is_stopped_by_name_before_the_pipeline_changes(
    developer: Developer,
) -> None:
    execution = developer.push(add_a_step, nobody_is_asked)

    assert developer.status_of(execution) == {"Source/Source": "Succeeded", "Build/Synth": "Failed"}
    log = developer.rehearsal("logs", "Synth").stdout
    assert "Extra" in log
    assert "make accept" in log


def test_a_new_step_runs_in_the_push_that_adds_it_and_a_rejection_spares_prod(
    developer: Developer,
) -> None:
    serving = developer.code_in("prod")

    def add_and_review(worktree: Path) -> None:
        add_a_step(worktree)
        accept(worktree)

    def reject(_: PendingApproval) -> None:
        rejected.append(developer.rehearsal("reject", "--reason", "not today").stdout)

    rejected: list[str] = []
    execution = developer.push(add_and_review, reject)

    status = developer.status_of(execution)
    assert status.get("Dev/Extra") == "Succeeded", developer.shown.getvalue()
    assert status["Promote/Approve"] == "Failed"
    assert not any(label.startswith("Prod/") for label in status)
    assert developer.code_in("prod") == serving
    (said,) = rejected
    assert re.search(r"GOOD  tests: Dev/Smoke: (\d+) of \1 checks passed", said)
    assert f"rejected Promote/Approve of execution {execution.id}; the record: s3://" in said
    commit = execution.commit
    of_this_commit = [e for e in developer.pipeline.executions() if e.commit == commit]
    assert [e.status for e in of_this_commit] == ["Failed", "Cancelled"]


def test_an_environment_between_is_one_entry_and_is_rehearsed_on_the_way_to_prod(
    developer: Developer,
) -> None:
    """Its account is new to a rehearsal that is up: it is bootstrapped as its owner would."""
    developer.start_over()
    serving = developer.code_in("prod")
    add_staging(developer.worktree)
    with (developer.worktree / HANDLER).open("a") as code:
        code.write("\n\nSTAGED = True\n")
    accept(developer.worktree)

    done = developer.rehearsal("run")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 accounts, bootstrapped" in done.stdout
    assert re.search(r"staging: (\d+) of \1 smoke checks passed", done.stdout)
    summary = developer.summary()
    assert list(summary["smoke"]) == ["dev", "staging", "prod"]
    assert all(each["tests"] and not each["failures"] for each in summary["smoke"].values())
    stages = list(dict.fromkeys(action["stage"] for action in summary["actions"]))
    assert stages[-4:] == ["Dev", "Staging", "Promote", "Prod"]
    codes = {developer.code_in(name) for name in ("dev", "staging", "prod")}
    assert len(codes) == 1
    assert serving not in codes
    caller = developer.rehearsal("env", "staging", "--administrator").stdout
    assert "TAP_REQUESTS_API_URL" in caller


def change_a_function(worktree: Path) -> None:
    """One line of a Lambda function."""
    with (worktree / HANDLER).open("a") as code:
        code.write("\n\nCHANGED = True\n")


def add_staging(worktree: Path) -> None:
    """One entry in the list of environments, before the last one."""
    file = worktree / "cdk.json"
    document = json.loads(file.read_text())
    entry = {"name": "staging", "account": STAGING, "disposable": True}
    document["context"]["tap"]["environments"].insert(-1, entry)
    file.write_text(json.dumps(document, indent=2) + "\n")


def add_a_step(worktree: Path) -> None:
    """A build named Extra after dev's deployment, that runs a script of its own."""
    change(PIPELINE_STACK, "self._pipeline.add_stage(stage, post=[smoke])", NEW_STEP)(worktree)
    script = worktree / "scripts" / "extra"
    script.write_text("echo an extra step\n")
    git(worktree, "add", "scripts/extra")


def nobody_is_asked(waiting: PendingApproval) -> None:
    raise AssertionError(f"{waiting.stage}/{waiting.action} was reached")
