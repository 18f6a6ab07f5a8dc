"""What is read of a pipeline, as plain records: whoever shows them knows nothing of boto3."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"})


@dataclass(frozen=True)
class Execution:
    """A row of `ListPipelineExecutions`: the newest comes first there.

    commit, message, url: of its source, as far as that has been read. rollback: of one stage, to
    an earlier state? target: of a rollback, the execution it goes back to. trigger, detail: what
    started it ("ExecutionTrigger", AWS CodePipeline API Reference).
    """

    id: str
    status: str
    commit: str | None
    summary: str = ""
    message: str = ""
    started: datetime | None = None
    rollback: bool = False
    target: str = ""
    trigger: str = ""
    detail: str = ""
    url: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing of this execution will run any more."""
        return self.status in ENDED

    def undoes(self, failed: Execution) -> bool:
        """Whether this is the rollback that the failure of `failed` started by itself."""
        return self.rollback and failed.id in self.detail


@dataclass(frozen=True)
class ActionRun:
    """The latest run of one action in one execution.

    category: as in the action's type. updated_by: the ARN of whoever answered an approval, or "".
    stack: the name of the one that it deployed, or "". url: where a person sees more of it, or "".
    question: what an approval asks, or ""; more: the page that it names for whoever answers, or "".
    """

    id: str
    stage: str
    action: str
    status: str
    started: datetime
    updated: datetime
    summary: str
    error: str
    external_id: str
    execution_id: str = ""
    category: str = ""
    updated_by: str = ""
    stack: str = ""
    url: str = ""
    question: str = ""
    more: str = ""

    @property
    def is_approval(self) -> bool:
        """Whether it asked a person."""
        return self.category == "Approval"

    @property
    def label(self) -> str:
        """How people name an action: `Stage/Action`."""
        return f"{self.stage}/{self.action}"

    @property
    def ended(self) -> datetime | None:
        """When the run ended, if it has."""
        return None if self.status == "InProgress" else self.updated

    @property
    def is_build(self) -> bool:
        """Whether it ran a CodeBuild build, whose id is `project:uuid`."""
        return ":" in self.external_id and not self.external_id.startswith("arn:")


@dataclass(frozen=True)
class DeclaredAction:
    """An action as the pipeline's definition has it. kind: category and provider. mode: of a
    CloudFormation action (CodePipeline user guide, "AWS CloudFormation action reference")."""

    stage: str
    action: str
    kind: str
    mode: str = ""

    @property
    def deploys(self) -> bool:
        """Whether something is changed by it where it deploys to."""
        return self.kind.startswith("Deploy/") and self.mode != "CHANGE_SET_REPLACE"

    @property
    def approves(self) -> bool:
        """Whether it waits for a person."""
        return self.kind == "Approval/Manual"


@dataclass(frozen=True)
class PendingApproval:
    """An approval action that waits for a person."""

    stage: str
    action: str
    token: str
    execution_id: str
    message: str
    action_execution_id: str

    @property
    def label(self) -> str:
        """How people name an action: `Stage/Action`."""
        return f"{self.stage}/{self.action}"


@dataclass(frozen=True)
class TestCase:
    """One check of a test report, as CodeBuild parsed it."""

    name: str
    passed: bool
    message: str


def execution(row: dict[str, Any]) -> Execution:
    """From a row of `ListPipelineExecutions`."""
    revisions = [each for each in row.get("sourceRevisions", []) if each.get("revisionId")]
    return Execution(
        id=row["pipelineExecutionId"],
        status=row["status"],
        commit=revisions[0]["revisionId"] if revisions else None,
        summary=row.get("statusSummary", ""),
        message=_message(revisions[0].get("revisionSummary", "")) if revisions else "",
        started=row.get("startTime"),
        rollback=row.get("executionType") == "ROLLBACK",
        target=row.get("rollbackMetadata", {}).get("rollbackTargetPipelineExecutionId", ""),
        trigger=row.get("trigger", {}).get("triggerType", ""),
        detail=row.get("trigger", {}).get("triggerDetail", ""),
        url=revisions[0].get("revisionUrl", "") if revisions else "",
    )


def _message(summary: str) -> str:
    """A commit's message. A connection wraps it: `{"ProviderType": …, "CommitMessage": …}`."""
    try:
        document = json.loads(summary)
    except ValueError:
        return summary
    return str(document.get("CommitMessage", "")) if isinstance(document, dict) else summary


def action_run(row: dict[str, Any]) -> ActionRun:
    """From a row of `ListActionExecutions`."""
    result = row.get("output", {}).get("executionResult", {})
    asked = row.get("input", {}).get("resolvedConfiguration", {})
    return ActionRun(
        id=row["actionExecutionId"],
        stage=row["stageName"],
        action=row["actionName"],
        status=row["status"],
        started=row["startTime"],
        updated=row["lastUpdateTime"],
        summary=result.get("externalExecutionSummary", ""),
        error=result.get("errorDetails", {}).get("message", ""),
        external_id=result.get("externalExecutionId", ""),
        execution_id=row["pipelineExecutionId"],
        category=row.get("input", {}).get("actionTypeId", {}).get("category", ""),
        updated_by=row.get("updatedBy", ""),
        stack=row.get("input", {}).get("configuration", {}).get("StackName", ""),
        url=result.get("externalExecutionUrl", ""),
        question=asked.get("CustomData", ""),
        more=asked.get("ExternalEntityLink", ""),
    )


def rule_run(row: dict[str, Any]) -> ActionRun:
    """From a row of `ListRuleExecutions`: a rule of a condition ran as an action does."""
    ids = {"actionExecutionId": row["ruleExecutionId"], "actionName": row["ruleName"]}
    kind = row.get("input", {}).get("ruleTypeId", {})
    return action_run({**row, **ids, "input": {"actionTypeId": kind}})
