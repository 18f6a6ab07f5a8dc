"""A buildspec, version 0.2, parsed once into frozen objects.

Contract: CodeBuild user guide, "Build specification reference for CodeBuild" (build-spec-ref).
A key that CodeBuild knows and this executor does not do (`batch`, `proxy`, `run-as`, `RETRY`) is
an error that says so: a buildspec must never pass here because a part of it was ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from embedded_aws.codebuild.record import BuildspecError

PHASES = ("install", "pre_build", "build", "post_build")
_DEFAULT_FILE = "buildspec.yml"
_SHELLS = {"bash": "bash", "sh": "/bin/sh", "/bin/sh": "/bin/sh"}
_FORMATS = ("JUNITXML",)


@dataclass(frozen=True)
class Phase:
    """One of `PHASES`. `on_failure`: ABORT, CONTINUE, or "" for what the phase transitions say."""

    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    on_failure: str = ""
    runtime_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FileSet:
    """Which files to take: globs below `base_directory` (itself a path or a glob)."""

    files: tuple[str, ...]
    base_directory: str = ""
    exclude_paths: tuple[str, ...] = ()
    discard_paths: bool = False


@dataclass(frozen=True)
class Artifact:
    """An output artifact; `name` is shell text and only used when the build asks to override."""

    files: FileSet
    name: str = ""


@dataclass(frozen=True)
class ReportSection:
    """Test results to publish to `group`, a report group's ARN or a name."""

    group: str
    files: FileSet
    file_format: str


@dataclass(frozen=True)
class Environment:
    """The `env` section. `shell` is a program that reads a script."""

    shell: str = "/bin/sh"
    variables: Mapping[str, str] = field(default_factory=dict)
    parameter_store: Mapping[str, str] = field(default_factory=dict)
    secrets_manager: Mapping[str, str] = field(default_factory=dict)
    exported_variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Buildspec:
    """A whole buildspec. `notes` are lines for the log about what is accepted and not acted on."""

    env: Environment
    phases: Mapping[str, Phase]
    artifact: Artifact | None
    secondary_artifacts: Mapping[str, Artifact]
    reports: tuple[ReportSection, ...]
    cache_paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def file_name(text: str) -> str | None:
    """The file of the primary source that `source.buildspec` names; None if `text` is inline.

    The API takes either in the same field (API reference, ProjectSource). An inline one is a
    mapping: it starts as JSON or has more than one line.
    """
    if not text.strip():
        return _DEFAULT_FILE
    if "\n" in text.strip() or text.lstrip().startswith("{"):
        return None
    return text.strip()


def parse(text: str) -> Buildspec:
    """The buildspec in `text` (YAML or JSON). Raises `BuildspecError` naming the key."""
    try:
        document = _Text(text).get_single_data()
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not YAML: {error}") from error
    top = _mapping(document, "the buildspec", _TOP)
    if top.get("version") != "0.2":
        raise BuildspecError(f"version: expected 0.2, got {top.get('version')!r}")
    if "phases" not in top:
        raise BuildspecError("phases: missing")
    artifacts = top.get("artifacts")
    return Buildspec(
        env=_env(top.get("env")),
        phases=_phases(top["phases"]),
        artifact=None if artifacts is None else _primary(artifacts),
        secondary_artifacts={} if artifacts is None else _secondary(artifacts),
        reports=tuple(_report(*item) for item in _named(top.get("reports"), "reports")),
        cache_paths=_cache_paths(top),
        notes=_notes(top),
    )


class _Text(yaml.BaseLoader):
    """Keeps every scalar as written: `python: 3.10` must not become 3.1. Makes text only."""


_TOP = {"version", "env", "phases", "artifacts", "reports", "cache"}
_CACHE = {"paths", "key", "fallback-keys", "action"}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
_PHASE = {"commands", "finally", "on-failure"}
_FILES = {"files", "base-directory", "discard-paths"}
_ARTIFACT = _FILES | {"name", "exclude-paths"}


def _cache_paths(top: Mapping[str, Any]) -> tuple[str, ...]:
    section = _mapping(top.get("cache", {}), "cache", _CACHE)
    return _list(section.get("paths", []), "cache.paths")


def _notes(top: Mapping[str, Any]) -> tuple[str, ...]:
    ignored = sorted(set(top.get("cache", {})) - {"paths"})
    return tuple(f"cache.{key} is for caches in S3, and is ignored here" for key in ignored)


