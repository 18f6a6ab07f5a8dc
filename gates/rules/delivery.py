"""An approval that means something. The whole shape of the pipeline is judged by gates/shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from assembly.templates import Assembly, Resource
from gates.rules.registry import rule

_DEPLOYS = ("CloudFormation", "CodeDeploy", "ECS", "ServiceCatalog")


@rule(
    "TAP-401",
    why="the approval comes before anything was deployed and tested that a person could judge",
    fix="put it into a stage of its own, after the smoke tests of the environment before",
)
def approvals_come_after_something_to_approve(
    assembly: Assembly,
) -> Iterator[tuple[Resource, str]]:
    for pipeline in assembly.resources("AWS::CodePipeline::Pipeline"):
        actions = list(_in_order(pipeline))
        for index, action in enumerate(actions):
            approves = action["ActionTypeId"]["Category"] == "Approval"
            if approves and not _deployed_and_tested(actions[:index]):
                yield pipeline, action["Name"]


def _in_order(pipeline: Resource) -> Iterator[dict[str, Any]]:
    for stage in pipeline.properties.get("Stages", []):
        yield from sorted(stage["Actions"], key=lambda action: action.get("RunOrder", 1))


def _deployed_and_tested(before: list[dict[str, Any]]) -> bool:
    """Is there a deployment of a stack, and a test or build after the last one?"""
    kinds = [
        "deploy"
        if action["ActionTypeId"]["Provider"] in _DEPLOYS
        else action["ActionTypeId"]["Category"].lower()
        for action in before
    ]
    if "deploy" not in kinds:
        return False
    after = kinds[len(kinds) - kinds[::-1].index("deploy") :]
    return "build" in after or "test" in after
