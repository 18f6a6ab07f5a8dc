"""CodeBuild's operations: builds that really run, and reports. All others stay the emulator's."""

from __future__ import annotations

import contextvars
import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_region, new_uuid
from ministack.services import codebuild as emulated

from embedded_aws import bounds, members, registry
from embedded_aws.codebuild import report_groups, resources, sandbox
from embedded_aws.codebuild.build import Build, folder_name
from embedded_aws.codebuild.credentials import Endpoint
from embedded_aws.codebuild.plan import Plan, plan
from embedded_aws.codebuild.record import BuildError, Record
from embedded_aws.errors import StateError
from embedded_aws.json_service import Answer, JsonService, Operation, operation_of

_initiator: contextvars.ContextVar[str] = contextvars.ContextVar("_initiator")
_SAVING = frozenset({"CreateProject", "UpdateProject"})
_PROJECT_SETTINGS = ("logsConfig", "secondarySources", "secondaryArtifacts", "cache")


def install() -> None:
    """Puts the executor in front of the emulator's own CodeBuild, and registers its types."""
    registry.register_service(
        "codebuild",
        Api(),
        target_prefixes=["CodeBuild_20161006"],
        iam_namespace="codebuild",
        resource_arn=resource_arns,
    )
    resources.install()


class Api(JsonService):
    """Answers about builds and reports; what it does not do itself, the emulator's CodeBuild does.

    That one keeps the projects. A request for it is handed on whole, and where it drops settings of
    a project they are kept afterwards.
    """

    title = "CodeBuild"
    invalid_code = "InvalidInputException"

    def __init__(self) -> None:
        running = registry.running()
        self._isolation = sandbox.find(running.root, running.package_managers)
        self._isolation[1].write(running.root)
        self._endpoint = Endpoint()
        self._running: dict[str, Build] = {}
        self._ended: dict[str, Build] = {}
        self._lock = threading.Lock()
        operations: Mapping[str, Operation] = {
            **report_groups.OPERATIONS,
            "StartBuild": self._start_build,
            "StopBuild": self._stop_build,
            "BatchGetBuilds": self._batch_get_builds,
            "OpenShell": self._open_shell,
        }
        self._own = frozenset(operations)
        super().__init__(operations, members.model("codebuild"))

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> Answer:
        """One request; see `registry.Service`."""
        name = operation_of(headers)
        _initiator.set(headers.get(registry.INITIATOR_HEADER) or _caller())
        if name in self._own:
            return await super().handle_request(method, path, headers, body, query_params)
        answer: Answer = await emulated.handle_request(method, path, headers, body, query_params)
        if name in _SAVING and answer[0] == HTTPStatus.OK:
            _save_project(json.loads(body))
        return answer

    def reset(self) -> None:
        """Stops every build and forgets them."""
        with self._lock:
            builds = list(self._running.values())
        for build in builds:
            build.stop()
        report_groups.reset()
        emulated.reset()

    def get_state(self) -> dict[str, Any]:
        """Nothing besides stores. Raises `StateError` while a build runs."""
        with self._lock:
            if self._running:
                raise StateError(f"build {next(iter(self._running))} runs")
        return {}

    # -- operations -----------------------------------------------------------------------------

    def _start_build(self, body: Mapping[str, Any]) -> dict[str, Any]:
        project = emulated._projects.get(body["projectName"])
        if project is None:
            raise BuildError("ResourceNotFoundException", f"no project {body['projectName']}")
        asked = plan(project, body, get_region())
        with self._lock:
            record = _record(project, asked)
            build = Build(asked, record, registry.running(), self._endpoint, self._isolation)
            self._running[record["id"]] = build
        context = contextvars.copy_context()  # the emulator's stores belong to account and region
        threading.Thread(
            target=context.run, args=(self._execute, record["id"], build), daemon=True
        ).start()
        return {"build": record.fields()}

    def _execute(self, build_id: str, build: Build) -> None:
        try:
            build.execute()
        finally:
            with self._lock:
                self._ended[build_id] = self._running.pop(build_id)
            # Here nobody waits for it: what is removed may be tens of thousands of files.
            self._prune()

    def _stop_build(self, body: Mapping[str, Any]) -> dict[str, Any]:
        build_id = _id(body["id"])
        if build_id not in emulated._builds:
            raise BuildError("ResourceNotFoundException", f"no build {build_id}")
        with self._lock:
            build = self._running.get(build_id)
        if build is not None:
            build.stop()
        return {"build": emulated._builds[build_id]}

    def _open_shell(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """No operation of AWS's: how a person on this machine gets into a build's workspace."""
        build_id = _id(body["id"])
        with self._lock:
            build = self._running.get(build_id) or self._ended.get(build_id)
        if build is None:
            message = (
                f"the workspace of {build_id} is gone: the last {bounds.BUILDS.count} are kept"
            )
            raise BuildError("ResourceNotFoundException", message)
        return build.way_in()

    def _batch_get_builds(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: emulated._builds.get(_id(name)) for name in body["ids"]}
        return {
            "builds": [build for build in found.values() if build is not None],
            "buildsNotFound": [name for name, build in found.items() if build is None],
        }

    def _prune(self) -> None:
        """Removes the folders of ended builds that are beyond the bound, and forgets them."""
        with self._lock:
            active = {folder_name(build_id) for build_id in self._running}
            every = registry.running().builds.resolve().glob("*")
            ended = [path for path in every if path.is_dir() and path.name not in active]
        gone = bounds.beyond(ended, bounds.BUILDS)
        with self._lock:
            for build_id, build in list(self._ended.items()):
                if build.folders.top in gone:
                    self._ended.pop(build_id).forget()
        bounds.erase(gone)


def _save_project(body: Mapping[str, Any]) -> None:
    """Keeps the project settings that the emulator drops."""
    settings = {name: body[name] for name in _PROJECT_SETTINGS if name in body}
    emulated._projects[body["name"]].update(settings)


def _record(project: Mapping[str, Any], asked: Plan) -> Record:
    unique = new_uuid()
    name = project["name"]
    build_id = f"{name}:{unique}"
    now = round(time.time(), 3)
    logs = {"groupName": asked.log_group, "streamName": asked.log_stream(unique)}
    logs["cloudWatchLogsArn"] = (
        f"arn:aws:logs:{asked.region}:{asked.account}:log-group:{logs['groupName']}"
        f":log-stream:{logs['streamName']}"
    )
    initial = {
        "id": build_id,
        "arn": f"arn:aws:codebuild:{asked.region}:{asked.account}:build/{build_id}",
        "buildNumber": 1 + sum(b["projectName"] == name for b in emulated._builds.values()),
        "startTime": now,
        "currentPhase": "QUEUED",
        "buildStatus": "IN_PROGRESS",
        "buildComplete": False,
        "sourceVersion": asked.source_version,
        "projectName": name,
        "phases": [
            {
                "phaseType": phase,
                "phaseStatus": "SUCCEEDED",
                "startTime": now,
                "endTime": now,
                "durationInSeconds": 0,
            }
            for phase in ("SUBMITTED", "QUEUED")
        ],
        "source": dict(asked.source),
        "secondarySources": [dict(source) for source in asked.secondary_sources],
        "artifacts": {"location": ""},
        "secondaryArtifacts": [],
        "environment": asked.environment,
        "serviceRole": asked.service_role,
        "logs": logs,
        "timeoutInMinutes": asked.timeout_minutes,
        "initiator": _initiator.get(),
        "encryptionKey": asked.encryption_key,
        "exportedEnvironmentVariables": [],
        "reportArns": [],
    }
    if asked.source_version:
        initial["resolvedSourceVersion"] = asked.source_version
    optional = {key: value for key, value in initial.items() if value != ""}
    return Record(optional, lambda fields: emulated._builds.__setitem__(build_id, fields))


def _caller() -> str:
    """Who called, as CodeBuild names them: a user, or `role/session` (API reference, Build)."""
    arn = str(caller_arn())
    return arn.rpartition(":")[2].removeprefix("assumed-role/").removeprefix("user/")


def _id(identifier: str) -> str:
    """The id of a build, also from its ARN."""
    return identifier.rpartition(":build/")[2]


def resource_arns(action: str, body: Mapping[str, Any], account: str) -> list[str]:
    """What permissions are checked against (service authorization reference, CodeBuild)."""
    prefix = f"arn:aws:codebuild:{registry.region()}:{account}"
    if builds := _named(body, "ids", "id"):
        return [f"{prefix}:project/{_id(build).rpartition(':')[0]}" for build in builds]
    if "ReportGroup" in action and "name" in body:
        return [f"{prefix}:report-group/{body['name']}"]
    if reports := _named(body, "reportArns", "reportArn") or _named(body.get("report", {}), "arn"):
        return [arn.rpartition(":")[0].replace(":report/", ":report-group/") for arn in reports]
    groups = _named(body, "reportGroupArns", "reportGroupArn")
    if groups or "ReportGroup" in action:
        return groups or _named(body, "arn")
    return [f"{prefix}:project/{name}" for name in _named(body, "names", "projectName", "name")]


def _named(body: Mapping[str, Any], *members: str) -> list[str]:
    """What the first of the members that is there names: one, or a list of them."""
    value: Any = next((body[member] for member in members if body.get(member)), [])
    return [str(item) for item in (value if isinstance(value, list) else [value])]
