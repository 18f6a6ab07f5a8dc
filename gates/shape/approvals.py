"""The approval is a person's answer."""

from __future__ import annotations

from collections.abc import Iterator

from assembly.pipeline import Delivery
from gates.shape.permissions import Role, roles
from gates.shape.violation import Violation

# What answers an approval, or goes around one (Service Authorization Reference, "Actions, resources
# and condition keys for AWS CodePipeline").
GOES_AROUND = (
    "codepipeline:PutApprovalResult",
    "codepipeline:OverrideStageCondition",
    "codepipeline:UpdatePipeline",
    "codepipeline:CreatePipeline",
    "codepipeline:EnableStageTransition",
    "codepipeline:RetryStageExecution",
    "codepipeline:RollbackStage",
)
# Managed policies that hold one of them (AWS Managed Policy Reference Guide).
BROAD = (
    "AdministratorAccess",
    "PowerUserAccess",
    "AWSCodePipeline_FullAccess",
    "AWSCodePipelineApproverAccess",
    "IAMFullAccess",
)


def people_approve(delivery: Delivery) -> Iterator[Violation]:
    """No role that this repository makes can answer the approval or change the pipeline."""
    for stack in delivery.stacks:
        for role in roles(stack):
            yield from _goes_around(role)


def _goes_around(role: Role) -> Iterator[Violation]:
    for action in GOES_AROUND:
        if any(True for _ in role.allows(action)):
            yield Violation(
                role.where,
                f"may {action}: a build or function could answer for the approver",
                "leave it to people's roles, which this repository does not make",
            )
    for arn in role.managed:
        if arn.rpartition("/")[2] in BROAD:
            yield Violation(
                role.where,
                f"has {arn}, which can answer the approval",
                "name the actions that the role needs",
            )
