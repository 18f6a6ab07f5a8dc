"""The catalogue's rows as items of its table.

The table's key is `file_id` and `part`: "file" for the file's own row, "version#<version id>" for
each version's, so that one query has all of a file. Moments are ISO 8601 in UTC to the millisecond,
which sorts as text, except `expires_at`: whole seconds since 1970, as DynamoDB's time to live wants
them ("Using time to live (TTL) in DynamoDB").

Two indexes list files, both sorted by `listed_at`: "newest" by `by_kind`, "status" by `by_status`.
Versions have none of these attributes and so are in neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import FileRow, Result, Standing, Status, VersionRow

Item = dict[str, dict[str, str]]

FILE = "file"
NEWEST_INDEX, STATUS_INDEX = "newest", "status"
TTL_ATTRIBUTE = "expires_at"
# Of each kind in the indexes. A partition takes 1000 writes a second ("Best practices for designing
# partition keys"): two of them let in what the API does, and leave room for what follows.
SHARDS = 2


def version_part(version_id: str) -> str:
    return f"version#{version_id}"


def shard_of(file_id: str) -> int:
    return int(file_id[0], 16) % SHARDS


def by_kind(kind: Kind, shard: int) -> str:
    return f"{kind}#{shard}"


def by_status(status: Status, kind: Kind, shard: int) -> str:
    return f"{status}#{kind}#{shard}"


def listed_at(file: FileRow) -> str:
    """Sorts files by age; no two are equal."""
    return f"{moment(file.announced_at)} {file.file_id}"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def file_item(file: FileRow) -> Item:
    shard = shard_of(file.file_id)
    return _strings(
        file_id=file.file_id,
        part=FILE,
        filename=file.filename,
        kind=file.kind,
        s3_key=file.s3_key,
        announced_at=moment(file.announced_at),
        version_id=file.version_id,
        sequencer=file.sequencer,
        body_sha256=file.body_sha256,
        announced_by=file.announced_by,
        listed_at=listed_at(file),
        by_kind=by_kind(file.kind, shard),
        by_status=by_status(file.standing.status, file.kind, shard),
        **standing_members(file.standing),
    ) | ({TTL_ATTRIBUTE: seconds(file.expires_at)} if file.expires_at else {})


def version_item(version: VersionRow) -> Item:
    results = json.dumps([asdict(result) for result in version.results])
    return _strings(
        file_id=version.file_id,
        part=version_part(version.version_id),
        version_id=version.version_id,
        sequencer=version.sequencer,
        created_at=moment(version.created_at),
        claimed_by=version.claimed_by,
        results=results if version.results else None,
        **standing_members(version.standing),
    ) | {
        "size": number(version.size),
        "revision": number(version.revision),
        "attempt": number(version.attempt),
    }


def standing_members(standing: Standing) -> dict[str, str | None]:
    """The attributes of a standing; None for those that it does not have."""
    return {
        "status": standing.status,
        "updated_at": moment(standing.updated_at),
        "reason": standing.reason,
        "detail": standing.detail,
        "lease_until": moment(standing.lease_until) if standing.lease_until else None,
    }


def file_of(item: Mapping[str, Any]) -> FileRow:
    expires_at = item.get(TTL_ATTRIBUTE)
    return FileRow(
        file_id=item["file_id"]["S"],
        filename=item["filename"]["S"],
        kind=Kind(item["kind"]["S"]),
        s3_key=item["s3_key"]["S"],
        announced_at=datetime.fromisoformat(item["announced_at"]["S"]),
        standing=_standing_of(item),
        version_id=_text(item, "version_id"),
        sequencer=_text(item, "sequencer"),
        expires_at=datetime.fromtimestamp(int(expires_at["N"]), UTC) if expires_at else None,
        body_sha256=_text(item, "body_sha256"),
        announced_by=_text(item, "announced_by"),
    )


def version_of(item: Mapping[str, Any]) -> VersionRow:
    results = json.loads(_text(item, "results") or "[]")
    return VersionRow(
        file_id=item["file_id"]["S"],
        version_id=item["version_id"]["S"],
        sequencer=item["sequencer"]["S"],
        size=int(item["size"]["N"]),
        standing=_standing_of(item),
        created_at=datetime.fromisoformat(item["created_at"]["S"]),
        revision=int(item["revision"]["N"]),
        claimed_by=item["claimed_by"]["S"],
        attempt=int(item["attempt"]["N"]),
        results=tuple(Result(**result) for result in results),
    )


def seconds(at: datetime) -> dict[str, str]:
    return {"N": str(int(at.timestamp()))}


def number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _standing_of(item: Mapping[str, Any]) -> Standing:
    lease_until = _text(item, "lease_until")
    return Standing(
        status=Status(item["status"]["S"]),
        updated_at=datetime.fromisoformat(item["updated_at"]["S"]),
        reason=_text(item, "reason"),
        detail=_text(item, "detail"),
        lease_until=datetime.fromisoformat(lease_until) if lease_until else None,
    )


def _text(item: Mapping[str, Any], name: str) -> str | None:
    return item[name]["S"] if name in item else None


def _strings(**members: str | None) -> Item:
    return {name: {"S": str(value)} for name, value in members.items() if value is not None}
