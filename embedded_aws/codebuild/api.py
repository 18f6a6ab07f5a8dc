"""CodeBuild's operations: builds that really run, and reports. All others stay the emulator's."""

from __future__ import annotations

import asyncio
import contextvars
import json
import shutil
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ministack.core.iam_evaluator import caller_arn
from ministack.core.responses import get_region, new_uuid
from ministack.services import codebuild as emulated

from .. import registry
from . import report_groups
from .build import Build, folder_name
from .credentials import Endpoint
from .errors import BuildError
from .plan import Plan, plan
from .record import Record

KEPT_BUILDS = 10
"""Folders of ended builds below `<root>/builds`; the oldest go first."""

_PROJECT_SETTINGS = ("logsConfig", "secondarySources", "secondaryArtifacts", "cache")


class Service:
    """Answers `CodeBuild_20161006` requests that were authenticated and authorized already."""

    def __init__(self) -> None:
        self._endpoint = Endpoint()
        self._running: dict[str, Build] = {}
        self._lock = threading.Lock()
        self._operations: Mapping[str, report_groups.Operation] = {
            **report_groups.OPERATIONS,
            "StartBuild": self._start_build,
            "StopBuild": self._stop_build,
            "BatchGetBuilds": self._batch_get_builds,
            "CreateProject": self._save_project,
            "UpdateProject": self._save_project,
        }

    async def handle_request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, list[str]],
    ) -> registry.Response:
        """One request; see `registry.Service`."""
        action = headers.get("x-amz-target", "").rpartition(".")[2]
        if action in ("CreateProject", "UpdateProject") or action not in self._operations:
            answer: registry.Response = await emulated.handle_request(
                method, path, headers, body, query_params
            )
            if action in self._operations and answer[0] == HTTPStatus.OK:
                self._operations[action](json.loads(body))
            return answer
        return await asyncio.to_thread(self._answer, action, body)

    def reset(self) -> None:
        """Stops every build and forgets them."""
        with self._lock:
            builds = list(self._running.values())
        for build in builds:
            build.stop()
        report_groups.reset()
        emulated.reset()

    def get_state(self) -> dict[str, Any]:
        """Nothing: builds do not survive the server."""
        return {}

    def load_persisted_state(self, data: dict[str, Any]) -> None:
        """Takes nothing back; see `get_state`."""

    def _answer(self, action: str, body: bytes) -> registry.Response:
        try:
            return _response(HTTPStatus.OK, self._operations[action](json.loads(body or b"{}")))
        except BuildError as error:
            code, message = error.code, error.message
        except KeyError as error:
            code, message = "InvalidInputException", f"missing member {error}"
        return _response(HTTPStatus.BAD_REQUEST, {"__type": code, "message": message})

    # -- operations -----------------------------------------------------------------------------

    def _save_project(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Keeps the project settings that the emulator drops."""
        settings = {name: body[name] for name in _PROJECT_SETTINGS if name in body}
        emulated._projects[body["name"]].update(settings)
        return {}

    def _start_build(self, body: Mapping[str, Any]) -> dict[str, Any]:
        project = emulated._projects.get(body["projectName"])
        if project is None:
            raise BuildError("ResourceNotFoundException", f"no project {body['projectName']}")
        asked = plan(project, body, get_region())
        with self._lock:
            record = _record(project, asked)
            running = registry.running()
            self._prune(running)
            build = Build(asked, record, running, self._endpoint)
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
                del self._running[build_id]

    def _stop_build(self, body: Mapping[str, Any]) -> dict[str, Any]:
        build_id = _id(body["id"])
        if build_id not in emulated._builds:
            raise BuildError("ResourceNotFoundException", f"no build {build_id}")
        with self._lock:
            build = self._running.get(build_id)
        if build is not None:
            build.stop()
        return {"build": emulated._builds[build_id]}

    def _batch_get_builds(self, body: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: emulated._builds.get(_id(name)) for name in body["ids"]}
        return {
            "builds": [build for build in found.values() if build is not None],
            "buildsNotFound": [name for name, build in found.items() if build is None],
        }

    def _prune(self, running: registry.Running) -> None:
        active = {folder_name(build_id) for build_id in self._running}
        folders = [
            path
            for path in (running.root / "builds").glob("*")
            if path.is_dir() and path.name not in active
        ]
        for folder in sorted(folders, key=lambda path: path.stat().st_mtime)[:-KEPT_BUILDS]:
            shutil.rmtree(folder, ignore_errors=True)


def _response(status: HTTPStatus, document: Mapping[str, Any]) -> registry.Response:
    # New headers each time: the emulator adds this response's own to them.
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    return status.value, headers, json.dumps(document).encode()


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
        "initiator": _initiator(),
        "encryptionKey": asked.encryption_key,
        "exportedEnvironmentVariables": [],
        "reportArns": [],
    }
    if asked.source_version:
        initial["resolvedSourceVersion"] = asked.source_version
    optional = {key: value for key, value in initial.items() if value != ""}
    return Record(optional, lambda fields: emulated._builds.__setitem__(build_id, fields))


def _initiator() -> str:
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
