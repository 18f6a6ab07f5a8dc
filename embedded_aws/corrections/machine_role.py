"""A state machine's DynamoDB and Lambda tasks need the permission of its role.

AWS runs a task with the state machine's role and fails it when the role may not ("IAM policies
for integrated services", Step Functions developer guide, `service-integration-iam-templates.html`).
MiniStack ignores the role. Tasks on a table or a function are checked here against the table's or
function's ARN; what other integrations would need is not. The error's name is
"<service>.AccessDeniedException", which only `States.ALL` and `States.TaskFailed` should be relied
on to catch.
"""

from __future__ import annotations

import contextvars
import json
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import stepfunctions

_role: contextvars.ContextVar[str] = contextvars.ContextVar("_role", default="")


def install() -> None:
    """Remembers an execution's role while it runs, and asks it before each task."""
    run, invoke = stepfunctions._run_execution, stepfunctions._invoke_resource

    def run_with_role(execution_arn: str) -> Any:
        token = _role.set(_role_of(execution_arn))
        try:
            return run(execution_arn)
        finally:
            _role.reset(token)

    def invoke_if_permitted(resource: str, task_input: Any) -> Any:
        needed = _needed(resource, task_input)
        if needed is not None and not _permitted(*needed):
            _refuse(*needed)
        return invoke(resource, task_input)

    stepfunctions._run_execution = run_with_role
    stepfunctions._invoke_resource = invoke_if_permitted


def _role_of(execution_arn: str) -> str:
    machine_arn = stepfunctions._executions[execution_arn]["stateMachineArn"]
    return str(stepfunctions._state_machines[machine_arn]["roleArn"])


def _needed(resource: str, task_input: Any) -> tuple[str, str] | None:
    """(IAM action, resource ARN) that a task needs, for the kinds of task that are checked."""
    kind, _, operation = resource.partition(":::")[2].rpartition(":")
    if kind in ("dynamodb", "aws-sdk:dynamodb"):
        body = json.dumps(task_input).encode()
        tables = iam_actions.dynamodb_resource_arns(body, get_region(), get_account_id())
        action = f"dynamodb:{operation[0].upper()}{operation[1:]}"
        return (action, tables[0]) if tables else None
    if kind == "lambda":
        function = stepfunctions._resolve_lambda_function_ref(
            task_input.get("FunctionName", ""), optimized=True
        )
    else:
        function = stepfunctions._extract_lambda_ref(resource)
    return ("lambda:InvokeFunction", _function_arn(function)) if function else None


def _function_arn(reference: str) -> str:
    if reference.startswith("arn:"):
        return reference
    return f"arn:aws:lambda:{get_region()}:{get_account_id()}:function:{reference}"


def _permitted(action: str, resource_arn: str) -> bool:
    name, account = _role.get().rpartition("/")[2], get_account_id()
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/states",
        principal_type="AssumedRole",
        principal_account=account,
        action=action,
        resource_arn=resource_arn,
        region=get_region(),
    )
    policies = iam_evaluator._gather_role_policies(name, account)
    return bool(iam_evaluator.evaluate(context, policies).decision == "Allow")


def _refuse(action: str, resource_arn: str) -> None:
    service = {"dynamodb": "DynamoDB", "lambda": "Lambda"}[action.partition(":")[0]]
    raise stepfunctions._ExecutionError(
        f"{service}.AccessDeniedException",
        f"{_role.get()} is not authorized to perform: {action} on resource: {resource_arn}",
    )
