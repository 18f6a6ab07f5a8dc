"""A template's table fails where its name is taken, and is not deleted while it is protected.

AWS refuses both ("CreateTable", ResourceInUseException, and "DeleteTable", DynamoDB API reference):
a creation fails with "already exists", and a rollback or a deletion of the stack with the table's
deletion protection. MiniStack's CloudFormation puts an empty table in place of the one that is
there, removes whatever is protected, and drops the protection of a global table: so a first
deployment that fails at AWS would succeed here, and the way back from one could not be rehearsed.
"""

from __future__ import annotations

from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from embedded_aws.registry import after_each

_TYPES = ("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")


def install() -> None:
    """Asks before each creation and deletion by a template."""
    after_each("AWS::DynamoDB::GlobalTable", _protect)
    for type_name in _TYPES:
        _correct(type_name)


def _protect(table: str, props: dict[str, Any]) -> None:
    protected = [replica.get("DeletionProtectionEnabled") for replica in props.get("Replicas", [])]
    dynamodb._tables[table]["DeletionProtectionEnabled"] = any(protected)


def _correct(type_name: str) -> None:
    handlers = provisioners._RESOURCE_HANDLERS[type_name]
    create, delete = handlers["create"], handlers["delete"]

    def create_if_free(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        name = props.get("TableName")
        if name in dynamodb._tables:
            raise ValueError(
                f"Resource of type '{type_name}' with identifier '{name}' already exists."
            )
        return create(logical_id, props, stack)

    def delete_if_unprotected(physical_id: str, props: dict[str, Any]) -> Any:
        table = dynamodb._tables.get(physical_id)
        if table and table.get("DeletionProtectionEnabled"):
            raise ValueError(
                "Resource cannot be deleted as it is currently protected against deletion. "
                "Disable deletion protection first."
            )
        return delete(physical_id, props)

    provisioners._RESOURCE_HANDLERS[type_name] = handlers | {
        "create": create_if_free,
        "delete": delete_if_unprotected,
    }
