"""One Step Functions state machine in memory, with the naming rules of both workflow types.

Source: "StartExecution", AWS Step Functions API Reference. STANDARD: the same name and input while
it runs answers the running execution; another input, or an execution that ended, is
ExecutionAlreadyExists. EXPRESS: every call starts another execution, whatever its name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.support.cloud.refusals import RefusedError
from tests.support.cloud.workflow import Execution

MAX_INPUT_BYTES = 256 * 1024


@dataclass
class StateMachine:
    """begin: given each new execution. by_name: the executions of each name, in order of start."""

    arn: str
    now: Callable[[], float]
    begin: Callable[[Execution], None]
    express: bool = False
    by_name: dict[str, list[Execution]] = field(default_factory=dict)

    def start_execution(
        self, *, stateMachineArn: str, name: str, input: str = "{}"
    ) -> dict[str, Any]:
        if stateMachineArn != self.arn:
            raise RefusedError("StateMachineDoesNotExist", 400)
        if not re.fullmatch(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}", name):
            raise RefusedError("InvalidName", 400)
        if len(input.encode()) > MAX_INPUT_BYTES:
            raise RefusedError("ValidationException", 400)
        execution = self._running_or_new(name, input)
        return {"executionArn": execution.arn, "startDate": execution.started_at}

    def executions_named(self, name: str) -> list[Execution]:
        return self.by_name.get(name, [])

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        """Of STANDARD executions only; those of EXPRESS leave no record."""
        for execution in self.executions_named(executionArn.rpartition(":")[2]):
            if execution.arn == executionArn and not self.express:
                return {"status": execution.status} | execution.failure
        raise RefusedError("ExecutionDoesNotExist", 400)

    def _running_or_new(self, name: str, input_: str) -> Execution:
        for existing in [] if self.express else self.executions_named(name):
            if existing.status == "RUNNING" and existing.input == input_:
                return existing
            raise RefusedError("ExecutionAlreadyExists", 400)
        kind, suffix = (
            ("express", f":{len(self.executions_named(name))}")
            if self.express
            else ("execution", "")
        )
        arn = f"{self.arn.replace(':stateMachine:', f':{kind}:', 1)}:{name}{suffix}"
        execution = Execution(arn, name, input_, started_at=self.now())
        self.by_name.setdefault(name, []).append(execution)
        self.begin(execution)
        return execution
