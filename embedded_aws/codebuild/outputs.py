"""What a build hands back when its commands are done: variables, reports, artifacts."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from typing import Any

from embedded_aws.codebuild import artifacts, reports
from embedded_aws.codebuild.buildspec import Buildspec
from embedded_aws.codebuild.credentials import RoleCredentials
from embedded_aws.codebuild.inside.collecting import FileSet
from embedded_aws.codebuild.logs import BuildLog
from embedded_aws.codebuild.plan import Plan
from embedded_aws.codebuild.record import BuildError, Record
from embedded_aws.codebuild.runner import Runner


class Outputs:
    """The UPLOAD_ARTIFACTS phase of one build; what it made is asked of its `runner`."""

    def __init__(
        self,
        *,
        plan: Plan,
        spec: Buildspec,
        record: Record,
        role: RoleCredentials,
        log: BuildLog,
        runner: Runner,
    ) -> None:
        self._plan = plan
        self._spec = spec
        self._record = record
        self._role = role
        self._log = log
        self._runner = runner

    def upload(self) -> None:
        """All of them, into the record. Raises `BuildError` for the first that cannot be had."""
        self._export()
        self._publish_reports()
        primary = self._store(self._plan.artifacts, secondary=False)
        self._record.update(artifacts=primary)
        stored = [self._store(s, secondary=True) for s in self._plan.secondary_artifacts]
        self._record.update(secondaryArtifacts=stored)

    def _export(self) -> None:
        """Values as of the end of post_build; `AWS_` names are never exported (build-spec-ref)."""
        secret = {*self._spec.env.parameter_store, *self._spec.env.secrets_manager}
        secret |= {v["name"] for v in self._plan.variables if v.get("type", "") not in _PLAIN}
        exported = [
            {"name": name, "value": self._runner.value(f"${{{name}-}}")}
            for name in self._spec.env.exported_variables
            if not name.startswith("AWS_") and name not in secret
        ]
        self._record.update(exportedEnvironmentVariables=exported)

    def _expanded(self, files: FileSet) -> FileSet:
        """`files` with the values that shell variables have at the build's end."""
        return replace(
            files,
            files=tuple(map(self._runner.value, files.files)),
            base_directory=self._runner.value(files.base_directory),
            exclude_paths=tuple(map(self._runner.value, files.exclude_paths)),
        )

    def _publish_reports(self) -> None:
        problems = []
        for asked in self._spec.reports:
            section = replace(asked, files=self._expanded(asked.files))
            try:
                files = self._collected(section.files)
                arn = reports.publish(section, files, self._plan, self._record["arn"], self._role)
                self._record.update(reportArns=[*self._record["reportArns"], arn])
            except BuildError as error:
                problems.append(f"{section.group}: [{error.code}: {error.message}]")
        if problems:
            message = f"Error in UPLOAD_ARTIFACTS phase: [{', '.join(problems)}]"
            raise BuildError("CLIENT_ERROR", message)

    def _collected(self, files: FileSet) -> dict[str, bytes]:
        """Name -> content."""
        with self._runner.collect(files) as file:
            archive = _opened(file.read())
        return {name: archive.read(name) for name in archive.namelist()}

    def _store(self, settings: dict[str, Any], *, secondary: bool) -> dict[str, Any]:
        if settings["type"] == "NO_ARTIFACTS":
            return {"location": ""}
        identifier = settings.get("artifactIdentifier", "")
        secondaries = self._spec.secondary_artifacts
        artifact = secondaries.get(identifier) if secondary else self._spec.artifact
        if artifact is None or not artifact.files.files:
            what = f"secondary artifact {identifier}" if secondary else "the primary artifact"
            raise BuildError("CLIENT_ERROR", f"no definition of {what} in the buildspec")
        taken = self._expanded(artifact.files)
        with self._runner.collect(taken) as file:
            archive = file.read()
        found = len(_opened(archive).namelist())
        if not found:
            wanted = ", ".join(taken.files)
            raise BuildError("CLIENT_ERROR", f"no matching artifact paths found: {wanted}")
        self._log.container(f"Found {found} file(s) for artifact {identifier or 'primary'}")
        if settings.get("overrideArtifactName") and artifact.name:
            settings = settings | {"name": self._runner.value(artifact.name)}
        if settings.get("namespaceType") == "BUILD_ID":
            path = artifact.s3_prefix or settings.get("path", "")
            unique = self._record["id"].rpartition(":")[2]
            settings = settings | {"path": f"{path}/{unique}".strip("/")}
        s3 = self._role.client("s3")
        return artifacts.upload(s3, archive, settings, self._plan.encryption_key)


def _opened(archive: bytes) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(archive))
    except zipfile.BadZipFile as error:  # the build's own processes may have written to it
        raise BuildError("CLIENT_ERROR", f"what was collected is no archive: {error}") from error


_PLAIN = ("", "PLAINTEXT")
