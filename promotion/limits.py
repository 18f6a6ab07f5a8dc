"""What keeps whoever has a grant from using all of it, as a template sets it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from assembly.text import plain
from promotion.names import named

_BLOCKS: Final = (
    "BlockPublicAcls",
    "BlockPublicPolicy",
    "IgnorePublicAcls",
    "RestrictPublicBuckets",
)


def of_template(template: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """By who or what is limited, and the limit: its value."""
    return {
        (named(logical_id, template), limit): value
        for logical_id, resource in template.get("Resources", {}).items()
        for limit, value in _of_resource(resource.get("Properties") or {})
    }


def _of_resource(properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "PermissionsBoundary" in properties:
        yield "permissions boundary", str(plain(properties["PermissionsBoundary"]))
    blocks = properties.get("PublicAccessBlockConfiguration") or {}
    for block in _BLOCKS:
        if str(blocks.get(block, "")).lower() == "true":
            yield block, "on"
