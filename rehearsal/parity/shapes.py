"""The form of an answer: which keys, of which types. Values are dropped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

Shape = dict[str, Any] | list[Any] | str
"""A mapping's members, a list of one form that all its elements have together, or a type's name."""

_NAMES: Final = {str: "text", bool: "flag", int: "number", float: "number", datetime: "time"}
# What botocore itself adds.
_NOT_AWS: Final = "ResponseMetadata"
# Keys that are data: variables of a namespace, labels, parameters by their own names.
_FREE: Final = frozenset({"configuration", "resolvedConfiguration", "outputVariables", "variables"})


def shape(value: Any, key: str = "") -> Shape:
    """The form of an answer as boto3 parsed it."""
    if isinstance(value, dict):
        if key in _FREE:
            return "mapping"
        return {name: shape(each, name) for name, each in value.items() if name != _NOT_AWS}
    if isinstance(value, list):
        together: Shape | None = None
        for each in value:
            together = shape(each) if together is None else _both(together, shape(each))
        return [] if together is None else [together]
    return _NAMES.get(type(value), type(value).__name__)


def differences(recorded: Shape, here: Shape, path: str = "") -> Iterator[str]:
    """What the recorded form has and this one has not, or otherwise; a line each.

    Keys that are only here count too: who relies on them would miss them at AWS. Where one side has
    no elements or nothing at all, there is nothing to compare.
    """
    if isinstance(recorded, dict) and isinstance(here, dict):
        for name in sorted({*recorded, *here}):
            below = f"{path}.{name}" if path else name
            if name not in here:
                yield f"{below}: AWS has it, the embedded AWS has not"
            elif name not in recorded:
                yield f"{below}: the embedded AWS has it, AWS has not"
            else:
                yield from differences(recorded[name], here[name], below)
    elif isinstance(recorded, list) and isinstance(here, list):
        if recorded and here:
            yield from differences(recorded[0], here[0], f"{path}[]")
    elif recorded != here:
        yield f"{path}: {_kind(recorded)} at AWS, {_kind(here)} here"


def _both(one: Shape, other: Shape) -> Shape:
    """What elements of a list have together: keys of either."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = dict.fromkeys([*one, *other])
        return {
            name: _both(one[name], other[name])
            if name in one and name in other
            else one.get(name, other.get(name))
            for name in names
        }
    if isinstance(one, list) and isinstance(other, list):
        return [_both(one[0], other[0])] if one and other else one or other
    return one


def _kind(form: Shape) -> str:
    return form if isinstance(form, str) else "list" if isinstance(form, list) else "mapping"
