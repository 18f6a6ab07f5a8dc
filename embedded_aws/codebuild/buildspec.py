"""A buildspec, version 0.2, parsed once into frozen objects.

Contract: CodeBuild user guide, "Build specification reference for CodeBuild" (build-spec-ref).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from embedded_aws.codebuild.coverage_files import COVERAGES
from embedded_aws.codebuild.inside.collecting import FileSet
from embedded_aws.codebuild.record import BuildspecError
from embedded_aws.codebuild.report_files import TESTS
from embedded_aws.codebuild.sections import Section

PHASES = ("install", "pre_build", "build", "post_build")
_DEFAULT_FILE = "buildspec.yml"
_SHELLS = {"bash": "bash", "sh": "sh", "/bin/sh": "sh"}
_RETRY = re.compile(r"RETRY(?:-(?P<count>\d{1,3}))?(?:-(?P<pattern>.+))?", re.DOTALL)
_RETRIES = 3


@dataclass(frozen=True)
class Phase:
    """One of `PHASES`. `on_failure`: ABORT, CONTINUE, or "" for what the phase transitions say.

    The phase is tried again, `retries` times, while its error matches `retry_on`.
    """

    commands: tuple[str, ...] = ()
    finally_commands: tuple[str, ...] = ()
    on_failure: str = ""
    retries: int = 0
    retry_on: str = ".*"
    runtime_versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Artifact:
    """An output artifact; `name` is shell text and only used when the build asks to override.

    `s3_prefix` comes before the build's id, where the project has that in its artifacts' place.
    """

    files: FileSet
    name: str = ""
    s3_prefix: str = ""


@dataclass(frozen=True)
class ReportSection:
    """Test results to publish to `group`, a report group's ARN or a name."""

    group: str
    files: FileSet
    file_format: str


@dataclass(frozen=True)
class Environment:
    """The `env` section. `shell` is the one that reads the commands, `sh` or `bash`."""

    shell: str = "sh"
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


