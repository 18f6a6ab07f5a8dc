"""The metrics in a line of a log, if it is a document of the embedded metric format.

Source: "Specification: Embedded metric format", Amazon CloudWatch User Guide. A line is such a
document when it is a JSON object, with nothing before or after it, whose `_aws` has the members
`Timestamp` (milliseconds) and `CloudWatchMetrics`. Each directive there names metrics and sets of
dimensions, whose values are members of the root. A document that breaks the specification yields
nothing at all: CloudWatch keeps the line and no metric.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from embedded_aws.metrics.datum import HIGH, STANDARD, Datum

_MOST_DIMENSIONS = 30
_MOST_METRICS = 100
_MOST_VALUES = 100
_LONGEST_NAME = 1024
_SIZES = tuple(
    f"{prefix}{unit}"
    for unit in ("bytes", "bits")
    for prefix in ("", "Kilo", "Mega", "Giga", "Tera")
)
_UNITS = frozenset(
    {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"}
    | {f"{size.capitalize()}{per}" for size in _SIZES for per in ("", "/Second")}
)


def metrics_of(line: str) -> list[Datum]:
    """What the line measures; nothing of a line that is no document, or a malformed one."""
    if '"_aws"' not in line or not line.startswith("{"):
        return []
    try:
        root = json.loads(line)
        metadata = root["_aws"]
        at = _number(metadata["Timestamp"]) / 1000
        return [
            datum
            for directive in _array(metadata["CloudWatchMetrics"])
            for datum in _directive(directive, root, at)
        ]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []


def _directive(directive: Any, root: Mapping[str, Any], at: float) -> Iterator[Datum]:
    namespace = _name(directive["Namespace"])
    metrics = _array(directive["Metrics"], _MOST_METRICS)
    sets = [_dimensions(names, root) for names in _array(directive["Dimensions"])]
    for metric in metrics:
        name, unit = _name(metric["Name"]), metric.get("Unit", "None")
        resolution = metric.get("StorageResolution", STANDARD)
        if unit not in _UNITS or resolution not in (STANDARD, HIGH):
            raise ValueError(f"unit {unit}, resolution {resolution}")
        for value in _values(root[name]):
            for dimensions in sets:
                yield Datum(namespace, name, value, at, unit, dimensions, resolution)


def _dimensions(names: Any, root: Mapping[str, Any]) -> dict[str, str]:
    return {_name(name): _name(root[name]) for name in _array(names, _MOST_DIMENSIONS)}


def _values(value: Any) -> list[float]:
    given = _array(value, _MOST_VALUES) if isinstance(value, list) else [value]
    return [_number(each) for each in given]


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _array(value: Any, most: int | None = None) -> list[Any]:
    if not isinstance(value, list) or (most is not None and len(value) > most):
        raise ValueError("no array, or too long a one")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME:
        raise ValueError(f"{value!r} is no name")
    return value
