"""Interprets the Amazon States Language document that we ship, on the fakes.

Source: Amazon States Language specification (states-language.net) and "Handling errors in Step
Functions workflows", AWS Step Functions Developer Guide. JSONata is not interpreted: the few
expressions our definition has are listed here, and another one is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

State = Mapping[str, Any]
# The state where the user's own work goes: entering it is what must happen once a request.
WORK = "Process"


_CAUSE = re.compile(r"\$substring\(\$states\.errorOutput\.Cause, 0, (\d+)\) & ''")


class TaskFailedError(Exception):
    """A state failed. name: the error name that Retry and Catch see, e.g. "States.Timeout"."""

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(name)
        self.name = name
        self.cause = cause


@dataclass
class Execution:
    """One run. visited: states as entered. status, failure: as DescribeExecution gives them."""

    arn: str
    name: str
    input: str
    started_at: float
    status: str = "RUNNING"
    visited: list[str] = field(default_factory=list)
    failure: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)

    @property
    def worked(self) -> int:
        """How often the user's work was begun."""
        return self.visited.count(WORK)


@dataclass(frozen=True)
class Interpreter:
    """call: service, operation and arguments to result, or TaskFailedError.

    substitutions: values of ${…} in the document. pause: waits so many seconds before a retry.
    now, uuid: what JSONata's $now() and $uuid() give.
    """

    definition: State
    substitutions: Mapping[str, str]
    call: Callable[[str, str, Mapping[str, Any]], Any]
    pause: Callable[[float], None]
    now: Callable[[], str]
    uuid: Callable[[], str]

    def run(self, execution: Execution) -> None:
        try:
            self._run_from(self.definition, execution)
        except TaskFailedError as failure:
            execution.status = "FAILED"
            execution.failure = {"error": failure.name, "cause": failure.cause}
        else:
            execution.status = "SUCCEEDED"

    def _run_from(self, machine: State, execution: Execution) -> None:
        name: str | None = machine["StartAt"]
        while name is not None:
            execution.visited.append(name)
            name = self._enter(machine["States"][name], execution)

    def _enter(self, state: State, execution: Execution) -> str | None:
        """Run one state; the name of the next, or None at an end."""
        try:
            return self._try_repeatedly(state, execution)
        except TaskFailedError as failure:
            for catcher in state.get("Catch", []):
                if _matches(catcher["ErrorEquals"], failure.name):
                    self._assign(catcher.get("Assign", {}), execution, failure)
                    return str(catcher["Next"])
            raise

    def _try_repeatedly(self, state: State, execution: Execution) -> str | None:
        retried = [0] * len(state.get("Retry", []))
        while True:
            try:
                return self._try(state, execution)
            except TaskFailedError as failure:
                number, retrier = _retrier(state, failure)
                if retrier is None or retried[number] >= retrier.get("MaxAttempts", 3):
                    raise
                backoff = retrier.get("BackoffRate", 2.0) ** retried[number]
                longest = retrier.get("MaxDelaySeconds", 3600)
                self.pause(min(retrier.get("IntervalSeconds", 1) * backoff, longest))
                retried[number] += 1

    def _try(self, state: State, execution: Execution) -> str | None:
        kind = state["Type"]
        if kind == "Fail":
            reason = self._evaluate([state["Error"], state["Cause"]], execution, None)
            raise TaskFailedError(*reason)
        if kind == "Task":
            arguments = self._evaluate(state["Arguments"], execution, None)
            self.call(*_integration(state["Resource"]), arguments)
        elif kind == "Parallel":
            for branch in state["Branches"]:
                self._run_from(branch, execution)
        elif kind not in ("Pass", "Succeed"):
            raise NotImplementedError(f"{kind} states are not interpreted")
        self._assign(state.get("Assign", {}), execution, None)
        return state.get("Next")

    def _assign(
        self, assign: Mapping[str, Any], execution: Execution, failure: TaskFailedError | None
    ) -> None:
        execution.variables |= self._evaluate(assign, execution, failure)

    def _evaluate(self, value: Any, execution: Execution, failure: TaskFailedError | None) -> Any:
        if isinstance(value, Mapping):
            return {k: self._evaluate(v, execution, failure) for k, v in value.items()}
        if isinstance(value, list):
            return [self._evaluate(element, execution, failure) for element in value]
        if not isinstance(value, str):
            return value
        if match := re.fullmatch(r"\{% (.*) %\}", value, re.DOTALL):
            return self._expression(match[1], execution, failure)
        return re.sub(r"\$\{(\w+)\}", lambda found: self.substitutions[found[1]], value)

    def _expression(self, text: str, execution: Execution, failure: TaskFailedError | None) -> str:
        given = json.loads(execution.input)
        known: dict[str, Callable[[], Any]] = {
            "$states.context.Execution.Input.request_id": lambda: given["request_id"],
            "$states.context.Execution.Input.s3_key": lambda: given["s3_key"],
            "$states.context.Execution.Id": lambda: execution.arn,
            "$states.context.Execution.Name": lambda: execution.name,
            "$now()": self.now,
            "'processing ' & $now()": lambda: f"processing {self.now()}",
            "$uuid()": self.uuid,
            "$token": lambda: execution.variables["token"],
            "$failure.error": lambda: execution.variables["failure"]["error"],
            "$failure.cause": lambda: execution.variables["failure"]["cause"],
        }
        if failure is not None:
            known["$states.errorOutput.Error"] = lambda: failure.name
            if found := _CAUSE.fullmatch(text):
                return failure.cause[: int(found[1])]
        if text not in known:
            raise NotImplementedError(f"JSONata that is not interpreted: {text}")
        return str(known[text]())


def _retrier(state: State, failure: TaskFailedError) -> tuple[int, State | None]:
    for number, retrier in enumerate(state.get("Retry", [])):
        if _matches(retrier["ErrorEquals"], failure.name):
            return number, retrier
    return -1, None


def _matches(patterns: list[str], error: str) -> bool:
    return any(
        pattern in (error, "States.ALL")
        or (pattern == "States.TaskFailed" and error != "States.Timeout")
        for pattern in patterns
    )


def _integration(resource: str) -> tuple[str, str]:
    """Service and operation of an ARN like arn:aws:states:::aws-sdk:s3:putObjectTagging."""
    service, operation = resource.removeprefix("arn:aws:states:::").split(":")[-2:]
    return service, re.sub(r"(?=[A-Z])", "_", operation).lower()
