"""The file service as Lambda runs it, on a fake cloud: real routes, catalogue and processors.

What files are made into is a stand-in (`transform`): a file's own content says what is to happen.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from services.common.runtime.observability import metrics
from services.files.runtime.api.announcement import Announcement
from services.files.runtime.api.announcing import Announcing
from services.files.runtime.api.api import FilesApi
from services.files.runtime.api.health import probes
from services.files.runtime.api.links import VALIDITY, Form, Link
from services.files.runtime.api.listing import Lister
from services.files.runtime.api.settings import Settings
from services.files.runtime.catalogue.items import NEWEST_INDEX, STATUS_INDEX
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import Result
from services.files.runtime.catalogue.store import DynamoCatalogue
from services.files.runtime.processing.entry import Entry
from services.files.runtime.processing.objects import S3Objects
from services.files.runtime.processing.ports import Product, Source, Transform
from services.files.runtime.processing.processor import Processor
from services.files.runtime.rejection import RejectedError
from tests.support.cloud.account import LATENCY, Cloud, Faults, Worker, no_faults
from tests.support.cloud.dynamodb import Index, Table
from tests.support.cloud.expressions import Item
from tests.support.cloud.simulation import Simulation
from tests.support.cloud.versioned_s3 import VersionedStorage

UPLOADS, RESULTS, TABLE = "uploads", "results", "catalogue"
INDEXES = {
    NEWEST_INDEX: Index("by_kind", "listed_at"),
    STATUS_INDEX: Index("by_status", "listed_at"),
}
CALLER = "AROACALLER:session"
MAX_BYTES = 10_000
MAX_ATTEMPTS = 3
TIMEOUT = timedelta(minutes=5)
SETTINGS = Settings.parse(
    {
        "ENVIRONMENT": "dev",
        "COMMIT": "0123456",
        "UPLOADS_BUCKET": UPLOADS,
        "RESULTS_BUCKET": RESULTS,
        "CATALOGUE_TABLE": TABLE,
        "MAX_IMAGE_BYTES": str(MAX_BYTES),
        "MAX_TABLE_BYTES": str(2 * MAX_BYTES),
        "LINK_MINUTES": "15",
        "CORS_ORIGINS": "https://app.example",
    }
)


@dataclass
class RememberingTable(Table):
    """history: every item that was written under a key, in order."""

    history: dict[str, list[Item]] = field(default_factory=dict)

    def _write(self, key: str, item: Item) -> None:
        super()._write(key, item)
        self.history.setdefault(key, []).append(item)


class FilesCloud(Cloud):
    """The table and the buckets of the service, in one account without state machine."""

    table: RememberingTable

    def __post_init__(self) -> None:
        self.table = RememberingTable(TABLE, "file_id", self._seconds, self.indexes, sort="part")
        self.storage = VersionedStorage((UPLOADS, RESULTS))
        self._services = {"dynamodb": self.table, "s3": self.storage}


@dataclass(frozen=True)
class UnsignedLinks:
    """Says what a form or a link would allow."""

    cloud: FilesCloud

    def upload(self, key: str, announcement: Announcement) -> Form:
        fields = {"key": key, "Content-Type": announcement.content_type}
        return Form("https://uploads.example", fields, self.cloud.now() + VALIDITY)

    def download(self, result: Result, name: str) -> Link:
        return Link(f"https://results.example/{result.key}?{name}", self.cloud.now() + VALIDITY)


class BrokenError(Exception):
    """What a mistake of ours raises; its text quotes the file."""


@dataclass
class Workshop:
    """A stand-in for what makes results. broken: files that ask for it meet a mistake of ours."""

    broken: bool = True

    def transform(self, source: Source, folder: Path) -> Sequence[Product]:
        """Two products of a file, unless its text asks for something else."""
        body = source.path.read_bytes()
        if b"poison" in body:
            raise RejectedError("poison", "The file says so")
        if b"mistake" in body and self.broken:
            raise BrokenError(body.decode())
        copy, profile = folder / "copy", folder / "profile"
        copy.write_bytes(body)
        profile.write_text(json.dumps({"sha256": hashlib.sha256(body).hexdigest()}))
        return [
            Product("copy.txt", copy, "text/plain"),
            Product("profile.json", profile, "application/json"),
        ]


@dataclass(frozen=True)
class Build:
    """How the processors are put together: what to build each part from."""

    catalogue: Callable[[Any, str], DynamoCatalogue] = DynamoCatalogue
    objects: Callable[[Any, str, str], S3Objects] = S3Objects
    processor: Callable[..., Processor] = Processor


@dataclass
class FileService:
    """Both processors and the API. scratch: a local folder, of which each worker has its own."""

    cloud: FilesCloud
    scratch: Path
    build: Build = field(default_factory=Build)
    workshop: Workshop = field(default_factory=Workshop)
    _ids: count[int] = field(default_factory=lambda: count(1))

    def call(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The API's answer to a proxy event."""
        try:
            return self._api(Worker("api")).handle(event)
        finally:
            metrics.clear_metrics()

    def invoke(
        self, event: Mapping[str, Any], event_id: str = "", worker: Worker | None = None
    ) -> dict[str, str]:
        """One attempt of the processor that the event's key belongs to.

        event_id: makes it another event about the same version.
        """
        worker = worker or Worker("processor")
        number = next(self._ids)
        event = {**event, "id": event_id or event["id"]}
        context: Any = SimpleNamespace(
            get_remaining_time_in_millis=lambda: int(TIMEOUT.total_seconds() * 1000),
        )
        key = str(event["detail"]["object"]["key"]).lower()
        kind = Kind.TABLE if key.endswith((".csv", ".json")) else Kind.IMAGE
        try:
            return self.entry(kind, worker, self.scratch / str(number)).handle(event, context)
        finally:
            metrics.clear_metrics()

    def entry(self, kind: Kind, worker: Worker, scratch: Path) -> Entry:
        transform: Transform = self.workshop.transform
        processor = self.build.processor(
            kind=kind,
            transform=transform,
            catalogue=self.catalogue(worker),
            objects=self.build.objects(self.cloud.client("s3", worker), UPLOADS, RESULTS),
            max_bytes=MAX_BYTES,
            max_attempts=MAX_ATTEMPTS,
            scratch=scratch,
            now=self.cloud.now,
        )
        return Entry(processor, UPLOADS)

    def catalogue(self, worker: Worker) -> DynamoCatalogue:
        return self.build.catalogue(self.cloud.client("dynamodb", worker), TABLE)

    def _api(self, worker: Worker) -> FilesApi:
        catalogue = self.catalogue(worker)
        links = UnsignedLinks(self.cloud)
        return FilesApi(
            SETTINGS,
            announcing=Announcing(catalogue, links, now=self.cloud.now, new_id=self._new_id),
            lister=Lister(catalogue, now=self.cloud.now),
            shelf=catalogue,
            links=links,
            probes=probes(
                lambda service: self.cloud.client(service, worker), TABLE, UPLOADS, RESULTS
            ),
            now=self.cloud.now,
        )

    def _new_id(self) -> uuid.UUID:
        return uuid.UUID(int=self.cloud.simulation.random.getrandbits(128), version=4)


