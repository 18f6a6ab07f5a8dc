"""Starting a STANDARD execution twice under one name, with equal input, starts it once.

"If you call StartExecution with the same name and input as a running execution, the call succeeds
and returns the same response as the original request. If the execution is closed or if the input
is different, it returns a 400 ExecutionAlreadyExists error" (Step Functions API reference,
`API_StartExecution.html`). MiniStack always refuses, so a retry that AWS accepts would fail here.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id, get_region, json_response
from ministack.services import stepfunctions


def install() -> None:
    """Wraps StartExecution: answers for a running equal execution, else leaves it as it was."""
    original = stepfunctions._start_execution

    def start(request: dict[str, Any]) -> Any:
        running = _running_equal(request)
        if running is None:
            return original(request)
        return json_response(
            {"executionArn": running["executionArn"], "startDate": running["startDate"]}
        )

    stepfunctions._start_execution = start


def _running_equal(request: dict[str, Any]) -> dict[str, Any] | None:
    """The running execution of the same STANDARD state machine, name and input, if there is one."""
    machine_arn = stepfunctions._resolve_state_machine_arn(request.get("stateMachineArn", ""))
    machine = stepfunctions._state_machines.get(machine_arn) if machine_arn else None
    if machine is None or machine.get("type", "STANDARD") != "STANDARD" or not request.get("name"):
        return None
    place = f"arn:aws:states:{get_region()}:{get_account_id()}:execution"
    execution: dict[str, Any] | None = stepfunctions._executions.get(
        f"{place}:{machine['name']}:{request['name']}"
    )
    if execution is None or execution["status"] != "RUNNING":
        return None
    return execution if execution["input"] == request.get("input", "{}") else None
