"""Following an execution until nothing more happens in it by itself."""

from __future__ import annotations

import time
from collections.abc import Callable

from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution

POLL_SECONDS = 1.0


def follow(pipeline: Pipeline, execution_id: str, ended: Callable[[ActionRun], None]) -> Execution:
    """Waits until it has ended, or an approval waits in it; tells each action that ended here."""
    told: set[str] = {run.id for run in pipeline.action_runs(execution_id) if run.ended}
    while True:
        execution = pipeline.execution(execution_id)
        for run in pipeline.action_runs(execution_id):
            if run.ended and run.id not in told:
                told.add(run.id)
                ended(run)
        waiting = pipeline.pending_approval()
        if execution.ended or (waiting and waiting.execution_id == execution_id):
            return execution
        time.sleep(POLL_SECONDS)
