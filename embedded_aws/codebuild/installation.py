"""Puts the executor in front of the emulator's own CodeBuild."""

from __future__ import annotations

from .. import registry
from . import api, resources


def install() -> None:
    """Registers the service and its CloudFormation types."""
    registry.register_service(
        "codebuild",
        api.Service(),
        target_prefixes=["CodeBuild_20161006"],
        iam_namespace="codebuild",
        resource_arn=api.resource_arns,
    )
    resources.install()
