"""Whether a value has exactly the shape that AWS's service model gives it."""

from __future__ import annotations

import re
from typing import Any

import boto3
from botocore.model import ServiceModel, Shape


def service_model(service: str) -> ServiceModel:
    """The model of a service by its name in botocore."""
    client: Any = boto3.client(
        service, region_name="us-west-2", aws_access_key_id="x", aws_secret_access_key="x"
    )
    model: ServiceModel = client.meta.service_model
    return model


def problems(value: Any, shape: Shape, path: str = "") -> list[str]:
    """What about `value` is not as the model says."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(value, shape, path)
    if kind == "list":
        return [p for i, v in enumerate(value) for p in problems(v, shape.member, f"{path}[{i}]")]
    if kind == "map":
        return [p for k, v in value.items() for p in problems(v, shape.value, f"{path}.{k}")]
    types: dict[str, type] = {"string": str, "boolean": bool, "timestamp": float}
    types |= {"integer": int, "long": int, "double": float}
    if not isinstance(value, types[kind]):
        return [f"{path}: {value!r} is no {kind}"]
    return _limits(value, shape, path) if isinstance(value, str) else []


def _structure(value: Any, shape: Any, path: str) -> list[str]:
    found = [f"{path}: unknown member {m}" for m in value if m not in shape.members]
    found += [f"{path}: {m} is missing" for m in shape.required_members if m not in value]
    for name in value.keys() & shape.members.keys():
        found += problems(value[name], shape.members[name], f"{path}.{name}")
    return found


def _limits(value: str, shape: Any, path: str) -> list[str]:
    limits = shape.metadata
    if limits.get("enum") and value not in limits["enum"]:
        return [f"{path}: {value} is not one of {limits['enum']}"]
    if not limits.get("min", 0) <= len(value) <= limits.get("max", 10**9):
        return [f"{path}: length {len(value)}"]
    pattern = shape._shape_model.get("pattern")  # botocore keeps it out of the metadata
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        return [f"{path}: {value} does not match {pattern}"]
    return []
