"""One build from PROVISIONING to COMPLETED, on a thread of its own.

Order and transitions: user guide, view-build-details-phases, and build-spec-ref (phases). A failed
install or pre_build skips to FINALIZING; a failed build still runs post_build; UPLOAD_ARTIFACTS,
with the reports, is attempted whenever BUILD was entered. `on-failure` says otherwise per phase.
The guide does not say what CONTINUE makes of the whole build: here it is still FAILED, so that
nothing passes here that might fail at AWS.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedded_aws.codebuild import (
    artifacts,
    buildspec,
    clone,
    environment,
    local_cache,
    runtimes,
)
from embedded_aws.codebuild.credentials import Endpoint, RoleCredentials
from embedded_aws.codebuild.folders import Folders
from embedded_aws.codebuild.local_cache import LocalCache
from embedded_aws.codebuild.logs import BuildLog, Redactor
from embedded_aws.codebuild.outputs import Outputs
from embedded_aws.codebuild.plan import Plan
from embedded_aws.codebuild.record import (
    BuildError,
    BuildspecError,
    InterruptedBuildError,
    Record,
)
from embedded_aws.codebuild.runner import Runner
from embedded_aws.codebuild.sandbox import Sandbox, Sandboxes
from embedded_aws.isolation import Isolation
from embedded_aws.registry import Running

_logger = logging.getLogger("codebuild")
_ENTER = """\
. "$1"
cd -- "$3"
if [ -f "$2/environment" ]; then . "$2/environment"; cd -- "$(cat "$2/directory")"; fi
shift 3
exec "$@"
"""
"""A shell as the build's last command left it, see `inside/supervisor.py`. Its variables are read
inside, as a build's are."""
_VARIABLES = "variables.sh"


