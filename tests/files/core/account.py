"""One account with the file service in it, in which a test does one thing after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from services.files.runtime.catalogue.items import FILE, file_of, version_of
from services.files.runtime.catalogue.models import FileRow, VersionRow
from tests.support.cloud.account import Faults, Worker, no_faults
from tests.support.cloud.simulation import Simulation
from tests.support.file_service import UPLOADS, Build, announce, created, deploy, proxy_event

CSV = {"filename": "table.csv", "content_type": "text/csv", "size": 9}


class FileAccount:
    """simulation: its clock. service: what runs in the account."""

    def __init__(self, scratch: Path, *, faults: Faults = no_faults, build: Build | None = None):
        self.simulation = Simulation(1)
        self.service = deploy(self.simulation, scratch, faults=faults, build=build)
        self.cloud = self.service.cloud
        self._order = 0x10

    def do[T](self, action: Callable[[], T]) -> T:
        """Do it in simulated time. Raises what it raises."""
        future = self.simulation.spawn(action, watched=False)
        self.simulation.run()
        return future.result()

    def wait(self, seconds: float) -> None:
        self.do(lambda: self.simulation.sleep(seconds))

    def call(self, event: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and document of the API's answer."""
        response = self.do(lambda: self.service.call(event))
        return response["statusCode"], json.loads(response["body"])

    def announce(self, document: Mapping[str, Any] = CSV, key: str | None = None) -> dict[str, Any]:
        """A file that was announced: the answer."""
        status, answer = self.call(announce(document, key))
        assert status == 201, answer
        return answer

    def upload(
        self, body: bytes = b"a,b\n1,2\n", *, key: str = "", content_type: str = "text/csv"
    ) -> dict[str, Any]:
        """A new version, of a file announced now unless its key is given: the event."""
        key = key or self.announce()["upload"]["fields"]["key"]
        reply = self.cloud.storage.put_object(
            Bucket=UPLOADS, Key=key, Body=body, ContentType=content_type
        )
        self._order += 0xF
        return created(key, reply["VersionId"], f"{self._order:X}", len(body))

    def invoke(
        self, event: Mapping[str, Any], event_id: str = "", worker: Worker | None = None
    ) -> str:
        """One attempt at the event: its outcome. event_id: of another event that tells the same."""
        return self.do(lambda: self.service.invoke(event, event_id, worker))["outcome"]

    def look_up(self, file_id: str) -> dict[str, Any]:
        event = proxy_event("GET", "/files/{file_id}", path={"file_id": file_id})
        status, answer = self.call(event)
        assert status == 200, answer
        return answer

    def list(self, **query: str) -> dict[str, Any]:
        self.wait(1)  # the index shows changes late
        status, answer = self.call(
            proxy_event("GET", "/files", query={name: [value] for name, value in query.items()})
        )
        assert status == 200, answer
        return answer

    def file_row(self, file_id: str) -> FileRow:
        return file_of(self.cloud.table.items[f"{file_id} {FILE}"])

    def version_rows(self) -> list[VersionRow]:
        items = self.cloud.table.items.values()
        return [version_of(item) for item in items if item["part"]["S"] != FILE]

    def only_version(self) -> VersionRow:
        (row,) = self.version_rows()
        return row


def id_in(event: Mapping[str, Any]) -> str:
    """Of the file that an event of an announced upload is about."""
    return str(event["detail"]["object"]["key"]).split("/")[1]
