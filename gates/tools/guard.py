"""cfn-guard: AWS Control Tower's proactive controls, and rules of our own in its language.

The binary and Control Tower's rules come in the npm package @cdklabs/cdk-validator-cfnguard.
Controls: AWS Control Tower Controls Reference Guide, "Proactive controls".
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gates.finding import Finding
from gates.tools.copies import Copies
from gates.tools.run import ToolError, run

OUR_RULES: Final = Path(__file__).with_name("tap.guard")
PACKAGE: Final = Path("node_modules/@cdklabs/cdk-validator-cfnguard")
# cfn-guard exits with 19 when a rule fails, and with 5 when it cannot read something.
_EXIT_CODES: Final = (0, 19)
_AS_JSON: Final = ("--output-format", "json", "--show-summary", "none", "--structured")
_SYSTEMS: Final = {"Linux": "ubuntu", "Darwin": "macos"}
_MACHINES: Final = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}
_CONTROL: Final = re.compile(
    r"\[(?P<id>[\w.]+)\]:?\s*(?P<why>.*?)\s*\[FIX\]:\s*(?P<fix>.*)", re.DOTALL
)


def findings(copies: Copies, checkout: Path) -> list[Finding]:
    """One finding for each rule and resource that breaks it."""
    package = checkout / PACKAGE
    rules = [str(OUR_RULES), *_applicable(package / "rules/control-tower/cfn-guard", copies)]
    data = [word for file in copies.files for word in ("--data", file)]
    output = run(
        [str(_binary(package)), "validate", "--rules", *rules, *data, *_AS_JSON],
        expected=_EXIT_CODES,
    )
    return [
        finding
        for report in json.loads(output)
        for rule in report["not_compliant"]
        for finding in _findings(rule["Rule"], report["name"], copies)
    ]


def _applicable(folder: Path, copies: Copies) -> Iterator[str]:
    """The rule files that name a resource type of the templates: a tenth of them."""
    types = {
        f"'{resource.type}'"
        for file in copies.files
        for resource in copies.original(file).resources()
    }
    for file in sorted(folder.rglob("*.guard")):
        text = file.read_text().replace('"', "'")
        if any(each in text for each in types):
            yield str(file)


def _binary(package: Path) -> Path:
    system, machine = _SYSTEMS.get(platform.system()), _MACHINES.get(platform.machine().lower())
    if not system or not machine:
        raise ToolError(f"cfn-guard has no binary for {sys.platform} {platform.machine()}")
    return package / "bin" / system / machine / "cfn-guard"


def _findings(rule: dict[str, Any], file: str, copies: Copies) -> Iterator[Finding]:
    template = copies.original(file)
    messages = [each for each in _values(rule, "custom_message") if each and "[FIX]" in each]
    control = _CONTROL.search(messages[0]) if messages else None
    if control is None:
        raise ToolError(f"cfn-guard's rule {rule['name']} does not say what to fix")
    for resource in dict.fromkeys(_resources(rule)) or [""]:
        yield Finding(
            template.path_of(resource),
            template.file,
            control["id"],
            " ".join(control["why"].split()).rstrip("."),
            " ".join(control["fix"].split()).rstrip("."),
        )


def _resources(rule: Any) -> Iterator[str]:
    for path in _values(rule, "path"):
        parts = str(path).split("/")
        if path and parts[:2] == ["", "Resources"] and parts[2:]:
            yield parts[2]


def _values(node: Any, key: str) -> Iterator[Any]:
    """Every value of `key` at any depth, in order."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key and not isinstance(value, dict | list):
                yield value
            yield from _values(value, key)
    elif isinstance(node, list):
        for value in node:
            yield from _values(value, key)