class Build:
    """Runs a plan. `execute` is for the worker thread, `stop` for any other."""

    def __init__(
        self,
        plan: Plan,
        record: Record,
        running: Running,
        endpoint: Endpoint,
        isolation: tuple[Sandboxes, Isolation],
    ) -> None:
        self._plan = plan
        self._record = record
        self._running = running
        self._endpoint = endpoint
        self._unique = record["id"].rpartition(":")[2]
        self.folders = Folders(running.builds.resolve() / folder_name(record["id"]))
        # Of no other project: who fills a cache decides what the next build that reads it runs.
        store = running.root / "cache" / "projects" / plan.account / plan.project
        self._cache = LocalCache(store.resolve())
        self._sandboxes, self._isolation = isolation
        self._inside: tuple[Sandbox, Path] | None = None
        self._redactor = Redactor()
        self._log = BuildLog(self.folders.top / "log.txt", self._redactor)
        self._role = RoleCredentials(
            plan.service_role, f"AWSCodeBuild-{self._unique}", self._redactor.hide
        )
        self._token = secrets.token_urlsafe(24)
        self._variables: dict[str, str] = {}
        self._deadline = time.monotonic() + plan.timeout_minutes * 60
        self._spec: buildspec.Buildspec | None = None
        self._runner: Runner | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._failed = False

    def stop(self) -> None:
        """Ends the build as STOPPED, with every process it started."""
        with self._lock:
            self._stopped = True
            if self._runner is not None:
                self._runner.interrupt("STOPPED")

    def way_in(self) -> dict[str, Any]:
        """How a shell in the workspace of this build, which has ended, is opened.

        A command line to which the wanted command is added; the service role's credentials are
        given out again, until `forget`. Raises `BuildError`.
        """
        if not self._record["buildComplete"]:
            raise _invalid(f"{self._record['id']} is still running: wait for its end, or stop it")
        if not self._variables or not self.folders.source.is_dir():
            raise _invalid(f"the workspace of {self._record['id']} is gone, or it never had one")
        self.folders.temporary.mkdir(exist_ok=True)
        self._endpoint.admit(self._unique, self._role, self._token)
        sandbox, _ = self._entered()
        seen = sandbox.seen
        shell = self._parsed().env.shell
        (sandbox.folders.scripts / _VARIABLES).write_text(environment.exports(self._variables))
        read = map(str, (seen.scripts / _VARIABLES, seen.state, seen.source))
        return {"command": sandbox.command(shell, "-c", _ENTER, shell, *read)}

    def forget(self) -> None:
        """Nobody gets in any more."""
        self._endpoint.dismiss(self._unique)

    def execute(self) -> None:
        """Runs all phases; whatever happens, the record ends COMPLETED and nothing is left."""
        status = "FAULT"
        try:
            self._phases()
            status = "FAILED" if self._failed else "SUCCEEDED"
        except InterruptedBuildError as interrupted:
            status = interrupted.status
        except Exception:  # the edge of the worker: a fault of ours must not leave a build running
            _logger.exception("build %s", self._record["id"])
            self._close_phase("FAULT", _fault())
        finally:
            self._finalize(status)

    def _phases(self) -> None:
        if not (
            self._phase("PROVISIONING", self._provision)
            and self._phase("DOWNLOAD_SOURCE", self._download)
        ):
            return
        self._command_phases()
        if self._record.ended("BUILD"):
            self._phase("UPLOAD_ARTIFACTS", self._upload)

    def _command_phases(self) -> None:
        spec = self._parsed()
        for name in buildspec.PHASES:
            phase = spec.phases.get(name, buildspec.Phase())
            succeeded = self._phase(name.upper(), functools.partial(self._commands, phase))
            if not succeeded:
                self._shell().run("export CODEBUILD_BUILD_SUCCEEDING=0")
            goes_on = phase.on_failure == "CONTINUE" or (name == "build" and not phase.on_failure)
            if not succeeded and not goes_on:
                return

    def _phase(self, name: str, work: Callable[[], None]) -> bool:
        """Runs one phase and records how it ended; whether it succeeded."""
        self._check_interrupted()
        self._record.begin(name)
        self._log.container(f"Entering phase {name}")
        try:
            work()
        except BuildError as error:
            self._failed = True
            self._close_phase("FAILED", error)
            return False
        except InterruptedBuildError as interrupted:
            timed_out = interrupted.status == "TIMED_OUT"
            reason = BuildError("BUILD_TIMED_OUT", "Build has timed out.") if timed_out else None
            self._close_phase(interrupted.status, reason)
            raise
        self._close_phase("SUCCEEDED", None)
        return True

    def _close_phase(self, status: str, error: BuildError | None) -> None:
        self._record.end(status, error)
        self._log.container(f"Phase complete: {self._record['currentPhase']} State: {status}")
        code, message = (error.code, error.message) if error else ("", "")
        self._log.container(f"Phase context status code: {code} Message: {message}")

    def _check_interrupted(self) -> None:
        with self._lock:
            if self._stopped:
                raise InterruptedBuildError("STOPPED")
        if time.monotonic() > self._deadline:
            raise InterruptedBuildError("TIMED_OUT")

    # -- the phases -----------------------------------------------------------------------------

    def _provision(self) -> None:
        self.folders.make()
        cache = self._cache.enter(self.folders.cache)
        sandbox = self._sandboxes.around(self.folders, cache)
        self._inside = (sandbox, cache)
        runtimes.provide(sandbox, self._plan.environment.get("image", ""))
        if self._plan.logs_enabled:
            location = self._record["logs"]
            client = self._role.client("logs")
            self._log.connect(client, location["groupName"], location["streamName"])
        self._log.container(f"This build is {self._isolation}")
        for line in runtimes.differences(self._plan.environment):
            self._log.container(line)

    def _download(self) -> None:
        sources = [(self._plan.source, self.folders.source, self._plan.s3_version)]
        for secondary in self._plan.secondary_sources:
            sources.append((secondary, self.folders.secondary(secondary["sourceIdentifier"]), None))
        for source, folder, version in sources:
            if source["type"] == "S3":
                s3 = self._role.client("s3")
                artifacts.unpack(artifacts.download(s3, source["location"], version), folder)
                clone.resolve(folder, self._role)
        self._spec = buildspec.parse(self._buildspec_text())
        if "LOCAL_CUSTOM_CACHE" in self._plan.cache_modes:
            roots = {local_cache.HOME: self.folders.home, "": self.folders.source}
            cache, seen = self._entered()[1], self._seen_cache()
            for line in self._cache.link(cache, seen, roots, self._spec.cache_paths):
                self._log.container(line)
        self._start_shell(self._spec)

    def _buildspec_text(self) -> str:
        text = self._plan.source.get("buildspec") or ""
        name = buildspec.file_name(text)
        if name is None:
            return text
        if name.startswith("arn:"):
            return buildspec.decoded(artifacts.download(self._role.client("s3"), name), name)
        path = self.folders.source / name
        if not path.resolve().is_relative_to(self.folders.source.resolve()) or not path.is_file():
            raise BuildspecError(f"{name}: no such file in the primary source")
        return buildspec.decoded(path.read_bytes(), name)

    def _start_shell(self, spec: buildspec.Buildspec) -> None:
        for note in spec.notes:
            self._log.container(note)
        for password in environment.url_passwords(self._running.package_managers.values()):
            self._redactor.hide(password)
        variables = environment.machine(self._running, self._entered()[0], self._seen_cache())
        variables |= self._endpoint.admit(self._unique, self._role, self._token)
        self._redactor.hide(self._token)
        variables |= environment.documented(
            self._plan, self._record.fields(), self._entered()[0].seen
        )
        variables |= environment.custom(
            self._plan, spec.env, self._running.endpoint, self._role.client, self._redactor.hide
        )
        self._variables = variables
        runner = Runner(
            shell=spec.env.shell,
            sandbox=self._entered()[0],
            environment=variables,
            output=self._log.line,
            deadline=self._deadline,
        )
        with self._lock:
            self._runner = runner

    def _commands(self, phase: buildspec.Phase) -> None:
        wanted = {name: self._shell().value(text) for name, text in phase.runtime_versions.items()}
        for line in runtimes.select(wanted, self.folders):
            self._log.container(line)
        try:
            self._run_with_retries(phase)
        except BuildError:  # a build that was stopped or timed out runs nothing more
            self._run_all(phase.finally_commands)
            raise
        self._run_all(phase.finally_commands)

    def _run_with_retries(self, phase: buildspec.Phase) -> None:
        """All commands of the phase, from the first on each time (`on-failure: RETRY`)."""
        for retry in range(1, phase.retries + 1):
            try:
                self._run_all(phase.commands)
            except BuildError as error:
                if not re.search(phase.retry_on, error.message):
                    raise
                self._log.container(f"Retrying the phase, {retry} of {phase.retries}")
            else:
                return
        self._run_all(phase.commands)

    def _run_all(self, commands: tuple[str, ...]) -> None:
        for command in commands:
            self._log.container(f"Running command {command}")
            status = self._shell().run(command)
            if status != 0:
                reason = f"Error while executing command: {command}. Reason: exit status {status}"
                failed = f"Command did not exit successfully {command} exit status {status}"
                self._log.container(failed)
                raise BuildError("COMMAND_EXECUTION_ERROR", reason)

    def _upload(self) -> None:
        Outputs(
            plan=self._plan,
            spec=self._parsed(),
            record=self._record,
            role=self._role,
            log=self._log,
            runner=self._shell(),
        ).upload()

    # -- the end --------------------------------------------------------------------------------

    def _finalize(self, status: str) -> None:
        self._record.begin("FINALIZING")
        try:
            self._leave()
        except Exception:  # the edge again: whoever waits for the record must see its end
            _logger.exception("the end of build %s", self._record["id"])
            status = "FAULT"
            self._record.end(status, _fault())
        else:
            self._record.end("SUCCEEDED")
        self._record.finish(status)

    def _leave(self) -> None:
        """Gives everything back, last taken first; a step that fails does not stop the others."""
        with contextlib.ExitStack() as steps:
            steps.callback(self._log.close)
            steps.callback(shutil.rmtree, self.folders.temporary, ignore_errors=True)
            steps.callback(self._cache.release)
            steps.callback(self._endpoint.dismiss, self._unique)
            if self._runner is not None:
                steps.callback(self._runner.close)

    def _entered(self) -> tuple[Sandbox, Path]:
        """The build's sandbox, and where its project's cache is."""
        if self._inside is None:
            raise BuildError("INTERNAL_SERVICE_ERROR", "the build was not provisioned yet")
        return self._inside

    def _seen_cache(self) -> Path:
        sandbox, cache = self._entered()
        return sandbox.seen.cache if cache == self.folders.cache else cache

    def _shell(self) -> Runner:
        if self._runner is None:
            raise BuildError("INTERNAL_SERVICE_ERROR", "the build has no shell yet")
        return self._runner

    def _parsed(self) -> buildspec.Buildspec:
        if self._spec is None:
            raise BuildError("INTERNAL_SERVICE_ERROR", "the buildspec was not read yet")
        return self._spec


def _invalid(message: str) -> BuildError:
    return BuildError("InvalidInputException", message)


def _fault() -> BuildError:
    return BuildError("INTERNAL_SERVICE_ERROR", "see the server's log")


def folder_name(build_id: str) -> str:
    """The folder of a build below `<root>/builds`: a colon cannot be in PATH."""
    return build_id.replace(":", "-")
