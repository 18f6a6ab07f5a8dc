"""Follows a commit through the pipeline until its execution ends, showing each action."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution, PendingApproval
from rehearsal.progress import Progress

# CodePipeline can only be polled; its state changes in tenths of a second here.
_POLL_SECONDS = 0.3
_LOG_TAIL_LINES = 25


@dataclass
class Follower:
    """Shows what one commit goes through.

    `on_approval` is called once for each approval that starts to wait.
    """

    pipeline: Pipeline
    progress: Progress
    on_approval: Callable[[PendingApproval], object]
    _shown: dict[str, str] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    def follow(self, commit: str, *, since: frozenset[str]) -> Execution:
        """Wait until the newest execution of `commit` that is not in `since` has ended, and with it
        the rollback that its failure started, if it did.

        A pipeline that updates itself starts the commit again in a new execution: the newest
        one is what counts. One whose source has not been read yet has no commit.
        """
        mine_or_new = (commit, None)
        while True:
            mine = [
                e
                for e in self.pipeline.executions()
                if e.id not in since and e.commit in mine_or_new
            ]
            self._show(mine)
            if mine and mine[0].ended:
                self._see_rolled_back(mine[0])
                return mine[0]
            time.sleep(_POLL_SECONDS)

    def _see_rolled_back(self, failed: Execution) -> None:
        """Show the rollback that a failure started, to its end; it starts with the failure."""
        while started := [e for e in self.pipeline.executions() if e.undoes(failed)]:
            self._show(started)
            if started[0].ended:
                self.progress.say(f"    rolled back by itself: {started[0].status.lower()}")
                return
            time.sleep(_POLL_SECONDS)

    def watch(self) -> None:
        """Show every execution that runs, whoever started it; until interrupted."""
        while True:
            self._show(self.pipeline.executions())
            time.sleep(_POLL_SECONDS)

    def _show(self, newest_first: list[Execution]) -> None:
        news = [e for e in reversed(newest_first) if self._shown.get(e.id) != e.status]
        asking = {execution.id for execution in news if self._show_actions(execution)}
        if asking:
            self._ask(asking)

    def _show_actions(self, execution: Execution) -> bool:
        """Whether one of them asks a person now."""
        runs = self.pipeline.runs(execution.id)
        for run in runs:
            if run.id not in self._shown:
                self.progress.begin(run.label)
                self._shown[run.id] = "InProgress"
            if self._shown[run.id] == "InProgress" and run.ended:
                self._shown[run.id] = run.status
                self._show_end(run)
        if execution.ended:
            self._shown[execution.id] = execution.status
            if execution.status != "Succeeded":
                self.progress.say(f"    execution {execution.id} {execution.status.lower()}")
        return any(run.is_approval and not run.ended for run in runs)

    def _show_end(self, run: ActionRun) -> None:
        passed = run.status == "Succeeded"
        seconds = (run.updated - run.started).total_seconds()
        note = "" if passed else run.status.lower()
        self.progress.end(run.label, passed=passed, note=note, seconds=seconds)
        if run.status == "Failed":
            for line in self._explain(run):
                self.progress.say(f"      {line}")

    def _explain(self, run: ActionRun) -> list[str]:
        """Why an action failed: the end of its log if it is a build, and what it says of itself."""
        said = (run.error or run.summary).splitlines()
        tail = self.pipeline.log_lines(run)[-_LOG_TAIL_LINES:] if run.is_build else []
        return [*tail, *said]

    def _ask(self, asking: set[str]) -> None:
        waiting = self.pipeline.pending_approval()
        if waiting and waiting.execution_id in asking and waiting.token not in self._asked:
            self._asked.add(waiting.token)
            self.on_approval(waiting)
