"""Parameters, tags and stack policy of a CloudFormation action.

Source: CloudFormation user guide "continuous-delivery-codepipeline-cfn-artifacts" (the template
configuration file) and "continuous-delivery-codepipeline-parameter-override-functions".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from embedded_aws.codepipeline import artifacts
from embedded_aws.codepipeline.actions.base import Context
from embedded_aws.codepipeline.errors import ActionError


def template_configuration(context: Context, s3: Any) -> dict[str, Any]:
    """`Parameters` and `Tags` of a request: the configuration file, then the overrides."""
    path = context.configuration.get("TemplateConfiguration")
    file = json.loads(artifacts.read(context, s3, path)) if path else {}
    overrides = json.loads(context.configuration.get("ParameterOverrides") or "{}")
    parameters = {
        **file.get("Parameters", {}),
        **{key: _override(context, s3, value) for key, value in overrides.items()},
    }
    request: dict[str, Any] = {
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": str(value)} for key, value in parameters.items()
        ]
    }
    if file.get("Tags"):
        request["Tags"] = [{"Key": k, "Value": str(v)} for k, v in file["Tags"].items()]
    return request


def _override(context: Context, s3: Any, value: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    if "Fn::GetParam" in value:
        artifact, file, key = value["Fn::GetParam"]
        content = json.loads(artifacts.read(context, s3, f"{artifact}::{file}"))
        return str(content[key])
    if "Fn::GetArtifactAtt" in value:
        return _artifact_attribute(context, *value["Fn::GetArtifactAtt"])
    raise ActionError(f"unknown parameter override {value}", code="ConfigurationError")


def _artifact_attribute(context: Context, name: str, attribute: str) -> str:
    artifact = context.inputs.get(name)
    if artifact is None:
        raise ActionError(f"{name} is no input artifact", code="ConfigurationError")
    host = f"s3.{context.region}.amazonaws.com"
    values = {
        "BucketName": artifact.bucket,
        "ObjectKey": artifact.key,
        "URL": f"https://{host}/{artifact.bucket}/{artifact.key}",
    }
    if attribute not in values:
        raise ActionError(f"an artifact has no attribute {attribute}", code="ConfigurationError")
    return values[attribute]
