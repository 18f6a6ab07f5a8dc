"""CodePipeline tells EventBridge of every change of a pipeline's, a stage's or an action's state.

Source: CodePipeline user guide, "Monitoring CodePipeline events" (states by kind, examples of
events); EventBridge events reference, "Amazon CodePipeline events". Of what the examples have,
`execution-trigger` stands in a pipeline's event, `type` and, once it is known, `execution-result`
in an action's; artifacts' locations are left out. The guide knows no event of a stage that was
skipped, and does not say when an approval's STARTED comes: here, when it can be answered.

Nobody who changes a state has to tell: records are compared with what was told of them, at every
change, under the state's lock. So no change is missed, and none is told twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from embedded_aws.answers import without_none
from embedded_aws.codepipeline.executions import ActionRun, Execution
from embedded_aws.codepipeline.state import Pipeline, State

_STATES: Final = {
    "InProgress": "STARTED",
    "Stopping": "STOPPING",
    "Stopped": "STOPPED",
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
    "Superseded": "SUPERSEDED",
    "Cancelled": "CANCELED",
    "Abandoned": "ABANDONED",
}
Entry = dict[str, Any]
_Change = tuple[str, str, dict[str, Any]]
"""The kind (Pipeline, Stage, Action), the state, and what only events of the kind have."""


class Announcer:
    """Finds what changed and hands it on, to `put(pipeline, entry)`, in its order.

    entry: as PutEvents takes it.
    """

    def __init__(self, state: State, put: Callable[[Pipeline, Entry], object]) -> None:
        self._state = state
        self._put = put
        self._told: dict[str, dict[object, str]] = {}
        state.changed.observe(self.look)

    def look(self) -> None:
        """Finds what changed. The caller holds the state's lock."""
        for pipeline in self._state:
            for execution in pipeline.executions:
                for change in self._changes(execution):
                    self._put(pipeline, _entry(pipeline, execution, change))

    def _changes(self, execution: Execution) -> Iterator[_Change]:
        told = self._told.get(execution.id)
        if told is None:
            told = self._told[execution.id] = {}
            if execution.ended:  # nobody saw it run: taken back from a file
                told[execution.id] = execution.status
        if execution.ended and told.get(execution.id) == execution.status:
            return
        yield from _begun(execution, told)
        for name, stage in execution.stages.items():
            if stage.status != "Skipped" and (state := _next(told, name, stage.status)):
                yield "Stage", state, {"stage": name}
        if execution.ended and (state := _next(told, execution.id, execution.status)):
            yield "Pipeline", state, _triggered(execution)


def _begun(execution: Execution, told: dict[object, str]) -> Iterator[_Change]:
    """Pipeline and actions before the stages' ends: what is within ends first."""
    if not execution.ended and (state := _next(told, execution.id, execution.status)):
        yield "Pipeline", state, _triggered(execution)
    for name, stage in execution.stages.items():
        if stage.status == "InProgress" and (state := _next(told, name, stage.status)):
            yield "Stage", state, {"stage": name}
    for run in execution.runs:
        if run.id not in told and (run.token or not run.action.is_approval):
            told[run.id] = "InProgress"
            yield "Action", "STARTED", _action(run)
        ended = run.id in told and run.status != "InProgress"
        if ended and (state := _next(told, run.id, run.status)):
            yield "Action", state, _action(run)


def _next(told: dict[object, str], key: object, status: str) -> str | None:
    """The state to tell of, None for none: a status that was told. One that ran again resumed."""
    before = told.get(key)
    if before == status:
        return None
    told[key] = status
    return "RESUMED" if before and status == "InProgress" else _STATES[status]


def _triggered(execution: Execution) -> dict[str, Any]:
    return {
        "execution-trigger": {
            "trigger-type": execution.trigger_type,
            "trigger-detail": execution.trigger_detail,
        }
    }


def _action(run: ActionRun) -> dict[str, Any]:
    action = run.action
    result = without_none(
        {
            "external-execution-url": run.external_url,
            "external-execution-summary": run.summary or None,
            "external-execution-id": run.external_id,
            "error-code": run.error[0] if run.error else None,
        }
    )
    return without_none(
        {
            "stage": run.stage,
            "action": action.name,
            "action-execution-id": run.id,
            "execution-result": result if result and run.status != "InProgress" else None,
            "type": {
                "owner": action.owner,
                "provider": action.provider,
                "category": action.category,
                "version": action.version,
            },
            "start-time": _time(run.started),
        }
    )


def _entry(pipeline: Pipeline, execution: Execution, change: _Change) -> Entry:
    """As PutEvents takes it; the bus adds what every event has."""
    kind, state, more = change
    retries = sum(each.retries + each.automatic_retries for each in execution.stages.values())
    detail = {
        "pipeline": pipeline.name,
        "execution-id": execution.id,
        "start-time": _time(execution.started),
        "state": state,
        "version": float(execution.version),
        "pipeline-execution-attempt": float(1 + retries),
        **more,
    }
    return {
        "Source": "aws.codepipeline",
        "DetailType": f"CodePipeline {kind} Execution State Change",
        "Resources": [pipeline.arn],
        "Detail": json.dumps(detail),
    }


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
