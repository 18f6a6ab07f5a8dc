"""What can go wrong with one call to AWS, and what botocore makes of it.

Codes and statuses: "Common errors" and the errors of each operation in the API references of S3,
DynamoDB and Step Functions. Whether a client tries again: "Retry behavior", AWS SDKs and Tools
Reference Guide, standard mode; test_fakes.py compares with botocore itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

Boom = Callable[[str, str], Exception]


class Effect(Enum):
    """Whether the call did its work although the caller hears of a failure."""

    NONE = "none"
    DONE = "done"
    LATE = "late"  # after the caller gave up on it


@dataclass(frozen=True)
class Fault:
    """retried: by the client library. seconds: until the caller hears. error: raised in the end.

    code: what a state machine calls it, after the service's name; None for a time-out.
    """

    name: str
    effect: Effect
    retried: bool
    seconds: float
    error: Boom
    code: str | None

    def __str__(self) -> str:
        return f"{self.name}, effect {self.effect.value}"


def refusal(code: str, status: int, operation: str, fields: dict[str, Any] | None = None) -> Any:
    """An error response as botocore raises it, of the class the client names it by."""
    response = {
        "Error": {"Code": code, "Message": f"{code} of a fake"},
        "ResponseMetadata": {"HTTPStatusCode": status},
        **(fields or {}),
    }
    return MODELLED.get(code, ClientError)(response, operation)


def _modelled(name: str) -> type[ClientError]:
    return type(name, (ClientError,), {})


# Errors that our code may name through `client.exceptions`.
MODELLED = {
    name: _modelled(name)
    for name in (
        "ConditionalCheckFailedException",
        "ExecutionAlreadyExists",
        "ExecutionDoesNotExist",
        "ExecutionLimitExceeded",
        "InternalServerError",
        "NoSuchKey",
        "ProvisionedThroughputExceededException",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
        "ThrottlingException",
        "TransactionCanceledException",
        "TransactionConflictException",
    )
}

_URL = "https://service.us-west-2.amazonaws.com"
_THROTTLED = {"s3": ("SlowDown", 503)}
_BROKEN = {"s3": ("InternalError", 500), "dynamodb": ("InternalServerError", 500)}


def _throttled(service: str, operation: str) -> Exception:
    return _error(_THROTTLED.get(service, ("ThrottlingException", 400)), operation)


def _broken(service: str, operation: str) -> Exception:
    return _error(_BROKEN.get(service, ("InternalFailure", 500)), operation)


def _unavailable(_service: str, operation: str) -> Exception:
    return _error(("ServiceUnavailable", 503), operation)


def _denied(service: str, operation: str) -> Exception:
    code = "AccessDenied" if service == "s3" else "AccessDeniedException"
    return _error((code, 403), operation)


def _expired(service: str, operation: str) -> Exception:
    code = "ExpiredToken" if service == "s3" else "ExpiredTokenException"
    return _error((code, 400), operation)


def _missing(service: str, operation: str) -> Exception:
    codes = {
        "s3": ("NoSuchBucket", 404),
        "dynamodb": ("ResourceNotFoundException", 400),
        "stepfunctions": ("StateMachineDoesNotExist", 400),
    }
    return _error(codes[service], operation)


def _error(code_and_status: tuple[str, int], operation: str) -> Exception:
    failure: Exception = refusal(*code_and_status, operation)
    return failure


def _fault(
    name: str, effect: Effect, error: Boom, *, retried: bool = True, seconds: float = 0.01
) -> Fault:
    return Fault(name, effect, retried, seconds, error, None if "timeout" in name else name)


THROTTLED = _fault("throttled", Effect.NONE, _throttled)
CONNECT_TIMEOUT = _fault(
    "connect timeout", Effect.NONE, lambda *_: ConnectTimeoutError(endpoint_url=_URL), seconds=1
)
UNREACHABLE = _fault(
    "unreachable", Effect.NONE, lambda *_: EndpointConnectionError(endpoint_url=_URL)
)
UNAVAILABLE = _fault("unavailable", Effect.NONE, _unavailable)


def _with_effect(effect: Effect) -> list[Fault]:
    """Faults that say nothing about whether the work was done."""
    return [
        _fault("internal error", effect, _broken),
        _fault("read timeout", effect, lambda *_: ReadTimeoutError(endpoint_url=_URL), seconds=3.0),
        _fault("closed", effect, lambda *_: ConnectionClosedError(endpoint_url=_URL)),
    ]


BEFORE = [THROTTLED, CONNECT_TIMEOUT, UNREACHABLE, UNAVAILABLE, *_with_effect(Effect.NONE)]
AFTER = [*_with_effect(Effect.DONE), *_with_effect(Effect.LATE)]
# A mistake in policies, expired credentials, a missing resource: no retry helps at once.
LASTING = [
    _fault("access denied", Effect.NONE, _denied, retried=False),
    _fault("expired token", Effect.NONE, _expired, retried=False),
    _fault("missing resource", Effect.NONE, _missing, retried=False),
]
EVERY_FAULT = BEFORE + AFTER + LASTING
