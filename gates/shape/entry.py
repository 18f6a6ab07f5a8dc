"""What an environment's stage asks at its entry: the rule, its build and what that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from assembly.intended import PIPELINE
from assembly.pipeline import Build
from gates.delivery import Delivery
from gates.shape.commands import CACHES, INSTALLS_TO_VERIFY
from gates.shape.guarding import GATES
from settings import Environment

EXECUTION: Final = "#{codepipeline.PipelineExecutionId}"
NAMESPACE: Final = "Preview"
"""Of what the page hands on."""


def asks(delivery: Delivery, environment: Environment) -> bool:
    """Does a build have to be asked before the environment's stage is entered?"""
    return environment.rollback or environment == delivery.intended.guarded


def project(environment: Environment) -> str:
    """The name of the build that is asked."""
    return f"{PIPELINE}-enter-{environment.name}"


def build(delivery: Delivery, environment: Environment) -> Build | None:
    """The build that is asked, if there is one of its name."""
    return called(delivery, project(environment))


def called(delivery: Delivery, name: str) -> Build | None:
    """The build of a name, if there is one."""
    return next((each for each in delivery.pipeline.builds if each.name == name), None)


def commands(delivery: Delivery, environment: Environment) -> list[str]:
    """What the build runs, word by word."""
    told = f'--pipeline {PIPELINE} --execution "$TAP_EXECUTION"'
    held = f"bash scripts/held {environment.stage} {told}"
    approved = [confirmation(delivery)] if environment == delivery.intended.guarded else []
    return [CACHES, INSTALLS_TO_VERIFY, held, *approved]


def confirmation(delivery: Delivery) -> str:
    """The command that asks whether what is about to be deployed is what was approved."""
    guarded = delivery.intended.guarded
    role = delivery.intended.bootstrap_role(guarded.account, "preview")
    folder = "".join(f"$CODEBUILD_SRC_DIR_{name}" for name in judged(delivery))
    return (
        f'bash scripts/confirm "{folder}" --pipeline {PIPELINE} --execution "$TAP_EXECUTION" '
        f'--role-arn {role} --commit "$TAP_COMMIT" --digest "$TAP_DIGEST" --running "$TAP_RUNNING"'
    )


def rule(delivery: Delivery, environment: Environment) -> dict[str, Any]:
    """The rule that asks, as the template has it."""
    guarded = environment == delivery.intended.guarded
    told = {"TAP_EXECUTION": EXECUTION, **(shown(delivery) if guarded else {})}
    return {
        "Name": f"{environment.stage}Entry",
        **asking(delivery, build(delivery, environment), told, judged(delivery) if guarded else []),
    }


def asking(
    delivery: Delivery, made: Build | None, told: Mapping[str, str], beside: Sequence[str] = ()
) -> dict[str, Any]:
    """Of a rule that asks a build: all but its name. beside: what artifacts it takes beside the
    source."""
    variables = [{"name": name, "type": "PLAINTEXT", "value": each} for name, each in told.items()]
    return {
        "RuleTypeId": {"Category": "Rule", "Owner": "AWS", "Provider": "CodeBuild", "Version": "1"},
        "Configuration": {
            "ProjectName": f"<{made.logical_id}>" if made else "",
            "PrimarySource": " or ".join(source(delivery)),
            "EnvironmentVariables": json.dumps(variables),
        },
        "InputArtifacts": [{"Name": name} for name in (*source(delivery), *beside)],
    }


def steered(build: Build, hands_on: Mapping[str, Any] | None = None) -> Iterator[str]:
    """How a build is told, or hands on, other than it may."""
    kept = set(build.buildspec) & {"artifacts", "reports"}
    if build.buildspec.get("env") != hands_on or kept:
        yield "hands on something else"
    known = {"CDK_DISABLE_CLI_TELEMETRY", "CDK_DISABLE_VERSION_CHECK"}
    if {each["Name"] for each in build.variables} != known:
        yield f"has the variables {[each['Name'] for each in build.variables]}"


def shown(delivery: Delivery) -> dict[str, str]:
    """What is about to be deployed, and what its page said."""
    return {
        "TAP_COMMIT": commit(delivery),
        "TAP_DIGEST": f"#{{{NAMESPACE}.digest}}",
        "TAP_RUNNING": f"#{{{NAMESPACE}.running}}",
    }


def commit(delivery: Delivery) -> str:
    """The variable of the source that says which commit it is."""
    commits = [
        f"#{{{action.namespace}.{'VersionId' if action.kind == 'Source/S3' else 'CommitId'}}}"
        for action in delivery.pipeline.actions
        if action.kind.startswith("Source/")
    ]
    return " or ".join(commits)


def source(delivery: Delivery) -> list[str]:
    """What the source's action makes."""
    actions = delivery.pipeline.actions
    return [name for each in actions if each.kind.startswith("Source/") for name in each.outputs]


def judged(delivery: Delivery) -> list[str]:
    """What the gates judged, and what is deployed of."""
    return [
        name for each in delivery.pipeline.actions if each.where == GATES for name in each.outputs
    ]
