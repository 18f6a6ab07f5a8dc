"""What a permission must cover: service authorization reference, "list_awscodepipeline" (pipeline,
stage and action ARNs).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from embedded_aws import registry

_STAGE = frozenset(
    {
        "DisableStageTransition",
        "EnableStageTransition",
        "OverrideStageCondition",
        "RetryStageExecution",
        "RollbackStage",
    }
)
_ACTION = frozenset({"PutActionRevision", "PutApprovalResult"})


def resource_arn(action: str, body: Mapping[str, Any], account: str) -> str | None:
    """The ARN that a permission must cover; None for those that know no resources."""
    name = body.get("pipelineName") or body.get("name")
    if not isinstance(name, str):
        return None
    parts = [name]
    if action in _STAGE | _ACTION:
        parts.append(str(body.get("stageName")))
    if action in _ACTION:
        parts.append(str(body.get("actionName")))
    return f"arn:aws:codepipeline:{registry.region()}:{account}:{'/'.join(parts)}"
