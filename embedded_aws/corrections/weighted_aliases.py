"""An alias with a routing configuration sends its part of the calls to the second version.

AWS sends so much of an alias's traffic to its additional version as the weight says, whoever
invokes, and hands the function the ARN it was invoked by; it refuses an alias of a version that is
not there, and weights of more than one further version ("Implement Lambda canary deployments using
a weighted alias", AWS Lambda Developer Guide; `CreateAlias`, API reference). MiniStack keeps the
weights and the version, whatever they are, and always runs the alias's own version.

Provisioned concurrency is a number that MiniStack writes down; in a template it is refused.
"""

from __future__ import annotations

import contextvars
import functools
import random
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

_TYPE = "AWS::Lambda::Alias"
_LATEST = "$LATEST"
_dice = random.SystemRandom()

_describes: contextvars.ContextVar[bool] = contextvars.ContextVar("_describes", default=False)
"""Set while a function is described, not invoked: an alias then is its own version."""
_invoked_as: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar(
    "_invoked_as", default=("", "")
)
"""ARN of the version that an `Invoke` came to, and that of the alias which it named."""


def install() -> None:
    """Where a qualifier is resolved, where aliases are written, and the type of templates."""
    _route_references()
    _route_invocations()
    for name in ("_get_function", "_get_function_config"):
        setattr(lambda_svc, name, _describing(getattr(lambda_svc, name)))
    for name in ("_create_alias", "_update_alias"):
        setattr(lambda_svc, name, _checking(getattr(lambda_svc, name), name))
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    provisioners._RESOURCE_HANDLERS[_TYPE] = handlers | {
        "create": _checked_create(handlers["create"]),
        "update": _checked_update(handlers["update"]),
    }


def _version_of(alias: Mapping[str, Any]) -> str:
    """The version that a call of the alias comes to, by the weights."""
    chance = _dice.random()
    for version, weight in _weights(alias).items():
        if chance < weight and not _describes.get():
            return version
    return str(alias.get("FunctionVersion", _LATEST))


def _weights(alias: Mapping[str, Any]) -> dict[str, float]:
    return (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}


# -- by reference: API Gateway, EventBridge, S3, SQS, SNS, Step Functions ------------------------


def _route_references() -> None:
    original = lambda_svc._effective_func_record_for_qualifier

    @functools.wraps(original)
    def resolve(func: dict[str, Any] | None, qualifier: str | None) -> Any:
        alias = (func or {}).get("aliases", {}).get(qualifier)
        if func is None or alias is None:
            return original(func, qualifier)
        record, config = original(func, _version_of(alias))
        if record is None:
            return None, None
        config = {**config, "FunctionArn": f"{func['config']['FunctionArn']}:{qualifier}"}
        return {**record, "config": config}, config

    lambda_svc._effective_func_record_for_qualifier = resolve


def _describing(original: Any) -> Any:
    @functools.wraps(original)
    def describe(*request: Any, **options: Any) -> Any:
        token = _describes.set(True)
        try:
            return original(*request, **options)
        finally:
            _describes.reset(token)

    return describe


# -- by the API's Invoke, which resolves by itself ------------------------------------------------


def _route_invocations() -> None:
    invoke, execute = lambda_svc._invoke, lambda_svc._execute_function_with_config_scope
    enqueue = lambda_svc.invoke_async_with_retry

    @functools.wraps(invoke)
    async def routed(
        name: str, event: Any, headers: Any, path_qualifier: Any = None, query_params: Any = None
    ) -> Any:
        qualifier = path_qualifier or lambda_svc._qp_first(query_params or {}, "Qualifier")
        alias = lambda_svc._functions.get(name, {}).get("aliases", {}).get(qualifier)
        if alias is None:
            return await invoke(name, event, headers, path_qualifier, query_params)
        version, arn = _version_of(alias), lambda_svc._func_arn(name)
        token = _invoked_as.set((f"{arn}:{version}", f"{arn}:{qualifier}"))
        try:
            return await invoke(name, event, headers, version, query_params)
        finally:
            _invoked_as.reset(token)

    lambda_svc._invoke = routed
    lambda_svc._execute_function_with_config_scope = _as_invoked(execute)
    lambda_svc.invoke_async_with_retry = _as_invoked(enqueue)


def _as_invoked(original: Any) -> Any:
    @functools.wraps(original)
    def run(record: dict[str, Any], event: Any) -> Any:
        version, alias = _invoked_as.get()
        if record["config"]["FunctionArn"] == version:
            record = {**record, "config": {**record["config"], "FunctionArn": alias}}
        return original(record, event)

    return run


# -- what an alias may be -------------------------------------------------------------------------


def _checking(original: Any, name: str) -> Any:
    @functools.wraps(original)
    def write(function: str, *request: Any) -> Any:
        func = lambda_svc._functions.get(function)
        data = request[-1]
        if func is not None:
            before = func["aliases"].get(request[0], {}) if name == "_update_alias" else {}
            if wrong := _refusal(func, {**before, **data}):
                return wrong
        return original(function, *request)

    return write


def _refusal(func: Mapping[str, Any], alias: Mapping[str, Any]) -> Any:
    """AWS's answer to an alias that cannot be; None for one that can."""
    version, weights = str(alias.get("FunctionVersion", _LATEST)), _weights(alias)
    for each in (version, *weights):
        if each != _LATEST and each not in func["versions"]:
            arn = f"{func['config']['FunctionArn']}:{each}"
            return error_response_json(
                "ResourceNotFoundException", f"Function not found: {arn}", HTTPStatus.NOT_FOUND
            )
    if reason := _wrong_weights(version, weights):
        return error_response_json("InvalidParameterValueException", reason, HTTPStatus.BAD_REQUEST)
    return None


def _wrong_weights(version: str, weights: Mapping[str, float]) -> str | None:
    if not weights:
        return None
    if len(weights) > 1:
        return "Number of items in AdditionalVersionWeights cannot be greater than 1"
    ((second, weight),) = weights.items()
    if _LATEST in (version, second):
        return "$LATEST is not supported for an alias pointing to more than 1 version"
    if second == version:
        return f"Invalid function version {second}. Function version {version} is already included"
    if not 0 <= weight <= 1:
        return f"The weight of version {second} must be between 0 and 1, not {weight}"
    return None


def _checked_create(original: Any) -> Any:
    @functools.wraps(original)
    def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        _check_template(props)
        return original(logical_id, props, stack)

    return create


def _checked_update(original: Any) -> Any:
    @functools.wraps(original)
    def update(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *more: Any
    ) -> Any:
        _check_template(new)
        return original(physical_id, old, new, stack, *more)

    return update


def _check_template(props: Mapping[str, Any]) -> None:
    """Raises `ValueError`, which fails the resource."""
    if props.get("ProvisionedConcurrencyConfig"):
        raise ValueError(
            f"{_TYPE}: ProvisionedConcurrencyConfig is not offered here: no environment of a "
            "function is kept ready"
        )
    func = provisioners._lambda_function_for_cfn_ref(props.get("FunctionName", ""))[0]
    if func is None:
        raise ValueError(f"Function not found: {props.get('FunctionName')}")
    routing = provisioners._lambda_alias_routing_config(props)
    if wrong := _refusal(func, {**props, "RoutingConfig": routing}):
        raise ValueError(bytes(wrong[2]).decode())
