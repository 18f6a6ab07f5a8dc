"""A small delivery on a running emulator: a git repository, a remote, a pipeline into dev.

Push -> Approve -> a change set in the dev account, each action with a role of its own.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from embedded_aws.connections.played import Connection
from rehearsal.remote import Remote
from tests.embedded_aws.emulated import DEV, REGION, TOOLS, Credentials, Server
from tests.embedded_aws.pipelines import APPROVAL, SOURCE, action

NAME = "delivery"
BUCKET = "delivery-artifacts"
REPOSITORY = "o/r"
CONNECTION = f"arn:aws:codeconnections:{REGION}:{TOOLS}:connection/provider"
PATIENCE = 40.0
PIPELINE_ROLE = f"arn:aws:iam::{TOOLS}:role/delivery-pipeline"
SOURCE_ROLE = f"arn:aws:iam::{TOOLS}:role/delivery-source"
DEPLOY_ROLE = f"arn:aws:iam::{DEV}:role/delivery-deploy"
GOOD = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
GOOD["Outputs"] = {"TopicArn": {"Value": {"Ref": "Topic"}}}


def trust(principal: Mapping[str, str]) -> dict[str, Any]:
    """A trust policy for one principal."""
    return policy("sts:AssumeRole", None, Principal=principal)


def policy(actions: str | list[str], resource: str | None, **more: Any) -> dict[str, Any]:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": actions, **more}
    if resource is not None:
        statement["Resource"] = resource
    return {"Version": "2012-10-17", "Statement": [statement]}


def pipeline(**more: Any) -> dict[str, Any]:
    """The pipeline's CloudFormation properties."""
    fetch = action(
        "Push",
        SOURCE,
        RoleArn=SOURCE_ROLE,
        Namespace="Src",
        OutputArtifacts=[{"Name": "Code"}],
        Configuration={"ConnectionArn": CONNECTION},
    )
    approve = action(
        "Approve", APPROVAL, Configuration={"CustomData": "Deploy #{Src.CommitMessage}?"}
    )
    stack = {"StackName": "delivered", "ChangeSetName": "PipelineChange"}
    prepare = {**stack, "ActionMode": "CHANGE_SET_REPLACE", "TemplatePath": "Code::stack.json"}
    execute = {**stack, "ActionMode": "CHANGE_SET_EXECUTE"}
    return {
        "Name": NAME,
        "RoleArn": PIPELINE_ROLE,
        "PipelineType": "V2",
        "RestartExecutionOnUpdate": True,
        "ArtifactStore": {"Type": "S3", "Location": BUCKET},
        "Triggers": [
            {
                "ProviderType": "CodeStarSourceConnection",
                "GitConfiguration": {
                    "SourceActionName": "Push",
                    "Push": [
                        {
                            "Branches": {"Includes": ["main"]},
                            "FilePaths": {"Excludes": ["docs/**", "*.md"]},
                        }
                    ],
                },
            }
        ],
        "Stages": [
            {"Name": "Source", "Actions": [fetch]},
            {"Name": "Promote", "Actions": [approve]},
            {
                "Name": "Dev",
                "Actions": [
                    deployment("Prepare", 1, prepare, InputArtifacts=[{"Name": "Code"}]),
                    deployment("Deploy", 2, execute, Namespace="Dev"),
                ],
            },
        ],
        **more,
    }


def deployment(name: str, order: int, configuration: Any, **more: Any) -> dict[str, Any]:
    """A CloudFormation action with the role in dev."""
    return {
        "Name": name,
        "ActionTypeId": {
            "Category": "Deploy",
            "Owner": "AWS",
            "Provider": "CloudFormation",
            "Version": "1",
        },
        "RunOrder": order,
        "RoleArn": DEPLOY_ROLE,
        "Configuration": configuration,
        **more,
    }