def deploy(
    simulation: Simulation,
    scratch: Path,
    *,
    faults: Faults = no_faults,
    build: Build | None = None,
    latency: tuple[float, float] = LATENCY,
) -> FileService:
    """An empty account with the service in it."""
    cloud = FilesCloud(simulation, {}, faults=faults, indexes=INDEXES, latency=latency)
    return FileService(cloud, scratch, build or Build())


def created(key: str, version_id: str, sequencer: str, size: int) -> dict[str, Any]:
    """The event of one version, as EventBridge hands it on."""
    return {
        "version": "0",
        "id": f"event-{next(_events)}",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "222222222222",
        "time": "2026-11-01T00:00:00Z",
        "region": "us-west-2",
        "resources": [f"arn:aws:s3:::{UPLOADS}"],
        "detail": {
            "version": "0",
            "bucket": {"name": UPLOADS},
            "object": {
                "key": key,
                "size": size,
                "etag": "b1946ac92492d2347c6235b4d2611184",
                "version-id": version_id,
                "sequencer": sequencer,
            },
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "222222222222",
            "source-ip-address": "192.0.2.1",
            "reason": "POST Object",
        },
    }


def announce(
    document: Mapping[str, Any] | bytes, key: str | None = None, caller: str = CALLER
) -> dict[str, Any]:
    """The proxy event of a signed POST /files."""
    headers = {"Content-Type": ["application/json"]}
    if key is not None:
        headers["Idempotency-Key"] = [key]
    body = document.decode() if isinstance(document, bytes) else json.dumps(document)
    return proxy_event("POST", "/files", headers=headers, caller=caller) | {"body": body}


def proxy_event(
    method: str,
    resource: str,
    *,
    query: Mapping[str, Sequence[str]] | None = None,
    path: Mapping[str, str] | None = None,
    headers: Mapping[str, list[str]] | None = None,
    caller: str = CALLER,
) -> dict[str, Any]:
    """A signed call as API Gateway hands it on."""
    return {
        "httpMethod": method,
        "resource": resource,
        "multiValueHeaders": headers or {},
        "multiValueQueryStringParameters": query,
        "pathParameters": path,
        "requestContext": {"requestId": f"call-{next(_calls)}", "identity": {"caller": caller}},
        "body": None,
        "isBase64Encoded": False,
    }


_calls, _events = count(1), count(1)
