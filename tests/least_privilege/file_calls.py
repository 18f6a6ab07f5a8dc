"""Runs every path of the file service on the fake cloud and notes which role called what on AWS.

What the API only signs counts as its call: whoever uses a form or a link has the function's rights,
and no others ("Uploading objects with presigned URLs", Amazon S3 User Guide).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.files.runtime.processing.entry import ProcessingError
from services.files.runtime.processing.objects import S3Objects
from tests.files.core.account import FileAccount, id_in
from tests.least_privilege.calls import Call
from tests.support.cloud.account import Worker
from tests.support.file_service import RESULTS, UPLOADS, Build, created, proxy_event

API, IMAGES, TABLES = "files-api", "images", "tables"
_SUFFIXES = {IMAGES: "png", TABLES: "csv"}


def recorded(scratch: Path) -> list[Call]:
    """What the roles call while everything happens to the service that can."""
    return _Recorder(scratch).run()


def _in_parts(client: Any, uploads: str, results: str) -> S3Objects:
    """Stores what is larger than a few bytes in parts."""
    return S3Objects(client, uploads, results, part=20)


class _Recorder:
    def __init__(self, scratch: Path) -> None:
        self._calls: list[Call] = []
        self._world = FileAccount(scratch, build=Build(objects=_in_parts))
        self._world.cloud.storage.smallest_part = 1
        self._attempt = self._world.cloud.attempt
        self._world.cloud.attempt = self._record

    def run(self) -> list[Call]:
        for role in (IMAGES, TABLES):
            self._processed(role)
            self._found_in_the_bucket(role)
            self._failed(role)
        self._asked()
        return self._calls

    def _record(
        self, service: str, operation: str, arguments: Mapping[str, Any], worker: Worker
    ) -> Any:
        role = API if worker.role == "api" else worker.role
        self._calls.append(Call(role, service, operation, arguments))
        return self._attempt(service, operation, arguments, worker)

    def _signed(self, operation: str, bucket: str, key: str) -> None:
        self._calls.append(Call(API, "s3", operation, {"Bucket": bucket, "Key": key}))

    def _processed(self, role: str) -> None:
        """Announced, announced again, uploaded twice, worked on, looked up."""
        name = f"a.{_SUFFIXES[role]}"
        types = {IMAGES: "image/png", TABLES: "text/csv"}
        document = {"filename": name, "content_type": types[role], "size": 40}
        for _ in range(2):
            key = self._world.announce(document, f"key-{role}")["upload"]["fields"]["key"]
            self._signed("put_object", UPLOADS, key)
        for _ in range(2):
            event = self._world.upload(b"x" * 40, key=key)
            assert self._world.invoke(event, worker=Worker(role)) == "processed"
        for result in self._world.look_up(id_in(event))["results"]:
            link = str(result["url"]).removeprefix("https://results.example/")
            self._signed("get_object", RESULTS, link.partition("?")[0])

    def _found_in_the_bucket(self, role: str) -> None:
        event = self._world.upload(b"poison", key=f"by hand/{role}.{_SUFFIXES[role]}")
        assert self._world.invoke(event, worker=Worker(role)) == "rejected"
        gone = created(f"by hand/gone.{_SUFFIXES[role]}", "no-such-version", "1F", 3)
        assert self._world.invoke(gone, worker=Worker(role)) == "rejected"

    def _failed(self, role: str) -> None:
        event = self._world.upload(b"mistake", key=f"by hand/bad.{_SUFFIXES[role]}")
        try:
            self._world.invoke(event, worker=Worker(role))
        except ProcessingError:
            return
        raise AssertionError("a mistake of ours was none")

    def _asked(self) -> None:
        self._world.list()
        self._world.list(status="processed")
        status, answer = self._world.call(proxy_event("GET", "/status"))
        assert (status, answer["status"]) == (200, "ok")