def _env(value: Any) -> Environment:
    if value is None:
        return Environment()
    section = _mapping(value, "env", _ENV)
    shell = _text(section.get("shell", "/bin/sh"), "env/shell")
    if shell not in _SHELLS:
        raise BuildspecError(f"env/shell: expected one of {', '.join(_SHELLS)}, got {shell!r}")
    return Environment(
        shell=_SHELLS[shell],
        variables=_strings(section.get("variables"), "env/variables"),
        parameter_store=_strings(section.get("parameter-store"), "env/parameter-store"),
        secrets_manager=_strings(section.get("secrets-manager"), "env/secrets-manager"),
        exported_variables=_list(section.get("exported-variables"), "env/exported-variables"),
    )


def _phases(value: Any) -> dict[str, Phase]:
    section = _mapping(value, "phases", set(PHASES))
    return {name: _phase(name, section[name]) for name in PHASES if name in section}


def _phase(name: str, value: Any) -> Phase:
    path = f"phases/{name}"
    allowed = _PHASE | ({"runtime-versions"} if name == "install" else set())
    section = _mapping(value or {}, path, allowed)
    on_failure = _text(section.get("on-failure", ""), f"{path}/on-failure")
    if on_failure not in ("", "ABORT", "CONTINUE"):
        raise BuildspecError(f"{path}/on-failure: expected ABORT or CONTINUE, got {on_failure!r}")
    return Phase(
        commands=_list(section.get("commands"), f"{path}/commands"),
        finally_commands=_list(section.get("finally"), f"{path}/finally"),
        on_failure=on_failure,
        runtime_versions=_strings(section.get("runtime-versions"), f"{path}/runtime-versions"),
    )


def _primary(value: Any) -> Artifact:
    section = _mapping(value, "artifacts", _ARTIFACT | {"secondary-artifacts"})
    return _artifact(section, "artifacts", required=not section.get("secondary-artifacts"))


def _secondary(value: Any) -> dict[str, Artifact]:
    path = "artifacts/secondary-artifacts"
    return {
        name: _artifact(_mapping(item, f"{path}/{name}", _ARTIFACT), f"{path}/{name}")
        for name, item in _named(value.get("secondary-artifacts"), path)
    }


def _artifact(section: Mapping[str, Any], path: str, *, required: bool = True) -> Artifact:
    files = _file_set(section, path, required=required)
    return Artifact(files=files, name=_text(section.get("name", ""), f"{path}/name"))


def _report(group: str, value: Any) -> ReportSection:
    path = f"reports/{group}"
    section = _mapping(value, path, _FILES | {"file-format"})
    file_format = _text(section.get("file-format", "JUNITXML"), f"{path}/file-format").upper()
    if file_format not in _FORMATS:
        raise BuildspecError(f"{path}/file-format: only JUNITXML is read here, got {file_format!r}")
    return ReportSection(group=group, files=_file_set(section, path), file_format=file_format)


def _file_set(section: Mapping[str, Any], path: str, *, required: bool = True) -> FileSet:
    files = _list(section.get("files"), f"{path}/files")
    if required and not files:
        raise BuildspecError(f"{path}/files: missing")
    discard = _text(section.get("discard-paths", "no"), f"{path}/discard-paths").lower()
    if discard not in ("yes", "no", "true", "false"):
        raise BuildspecError(f"{path}/discard-paths: expected yes or no, got {discard!r}")
    return FileSet(
        files=files,
        base_directory=_text(section.get("base-directory", ""), f"{path}/base-directory"),
        exclude_paths=_list(section.get("exclude-paths"), f"{path}/exclude-paths"),
        discard_paths=discard in ("yes", "true"),
    )


def _mapping(value: Any, path: str, allowed: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BuildspecError(f"{path}: expected a mapping, got {value!r}")
    for key in value:
        if key == "run-as":
            raise BuildspecError(f"{path}/run-as: builds run as the user who runs this server")
        if key not in allowed:
            raise BuildspecError(f"{path}: unsupported key {key!r} (known: {_known(allowed)})")
    return value


def _known(allowed: set[str]) -> str:
    return ", ".join(sorted(allowed))


def _named(value: Any, path: str) -> list[tuple[str, Any]]:
    if value is None or value == "":
        return []
    if not isinstance(value, dict):
        raise BuildspecError(f"{path}: expected a mapping, got {value!r}")
    return list(value.items())


def _strings(value: Any, path: str) -> dict[str, str]:
    return {key: _text(item, f"{path}/{key}") for key, item in _named(value, path)}


def _list(value: Any, path: str) -> tuple[str, ...]:
    if value is None or value == "":
        return ()
    if not isinstance(value, list):
        raise BuildspecError(f"{path}: expected a list, got {value!r}")
    return tuple(_text(item, f"{path}[{index}]") for index, item in enumerate(value))


def _text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise BuildspecError(f"{path}: expected text, got {value!r}")
    return value
