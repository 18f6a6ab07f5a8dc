"""CloudFormation's values as text and lists that one can compare and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any


def plain(value: Any) -> Any:
    """`value` with joins and substitutions carried out and references as `<LogicalId.Attribute>`.

    A `Ref` is `<LogicalId>`, the partition is "aws". An expression that is not known at synthesis
    stays as it is, so it equals no expected text.
    """
    match value:
        case {"Fn::Join": [str() as separator, list() as parts]}:
            text = separator.join(str(plain(part)) for part in parts)
        case {"Fn::Sub": str() as template}:
            text = _substituted(template, {})
        case {"Fn::Sub": [str() as template, dict() as values]}:
            text = _substituted(template, values)
        case {"Ref": str() as name}:
            text = _reference(name)
        case {"Fn::GetAtt": [str() as name, str() as attribute]}:
            text = f"<{name}.{attribute}>"
        case {"Fn::GetAtt": str() as name_and_attribute}:
            text = f"<{name_and_attribute}>"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case _:
            return [plain(each) for each in value] if isinstance(value, list) else value
    return text


def _substituted(template: str, values: dict[str, Any]) -> str:
    found = ((name, plain(value)) for name, value in values.items())
    # What only CloudFormation can find, as in a mapping, stands as the name it is given here.
    known = {name: text for name, text in found if isinstance(text, str)}
    return re.sub(r"\$\{([^!}]+)\}", lambda name: known.get(name[1], _reference(name[1])), template)


def _reference(name: str) -> str:
    return "aws" if name == "AWS::Partition" else f"<{name}>"


def listed(value: Any) -> list[Any]:
    """What CloudFormation and IAM let one write alone or as a list, as a list; [] for None."""
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
