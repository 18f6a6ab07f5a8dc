"""What one StartBuild asks for: the project with the request's overrides laid over it.

API reference, StartBuild. Overrides that this executor does not act on are refused by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embedded_aws.codebuild.record import BuildError

_SUPPORTED = {
    "projectName",
    "artifactsOverride",
    "buildspecOverride",
    "computeTypeOverride",
    "encryptionKeyOverride",
    "environmentTypeOverride",
    "environmentVariablesOverride",
    "idempotencyToken",
    "imageOverride",
    "logsConfigOverride",
    "privilegedModeOverride",
    "secondaryArtifactsOverride",
    "secondarySourcesOverride",
    "secondarySourcesVersionOverride",
    "serviceRoleOverride",
    "sourceLocationOverride",
    "sourceTypeOverride",
    "sourceVersion",
    "timeoutInMinutesOverride",
}
_ENVIRONMENT = {
    "type": "environmentTypeOverride",
    "image": "imageOverride",
    "computeType": "computeTypeOverride",
    "privilegedMode": "privilegedModeOverride",
}
_IDENTIFIER = re.compile(r"[A-Za-z0-9_]{1,127}")
_ROLE = re.compile(r"arn:[\w-]+:iam::\d{12}:role/.+")
_OTHER_SYSTEMS = ("WINDOWS", "MAC")
_SOURCES = ("S3", "NO_SOURCE")
_ARTIFACTS = ("S3", "NO_ARTIFACTS")


@dataclass(frozen=True)
class Plan:
    """Everything a build needs to know, in the shapes of the API."""

    project: str
    project_arn: str
    account: str
    region: str
    service_role: str
    source: Mapping[str, Any]
    secondary_sources: tuple[Mapping[str, Any], ...]
    source_version: str
    from_pipeline: bool
    artifacts: dict[str, Any]
    secondary_artifacts: tuple[dict[str, Any], ...]
    environment: dict[str, Any]
    variables: tuple[Mapping[str, str], ...]
    encryption_key: str
    timeout_minutes: int
    logs_config: Mapping[str, Any]
    cache_modes: tuple[str, ...]

    @property
    def log_group(self) -> str:
        """User guide, change-project ("Logs"): a name of the project's own, or this default."""
        name = self.logs_config.get("cloudWatchLogs", {}).get("groupName")
        return str(name or f"/aws/codebuild/{self.project}")

    def log_stream(self, build: str) -> str:
        """The stream of a build, by its id's unique part."""
        prefix = self.logs_config.get("cloudWatchLogs", {}).get("streamName")
        return f"{prefix}/{build}" if prefix else build

    @property
    def logs_enabled(self) -> bool:
        """Whether the build writes to CloudWatch Logs at all."""
        config = self.logs_config.get("cloudWatchLogs", {})
        return bool(config.get("status", "ENABLED") == "ENABLED")

    @property
    def s3_version(self) -> str | None:
        """The source object's version; in a pipeline, `sourceVersion` is the commit instead."""
        return None if self.from_pipeline else self.source_version or None


def plan(project: Mapping[str, Any], request: Mapping[str, Any], region: str) -> Plan:
    """Raises `BuildError` InvalidInputException for what cannot be built."""
    if unknown := sorted(set(request) - _SUPPORTED):
        raise _invalid(f"not supported by this executor: {', '.join(unknown)}")
    source = _source(project, request)
    role = str(request.get("serviceRoleOverride") or project["serviceRole"])
    if not _ROLE.fullmatch(role):
        raise _invalid(f"service role {role!r}: expected the ARN of a role")
    artifacts = dict(request.get("artifactsOverride") or project["artifacts"])
    environment = _environment(project, request)
    return Plan(
        project=project["name"],
        project_arn=project["arn"],
        account=project["arn"].split(":")[4],
        region=region,
        service_role=role,
        source=source,
        secondary_sources=tuple(_secondary(project, request, "Sources")),
        source_version=request.get("sourceVersion") or project.get("sourceVersion", ""),
        from_pipeline=project["source"].get("type") == "CODEPIPELINE",
        artifacts=_artifact(artifacts, request),
        secondary_artifacts=tuple(
            _artifact(dict(item), request) for item in _secondary(project, request, "Artifacts")
        ),
        environment=environment,
        variables=tuple(environment["environmentVariables"]),
        encryption_key=request.get("encryptionKeyOverride") or project.get("encryptionKey", ""),
        timeout_minutes=int(
            request.get("timeoutInMinutesOverride") or project.get("timeoutInMinutes", 60)
        ),
        logs_config=request.get("logsConfigOverride") or project.get("logsConfig") or {},
        cache_modes=tuple((project.get("cache") or {}).get("modes", ())),
    )


def _source(project: Mapping[str, Any], request: Mapping[str, Any]) -> Mapping[str, Any]:
    source = dict(project["source"])
    source["type"] = request.get("sourceTypeOverride") or source.get("type", "NO_SOURCE")
    if "sourceLocationOverride" in request:
        source["location"] = request["sourceLocationOverride"]
    if "buildspecOverride" in request:
        source["buildspec"] = request["buildspecOverride"]
    return _checked_source(source)


def _checked_source(source: Mapping[str, Any]) -> Mapping[str, Any]:
    if source.get("type") not in _SOURCES:
        raise _invalid(f"source type {source.get('type')}: expected one of {', '.join(_SOURCES)}")
    if source["type"] == "S3" and "/" not in source.get("location", ""):
        raise _invalid(f"source location {source.get('location')!r}: expected bucket/key")
    return source


def _secondary(
    project: Mapping[str, Any], request: Mapping[str, Any], what: str
) -> list[Mapping[str, Any]]:
    rows = request.get(f"secondary{what}Override") or project.get(f"secondary{what}") or []
    for row in rows if what == "Sources" else ():
        _checked_source(row)
        _check_identifier(row)
    return list(rows)


def _check_identifier(source: Mapping[str, Any]) -> None:
    """It names a folder of the build (API reference, ProjectSource)."""
    identifier = str(source.get("sourceIdentifier", ""))
    if not _IDENTIFIER.fullmatch(identifier):
        raise _invalid(
            f"source identifier {identifier[:200]!r}: expected letters, digits and underscores, "
            "less than 128"
        )


def _artifact(settings: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    if settings.get("type") == "CODEPIPELINE" and "sourceTypeOverride" in request:
        # A pipeline action without an output artifact: the action asks for nothing to be stored.
        return {"type": "NO_ARTIFACTS"}
    if settings.get("type") not in _ARTIFACTS:
        raise _invalid(
            f"artifacts type {settings.get('type')}: expected one of {', '.join(_ARTIFACTS)}"
        )
    if settings["type"] == "S3" and settings.get("packaging") != "ZIP":
        raise _invalid(f"artifacts packaging {settings.get('packaging')!r}: expected ZIP")
    return settings


def _environment(project: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    environment = dict(project["environment"])
    for name, override in _ENVIRONMENT.items():
        if override in request:
            environment[name] = request[override]
    kind = str(environment.get("type", ""))
    if kind.startswith(_OTHER_SYSTEMS):
        raise _invalid(f"environment type {kind}: builds run on this machine's own system")
    rows = [
        *environment.get("environmentVariables", []),
        *request.get("environmentVariablesOverride", []),
    ]
    environment["environmentVariables"] = list({row["name"]: row for row in rows}.values())
    return environment


def _invalid(message: str) -> BuildError:
    return BuildError("InvalidInputException", message)
