"""What an environment's stage asks after its success: the rule, its build and what that runs."""

from __future__ import annotations

from typing import Any, Final

from assembly.intended import PIPELINE, stack_name
from assembly.pipeline import Build
from gates.delivery import Delivery
from gates.shape import entry
from gates.shape.commands import CACHES, INSTALLS_TO_VERIFY
from settings import Environment

MAY: Final = {
    "sts:AssumeRole",
    "codepipeline:ListActionExecutions",
    "codepipeline:ListPipelineExecutions",
}
"""Of the build's role, beside building."""


def project(environment: Environment) -> str:
    """The name of the build that watches."""
    return f"{PIPELINE}-bake-{environment.name}"


def build(delivery: Delivery, environment: Environment) -> Build | None:
    """The build that watches, if there is one of its name."""
    return entry.called(delivery, project(environment))


def condition(delivery: Delivery, environment: Environment) -> dict[str, Any] | None:
    """What the stage asks after its success, where the settings want that."""
    if not environment.bake_minutes:
        return None
    asking = entry.asking(
        delivery, build(delivery, environment), {"TAP_EXECUTION": entry.EXECUTION}
    )
    rule = {"Name": f"{environment.stage}Bake", **asking}
    return {"Conditions": [{"Result": "ROLLBACK", "Rules": [rule]}]}


def role(delivery: Delivery, environment: Environment) -> str:
    """The role that looks at the environment's alarms."""
    return delivery.intended.bootstrap_role(environment.account, "preview")


def commands(delivery: Delivery, environment: Environment) -> list[str]:
    """What the build runs, word by word."""
    watch = (
        f"bash scripts/bake {stack_name(environment)}- --minutes {environment.bake_minutes} "
        f"--pipeline {PIPELINE} --stage {environment.stage} "
        f'--execution "$TAP_EXECUTION" --role-arn {role(delivery, environment)}'
    )
    return [CACHES, INSTALLS_TO_VERIFY, watch]
