"""Which events are news for a person, and what there is to say of each.

An event only says that something happened; what is told is read from the pipeline then. So an
event that comes late, or twice, tells what is true: an approval that was answered meanwhile is no
news any more.

Source: CodePipeline user guide, "Monitoring CodePipeline events".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote_plus

from notifications import words
from notifications.words import Failure, Notice, Release
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution

SOURCE: Final = "tap.delivery"
"""Of events that CodePipeline does not send, because the delivery itself means something by it."""
_HOLDS: Final = "holds/"
_LIFTS: Final = "lifts/"
RECORDS: Final = (_HOLDS, _LIFTS)
"""How the keys begin of what people hold and lift, in the decision bucket (`ops/`)."""
_CONSOLE: Final = "console.aws.amazon.com"

type Read = Callable[[str, str], Mapping[str, Any]]


class Kind(StrEnum):
    """The `detail-type` of events: CodePipeline's, of S3 for a record in the bucket, then ours."""

    ACTION = "CodePipeline Action Execution State Change"
    PIPELINE = "CodePipeline Pipeline Execution State Change"
    RECORD = "Object Created"
    DRIFTED = "Drift Found"
    UNSEEN = "Drift Unknown"


class Newsroom:
    """What to tell of one pipeline's events. goal: what its last stage delivers to.

    read: the JSON document in a bucket, by its key.
    """

    def __init__(self, pipeline: Pipeline, region: str, goal: str, read: Read) -> None:
        self._pipeline = pipeline
        self._read = read
        self._goal = goal
        self._home = f"https://{region}.{_CONSOLE}/codesuite/codepipeline/pipelines/{pipeline.name}"
        self._region = region

    def of(self, event: Mapping[str, Any]) -> Notice | None:
        """The message; None where there is nothing to tell (any more)."""
        detail = event["detail"]
        match event["detail-type"]:
            case Kind.ACTION:
                return self._waits(detail)
            case Kind.PIPELINE:
                return self._ended(detail)
            case Kind.RECORD:
                return self._recorded(detail)
        return self._ours(event["detail-type"], detail)

    def _ours(self, kind: str, detail: Mapping[str, Any]) -> Notice | None:
        match kind:
            case Kind.DRIFTED:
                found = [str(each) for each in detail["differences"]]
                return words.drifted(str(detail["environment"]), found, self._stacks)
            case Kind.UNSEEN:
                return words.unseen(str(detail["environment"]), str(detail["reason"]), self._stacks)
        return None

    def _recorded(self, detail: Mapping[str, Any]) -> Notice | None:
        """Of a record `holds/STAGE/ID.json` or `lifts/STAGE/ID.json`: who did it, and why."""
        key = unquote_plus(str(detail["object"]["key"]))
        record = self._read(str(detail["bucket"]["name"]), key)
        stage, by, reason = key.split("/")[1], str(record["by"]), str(record["reason"])
        if key.startswith(_HOLDS):
            return words.held(stage, _who(by), reason, self._view)
        return words.lifted(stage, _who(by), reason, self._view)

    def _waits(self, detail: Mapping[str, Any]) -> Notice | None:
        execution = self._pipeline.execution(detail["execution-id"])
        waiting = [
            run
            for run in self._pipeline.action_runs(execution.id)
            if run.is_approval
            and not run.ended
            and (run.stage, run.action) == (detail["stage"], detail["action"])
        ]
        if not waiting:
            return None
        (run,) = waiting
        link = run.more if run.more.startswith("https://") else self._view
        return words.approval_needed(
            _release(execution), run.label, run.question, link, execution.id
        )

    def _ended(self, detail: Mapping[str, Any]) -> Notice | None:
        execution = self._pipeline.execution(detail["execution-id"])
        release, link = _release(execution), self._link(execution)
        runs = self._pipeline.action_runs(execution.id)
        if execution.status == "Succeeded":
            if execution.rollback:
                stages = list(dict.fromkeys(run.stage for run in runs))
                return words.rolled_back(release, stages, link, execution.id)
            return words.succeeded(release, self._goal, link, execution.id)
        if execution.status != "Failed":
            return None
        return self._failed(execution, release, runs)

    def _failed(self, execution: Execution, release: Release, runs: list[ActionRun]) -> Notice:
        # What failed may be a condition that asked a build, and no action.
        found = [run for run in runs if run.status == "Failed"] or [
            run for run in self._pipeline.asked(execution.id) if run.status == "Failed"
        ]
        told = self._link(execution)
        link = next((run.url for run in found if self._is_console(run.url)), told)
        if found and found[0].is_approval:
            where, said = found[0].label, found[0].error or found[0].summary
            return words.refused(release, where, said, told, execution.id)
        if found and found[0].stage not in {run.stage for run in runs}:
            return words.kept_out(release, found[0].stage, link, execution.id)
        tell = words.not_rolled_back if execution.rollback else words.failed
        return tell(release, self._failure(execution, found), link, execution.id)

    def _failure(self, execution: Execution, found: list[ActionRun]) -> Failure:
        if not found:  # a condition that asked no build
            return Failure("a condition of a stage", said=execution.summary)
        cases = [case for run in found for case in self._pipeline.test_cases(run)]
        checks = [case.name for case in cases if not case.passed]
        return Failure(found[0].label, checks, found[0].error or found[0].summary)

    def _is_console(self, url: str) -> bool:
        return url.startswith(f"https://{self._region}.{_CONSOLE}/")

    def _link(self, execution: Execution) -> str:
        return f"{self._home}/executions/{execution.id}/timeline?region={self._region}"

    @property
    def _view(self) -> str:
        """Where people answer."""
        return f"{self._home}/view?region={self._region}"

    @property
    def _stacks(self) -> str:
        return f"https://{self._region}.{_CONSOLE}/cloudformation/home?region={self._region}"


def _who(arn: str) -> str:
    """Of an ARN what people know each other by: user/ann, assumed-role/Admin/ann."""
    return arn.rpartition(":")[2]


def _release(execution: Execution) -> Release:
    return Release(execution.commit or "", execution.message)
