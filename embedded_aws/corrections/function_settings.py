"""A function of a template has the dead-letter queue and the reserved concurrency of its template.

AWS sets both ("AWS::Lambda::Function", properties DeadLetterConfig and
ReservedConcurrentExecutions, CloudFormation template reference). MiniStack's CloudFormation drops
them, and its Lambda API knows both: so what fails for ever would vanish, and a function that is
held back by its concurrency would not be.
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

from embedded_aws.registry import after_each


def install() -> None:
    """Sets both through the Lambda API's own operations, also when a template drops them."""
    after_each("AWS::Lambda::Function", _set)


def _set(function: str, props: dict[str, Any]) -> None:
    # CloudFormation takes a queue that is not there too; the API looks at its ARN alone.
    dead_letters = {"DeadLetterConfig": props.get("DeadLetterConfig") or {"TargetArn": ""}}
    _checked(lambda_svc._update_config(function, dead_letters))
    reserved = props.get("ReservedConcurrentExecutions")
    if reserved is None:
        lambda_svc._delete_function_concurrency(function)
    else:
        setting = {"ReservedConcurrentExecutions": int(reserved)}
        _checked(lambda_svc._put_function_concurrency(function, setting))


def _checked(answer: Any) -> None:
    """CloudFormation fails a resource whose handler raises, with the text as the reason."""
    status, _, body = answer
    if status >= 400:  # noqa: PLR2004 - an HTTP error
        raise ValueError(bytes(body).decode())
