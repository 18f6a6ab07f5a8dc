"""Build and test with CodeBuild, provider `CodeBuild`.

Source: CodePipeline user guide "action-reference-CodeBuild": `PrimarySource`, environment
variables as JSON, exported variables as output variables. One output artifact is the buildspec's
main `artifacts`; several are its secondary artifacts, by identifier.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

from embedded_aws import registry
from embedded_aws.codebuild import watching
from embedded_aws.codepipeline.actions.base import ActionError, Context, Outcome
from embedded_aws.codepipeline.credentials import ActionClients
from embedded_aws.codepipeline.executions import Artifact

POLL_SECONDS = 0.05


def build(context: Context) -> Outcome:
    """Runs the project with the action's artifacts; fails with the phase that failed."""
    try:
        with ActionClients(context) as clients:
            codebuild = clients("codebuild")
            codebuild.meta.events.register(
                "before-sign.codebuild.StartBuild", _as_pipeline(context)
            )
            started = codebuild.start_build(**_request(context))["build"]
            record = finished(context, codebuild, started)
    except ClientError as error:
        raise ActionError(
            f"Error calling startBuild: {error.response['Error']['Message']}"
        ) from error
    if record["buildStatus"] != "SUCCEEDED":
        raise ActionError(failure(record))
    exported = record.get("exportedEnvironmentVariables") or ()
    return Outcome(
        variables={variable["name"]: variable["value"] for variable in exported},
        artifacts=tuple(context.outputs.values()),
    )


def _as_pipeline(context: Context) -> Callable[..., None]:
    """Tells CodeBuild who starts the build: CODEBUILD_INITIATOR is the pipeline then."""

    def add_header(request: AWSRequest, **_: object) -> None:
        request.headers[registry.INITIATOR_HEADER] = f"codepipeline/{context.pipeline}"

    return add_header


def _request(context: Context) -> dict[str, Any]:
    primary = _primary(context)
    others = [a for a in context.inputs.values() if a is not primary]
    request = {
        "projectName": context.configuration["ProjectName"],
        "sourceTypeOverride": "S3",
        "sourceLocationOverride": f"{primary.bucket}/{primary.key}",
        "secondarySourcesOverride": [
            {"type": "S3", "location": f"{a.bucket}/{a.key}", "sourceIdentifier": a.name}
            for a in others
        ],
        "environmentVariablesOverride": _environment(context.configuration),
    }
    if context.revisions:
        # What the build finds in CODEBUILD_RESOLVED_SOURCE_VERSION.
        request["sourceVersion"] = context.revisions[0].id
    return request | _destinations(list(context.outputs.values()))


def _primary(context: Context) -> Artifact:
    name = context.configuration.get("PrimarySource")
    if name is None and len(context.inputs) == 1:
        (only,) = context.inputs.values()
        return only
    if name is None or name not in context.inputs:
        raise ActionError(
            "PrimarySource must name one of the input artifacts", code="ConfigurationError"
        )
    return context.inputs[name]


def _environment(configuration: Mapping[str, str]) -> list[dict[str, str]]:
    variables = json.loads(configuration.get("EnvironmentVariables") or "[]")
    return [
        {"name": v["name"], "value": v["value"], "type": v.get("type", "PLAINTEXT")}
        for v in variables
    ]


def _destinations(outputs: list[Artifact]) -> dict[str, Any]:
    if len(outputs) == 1:
        return {"artifactsOverride": _destination(outputs[0])}
    return {
        "artifactsOverride": {"type": "NO_ARTIFACTS"},
        "secondaryArtifactsOverride": [_destination(a) for a in outputs],
    }


def _destination(artifact: Artifact) -> dict[str, str]:
    prefix, _, name = artifact.key.rpartition("/")
    return {
        "type": "S3",
        "location": artifact.bucket,
        "path": prefix,
        "name": name,
        "packaging": "ZIP",
        "namespaceType": "NONE",
        "artifactIdentifier": artifact.name,
    }


def finished(context: Context, codebuild: Any, record: dict[str, Any]) -> dict[str, Any]:
    """Follows the build until it has ended, or nobody waits for it any more."""
    build_id = record["id"]
    context.report(external_id=build_id, external_url=_console(context, record))
    while record["buildStatus"] == "IN_PROGRESS" and _moved(context, record):
        record = codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        logs = record.get("logs") or {}
        if logs.get("streamName"):
            context.report(log_stream_arn=logs.get("cloudWatchLogsArn"))
    return record


def _moved(context: Context, record: Mapping[str, Any]) -> bool:
    """Waits until the build is in another phase than in its record; False once nobody waits."""
    while context.wait(POLL_SECONDS):
        if watching.phase(record["arn"]) != record["currentPhase"]:
            return True
    return False


def _console(context: Context, record: Mapping[str, Any]) -> str:
    project, account = record["projectName"], record["arn"].split(":")[4]
    return (
        f"https://{context.region}.console.aws.amazon.com/codesuite/codebuild/{account}/projects/"
        f"{project}/build/{record['id']}?region={context.region}"
    )


def failure(record: Mapping[str, Any]) -> str:
    message = f"Build terminated with state: {record['buildStatus']}."
    for phase in record.get("phases") or ():
        if phase.get("phaseStatus") not in (None, "SUCCEEDED"):
            contexts = phase.get("contexts") or [{}]
            code, text = contexts[0].get("statusCode", ""), contexts[0].get("message", "")
            return f"{message} Phase: {phase['phaseType']}, Code: {code}, Message: {text}"
    return message
