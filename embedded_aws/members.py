"""A request's members against the service model that botocore ships, at every level.

The model is AWS's own (`service-2.json`, the Smithy traits required, length, range, pattern and
enum). Messages have the words and the paths of AWS's ValidationException, e.g. `variables.1.member
.value` for the first of a list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from botocore.loaders import Loader

Shape = Mapping[str, Any]
"""One entry of the model's `shapes`, as JSON."""


@dataclass(frozen=True)
class Model:
    """A service's operations and shapes."""

    operations: Mapping[str, Mapping[str, Any]]
    shapes: Mapping[str, Shape]

    def input_of(self, operation: str) -> Shape | None:
        """The shape of an operation's request; None for an operation that takes nothing."""
        name = self.operations.get(operation, {}).get("input", {}).get("shape")
        return None if name is None else self.shapes[name]

    def shape_of(self, reference: Mapping[str, Any]) -> Shape:
        """The shape that a member refers to."""
        return self.shapes[reference["shape"]]


@cache
def model(service: str) -> Model:
    """The model of a service by its name in botocore, read once."""
    document = Loader().load_service_model(service, "service-2")
    return Model(document["operations"], document["shapes"])


@dataclass(frozen=True)
class Problem:
    """What is wrong with the `value` at `path`, as `expected` says."""

    path: str
    value: Any
    expected: str

    def __str__(self) -> str:
        shown = "null" if self.value is None else f"'{self.value}'"
        return f"Value {shown} at '{self.path}' failed to satisfy constraint: {self.expected}"


def refusal(service: Model, shape: Shape, value: Any) -> str | None:
    """AWS's message about a request that its model does not allow; None when it does."""
    found = list(problems(service, shape, value))
    if not found:
        return None
    errors = "1 validation error" if len(found) == 1 else f"{len(found)} validation errors"
    return f"{errors} detected: {'; '.join(map(str, found))}"


def problems(service: Model, shape: Shape, value: Any, path: str = "") -> Iterator[Problem]:
    """Everything that is wrong below `value`, with the path of each member that is.

    A member that the model does not know is ignored, as AWS ignores it.
    """
    kind = shape["type"]
    if not _is_of(kind, value):
        yield Problem(path, value, f"Member must be {_KINDS[kind][1]}")
    elif kind == "structure":
        yield from _structure(service, shape, value, path)
    elif kind == "list":
        yield from _limits(shape, value, len(value), path)
        member = service.shape_of(shape["member"])
        for number, item in enumerate(value, start=1):
            yield from problems(service, member, item, f"{path}.{number}.member".lstrip("."))
    elif kind == "map":
        yield from _limits(shape, value, len(value), path)
        for part, each in (("key", value.keys()), ("value", value.values())):
            inner = service.shape_of(shape[part])
            for key, item in zip(value, each, strict=True):
                yield from problems(service, inner, item, f"{path}.{key}.member".lstrip("."))
    elif kind == "string":
        yield from _limits(shape, value, len(value), path)
        yield from _text(shape, value, path)
    elif kind in _NUMBERS:
        yield from _limits(shape, value, value, path)


def _structure(
    service: Model, shape: Shape, value: Mapping[str, Any], path: str
) -> Iterator[Problem]:
    for name in shape.get("required", ()):
        if value.get(name) is None:
            yield Problem(f"{path}.{name}".lstrip("."), None, "Member must not be null")
    for name, reference in shape["members"].items():
        if value.get(name) is not None:
            inner = service.shape_of(reference)
            yield from problems(service, inner, value[name], f"{path}.{name}".lstrip("."))


def _limits(shape: Shape, value: Any, size: float, path: str) -> Iterator[Problem]:
    """`min` and `max`: of a number its value, of anything else its length."""
    subject = "Member must have" if shape["type"] in _NUMBERS else "Member must have length"
    if size < shape.get("min", size):
        word = "value " if shape["type"] in _NUMBERS else ""
        yield Problem(path, value, f"{subject} {word}greater than or equal to {shape['min']}")
    if size > shape.get("max", size):
        word = "value " if shape["type"] in _NUMBERS else ""
        yield Problem(path, value, f"{subject} {word}less than or equal to {shape['max']}")


def _text(shape: Shape, value: str, path: str) -> Iterator[Problem]:
    allowed = shape.get("enum")
    if allowed and value not in allowed:
        yield Problem(path, value, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
    pattern = _compiled(shape.get("pattern", ".*"))
    if pattern and not pattern.fullmatch(value):
        expected = f"Member must satisfy regular expression pattern: {pattern.pattern}"
        yield Problem(path, value, expected)


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    r"""The pattern as Python reads it; None for one with Java's classes of letters (`\p{L}`).

    In these models a dot takes every character.
    """
    return None if r"\p{" in pattern else re.compile(pattern, re.DOTALL)


_NUMBERS = frozenset({"integer", "long", "float", "double"})


def _is(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, types)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "structure": (_is(dict), "an object"),
    "map": (_is(dict), "an object"),
    "list": (_is(list), "a list"),
    "string": (_is(str), "a string"),
    "blob": (_is(str), "a string in base64"),
    "boolean": (_is(bool), "a boolean"),
    "integer": (_is_whole, "an integer"),
    "long": (_is_whole, "an integer"),
    "float": (_is_number, "a number"),
    "double": (_is_number, "a number"),
    "timestamp": (_is(int, float, str), "a point in time"),
}
"""Type in the model -> (what it may be in JSON, its name in messages)."""


def _is_of(kind: str, value: Any) -> bool:
    return _KINDS[kind][0](value)
