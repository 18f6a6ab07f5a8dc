"""The build record that BatchGetBuilds answers with, kept true while the build runs.

What can go wrong in a build is what its record shows as the context of a phase. Shapes: CodeBuild
API reference, Build and BuildPhase. The worker thread owns the record; readers only ever see
finished copies, so no request can meet a record that is half changed.
"""

from __future__ import annotations

import copy
import threading
import time
from collections.abc import Callable
from typing import Any

from embedded_aws.json_service import ServiceError


class BuildError(ServiceError):
    """Ends a phase; `code` and `message` become its context (API reference, PhaseContext)."""


class BuildspecError(BuildError):
    """The buildspec says something that it may not say, or that this executor does not do."""

    def __init__(self, message: str) -> None:
        super().__init__("YAML_FILE_ERROR", message)


class InterruptedBuildError(Exception):
    """The build was stopped or ran out of time; `status` is STOPPED or TIMED_OUT."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Record:
    """One build's record. Every change is published at once through `publish`."""

    def __init__(self, initial: dict[str, Any], publish: Callable[[dict[str, Any]], None]) -> None:
        self._fields = initial
        self._publish = publish
        self._lock = threading.Lock()
        self.update()

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A field, or `default`."""
        return self._fields.get(name, default)

    def fields(self) -> dict[str, Any]:
        """A copy of the whole record."""
        with self._lock:
            return copy.deepcopy(self._fields)

    def update(self, **fields: Any) -> None:
        """Sets fields and publishes a copy."""
        with self._lock:
            self._fields.update(fields)
            self._publish(copy.deepcopy(self._fields))

    def begin(self, phase: str) -> None:
        """`phase` becomes the current one and is in progress."""
        row = {"phaseType": phase, "phaseStatus": "IN_PROGRESS", "startTime": _now()}
        self.update(currentPhase=phase, phases=[*self._fields["phases"], row])

    def end(self, status: str, error: BuildError | None = None) -> None:
        """The current phase ends. A context says why it did not succeed, or is empty."""
        row = dict(self._fields["phases"][-1])
        ended = _now()
        row["phaseStatus"] = status
        row["endTime"] = ended
        row["durationInSeconds"] = int(ended - row["startTime"])
        row["contexts"] = [
            {"statusCode": error.code if error else "", "message": error.message if error else ""}
        ]
        self.update(phases=[*self._fields["phases"][:-1], row])

    def finish(self, status: str) -> None:
        """The build is over: `status` is one of the API's build statuses."""
        now = _now()
        last = {"phaseType": "COMPLETED", "startTime": now}
        self.update(
            phases=[*self._fields["phases"], last],
            currentPhase="COMPLETED",
            buildStatus=status,
            buildComplete=True,
            endTime=now,
        )

    def ended(self, phase: str) -> bool:
        """Whether `phase` was entered and is over."""
        return any(row["phaseType"] == phase and "endTime" in row for row in self["phases"])


def _now() -> float:
    return round(time.time(), 3)
