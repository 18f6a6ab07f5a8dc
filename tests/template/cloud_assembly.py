"""What stands in tests.support.synthesis, for tests that still import it by this name."""

from __future__ import annotations

from typing import Any

from tests.support.synthesis import REPOSITORY, TOOLS, Assembly, copy_checkout, synthesize

__all__ = ["REPOSITORY", "TOOLS", "Assembly", "copy_checkout", "plain", "synthesize"]


def plain(value: Any) -> Any:
    """`value` with joins of literal texts joined, and references named without their attribute."""
    match value:
        case {"Fn::Join": [separator, parts]}:
            return separator.join(str(plain(part)) for part in parts)
        case {"Ref": "AWS::Partition"}:
            return "aws"
        case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
            return f"<{name}>"
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case list():
            return [plain(each) for each in value]
    return value
