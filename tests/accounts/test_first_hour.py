"""The life of an installation, by the pages that describe it, on one server with empty accounts.

Proves, by running the commands that stand on the pages: docs/take-it-to-aws.md takes an empty tools
account and empty environments to a pipeline that delivers; a first creation that fails in either
kind of environment comes back by docs/if-the-first-deployment-fails.md; the commands of
docs/runbooks/delivery.md do what it says; what is recorded of a delivery is compared; after
docs/removal.md nothing of ours is in any account. The tests run in this order, and each needs those
before it.

Does not prove the console's handshake of the connection, nor what the embedded AWS does not play
(the guardrail's hook): `ELSEWHERE` names the test that runs such a command, or says why none can.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from assembly.templates import Assembly as CloudAssembly
from embedded_aws.isolation import Isolation
from embedded_aws.server import Server
from ops.pipeline import Pipeline
from ops.records import Execution, PendingApproval
from rehearsal import fidelity, kept
from rehearsal.accounts import Directory
from rehearsal.fidelity import RunEvidence
from rehearsal.follow import Follower
from rehearsal.lifecycle import operated
from rehearsal.own import OwnProject
from rehearsal.parity.recording import at_aws
from rehearsal.progress import Progress
from rehearsal.remote import Remote
from settings import ConnectionSource
from tests.delivery.developer import copy_of_the_repository, git
from tests.support.bootstrap import ENVIRONMENTS, SETTINGS
from tests.support.pages import Page, commands, filled
from tests.support.synthesis import REPOSITORY

TAKE, RECOVER = Page("take-it-to-aws.md"), Page("if-the-first-deployment-fails.md")
REMOVE, DELIVERY = Page("removal.md"), Page("runbooks/delivery.md")
LAST = ENVIRONMENTS[-1]
APPLIED = "template/test_bootstrap_applied.py"
ACCEPTED = "gates/test_accept.py::test_an_environment_in_between_is_one_entry_and_one_command"
ELSEWHERE = {
    "scripts/install": "unit/test_scripts.py",
    "make accept": ACCEPTED,
    "make gates": ACCEPTED,
    "scripts/guardrail deploy": "template/test_guardrail.py",
    "scripts/bootstrap dev --force": APPLIED,
    # Below, with the embedded AWS as a stand-in.
    "scripts/parity record": "accounts/test_first_hour.py",
}


@dataclass
class Life:
    """A worktree, a server, and who may do what in its accounts."""

    server: Server
    worktree: Path
    shown: io.StringIO
    asked: int = 0

    @property
    def people(self) -> Directory:
        return Directory(self.server)

    def run(self, label: str, text: str, *, check: bool = True) -> str:
        """What the commands print, in a shell of an account's administrator."""
        quiet = {
            "CI": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }
        path = f"{self.worktree}/.venv/bin{os.pathsep}{os.environ['PATH']}"
        mine = self.server.environment(self.people.administrator(label))
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.worktree,
            env=os.environ | mine | quiet | {"PATH": path, "AWS_PAGER": ""},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, f"{text}\n{done.stdout}"
        return done.stdout

    def client(self, label: str, service: str) -> Any:
        return self.people.session(label).client(service)

    def follow(self, commit: str) -> Execution:
        """The commit's execution once it has ended; the page's commands approve it."""
        follower = Follower(operated(self.server), Progress(self.shown), self.approve)
        return follower.follow(commit, since=frozenset())

    def approve(self, waiting: PendingApproval) -> None:
        """The first time by mistake: rejected. Then as the page says."""
        show, answer = commands(TAKE.section("5. Approve")[1])
        state = self.run("tools", show)
        (token,) = re.findall(r'"token": "([^"]+)"', state)
        assert waiting.stage == "Promote"
        self.asked += 1
        if self.asked == 1:
            answer = answer.replace("status=Approved", "status=Rejected")
        self.run("tools", filled(answer, TOKEN=token))

    def retry(self, command: str, execution: Execution, **words: str) -> None:
        self.run("tools", filled(command, ID=execution.id, **words))

    def table_of(self, environment: str) -> str:
        """A name that the environment's stack needs for a table."""
        assembly = CloudAssembly.read(self.worktree / "cdk.out")
        template = assembly.stack(f"tap-{environment}")
        table = next(iter(template.resources("AWS::DynamoDB::GlobalTable")))
        return str(table.properties["TableName"])


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    root = tmp_path_factory.mktemp("first-hour")
    (root / "cache").symlink_to(REPOSITORY / ".rehearsal" / "cache")
    (REPOSITORY / ".rehearsal" / "cache").mkdir(parents=True, exist_ok=True)
    worktree = copy_of_the_repository(root / "worktree")
    for script in (worktree / "scripts").iterdir():
        script.chmod(0o755)
    with Server(root, region=SETTINGS.region) as server:
        Directory(server).create_administrators(SETTINGS.accounts)
        # The handshake in the console, which no API can do.
        Remote(server.root).create(OwnProject.of_settings(worktree, SETTINGS).source)
        (root / kept.PIPELINE).write_text(json.dumps("tap-pipeline"))
        yield Life(server, worktree, io.StringIO())


