"""MiniStack's record of a function, found from the config of whatever version of it is invoked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ministack.services import lambda_svc


def function_of(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """The function's own record, which has what versions share; None if it is gone."""
    place = lambda_svc._account_region_from_function_config(config)
    found: dict[str, Any] | None = lambda_svc._functions.get_scoped(*place, config["FunctionName"])
    return found


def qualifier_of(config: Mapping[str, Any]) -> str:
    """The alias or version that was invoked; empty for the function itself."""
    return ":".join(str(config["FunctionArn"]).split(":")[7:])
