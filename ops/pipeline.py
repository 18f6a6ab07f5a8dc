"""One pipeline execution as the CodePipeline API tells it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

ENDED = frozenset({"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"})


@dataclass(frozen=True)
class Execution:
    """A row of `ListPipelineExecutions`: the newest comes first there."""

    id: str
    status: str
    commit: str | None
    summary: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing of this execution will run any more."""
        return self.status in ENDED


@dataclass(frozen=True)
class ActionRun:
    """The latest run of one action in one execution."""

    id: str
    stage: str
    action: str
    status: str
    started: datetime
    updated: datetime
    summary: str
    error: str
    external_id: str

    @property
    def label(self) -> str:
        """How people name an action: `Stage/Action`."""
        return f"{self.stage}/{self.action}"

    @property
    def ended(self) -> datetime | None:
        """When the run ended, if it has."""
        return None if self.status == "InProgress" else self.updated


def executions(codepipeline: Any, pipeline: str) -> list[Execution]:
    """Every execution of `pipeline`, newest first."""
    pages = codepipeline.get_paginator("list_pipeline_executions").paginate(pipelineName=pipeline)
    return [_execution(row) for page in pages for row in page["pipelineExecutionSummaries"]]


def _execution(row: dict[str, Any]) -> Execution:
    revisions = [r["revisionId"] for r in row.get("sourceRevisions", []) if r.get("revisionId")]
    return Execution(
        id=row["pipelineExecutionId"],
        status=row["status"],
        commit=revisions[0] if revisions else None,
        summary=row.get("statusSummary", ""),
    )


def action_runs(codepipeline: Any, pipeline: str, execution_id: str) -> list[ActionRun]:
    """The actions of one execution in the order they started; a retried one counts once, last."""
    latest: dict[tuple[str, str], ActionRun] = {}
    for run in sorted(_all_runs(codepipeline, pipeline, execution_id), key=lambda r: r.started):
        latest.pop((run.stage, run.action), None)
        latest[run.stage, run.action] = run
    return list(latest.values())


def _all_runs(codepipeline: Any, pipeline: str, execution_id: str) -> Iterator[ActionRun]:
    pages = codepipeline.get_paginator("list_action_executions").paginate(
        pipelineName=pipeline, filter={"pipelineExecutionId": execution_id}
    )
    for page in pages:
        yield from map(_action_run, page["actionExecutionDetails"])


def _action_run(row: dict[str, Any]) -> ActionRun:
    result = row.get("output", {}).get("executionResult", {})
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
    )