def test_every_command_of_the_pages_is_run_here_or_elsewhere() -> None:
    run = [
        *commands(TAKE.section("3. Bootstrap the accounts, once")[0]),
        *commands(TAKE.section("3. Bootstrap the accounts, once")[3]),
        *(c for block in TAKE.section("4. Deploy the pipeline, once") for c in commands(block)),
        *(c for block in TAKE.section("5. Approve") for c in commands(block)),
    ]
    emptied = commands(TAKE.section("3. Bootstrap the accounts, once")[2])
    applied = (REPOSITORY / "tests" / APPLIED).read_text()
    assert "take-it-to-aws.md" in applied, "the commands that empty a bucket are run there"
    assert set(TAKE.commands()) == {*run, *ELSEWHERE, *emptied}
    for test in ELSEWHERE.values():
        path, _, name = test.partition("::")
        assert f"def {name}" in (REPOSITORY / "tests" / path).read_text()


def test_the_accounts_are_bootstrapped_by_the_page(life: Life) -> None:
    block, _, _, ask = TAKE.section("3. Bootstrap the accounts, once")
    assert "not bootstrapped: no stack" in life.run(LAST, f"scripts/preflight {LAST}", check=False)
    for command in commands(block):
        if command not in ELSEWHERE:
            life.run(command.split()[1], command)
    for command in commands(ask):
        found = life.run(command.split()[1], command, check=False)
        assert "bootstrap       as this checkout has it" in found


def test_the_pipeline_is_deployed_by_the_page(life: Life) -> None:
    deploy, told, quota = TAKE.section("4. Deploy the pipeline, once")

    # Nobody sits at a terminal to be asked.
    life.run(
        "tools", deploy.replace("TapPipelineStack", "TapPipelineStack --require-approval never")
    )
    life.people.create_operator("tap-pipeline")
    (life.server.root / "assembly").symlink_to(life.worktree / "cdk.out")
    tools = {"REGION": SETTINGS.region, "TOOLS": SETTINGS.tools_account}
    assert '"Subscriptions"' in life.run("tools", filled(told, **tools))
    assert int(life.run("dev", quota)) >= 170
    said = life.run("tools", "scripts/preflight tools", check=False)
    assert "fine           reviewed files  the gates find nothing" in said
    assert "fine           connection" in said


def test_a_first_creation_that_fails_comes_back(life: Life) -> None:
    """In both kinds of environments. Of a table that its own protection keeps from being taken back
    (ROLLBACK_FAILED) see test_recovery."""
    for name in (ENVIRONMENTS[0], LAST):
        plant(life, name)
        said = life.run(name, f"scripts/preflight {name}", check=False)
        assert f"{life.table_of(name)} is there already" in said
    commit = git(life.worktree, "rev-parse", "HEAD")
    Remote(life.server.root).push(life.worktree, commit)

    dev = recovered(life, ENVIRONMENTS[0], life.follow(commit))
    assert life.follow(commit).status == "Failed"
    (ask_again,) = DELIVERY.section("An approval expired, or was rejected by mistake")
    life.retry(ask_again, dev)
    recovered(life, LAST, life.follow(commit))

    assert life.follow(commit).status == "Succeeded", life.shown.getvalue()


def recovered(life: Life, name: str, execution: Execution) -> Execution:
    """The environment's failed creation, taken back by the page; then its stage is tried again."""
    assert execution.status == "Failed", life.shown.getvalue()
    said = life.run(name, f"scripts/preflight {name}", check=False)
    assert f"tap-{name} is ROLLBACK_COMPLETE" in said, life.shown.getvalue()
    life.client(name, "dynamodb").delete_table(TableName=life.table_of(name))
    preflight, shows, _ = (filled(c, NAME=name) for c in commands(_way_back()))
    assert f"delete the stack tap-{name} (ROLLBACK_COMPLETE, never complete)" in life.run(
        name, shows
    )
    life.run(name, f"{shows.replace(' --dry-run', '')} --yes")
    again = life.run(name, preflight, check=False)
    assert "names           all free" in again, again
    (_, again_stage) = RECOVER.section("What to do")
    life.retry(again_stage, execution, STAGE=SETTINGS.environment(name).stage)
    return execution


