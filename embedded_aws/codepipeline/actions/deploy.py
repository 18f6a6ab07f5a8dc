"""Deployment with CloudFormation, provider `CloudFormation`.

Source: CodePipeline user guide "action-reference-CloudFormation"; CloudFormation user guide
"continuous-delivery-codepipeline-action-reference" (action modes),
"continuous-delivery-codepipeline-cfn-artifacts" (the template configuration file) and
"continuous-delivery-codepipeline-parameter-override-functions". An empty change set is a success,
when it is made and when it is executed. A failure names the first resource that failed, read from
the stack's events with the action's role.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws.codepipeline.actions import base
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.actions.stack import Stack
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.executions import Artifact, new_id


def deploy(context: Context) -> Outcome:
    """Performs the action's mode; ends when the stack, or the change set, has settled."""
    try:
        with ActionClients(context) as clients:
            return _deploy(context, clients)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        denied = code in ("AccessDenied", "AccessDeniedException")
        raise ActionError(
            f"{context.configuration['StackName']}: {message}",
            code="PermissionError" if denied else "JobFailed",
        ) from error


def _deploy(context: Context, clients: ActionClients) -> Outcome:
    stack, mode = Stack(context, clients("cloudformation")), context.configuration["ActionMode"]
    if mode == "CHANGE_SET_REPLACE":
        return Outcome(
            summary=stack.replace_change_set(_change_set(context), _request(context, clients))
        )
    if mode == "CHANGE_SET_EXECUTE":
        summary = stack.execute_change_set(_change_set(context))
    else:
        summary = stack.create_or_update(_request(context, clients))
    outputs = stack.outputs()
    return Outcome(variables=outputs, artifacts=_output(context, clients, outputs), summary=summary)


def _change_set(context: Context) -> str:
    name = context.configuration.get("ChangeSetName")
    if not name:
        raise ActionError("ChangeSetName is missing", code="ConfigurationError")
    return name


def _request(context: Context, clients: ActionClients) -> dict[str, Any]:
    """What CreateChangeSet, CreateStack and UpdateStack have in common."""
    configuration = context.configuration
    request = _template(context, clients) | _template_configuration(context, clients("s3"))
    capabilities = configuration.get("Capabilities", "")
    request["Capabilities"] = [c.strip() for c in capabilities.split(",") if c.strip()]
    if configuration.get("RoleArn"):
        request["RoleARN"] = configuration["RoleArn"]
    return request


def _template(context: Context, clients: ActionClients) -> dict[str, Any]:
    path = context.configuration.get("TemplatePath")
    if not path:
        raise ActionError("TemplatePath is missing", code="ConfigurationError")
    content = base.read(context, clients("s3"), path)
    if len(content) <= base.INLINE_TEMPLATE_BYTES:
        return {"TemplateBody": content.decode()}
    source = context.inputs[path.partition("::")[0]]
    upload = replace(source, key=f"{source.key}/template-{new_id()}")
    # A role of another account may read the bucket, not write to it.
    base.upload(context, clients.of_pipeline("s3"), upload, content)
    # Path style: the only one the emulator understands here.
    url = f"https://s3.{context.region}.amazonaws.com/{upload.bucket}/{upload.key}"
    return {"TemplateURL": url}


def _template_configuration(context: Context, s3: Any) -> dict[str, Any]:
    """`Parameters` and `Tags` of a request: the configuration file, then the overrides."""
    path = context.configuration.get("TemplateConfiguration")
    file = json.loads(base.read(context, s3, path)) if path else {}
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
        content = json.loads(base.read(context, s3, f"{artifact}::{file}"))
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


def _output(
    context: Context, clients: ActionClients, outputs: Mapping[str, str]
) -> tuple[Artifact, ...]:
    """The stack's outputs as a JSON file in the output artifact, when the action has one."""
    name = context.configuration.get("OutputFileName")
    written = tuple(context.outputs.values())
    for artifact in written:
        content = base.zip_of(name or "outputs.json", json.dumps(outputs).encode())
        base.upload(context, clients("s3"), artifact, content)
    return written
