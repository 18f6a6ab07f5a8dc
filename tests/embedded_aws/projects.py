"""A CodeBuild project in a running emulator, and what a test asks of its builds."""

from __future__ import annotations

import io
import json
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.embedded_aws.emulated import TOOLS, Server, root_of

ROLE = "builder"
BUCKET = "builds-in-and-out"
TOOLS_THERE = "$(dirname $PIP_CACHE_DIR)"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "codebuild.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
ALLOWED = [
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "s3:GetObject",
    "s3:PutObject",
    "codebuild:CreateReportGroup",
    "codebuild:CreateReport",
    "codebuild:BatchPutTestCases",
    "codebuild:UpdateReport",
]


def policy(actions: list[str]) -> str:
    """An identity policy that allows these actions on everything."""
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Projects:
    """Makes projects and runs their builds in the tools account."""

    server: Server

    def client(self, service: str) -> Any:
        """A client of the account's root: here it plays an administrator."""
        return self.server.session(root_of(TOOLS)).client(service)

    def prepare(self) -> None:
        """The bucket and the service role that every project here shares."""
        self.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "us-west-2"}
        )
        self.role(ROLE, ALLOWED)

    def role(self, name: str, actions: list[str]) -> str:
        """A role that CodeBuild may assume; its ARN."""
        iam = self.client("iam")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=policy(actions))
        return str(arn["Arn"])

    def project(self, name: str, buildspec: dict[str, Any] | str, **settings: Any) -> None:
        """A project without a source, unless `settings` say otherwise."""
        text = buildspec if isinstance(buildspec, str) else json.dumps(buildspec)
        project = {
            "source": {"type": "NO_SOURCE", "buildspec": text},
            "artifacts": {"type": "NO_ARTIFACTS"},
            "environment": {
                "type": "LINUX_CONTAINER",
                "image": "aws/codebuild/standard:7.0",
                "computeType": "BUILD_GENERAL1_SMALL",
            },
            "serviceRole": f"arn:aws:iam::{TOOLS}:role/{ROLE}",
        }
        self.client("codebuild").create_project(name=name, **(project | settings))

    def start(self, project: str, **overrides: Any) -> str:
        """The id of a build that was started."""
        started = self.client("codebuild").start_build(projectName=project, **overrides)
        return str(started["build"]["id"])

    def get(self, build_id: str) -> dict[str, Any]:
        """The build as BatchGetBuilds shows it now."""
        found = self.client("codebuild").batch_get_builds(ids=[build_id])
        build: dict[str, Any] = found["builds"][0]
        return build

    def wait(self, build_id: str, seconds: float = 60) -> dict[str, Any]:
        """The build when it has ended."""
        deadline = time.monotonic() + seconds
        while (build := self.get(build_id))["buildStatus"] == "IN_PROGRESS":
            assert time.monotonic() < deadline, f"still in {build['currentPhase']}"
            time.sleep(0.1)
        return build

    def run(self, name: str, phases: dict[str, list[str]], **sections: Any) -> dict[str, Any]:
        """The ended build of a new project with these commands per phase."""
        spec = {
            "version": "0.2",
            "phases": {phase: {"commands": commands} for phase, commands in phases.items()},
        }
        self.project(name, spec | sections)
        return self.wait(self.start(name))

    def log(self, build: dict[str, Any]) -> str:
        """The build's log as CloudWatch Logs has it."""
        where = build["logs"]
        events = self.client("logs").get_log_events(
            logGroupName=where["groupName"], logStreamName=where["streamName"], startFromHead=True
        )["events"]
        return "".join(event["message"] for event in events)

    def output(self, build: dict[str, Any]) -> list[str]:
        """The lines that commands wrote, without CodeBuild's own."""
        return [line for line in self.log(build).splitlines() if not line.startswith("[Container]")]

    def folder(self, build: dict[str, Any]) -> Path:
        """What the build left on disk."""
        return self.server.root / "builds" / str(build["id"]).replace(":", "-")

    def tools(self, project: str) -> Path:
        """What the builds of a project keep for one another; they have it as `TOOLS_THERE`."""
        project_cache = self.server.root / "cache" / "projects" / TOOLS / project
        folder = project_cache / "host-1" / "tools"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def put_zip(self, key: str, files: dict[str, tuple[str, int]]) -> str:
        """A source archive of `name -> (text, mode)`; its `bucket/key`."""
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for name, (text, mode) in files.items():
                info = zipfile.ZipInfo(name)
                info.create_system = 3
                info.external_attr = (0o100000 | mode) << 16
                archive.writestr(info, text)
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=data.getvalue())
        return f"{BUCKET}/{key}"


def phase(build: dict[str, Any], name: str) -> dict[str, Any]:
    """One phase of a build's record."""
    return next(row for row in build["phases"] if row["phaseType"] == name)
