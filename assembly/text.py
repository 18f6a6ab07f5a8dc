"""Small things that several rules read in templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def as_list(value: Any) -> list[Any]:
    """What CloudFormation and IAM let people write without a list, as one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def references(value: Any) -> Iterator[str]:
    """Every logical id that a value mentions, by Ref, Fn::GetAtt or Fn::Sub."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.partition(".")[0]
        case {"Fn::Sub": text}:
            template = text[0] if isinstance(text, list) else text
            for part in template.split("${")[1:]:
                yield part.partition("}")[0].partition(".")[0]
        case dict():
            for each in value.values():
                yield from references(each)
        case list():
            for each in value:
                yield from references(each)


def texts(value: Any) -> Iterator[str]:
    """Every text at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def settings(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield str(key), each
            yield from settings(each)
    elif isinstance(value, list):
        for each in value:
            yield from settings(each)


def joined(value: Any) -> str:
    """A text with its joins joined; each reference stands as <its logical id>."""
    match value:
        case str():
            return value
        case {"Fn::Join": [separator, list(parts)]}:
            return str(separator).join(joined(part) for part in parts)
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            return text
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
    return str(value)