class Delivery:
    """The accounts, the repository and the pipeline of one server."""

    def __init__(
        self, server: Server, administrators: Mapping[str, Credentials], worktree: Path
    ) -> None:
        self.server = server
        self.administrators = administrators
        self.worktree = worktree
        self.remote = Remote(server.root)
        self.api = self.client("codepipeline")

    def client(self, service: str, account: str = TOOLS) -> Any:
        """A client of an account's administrator."""
        return self.server.session(self.administrators[account]).client(service)

    def set_up(self) -> None:
        """What a pipeline needs, and the pipeline."""
        self.prepare()
        self.deploy_pipeline(pipeline())

    def prepare(self) -> None:
        """Roles, bucket, an empty remote, and an empty repository that pushes to it."""
        self._role(
            PIPELINE_ROLE,
            trust({"Service": "codepipeline.amazonaws.com"}),
            policy(["sts:AssumeRole", "s3:PutObject"], "*"),
        )
        self._role(
            SOURCE_ROLE,
            trust({"AWS": PIPELINE_ROLE}),
            policy(["s3:PutObject", "codestar-connections:UseConnection"], "*"),
        )
        self._role(
            DEPLOY_ROLE,
            trust({"AWS": PIPELINE_ROLE}),
            policy(["s3:GetObject", "cloudformation:*", "sns:*"], "*"),
        )
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        document = policy(
            "s3:GetObject", f"arn:aws:s3:::{BUCKET}/*", Principal={"AWS": DEPLOY_ROLE}
        )
        s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
        self.remote.create(Connection(CONNECTION, REPOSITORY))
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "rehearsal", str(self.remote.path))

    def _role(self, arn: str, trusted: Any, allowed: Any) -> None:
        iam = self.client("iam", arn.split(":")[4])
        name = arn.rpartition("/")[2]
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trusted))
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(allowed))

    def deploy_pipeline(self, properties: Mapping[str, Any], stack: str = "pipeline") -> None:
        """Creates or updates the pipeline's stack and waits for it."""
        outputs = {
            "Name": {"Value": {"Ref": "P"}},
            "Version": {"Value": {"Fn::GetAtt": ["P", "Version"]}},
        }
        self.deploy({"P": properties}, stack, Outputs=outputs)

    def deploy(self, pipelines: Mapping[str, Any], stack: str, **more: Any) -> None:
        """Creates or updates a stack of pipelines, by logical id, and waits for it."""
        cloudformation = self.client("cloudformation")
        kind = "AWS::CodePipeline::Pipeline"
        resources = {name: {"Type": kind, "Properties": p} for name, p in pipelines.items()}
        body = json.dumps({"Resources": resources, **more})
        existing = [s["StackName"] for s in cloudformation.describe_stacks()["Stacks"]]
        if stack in existing:
            cloudformation.update_stack(StackName=stack, TemplateBody=body)
        else:
            cloudformation.create_stack(StackName=stack, TemplateBody=body)
        self.until(
            lambda: not self.stack(stack)["StackStatus"].endswith("IN_PROGRESS"), "stack settles"
        )

    def stack(self, name: str, account: str = TOOLS) -> dict[str, Any]:
        """A stack's description."""
        found = self.client("cloudformation", account).describe_stacks(StackName=name)
        stack: dict[str, Any] = found["Stacks"][0]
        return stack

    def git(self, *arguments: str) -> str:
        """Runs git in the worktree with nobody's settings; output and errors together."""
        done = subprocess.run(
            ["git", "-c", "user.name=Dev", "-c", "user.email=d@e", *arguments],
            cwd=self.worktree,
            env={"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(self.worktree)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        return done.stdout

    def commit_and_push(self, message: str, **files: str) -> str:
        """Commits the files (`stack_json` is stack.json) and pushes; what the push said."""
        for name, content in files.items():
            path = self.worktree / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("push", "rehearsal", "HEAD:main")

    def newest(self) -> dict[str, Any]:
        """The newest execution's summary."""
        rows = self.api.list_pipeline_executions(pipelineName=NAME)["pipelineExecutionSummaries"]
        row: dict[str, Any] = rows[0]
        return row

    def status(self, execution: str) -> str:
        """An execution's status."""
        found = self.api.get_pipeline_execution(pipelineName=NAME, pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def ended(self, execution: str) -> str:
        """Waits for an execution's end; how it ended."""
        self.until(lambda: self.status(execution) not in ("InProgress", "Stopping"), "it ends")
        return self.status(execution)

    def succeeds(self, execution: str) -> None:
        """Waits for an execution's end, which must be a good one."""
        ended = self.ended(execution)
        assert ended == "Succeeded", self.newest().get("statusSummary")

    def approval(self, execution: str) -> dict[str, Any]:
        """Waits for the approval of an execution: the action's latest execution."""
        found: list[dict[str, Any]] = []

        def asked() -> bool:
            stage = self.api.get_pipeline_state(name=NAME)["stageStates"][1]
            current = stage.get("latestExecution", {}).get("pipelineExecutionId")
            latest = stage["actionStates"][0].get("latestExecution", {})
            found[:] = [latest] if current == execution and latest.get("token") else []
            return bool(found)

        self.until(asked, "the approval is asked for")
        return found[0]

    def answer(self, execution: str, status: str = "Approved", summary: str = "fine") -> None:
        """Answers the approval of an execution."""
        self.api.put_approval_result(
            pipelineName=NAME,
            stageName="Promote",
            actionName="Approve",
            token=self.approval(execution)["token"],
            result={"status": status, "summary": summary},
        )

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Waits for a state of the world outside; fails naming it."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never happened: {what}"
            time.sleep(0.1)
