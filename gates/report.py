"""Says what was found, to people as a compiler would, to machines as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from gates.acknowledgements import NEVER, Judged
from gates.finding import Finding


def text(judged: Judged, seconds: float) -> str:
    """Findings by construct and rule, then one line that sums up."""
    blocks = [_block(finding) for finding in judged.remaining]
    ending = [
        f"soon: on {each.expires} ends the acknowledgement of {each.label}"
        for each in judged.ending
    ]
    return "\n".join([*blocks, *ending, summary(judged, seconds)])


def summary(judged: Judged, seconds: float) -> str:
    findings = len(judged.remaining)
    verdict = f"{findings} finding{'s' * (findings != 1)}" if findings else "clean"
    reasons = len({acknowledgement.reason for _, acknowledgement in judged.accepted})
    return (
        f"gates: {verdict}; {len(judged.accepted)} acknowledged for {reasons} reasons"
        f" ({seconds:.1f} s)"
    )


def write_json(judged: Judged, file: Path) -> None:
    """An object with the lists "findings" and "acknowledged", the latter with their reasons."""
    accepted = [each.plain() | {"reason": why.reason} for each, why in judged.accepted]
    content = {"findings": [each.plain() for each in judged.remaining], "acknowledged": accepted}
    file.write_text(json.dumps(content, indent=1) + "\n")


def _block(finding: Finding) -> str:
    one_line = finding.subject and "\n" not in finding.subject
    lines = [f"{finding.path}: {finding.rule}" + (f" [{finding.subject}]" if one_line else "")]
    if finding.template:
        lines.append(f"    in   {finding.template}")
    lines += [f"    why  {finding.why}", f"    fix  {finding.fix}"]
    if NEVER.fullmatch(finding.rule):
        lines.append("    note cannot be acknowledged")
    if not one_line:
        lines += [f"    {line}" for line in finding.subject.splitlines()]
    return "\n".join([*lines, ""])
