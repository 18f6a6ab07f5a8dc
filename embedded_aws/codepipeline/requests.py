"""What CodePipeline refuses, in its own words."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
