"""The rule `Commands`: shell commands, in a build that has no project.

Source: CodePipeline user guide, "rule-reference-Commands": the commands run in CodeBuild's compute
with the pipeline's service role, or the rule's own, at most 55 minutes, and log to
`/aws/codepipeline/<pipeline>`. Here a project that lives as long as the build stands for that
compute; what plays AWS makes it.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

from embedded_aws import registry
from embedded_aws.codepipeline.actions import build
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome

TIMEOUT_MINUTES = 55
_IMAGE = "aws/codebuild/amazonlinux-x86_64-standard:5.0"


def run(context: Context) -> Outcome:
    """Succeeds when every command does."""
    with closing(registry.client("codebuild", account=context.account)) as codebuild:
        project = f"codepipeline-commands-{context.job}"
        codebuild.create_project(name=project, **_project(context))
        try:
            started = codebuild.start_build(projectName=project, **_sources(context))["build"]
            record = build.finished(context, codebuild, started)
        finally:
            codebuild.delete_project(name=project)
    if record["buildStatus"] != "SUCCEEDED":
        raise ActionError(build.failure(record))
    return Outcome()


def _project(context: Context) -> dict[str, Any]:
    commands = {"commands": list(context.action.commands)}
    log = {"groupName": f"/aws/codepipeline/{context.pipeline}", "status": "ENABLED"}
    return {
        "source": {
            "type": "NO_SOURCE",
            "buildspec": json.dumps({"version": "0.2", "phases": {"build": commands}}),
        },
        "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {
            "type": "LINUX_CONTAINER",
            "image": _IMAGE,
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        "serviceRole": context.action.role_arn or context.pipeline_role_arn,
        "timeoutInMinutes": TIMEOUT_MINUTES,
        "logsConfig": {"cloudWatchLogs": log},
    }


def _sources(context: Context) -> dict[str, Any]:
    first, *others = context.inputs.values()
    return {
        "sourceTypeOverride": "S3",
        "sourceLocationOverride": f"{first.bucket}/{first.key}",
        "secondarySourcesOverride": [
            {"type": "S3", "location": f"{a.bucket}/{a.key}", "sourceIdentifier": a.name}
            for a in others
        ],
    }
