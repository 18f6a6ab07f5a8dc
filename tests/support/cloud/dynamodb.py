"""One DynamoDB table in memory: single-item operations, transactions, and queries.

Source: "PutItem", "UpdateItem", "GetItem", "TransactWriteItems", "Query", Amazon DynamoDB API
Reference. An index shows changes late, as "Using Global Secondary Indexes" warns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.cloud.expressions import Item, holds, misuse, updated
from tests.support.cloud.refusals import RefusedError

MAX_ITEM_BYTES = 400 * 1024


@dataclass(frozen=True)
class Index:
    """Partition and sort key. An item without both is not in it: that makes an index sparse."""

    partition: str
    sort: str


@dataclass
class Table:
    """key, sort: names of the table's key; sort is "" for a table without one. now: seconds.

    index_lag: until an index shows a change. items: by partition key and, after a space, sort key.
    """

    name: str
    key: str
    now: Callable[[], float]
    indexes: Mapping[str, Index] = field(default_factory=dict)
    index_lag: float = 0.5
    sort: str = ""
    items: dict[str, Item] = field(default_factory=dict)
    _changes: list[tuple[float, str, Item]] = field(default_factory=list)
    _projected: dict[str, Item] = field(default_factory=dict)

    def put_item(
        self,
        *,
        TableName: str,
        Item: Item,
        ConditionExpression: str = "",
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        self._mine(TableName)
        _require_tidy(ConditionExpression, ExpressionAttributeNames, ExpressionAttributeValues)
        key = self._id(Item)
        self._check(
            key,
            ConditionExpression,
            ExpressionAttributeNames,
            ExpressionAttributeValues,
            ReturnValuesOnConditionCheckFailure,
        )
        self._write(key, dict(Item))
        return {}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str = "",
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        ReturnValues: str = "NONE",
        ReturnValuesOnConditionCheckFailure: str = "NONE",
    ) -> dict[str, Any]:
        self._mine(TableName)
        key = self._id(Key)
        names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
        _require_tidy(f"{UpdateExpression} {ConditionExpression}", names, values)
        self._check(key, ConditionExpression, names, values, ReturnValuesOnConditionCheckFailure)
        item = updated(UpdateExpression, names, values, self.items.get(key, dict(Key)))
        self._write(key, item)
        return {"Attributes": dict(item)} if ReturnValues == "ALL_NEW" else {}

    def get_item(
        self, *, TableName: str, Key: Item, ConsistentRead: bool = False
    ) -> dict[str, Any]:
        self._mine(TableName)
        self._catch_up()
        key = self._id(Key)
        # An eventually consistent read may be as late as an index.
        found = (self.items if ConsistentRead else self._projected).get(key)
        return {} if found is None else {"Item": dict(found)}

    def query(
        self,
        *,
        TableName: str,
        KeyConditionExpression: str,
        IndexName: str = "",
        ConsistentRead: bool = False,
        ExpressionAttributeNames: Mapping[str, str] | None = None,
        ExpressionAttributeValues: Mapping[str, Any] | None = None,
        FilterExpression: str = "",
        ScanIndexForward: bool = True,
        Limit: int = 1000,
        ExclusiveStartKey: Item | None = None,
        ProjectionExpression: str = "",
        Select: str = "ALL_ATTRIBUTES",
    ) -> dict[str, Any]:
        self._mine(TableName)
        self._catch_up()
        index = self.indexes[IndexName] if IndexName else Index(self.key, self.sort)
        if ConsistentRead and IndexName:
            raise RefusedError("ValidationException", 400)
        names, values = ExpressionAttributeNames or {}, ExpressionAttributeValues or {}
        expressions = f"{KeyConditionExpression} {FilterExpression} {ProjectionExpression}"
        _require_tidy(expressions, names, values)
        found = [
            item
            for item in (self.items if ConsistentRead else self._projected).values()
            if index.partition in item
            and index.sort in item
            and holds(KeyConditionExpression, names, values, item)
        ]
        found.sort(key=lambda item: self._position(item, index), reverse=not ScanIndexForward)
        if ExclusiveStartKey is not None:
            start = self._position(ExclusiveStartKey, index)
            found = [
                item
                for item in found
                if (self._position(item, index) > start) is ScanIndexForward
                and self._position(item, index) != start
            ]
        page = found[:Limit]
        kept = [
            item
            for item in page
            if not FilterExpression or holds(FilterExpression, names, values, item)
        ]
        reply: dict[str, Any] = {"Count": len(kept), "ScannedCount": len(page)}
        if Select != "COUNT":
            wanted = [
                names.get(name, name) for name in ProjectionExpression.replace(" ", "").split(",")
            ]
            reply["Items"] = [
                {name: item[name] for name in wanted if name in item}
                if ProjectionExpression
                else dict(item)
                for item in kept
            ]
        if len(found) > Limit:
            last = page[-1]
            reply["LastEvaluatedKey"] = {
                name: last[name]
                for name in (self.key, self.sort, index.partition, index.sort)
                if name
            }
        return reply

    def transact_write_items(self, *, TransactItems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """All of the writes, or none; each is {"Put": …} or {"Update": …}, of another item."""
        writes = [write for item in TransactItems for write in item.items()]
        keys = [self._id(write.get("Item") or write["Key"]) for _, write in writes]
        if len(set(keys)) != len(keys):
            raise RefusedError("ValidationException", 400)
        reasons = [self._reason(key, write) for key, (_, write) in zip(keys, writes, strict=True)]
        if any(reason["Code"] != "None" for reason in reasons):
            raise RefusedError(
                "TransactionCanceledException", 400, {"CancellationReasons": reasons}
            )
        operations: dict[str, Callable[..., Any]] = {
            "Put": self.put_item,
            "Update": self.update_item,
        }
        for kind, write in writes:
            operations[kind](**write)
        return {}

    def _reason(self, key: str, write: Mapping[str, Any]) -> dict[str, Any]:
        """Why this write of a transaction cannot be done; code "None" when it can."""
        try:
            self._check(
                key,
                write.get("ConditionExpression", ""),
                write.get("ExpressionAttributeNames"),
                write.get("ExpressionAttributeValues"),
                write.get("ReturnValuesOnConditionCheckFailure", "NONE"),
            )
        except RefusedError as refused:
            return {"Code": "ConditionalCheckFailed", **refused.fields}
        return {"Code": "None"}

    def _id(self, item: Item) -> str:
        """Of an item or a key of this table, which a key names whole."""
        identity = str(item[self.key]["S"])
        return f"{identity} {item[self.sort]['S']}" if self.sort else identity

    def _position(self, item: Item, index: Index) -> tuple[str, str]:
        ((_, sort),) = item[index.sort].items()
        return (sort, self._id(item))

    def _mine(self, name: str) -> None:
        if name != self.name:
            raise RefusedError("ResourceNotFoundException", 400)

    def _check(
        self,
        key: str,
        condition: str,
        names: Mapping[str, str] | None,
        values: Mapping[str, Any] | None,
        on_failure: str,
    ) -> None:
        current = self.items.get(key)
        if condition and not holds(condition, names or {}, values or {}, current or {}):
            old = {"Item": dict(current)} if on_failure == "ALL_OLD" and current else {}
            raise RefusedError("ConditionalCheckFailedException", 400, old)

    def _write(self, key: str, item: Item) -> None:
        if _size(item) > MAX_ITEM_BYTES:
            raise RefusedError("ValidationException", 400)
        self.items[key] = item
        self._changes.append((self.now() + self.index_lag, key, item))

    def _catch_up(self) -> None:
        """Show readers that do not insist on consistency what has become visible by now."""
        due = [change for change in self._changes if change[0] <= self.now()]
        for _, key, item in due:
            self._projected[key] = item
        del self._changes[: len(due)]


def _require_tidy(
    expressions: str, names: Mapping[str, str] | None, values: Mapping[str, Any] | None
) -> None:
    wrong = misuse(expressions, frozenset(names or ()), frozenset(values or ()))
    if wrong:
        raise RefusedError("ValidationException", 400, {"Message": wrong})


def _size(item: Item) -> int:
    """Attribute names and string contents, in bytes; exact for rows of strings."""
    return sum(
        len(name.encode()) + len(str(content).encode())
        for name, value in item.items()
        for content in value.values()
    )
