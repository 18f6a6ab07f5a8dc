"""A cache of what each tool found in the same templates.

A push that changes a line of a function changes nothing in its templates but hashes, that of an
asset and the one that ends the id of the function's version, so the tools, which take seconds,
would say the same again. The cache holds one result a tool, in
`.venv`, which the pipeline's builds keep on their host: whoever could write there could as well
write the tools themselves, which are installed beside it. Our own rules are not cached, since they
read the assets, too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, Self

from gates.delivery import Delivery
from gates.finding import Finding
from guards.held import held

_TOOLS: Final = ("aws-cdk-lib", "cdk-nag", "cfn-lint", "cfn-lint-serverless")
_ASSET_HASH: Final = re.compile(r"\b[0-9a-f]{64}\b")
# `Function.currentVersion` of aws-cdk-lib: the construct's own hash, then one of the function.
_VERSION_HASH: Final = re.compile(r"(?<=CurrentVersion[0-9A-F]{8})[0-9a-f]{32}\b")


@dataclass(frozen=True)
class Cache:
    """One file a tool in `folder`; key: of everything that a tool's findings depend on."""

    folder: Path
    key: str

    @classmethod
    def of(cls, delivery: Delivery, folder: Path) -> Self:
        """The cache of what was found in these templates."""
        return cls(folder, key(delivery))

    def get(self, tool: str, compute: Callable[[], list[Finding]]) -> list[Finding]:
        """What is cached for the key, or else what `compute` returns, which then is."""
        file = self.folder / f"{tool}.json"
        cached = json.loads(file.read_text()) if file.is_file() else {}
        if cached.get("key") == self.key:
            return [Finding(**each) for each in cached["findings"]]
        found = compute()
        self.folder.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(".new")
        written.write_text(
            json.dumps({"key": self.key, "findings": [each.plain() for each in found]})
        )
        written.replace(file)
        return found


def key(delivery: Delivery) -> str:
    """A hash of the templates, but for those of assets and versions in them, of every tool, and of
    all that guards the delivery: the tools' own locks and what is asked of them are part of it."""
    digest = hashlib.sha256()
    for template in delivery.templates:
        body = _ASSET_HASH.sub("asset", json.dumps(template.body, default=str))
        body = _VERSION_HASH.sub("version", body)
        digest.update(f"{template.file}\n{body}\n".encode())
    for tool in _TOOLS:
        digest.update(f"{tool} {version(tool)}\n".encode())
    digest.update(held(delivery.checkout, delivery.intended.settings.guards).encode())
    return digest.hexdigest()
