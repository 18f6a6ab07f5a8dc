"""What must come of every version of every file, whatever happened to its events."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from services.files.runtime.catalogue.items import FILE, Item, file_of, version_of
from services.files.runtime.catalogue.keys import id_in
from services.files.runtime.catalogue.models import FileRow, Status, VersionRow
from tests.support.file_service import RESULTS, FilesCloud

ENDED = {Status.PROCESSED, Status.REJECTED}


@dataclass(frozen=True)
class Wanted:
    """One version that was uploaded. order: among the versions of its key."""

    key: str
    version_id: str
    order: int
    body: bytes

    @property
    def file_id(self) -> str:
        return id_in(self.key)

    @property
    def status(self) -> Status:
        """In the end, when our mistakes are mended and the queue is redriven."""
        return Status.REJECTED if b"poison" in self.body else Status.PROCESSED

    @property
    def row_key(self) -> str:
        return f"{self.file_id} version#{self.version_id}"


@dataclass
class Findings:
    """unfinished: versions without an outcome. wrong: with another than the model's.

    twice: outcomes that changed. results: not those of the very version. files: rows that do not
    tell how their newest version stands. hidden: versions that had failed, and did not say so.
    unseen: no violation; events in the queue whose versions no attempt could even claim.
    """

    unfinished: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    unseen: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def violations(self) -> list[str]:
        kinds = ("unfinished", "wrong", "twice", "results", "files", "hidden")
        return [f"{kind}: {text}" for kind in kinds for text in getattr(self, kind)]


def look_at_failures(
    cloud: FilesCloud, wanted: list[Wanted], queued: set[str], findings: Findings
) -> None:
    """Before the redrive: every version has its outcome, or is failed and in the queue.

    queued: `row_key`s of versions with an event in the queue.
    """
    for version in wanted:
        row = _version(cloud, version)
        if row is None and version.row_key in queued:
            findings.unseen += 1
        elif row is None:
            findings.hidden.append(f"{version.row_key} has no row and no event in the queue")
        else:
            _look_at_failure(row, version.row_key in queued, cloud.now(), findings)


def _look_at_failure(row: VersionRow, queued: bool, now: datetime, findings: Findings) -> None:
    status = row.standing.as_of(now).status
    if status is Status.FAILED and not queued:
        findings.hidden.append(f"{row.version_id} failed, and no event is in the queue")
    elif status not in (*ENDED, Status.FAILED):
        findings.hidden.append(f"{row.version_id} is left {status}")


def audit(cloud: FilesCloud, wanted: list[Wanted], findings: Findings) -> None:
    """After the redrive, everything at rest."""
    for version in wanted:
        row = _version(cloud, version)
        if row is None or row.standing.status not in ENDED:
            findings.unfinished.append(version.row_key)
            continue
        findings.outcomes[row.standing.status] += 1
        if row.standing.status is not version.status:
            findings.wrong.append(f"{version.row_key} is {row.standing.status}")
        findings.twice += _changes(version, cloud.table.history[version.row_key])
        findings.results += _wrong_results(cloud, version, row)
    findings.files += _wrong_files(cloud, wanted)


def _changes(version: Wanted, history: list[Item]) -> Iterator[str]:
    """An outcome is written once, and nothing after it."""
    ended = [item for item in history if Status(item["status"]["S"]) in ENDED]
    if ended and (ended[0] is not history[-1]):
        yield f"{version.row_key} changed after it had ended"


def _wrong_results(cloud: FilesCloud, version: Wanted, row: VersionRow) -> Iterator[str]:
    expected = {"copy.txt", "profile.json"} if version.status is Status.PROCESSED else set()
    if {result.name for result in row.results} != expected:
        yield f"{version.row_key} has results {[result.name for result in row.results]}"
        return
    digest = hashlib.sha256(version.body).hexdigest()
    profile = json.dumps({"sha256": digest}).encode()
    contents = {"copy.txt": version.body, "profile.json": profile}
    for result in row.results:
        stored = cloud.storage.versions.get((RESULTS, result.key), [])
        if not stored or any(each.body != contents[result.name] for each in stored):
            yield f"{result.key} is not made of its version"
        if hashlib.sha256(contents[result.name]).hexdigest() != result.sha256:
            yield f"{result.key} is not what its row says"


def _wrong_files(cloud: FilesCloud, wanted: list[Wanted]) -> Iterator[str]:
    newest: dict[str, Wanted] = {}
    for version in wanted:
        if version.file_id not in newest or version.order > newest[version.file_id].order:
            newest[version.file_id] = version
    for file_id, version in newest.items():
        file = _file(cloud, file_id)
        if file.version_id != version.version_id:
            yield f"{file_id} takes {file.version_id} for the newest, not {version.version_id}"
        elif file.standing.status is not version.status:
            yield f"{file_id} is {file.standing.status}, its newest version {version.status}"
        elif file.expires_at is not None:
            yield f"{file_id} will expire, although it was uploaded"


def _version(cloud: FilesCloud, version: Wanted) -> VersionRow | None:
    item = cloud.table.items.get(version.row_key)
    return version_of(item) if item else None


def _file(cloud: FilesCloud, file_id: str) -> FileRow:
    return file_of(cloud.table.items[f"{file_id} {FILE}"])