def _way_back() -> str:
    return RECOVER.section("What to do")[0]


def plant(life: Life, name: str) -> None:
    """Somebody's table, under a name that the environment needs."""
    life.client(name, "dynamodb").create_table(
        TableName=life.table_of(name),
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def test_what_an_update_failed_of_is_found_by_the_runbook(life: Life) -> None:
    """In a stack of its own. A rollback that fails is not to be had here: the embedded AWS makes
    anew what somebody deleted meanwhile. So going on is only shown to be asked for as AWS has it.
    """
    reasons, go_on = (
        filled(block, ENVIRONMENT="sick") for block in DELIVERY.section("A rollback failed")
    )
    cloudformation = life.client("tools", "cloudformation")
    cloudformation.create_stack(StackName="tap-sick", TemplateBody=_template(fails=False))
    _wait(cloudformation, "stack_create_complete", "tap-sick")
    cloudformation.update_stack(StackName="tap-sick", TemplateBody=_template(fails=True))
    with pytest.raises(WaiterError):
        _wait(cloudformation, "stack_update_complete", "tap-sick")
    assert "Never\tWaitCondition timed out" in life.run("tools", reasons)
    refused = life.run("tools", go_on, check=False)
    assert "ContinueUpdateRollback cannot be called from current stack status" in refused
    cloudformation.delete_stack(StackName="tap-sick")
    _wait(cloudformation, "stack_delete_complete", "tap-sick")


def _template(*, fails: bool) -> str:
    """A queue; beside a condition that nobody fulfils, where an update of it has to fail."""
    resources: dict[str, Any] = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    }
    if fails:
        resources["Never"] = {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "1", "Count": 1},
        }
    return json.dumps({"Resources": resources})


def _wait(cloudformation: Any, for_what: str, stack: str) -> None:
    cloudformation.get_waiter(for_what).wait(StackName=stack, WaiterConfig={"Delay": 1})


def test_a_drifted_stack_is_found_by_the_runbook(life: Life) -> None:
    (block,) = DELIVERY.section("A stack drifted")
    name = ENVIRONMENTS[0]
    queue = next(
        url
        for url in life.client(name, "sqs").list_queues()["QueueUrls"]
        if "image" in url or "dead" in url
    )
    life.client(name, "sqs").set_queue_attributes(
        QueueUrl=queue, Attributes={"MessageRetentionPeriod": "60"}
    )
    said = life.run(name, filled(block, ENVIRONMENT=name))
    assert "DETECTION_COMPLETE" in said
    assert "StackResourceDrifts" in said


def test_a_stuck_execution_is_stopped_and_the_glass_is_broken_by_the_runbook(life: Life) -> None:
    listing, stop, glass = (
        *DELIVERY.section("When the delivery itself is stuck"),
        *DELIVERY.section("Self-mutation is broken or stuck"),
    )
    started = operated_by_administrator(life).start()
    assert started in life.run("tools", listing)
    life.run("tools", filled(stop, ID=started))
    (stopped,) = (e for e in operated(life.server).executions() if e.id == started)
    assert stopped.status == "Stopped"

    switch, install, *by_hand = commands(glass)
    head = git(life.worktree, "rev-parse", "HEAD")
    life.run("tools", filled(switch, COMMIT=head))
    assert install == "scripts/install"
    deploys = [line for line in by_hand if " diff " not in line]
    assert deploys == commands(TAKE.section("4. Deploy the pipeline, once")[0])
    glass_from_diff = [by_hand[2], *by_hand[3:]]
    said = life.run("tools", "\n".join(glass_from_diff) + " --require-approval never")
    assert "tap-pipeline" in said


def operated_by_administrator(life: Life) -> Pipeline:
    return Pipeline("tap-pipeline", life.people.session("tools").client)


def test_the_connections_state_is_asked_by_the_runbook(life: Life) -> None:
    (block,) = DELIVERY.section("The connection was rotated, or is to be")
    source = SETTINGS.source
    assert isinstance(source, ConnectionSource)
    assert '"ConnectionStatus": "AVAILABLE"' in life.run(
        "tools", filled(block, ARN=source.connection_arn)
    )


