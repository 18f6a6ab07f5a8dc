"""Copies of the templates in which nothing can suppress a finding.

cdk-nag, cfn-lint and cfn-guard all read suppressions from a template's own metadata, silently and
without a reason. Their copies keep nothing of it: `acknowledged.toml` is the one place.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assembly.templates import Template
from gates.delivery import Delivery


@dataclass(frozen=True)
class Copies:
    """The copies' files, by what they are copies of."""

    by_file: dict[str, Template]

    @property
    def files(self) -> list[str]:
        return list(self.by_file)

    def original(self, file: str) -> Template:
        return self.by_file[file]


def write(delivery: Delivery, folder: Path) -> Copies:
    """Writes `<number>.template.json` into `folder` for every template."""
    by_file = {}
    for number, template in enumerate(delivery.templates):
        file = folder / f"{number}.template.json"
        # Indented, since cfn-lint's parser takes one long line for an error.
        file.write_text(json.dumps(without_metadata(template.body), indent=1, default=str))
        by_file[str(file)] = template
    return Copies(by_file)


def without_metadata(body: dict[str, Any]) -> dict[str, Any]:
    """The template without its own metadata and without that of its resources."""
    resources = {
        logical_id: {key: value for key, value in declaration.items() if key != "Metadata"}
        for logical_id, declaration in body.get("Resources", {}).items()
    }
    return {key: value for key, value in body.items() if key != "Metadata"} | {
        "Resources": resources
    }
