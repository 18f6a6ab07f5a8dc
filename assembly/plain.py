"""CloudFormation's expressions as text that rules can compare and people can read."""

from __future__ import annotations

import re
from typing import Any


def plain(value: Any) -> Any:
    """`value` with joins and substitutions carried out and references as `<LogicalId.Attribute>`.

    An expression that is not known at synthesis stays as it is, so it equals no expected text.
    """
    match value:
        case {"Fn::Join": [str() as separator, list() as parts]}:
            text = separator.join(str(plain(part)) for part in parts)
        case {"Fn::Sub": str() as template}:
            text = re.sub(r"\$\{([^!}]+)\}", lambda found: _reference(found[1]), template)
        case {"Ref": str() as name}:
            text = _reference(name)
        case {"Fn::GetAtt": [str() as name, str() as attribute]}:
            text = f"<{name}.{attribute}>"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case _:
            return [plain(each) for each in value] if isinstance(value, list) else value
    return text


def _reference(name: str) -> str:
    return "aws" if name == "AWS::Partition" else f"<{name}>"


def listed(value: Any) -> list[Any]:
    """What IAM lets one write alone or as a list, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
