"""Logical ids as people know them: by physical name where a template gives one."""

from __future__ import annotations

import json
import re
from typing import Any

from assembly.templates import Template
from assembly.text import plain

_NAMES = (
    *("RoleName", "BucketName", "TableName", "FunctionName", "LogGroupName", "Name"),
    *("StateMachineName", "QueueName", "TopicName"),
)


class Names:
    """The names of a template's resources."""

    def __init__(self, template: Template) -> None:
        self._names = {
            each.logical_id: _physical(each.properties, each.logical_id)
            for each in template.resources()
        }

    def of(self, logical_id: str) -> str:
        return self._names.get(logical_id, logical_id)

    def readable(self, value: Any) -> str:
        """`value` on one line, with `<LogicalId.Arn>` as `<name>`."""
        text = re.sub(
            r"<([A-Za-z0-9]+)(?:\.Arn)?>", lambda found: f"<{self.of(found[1])}>", str(value)
        )
        # An empty line would begin a block of its own.
        return text.replace("\n", "\\n")

    def flat(self, value: Any) -> str:
        """A structure as JSON on one line."""
        return self.readable(json.dumps(value, sort_keys=True))


def _physical(properties: dict[str, Any], logical_id: str) -> str:
    names = (plain(properties.get(key)) for key in _NAMES)
    found = [name for name in names if isinstance(name, str) and "<" not in name]
    return found[0] if found else logical_id
