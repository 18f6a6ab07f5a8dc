"""What a tool found in the same templates the last time.

A push that changes a line of a function changes nothing in its templates but the hash of an asset,
so the tools, which take seconds, would say the same again. Remembered is one result a tool, in
`.venv`, which the pipeline's builds keep on their host: whoever could write there could as well
write the tools themselves, which are installed beside it. Our own rules are never remembered, for
they read the assets, too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from assembly.templates import Assembly
from gates.finding import Finding

_TOOLS: Final = ("aws-cdk-lib", "cdk-nag", "cfn-lint", "cfn-lint-serverless")
_ASSET_HASH: Final = re.compile(r"\b[0-9a-f]{64}\b")


@dataclass(frozen=True)
class Memory:
    """One file a tool in `folder`; key: of everything that a tool's findings depend on."""

    folder: Path
    key: str

    def recall(self, tool: str, find: Callable[[], list[Finding]]) -> list[Finding]:
        """What `find` returns, or has returned for the same key."""
        file = self.folder / f"{tool}.json"
        remembered = json.loads(file.read_text()) if file.is_file() else {}
        if remembered.get("key") == self.key:
            return [Finding(**each) for each in remembered["findings"]]
        found = find()
        self.folder.mkdir(parents=True, exist_ok=True)
        written = file.with_suffix(".new")
        written.write_text(
            json.dumps({"key": self.key, "findings": [each.plain() for each in found]})
        )
        written.replace(file)
        return found


def key(assembly: Assembly) -> str:
    """A hash of the templates, but for the hashes of their assets, and of every tool."""
    digest = hashlib.sha256()
    for template in assembly.templates:
        body = _ASSET_HASH.sub("asset", json.dumps(template.body, default=str))
        digest.update(f"{template.file}\n{body}\n".encode())
    for tool in _TOOLS:
        digest.update(f"{tool} {version(tool)}\n".encode())
    lock = assembly.checkout / "package-lock.json"
    for file in (lock, *sorted(Path(__file__).parent.glob("*.*"))):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()
