"""What a build hands back when its commands are done: variables, reports, artifacts."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from embedded_aws.codebuild import artifacts, reports
from embedded_aws.codebuild.buildspec import Buildspec
from embedded_aws.codebuild.credentials import RoleCredentials
from embedded_aws.codebuild.environment import Folders
from embedded_aws.codebuild.logs import BuildLog
from embedded_aws.codebuild.plan import Plan
from embedded_aws.codebuild.record import BuildError, Record


class Outputs:
    """The UPLOAD_ARTIFACTS phase of one build; `shell` runs a command in the build's shell."""

    def __init__(
        self,
        *,
        plan: Plan,
        spec: Buildspec,
        record: Record,
        folders: Folders,
        role: RoleCredentials,
        log: BuildLog,
        shell: Callable[[str], int],
    ) -> None:
        self._plan = plan
        self._spec = spec
        self._record = record
        self._folders = folders
        self._role = role
        self._log = log
        self._shell = shell

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
            {"name": name, "value": self._value(f"${{{name}-}}")}
            for name in self._spec.env.exported_variables
            if not name.startswith("AWS_") and name not in secret
        ]
        self._record.update(exportedEnvironmentVariables=exported)

    def _value(self, text: str) -> str:
        """What the build's shell makes of `text` between double quotes."""
        target = self._folders.temporary / "value"
        self._shell(f'printf %s "{text}" > {shlex.quote(str(target))}')
        return target.read_text()

    def _publish_reports(self) -> None:
        problems = []
        for section in self._spec.reports:
            try:
                arn = reports.publish(
                    section, self._plan, self._record["arn"], self._folders, self._role
                )
                self._record.update(reportArns=[*self._record["reportArns"], arn])
            except BuildError as error:
                problems.append(f"{section.group}: [{error.code}: {error.message}]")
        if problems:
            message = f"Error in UPLOAD_ARTIFACTS phase: [{', '.join(problems)}]"
            raise BuildError("CLIENT_ERROR", message)

    def _store(self, settings: dict[str, Any], *, secondary: bool) -> dict[str, Any]:
        if settings["type"] == "NO_ARTIFACTS":
            return {"location": ""}
        identifier = settings.get("artifactIdentifier", "")
        secondaries = self._spec.secondary_artifacts
        artifact = secondaries.get(identifier) if secondary else self._spec.artifact
        if artifact is None:
            what = f"secondary artifact {identifier}" if secondary else "the primary artifact"
            raise BuildError("CLIENT_ERROR", f"no definition of {what} in the buildspec")
        files = artifacts.matching(self._folders.source, artifact.files)
        if not files:
            wanted = ", ".join(artifact.files.files)
            raise BuildError("CLIENT_ERROR", f"no matching artifact paths found: {wanted}")
        self._log.container(f"Found {len(files)} file(s) for artifact {identifier or 'primary'}")
        archive = self._folders.temporary / "artifact.zip"
        artifacts.pack(files, archive)
        if settings.get("overrideArtifactName") and artifact.name:
            settings = settings | {"name": self._value(artifact.name)}
        s3 = self._role.client("s3")
        return artifacts.upload(s3, archive, settings, self._plan.encryption_key)


_PLAIN = ("", "PLAINTEXT")
