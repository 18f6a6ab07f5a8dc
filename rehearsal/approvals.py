"""The manual approval that an execution waits for, and the answer to it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PendingApproval:
    """An approval action that waits for a person."""

    stage: str
    action: str
    token: str
    execution_id: str
    message: str


def pending_approval(codepipeline: Any, pipeline: str) -> PendingApproval | None:
    """The approval that waits now, if one does."""
    state = codepipeline.get_pipeline_state(name=pipeline)
    for stage in state["stageStates"]:
        for action in stage["actionStates"]:
            latest = action.get("latestExecution", {})
            # Only an approval that waits carries a token: API reference, ActionExecution.
            if latest.get("status") == "InProgress" and latest.get("token"):
                return PendingApproval(
                    stage=stage["stageName"],
                    action=action["actionName"],
                    token=latest["token"],
                    execution_id=stage["latestExecution"]["pipelineExecutionId"],
                    message=latest.get("summary", ""),
                )
    return None


def answer(
    codepipeline: Any, pipeline: str, approval: PendingApproval, *, approved: bool, reason: str
) -> None:
    """Approve or reject `approval`; `reason` is kept with the execution (512 characters)."""
    codepipeline.put_approval_result(
        pipelineName=pipeline,
        stageName=approval.stage,
        actionName=approval.action,
        token=approval.token,
        result={"status": "Approved" if approved else "Rejected", "summary": reason},
    )
