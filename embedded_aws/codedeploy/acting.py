"""What a deployment acts with, and how it says that it cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from botocore.exceptions import ClientError

from embedded_aws.codedeploy.model import Deployment, Ending

_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


class DeploymentError(Exception):
    """A deployment cannot go on; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.message)
        self.ending = ending


class Clients(Protocol):
    """AWS clients with a deployment's permissions."""

    def __call__(self, service: str) -> Any:
        """A boto3 client of this service."""


Acting = Callable[[Deployment], AbstractContextManager[Clients]]
"""Takes on the permissions of a deployment; raises `DeploymentError` on entry if it cannot."""


def denied(error: ClientError) -> bool:
    """Whether it is the role that lacks a permission."""
    return error.response["Error"]["Code"] in _DENIED


def reason(error: ClientError) -> str:
    """What the called service said."""
    return str(error.response["Error"]["Message"])
