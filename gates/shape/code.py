"""All code that is deployed is of the assembly: what was synthesized, judged and reviewed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from assembly.references import resource_of
from assembly.templates import NESTED, Resource
from assembly.text import listed, plain
from gates.delivery import Delivery
from gates.registry import rule

LAYER: Final = "AWS::Lambda::LayerVersion"
# Keys by which resources are given code, a definition or a program, wherever it lies.
_PLACES: Final = re.compile(
    r"Code|Content|\w*S3Location|\w*(?:Code|Content|Definition|Image)Uri|ImageUri|ScriptLocation"
)
_BUCKETS: Final = ("S3Bucket", "Bucket", "BucketName")
_OBJECTS: Final = ("S3Key", "Key", "ObjectKey")


@rule(
    "TAP-434",
    why="what runs would be something that is not in the assembly: nobody synthesized, judged or "
    "reviewed it, and whoever owns the place can change it",
    fix="ship code, layers and definitions as assets of the assembly; a layer is made by the same "
    "template",
)
def code_is_of_the_assembly(delivery: Delivery) -> Iterator[tuple[Resource, str]]:
    published = {
        (str(each.get("bucketName")), str(each.get("objectKey")))
        for asset in delivery.assembly.assets
        for each in asset.destinations
    }
    for resource in delivery.assembly.resources():
        if resource.type == NESTED:
            continue  # That its template is one of the assembly is a rule of its own.
        for key, place in _places(resource.properties):
            if not _is_published(plain(place), published):
                yield resource, f"{key} {plain(place)}"
        for layer in listed(resource.properties.get("Layers")):
            made = resource_of(delivery.assembly, resource.template, layer)
            if made is None or made.type != LAYER:
                yield resource, f"layer {plain(layer)}"


def _places(value: Any) -> Iterator[tuple[str, Any]]:
    """What stands under a key that says where code lies, at any depth."""
    if isinstance(value, dict):
        for key, each in value.items():
            if _PLACES.fullmatch(str(key)) and _says_where(each):
                yield str(key), each
            else:
                yield from _places(each)
    elif isinstance(value, list):
        for each in value:
            yield from _places(each)


def _says_where(place: Any) -> bool:
    if isinstance(place, dict) and {*_BUCKETS, "ImageUri"} & set(place):
        return True
    return (
        isinstance(plain(place), str)
        and re.match(r"s3:|https?:|\d{12}\.", plain(place)) is not None
    )


def _is_published(place: Any, published: set[tuple[str, str]]) -> bool:
    if isinstance(place, str):
        return any(place.endswith(f"/{bucket}/{key}") for bucket, key in published)
    bucket = next((str(place[key]) for key in _BUCKETS if key in place), "")
    name = next((str(place[key]) for key in _OBJECTS if key in place), "")
    return (bucket, name) in published and "S3ObjectVersion" not in place
