"""What CodePipeline refuses, in its own words, and how its lists are answered in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from embedded_aws.json_service import ServiceError

if TYPE_CHECKING:
    from embedded_aws.codepipeline.model import Stage, Structure


class StructureError(Exception):
    """A pipeline that AWS would refuse, or that asks for something that is not offered here."""


def invalid(message: str) -> ServiceError:
    """A request whose members do not fit the pipeline it is about."""
    return ServiceError("ValidationException", message)


def not_found(name: str) -> ServiceError:
    """There is no such pipeline in the caller's account."""
    return ServiceError(
        "PipelineNotFoundException", f"Account does not have a pipeline with name '{name}'"
    )


def stage_of(structure: Structure, name: str) -> Stage:
    """The stage of this name, or StageNotFoundException."""
    stage = structure.stage(name)
    if stage is None:
        raise ServiceError("StageNotFoundException", f"There is no stage '{name}'")
    return stage


def page(
    request: Mapping[str, Any], name: str, rows: Sequence[Mapping[str, Any]], most: int
) -> dict[str, Any]:
    """`rows` from the request's `nextToken` on, at most its `maxResults`, under `name`."""
    start = _start(request.get("nextToken"))
    end = start + int(request.get("maxResults", most))
    answer: dict[str, Any] = {name: list(rows[start:end])}
    if end < len(rows):
        answer["nextToken"] = base64.b64encode(f"from:{end}".encode()).decode()
    return answer


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        kind, _, number = base64.b64decode(token, validate=True).decode().partition(":")
        if kind == "from":
            return int(number)
    except (ValueError, binascii.Error):
        pass
    raise ServiceError("InvalidNextTokenException", "The next token is not valid")
