"""How a correction adds to what the emulator does for a CloudFormation resource type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services.cloudformation import provisioners


def after_each(type_name: str, then: Callable[[str, dict[str, Any]], None]) -> None:
    """Calls `then(physical id, properties)` whenever a resource of the type was made or updated.

    The type's other operations stay as they are.
    """
    handlers = provisioners._RESOURCE_HANDLERS[type_name]
    create, update = handlers["create"], handlers["update"]

    def create_and_then(logical_id: str, props: dict[str, Any], stack: str) -> Any:
        name, attributes = create(logical_id, props, stack)
        then(name, props)
        return name, attributes

    def update_and_then(
        physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str
    ) -> Any:
        name, attributes = update(physical_id, old, new, stack)
        then(name, new)
        return name, attributes

    provisioners._RESOURCE_HANDLERS[type_name] = handlers | {
        "create": create_and_then,
        "update": update_and_then,
    }
