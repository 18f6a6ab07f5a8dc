"""The routes of the file API: parse, call, map the result."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from services.common.runtime.http import Call, Event, Response, json_response
from services.common.runtime.idempotency import REPLAYED_HEADER, idempotency_key
from services.common.runtime.observability import count, logger
from services.common.runtime.problems import NotFoundError
from services.common.runtime.router import Router
from services.common.runtime.strict_json import parse_object
from services.files.runtime.api import views
from services.files.runtime.api.announcement import parse
from services.files.runtime.api.announcing import Announcing, Submission
from services.files.runtime.api.health import OK, Probe, check
from services.files.runtime.api.links import Links
from services.files.runtime.api.listing import Lister, cursor_of
from services.files.runtime.api.parameters import wish_of
from services.files.runtime.api.settings import Settings
from services.files.runtime.catalogue.metric_names import Metric
from services.files.runtime.catalogue.models import FileRow, VersionRow
from services.files.runtime.catalogue.ports import Shelf

# Of an announcement. A name of 255 characters, escaped, takes 3 KB at most.
MAX_BODY_BYTES = 8 * 1024
# Of a file, the newest; a form may be used more than once while it is valid.
SHOWN_VERSIONS = 20


def _utc_now() -> datetime:
    return datetime.now(UTC)


class FilesApi:
    """The API's routes. Never raises: errors leave as problem documents."""

    def __init__(
        self,
        settings: Settings,
        *,
        announcing: Announcing,
        lister: Lister,
        shelf: Shelf,
        links: Links,
        probes: Mapping[str, Probe],
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._settings = settings
        self._announcing = announcing
        self._lister = lister
        self._shelf = shelf
        self._links = links
        self._probes = probes
        self._now = now
        self._router = Router(
            {
                "POST /files": self._announce,
                "GET /files": self._list,
                "GET /files/{file_id}": self._look_up,
                "GET /status": self._status,
            },
            origins=settings.cors_origins,
            exposed=[REPLAYED_HEADER],
        )

    def handle(self, event: Event) -> Response:
        """The proxy response to a proxy event."""
        return self._router.handle(event)

    def _announce(self, call: Call) -> Response:
        body = call.json_body(max_bytes=MAX_BODY_BYTES)
        announcement = parse(parse_object(body), self._settings.max_bytes)
        answer = self._announcing.announce(
            Submission(announcement, body, call.principal, call.request_id, idempotency_key(call))
        )
        count(Metric.REPLAYED if answer.replayed else Metric.ANNOUNCED)
        logger.info(
            "announced", extra={"file_id": answer.file.file_id, "replayed": answer.replayed}
        )
        headers = {REPLAYED_HEADER: "true"} if answer.replayed else {}
        return json_response(201, views.announced(answer), headers)

    def _list(self, call: Call) -> Response:
        listing = self._lister.list(wish_of(call))
        document: dict[str, object] = {"files": [views.summary(file) for file in listing.files]}
        if listing.next is not None:
            document["next_cursor"] = cursor_of(listing.next)
        return json_response(200, document)

    def _look_up(self, call: Call) -> Response:
        file = self._find(call.path_parameters["file_id"])
        versions = sorted(
            self._shelf.versions(file.file_id),
            key=lambda row: (row.sequencer, row.version_id),
            reverse=True,
        )
        current = versions[0] if versions else None
        now = self._now()
        # The newest version's own row is the truth; the file's repeats it for lists.
        standing = (current or file).standing.as_of(now)
        return json_response(
            200,
            views.summary(file)
            | views.standing(standing)
            | {
                "versions": [
                    views.version(row, now, current=row is current)
                    for row in versions[:SHOWN_VERSIONS]
                ],
                "results": views.results(self._downloads(file, current)),
            },
        )

    def _find(self, file_id: str) -> FileRow:
        file = self._shelf.file(file_id) if _is_file_id(file_id) else None
        if file is None or file.expired(self._now()):
            raise NotFoundError("No file has this id")
        return file

    def _downloads(self, file: FileRow, current: VersionRow | None) -> list[views.Download]:
        return [
            (result, self._links.download(result, views.download_name(file.filename, result)))
            for result in (current.results if current else ())
        ]

    def _status(self, _call: Call) -> Response:
        dependencies = check(self._probes)
        ok = all(state == OK for state in dependencies.values())
        return json_response(
            200,
            {
                "status": OK if ok else "degraded",
                "environment": self._settings.environment,
                "commit": self._settings.commit,
                "dependencies": dependencies,
            },
        )


def _is_file_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