def decoded(content: bytes, name: str) -> str:
    """A buildspec's text. Raises `BuildspecError` where it is not UTF-8."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise BuildspecError(f"{name} is not UTF-8: {error}") from error


def parse(text: str) -> Buildspec:
    """The buildspec in `text` (YAML or JSON). Raises `BuildspecError` naming the key."""
    try:
        document = _Text(text).get_single_data()
    except yaml.YAMLError as error:
        raise BuildspecError(f"the buildspec is not YAML: {error}") from error
    except RecursionError as error:
        raise BuildspecError("the buildspec is nested too deep to be read") from error
    top = Section(document, "", _TOP, [])
    if top.text("version") != "0.2":
        raise BuildspecError(f"version: expected 0.2, got {top.text('version')!r}")
    if "phases" not in top:
        raise BuildspecError("phases: missing")
    artifacts = top.section("artifacts", _ARTIFACT | {"secondary-artifacts"})
    secondary = artifacts.section("secondary-artifacts", None)
    return Buildspec(
        env=_env(top.section("env", _ENV)),
        phases=_phases(top.section("phases", None)),
        artifact=_primary(artifacts) if "artifacts" in top else None,
        secondary_artifacts={n: _artifact(s) for n, s in secondary.sections(_ARTIFACT)},
        reports=tuple(_report(*item) for item in top.section("reports", None).sections(_REPORT)),
        cache_paths=top.section("cache", _CACHE).texts("paths", or_one=True),
        notes=(*top.notes, *_not_acted_on(top)),
    )


class _Text(yaml.BaseLoader):
    """Keeps every scalar as written: `python: 3.10` must not become 3.1. Makes text only.

    A key that is there twice is refused: YAML wants keys to be unique, and one of two must not be
    left out in silence (YAML 1.2.2, "3.2.1.3. Node Comparison").
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Raises `ConstructorError` for a key that comes again."""
        mapping = super().construct_mapping(node, deep)
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                problem = f"found the key {key.value!r} a second time"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        return mapping


_TOP = {"version", "env", "proxy", "phases", "artifacts", "reports", "cache"}
_CACHE = {"paths", "key", "fallback-keys", "action"}
_ENV = {"shell", "variables", "parameter-store", "secrets-manager", "exported-variables"}
_ENV |= {"git-credential-helper"}
_PHASE = {"commands", "finally", "on-failure"}
_REPORT = {"files", "base-directory", "discard-paths", "file-format"}
_ARTIFACT = {"files", "base-directory", "discard-paths", "name", "exclude-paths"}
_ARTIFACT |= {"enable-symlinks", "s3-prefix"}


def _not_acted_on(top: Section) -> list[str]:
    """Keys of the reference that mean nothing on this machine."""
    cache = top.section("cache", None)
    notes = [
        f"cache/{key}: ignored, it is for caches in S3"
        for key in sorted(_CACHE - {"paths"})
        if key in cache
    ]
    if "proxy" in top:
        notes.append("proxy: ignored, builds reach the network as this machine does")
    if top.section("env", None).flag("git-credential-helper"):
        notes.append("env/git-credential-helper: ignored, no provider gives credentials here")
    return notes


def _env(section: Section) -> Environment:
    return Environment(
        shell=_SHELLS[section.choice("shell", _SHELLS, "sh")],
        variables=section.strings("variables"),
        parameter_store=section.strings("parameter-store"),
        secrets_manager=section.strings("secrets-manager"),
        exported_variables=section.texts("exported-variables", or_one=True),
    )


def _phases(section: Section) -> dict[str, Phase]:
    """A phase of another name is refused: to leave its commands out would prove nothing."""
    for name in section:
        if name not in PHASES:
            raise BuildspecError(f"phases/{name}: there is no such phase ({', '.join(PHASES)})")
    return {name: _phase(section, name) for name in PHASES if name in section}


def _phase(phases: Section, name: str) -> Phase:
    section = phases.section(name, _PHASE | ({"runtime-versions"} if name == "install" else set()))
    on_failure = section.text("on-failure")
    retry = _RETRY.fullmatch(on_failure)
    if not retry:
        section.choice("on-failure", ("", "ABORT", "CONTINUE", "RETRY"), "")
    return Phase(
        commands=section.texts("commands"),
        finally_commands=section.texts("finally"),
        on_failure="" if retry else on_failure,
        retries=int(retry["count"] or _RETRIES) if retry else 0,
        retry_on=(retry["pattern"] if retry else None) or ".*",
        runtime_versions=section.strings("runtime-versions"),
    )


def _primary(section: Section) -> Artifact:
    """Without files only where there are secondary artifacts."""
    return _artifact(section, required="secondary-artifacts" not in section)


def _artifact(section: Section, *, required: bool = True) -> Artifact:
    return Artifact(
        files=_file_set(section, required=required),
        name=section.text("name"),
        s3_prefix=section.text("s3-prefix"),
    )


def _report(group: str, section: Section) -> ReportSection:
    file_format = section.text("file-format", "JUNITXML").upper()
    if file_format not in TESTS and file_format not in COVERAGES:
        expected = ", ".join(sorted([*TESTS, *COVERAGES]))
        raise BuildspecError(
            f"{section.at('file-format')}: expected one of {expected}, got {file_format!r}"
        )
    return ReportSection(group=group, files=_file_set(section), file_format=file_format)


def _file_set(section: Section, *, required: bool = True) -> FileSet:
    files = section.texts("files", or_one=True)
    if required and not files:
        raise BuildspecError(f"{section.at('files')}: missing")
    return FileSet(
        files=files,
        base_directory=section.text("base-directory"),
        exclude_paths=section.texts("exclude-paths", or_one=True),
        discard_paths=section.flag("discard-paths"),
        symlinks=section.flag("enable-symlinks"),
    )
