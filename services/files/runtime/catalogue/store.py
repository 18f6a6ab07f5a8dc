"""The catalogue's ports, on one DynamoDB table (see `items` for its keys and indexes).

A version and its file change together, in one transaction: the version if nobody wrote it
meanwhile, the file if it does not know a newer version. So a file never tells of an outcome that
its version does not have, whenever the function dies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.common.runtime.aws import faults_as_unavailable
from services.common.runtime.problems import UnavailableError
from services.files.runtime.catalogue.items import (
    FILE,
    NEWEST_INDEX,
    STATUS_INDEX,
    TTL_ATTRIBUTE,
    Item,
    by_kind,
    by_status,
    file_item,
    file_of,
    number,
    seconds,
    shard_of,
    standing_members,
    version_item,
    version_of,
    version_part,
)
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.models import FileRow, VersionRow
from services.files.runtime.catalogue.ports import Page, Part

# Two versions of a file that end at the same moment collide once; more than that is trouble.
_TRIES = 3
_REFUSED = "ConditionalCheckFailed"
_NO_REASON = "None"


@dataclass(frozen=True)
class DynamoCatalogue:
    """Every port of `ports`; a function calls only what it may."""

    client: Any
    table: str

    def add(self, file: FileRow) -> FileRow | None:
        with faults_as_unavailable():
            try:
                self.client.put_item(
                    TableName=self.table,
                    Item=file_item(file),
                    ConditionExpression="attribute_not_exists(file_id)",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self.client.exceptions.ConditionalCheckFailedException as error:
                return file_of(error.response["Item"])
        return None

    def file(self, file_id: str) -> FileRow | None:
        item = self._item(file_id, FILE)
        return file_of(item) if item else None

    def version(self, file_id: str, version_id: str) -> VersionRow | None:
        item = self._item(file_id, version_part(version_id))
        return version_of(item) if item else None

    def save(self, version: VersionRow, kind: Kind) -> bool:
        put = self._put(version)
        follow = self._follow(version, kind)
        for _ in range(_TRIES):
            reasons = self._write_both(put, follow)
            if reasons is None:
                return True
            ours, files = reasons
            if ours["Code"] == _REFUSED:
                return bool(ours.get("Item") == put["Item"])
            if ours["Code"] == _NO_REASON and files["Code"] == _REFUSED:
                if "Item" not in files:
                    # It expired this very moment; the next attempt adds it again.
                    raise UnavailableError
                return self._write_alone(put)
        raise UnavailableError

    def versions(self, file_id: str) -> Sequence[VersionRow]:
        """At most 1 MB of rows, which are some two thousand ("Query", DynamoDB API Reference)."""
        with faults_as_unavailable():
            reply = self.client.query(
                TableName=self.table,
                KeyConditionExpression="file_id = :file_id AND begins_with(#part, :versions)",
                ExpressionAttributeNames={"#part": "part"},
                ExpressionAttributeValues={
                    ":file_id": {"S": file_id},
                    ":versions": {"S": version_part("")},
                },
                ConsistentRead=True,
            )
        return [version_of(item) for item in reply["Items"]]

    def extend(self, file_id: str, expires_at: datetime) -> None:
        with faults_as_unavailable():
            try:
                self.client.update_item(
                    TableName=self.table,
                    Key=_key(file_id, FILE),
                    UpdateExpression="SET expires_at = :then",
                    ConditionExpression="attribute_exists(expires_at)",
                    ExpressionAttributeValues={":then": seconds(expires_at)},
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return

    def page(self, part: Part, before: str | None, limit: int) -> Page:
        index, attribute, value = NEWEST_INDEX, "by_kind", by_kind(part.kind, part.shard)
        if part.status is not None:
            index, attribute = STATUS_INDEX, "by_status"
            value = by_status(part.status, part.kind, part.shard)
        condition, values = "#partition = :partition", {":partition": {"S": value}}
        if before is not None:
            condition += " AND listed_at < :before"
            values[":before"] = {"S": before}
        with faults_as_unavailable():
            reply = self.client.query(
                TableName=self.table,
                IndexName=index,
                KeyConditionExpression=condition,
                ExpressionAttributeNames={"#partition": attribute},
                ExpressionAttributeValues=values,
                ScanIndexForward=False,
                Limit=limit,
            )
        return Page(tuple(file_of(item) for item in reply["Items"]), "LastEvaluatedKey" in reply)

    def _item(self, file_id: str, part: str) -> Item | None:
        with faults_as_unavailable():
            reply = self.client.get_item(
                TableName=self.table, Key=_key(file_id, part), ConsistentRead=True
            )
        found: Item | None = reply.get("Item")
        return found

    def _put(self, version: VersionRow) -> dict[str, Any]:
        put: dict[str, Any] = {
            "TableName": self.table,
            "Item": version_item(version),
            "ConditionExpression": "attribute_not_exists(file_id)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if version.revision == 1:
            return put
        return put | {
            "ConditionExpression": "revision = :before",
            "ExpressionAttributeValues": {":before": number(version.revision - 1)},
        }

    def _follow(self, version: VersionRow, kind: Kind) -> dict[str, Any]:
        """The update by which a file comes to stand as its version does."""
        standing = version.standing
        members = standing_members(standing) | {
            "version_id": version.version_id,
            "sequencer": version.sequencer,
            "by_status": by_status(standing.status, kind, shard_of(version.file_id)),
            TTL_ATTRIBUTE: None,
        }
        kept = {name: value for name, value in members.items() if value is not None}
        gone = members.keys() - kept.keys()
        return {
            "TableName": self.table,
            "Key": _key(version.file_id, FILE),
            "UpdateExpression": f"SET {', '.join(f'#{name} = :{name}' for name in sorted(kept))}"
            f" REMOVE {', '.join(f'#{name}' for name in sorted(gone))}",
            "ConditionExpression": "attribute_exists(file_id) AND"
            " (attribute_not_exists(#sequencer) OR #sequencer <= :sequencer)",
            "ExpressionAttributeNames": {f"#{name}": name for name in members},
            "ExpressionAttributeValues": {f":{name}": {"S": v} for name, v in kept.items()},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _write_both(
        self, put: Mapping[str, Any], follow: Mapping[str, Any]
    ) -> list[dict[str, Any]] | None:
        """None when it is done; else why not, for each of the two."""
        with faults_as_unavailable():
            try:
                self.client.transact_write_items(TransactItems=[{"Put": put}, {"Update": follow}])
            except self.client.exceptions.TransactionCanceledException as error:
                reasons: list[dict[str, Any]] = error.response["CancellationReasons"]
                return reasons
        return None

    def _write_alone(self, put: Mapping[str, Any]) -> bool:
        with faults_as_unavailable():
            try:
                self.client.put_item(**put)
            except self.client.exceptions.ConditionalCheckFailedException as error:
                return bool(error.response.get("Item") == put["Item"])
        return True


def _key(file_id: str, part: str) -> Item:
    return {"file_id": {"S": file_id}, "part": {"S": part}}