def test_a_recording_agrees_with_itself_and_a_difference_is_found(
    life: Life, tmp_path: Path
) -> None:
    """The embedded AWS stands in for AWS: what is recorded there, and how it is compared."""
    folder = f"--folder {tmp_path}"
    assert "never recorded" in life.run("tools", f"scripts/parity compare {folder}", check=False)
    refused = life.run("tools", f"scripts/parity record {folder}", check=False)
    assert "is not AWS" in refused
    life.run("tools", f"scripts/parity record --stand-in {folder}")
    (file,) = tmp_path.glob("*.json")
    recorded = json.loads(file.read_text())
    assert set(recorded["checks"]) == set(ENVIRONMENTS)
    assert SETTINGS.tools_account not in json.dumps(recorded["forms"])
    life.run("tools", f"scripts/parity compare {folder}")

    assert at_aws(life.worktree) is None
    real = recorded | {"at": "AWS", "when": "2026-12-01T080000Z"}
    (life.worktree / "docs" / "parity").mkdir()
    (life.worktree / "docs" / "parity" / "real.json").write_text(json.dumps(real))
    found = at_aws(life.worktree)
    assert found is not None
    project = OwnProject.of_settings(life.worktree, SETTINGS)
    nothing = RunEvidence.of([], {}, Isolation())
    rows = fidelity.table(nothing, project.targets, project.behaviours, found)
    shown = {row.behaviour: row.at_aws for row in rows}
    assert shown["smoke tests run between the stages"] == "shown, recorded 2026-12-01T080000Z"
    assert shown["iam:PassRole"] == "no recording could show it"
    assert {r.at_aws for r in fidelity.table(nothing, project.targets, project.behaviours)} == {
        "never recorded"
    }

    recorded["checks"][LAST]["test_an_unsigned_call_is_refused"] = "failed"
    recorded["forms"]["GetPipelineState"]["stageStates"][0]["madeUp"] = {}
    del recorded["forms"]["BatchGetBuilds"]["builds"][0]["arn"]
    file.write_text(json.dumps(recorded))
    said = life.run("tools", f"scripts/parity compare {folder}", check=False)
    assert f"check {LAST} test_an_unsigned_call_is_refused: failed at AWS, passed here" in said
    assert "stageStates[].madeUp: AWS has it, the embedded AWS has not" in said
    assert "BatchGetBuilds.builds[].arn: the embedded AWS has it, AWS has not" in said


def test_what_is_complete_is_not_recovered(life: Life) -> None:
    for name in SETTINGS.accounts:
        assert "was complete once" in life.run(name, f"scripts/recover {name} --yes", check=False)


def test_after_the_removal_nothing_is_left(life: Life) -> None:
    (pipeline,) = REMOVE.section("1. The pipeline, in tools")
    (environment,) = REMOVE.section("2. Each environment, in its own account")
    listing, settings = REMOVE.section("3. What stays on purpose")
    (bootstrap,) = REMOVE.section("4. The bootstrap, in every account")
    life.run("tools", filled(pipeline, REGION=SETTINGS.region))
    for name in ENVIRONMENTS:
        life.run(name, filled(environment, REGION=SETTINGS.region, ENVIRONMENT=name))
    kept = life.run(LAST, filled(listing, NAME=LAST), check=False)
    assert "stack                        CDKToolkit" in kept
    for kind in ("table", "bucket", "queue", "log group"):
        assert re.search(rf"^{kind} +\S*tap-{LAST}-", kept, re.MULTILINE), kept
    *_, clear = commands(settings)
    for name in SETTINGS.accounts:
        life.run(name, clear)
        removal = filled(bootstrap, REGION=SETTINGS.region, NAME=name)
        life.run(name, removal.replace("--delete", "--delete --yes"))
        assert "Nothing is left in" in life.run(name, filled(listing, NAME=name))
        assert_empty(life, name)


def assert_empty(life: Life, name: str) -> None:
    """By the services themselves: what our own listing could have overlooked."""
    stacks = life.client(name, "cloudformation").describe_stacks()["Stacks"]
    assert [s["StackName"] for s in stacks if s["StackStatus"] != "DELETE_COMPLETE"] == []
    assert life.client(name, "dynamodb").list_tables()["TableNames"] == []
    assert life.client(name, "s3").list_buckets()["Buckets"] == []
    assert life.client(name, "lambda").list_functions()["Functions"] == []
    assert life.client(name, "sqs").list_queues().get("QueueUrls", []) == []
    roles = life.client(name, "iam").list_roles()["Roles"]
    ours = [r["RoleName"] for r in roles if not r["Path"].startswith("/aws-service-role/")]
    assert ours == (["rehearsal-operator"] if name == "tools" else [])
    groups = life.client(name, "logs").describe_log_groups()["logGroups"]
    assert [each["logGroupName"] for each in groups] == []
    keys = life.client(name, "kms").list_keys()["Keys"]
    states = [
        life.client(name, "kms").describe_key(KeyId=each["KeyId"])["KeyMetadata"]["KeyState"]
        for each in keys
    ]
    assert set(states) <= {"PendingDeletion"}
