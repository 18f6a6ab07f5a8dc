"""cdk-nag's packs AwsSolutions and Serverless, over templates.

They check constructs, so each template is read back into the constructs it would have come from
(`CfnInclude`). That costs less than a second on top of cdk-nag itself, needs no second synth, shows
them nested stacks and bootstrap templates, and what the application's own constructs acknowledge,
with or without a reason, does not exist here.

It runs as a process of its own (`nag_process.py`), beside the other tools.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from gates.finding import Finding
from gates.tools.copies import Copies
from gates.tools.run import isolated, run

PACKS: Final = {"AwsSolutions", "Serverless"}
_SCOPE: Final = "Template"
_REPORT: Final = "validation-report.json"


def findings(copies: Copies, outdir: Path) -> list[Finding]:
    """Every violation of the packs, warnings included."""
    run([*isolated("gates.tools.nag_process"), str(outdir), *copies.files], expected=(0,))
    reports = json.loads((outdir / _REPORT).read_text())["pluginReports"]
    templates = [copies.original(file) for file in copies.files]
    found = []
    for report in reports:
        if report["pluginName"] in PACKS:
            for violation in report["violations"]:
                found += [*_findings(violation, templates)]
    return found


def _findings(violation: dict[str, Any], templates: list[Any]) -> Iterator[Finding]:
    rule, _, subject = violation["ruleName"].removesuffix("]").partition("[")
    for construct in violation["violatingConstructs"]:
        stack, *_, logical_id = construct["constructPath"].split("/")
        template = templates[int(stack.removeprefix(_SCOPE))]
        yield Finding(
            template.path_of(logical_id),
            template.file,
            rule,
            violation["description"].rstrip("."),
            _fix(rule, subject),
            subject,
        )


def _fix(rule: str, subject: str) -> str:
    page = f'see "{rule}" in cdk-nag\'s RULES.md'
    if rule.endswith("IAM5"):
        return f"name what is meant instead of {subject.partition('::')[2]}; {page}"
    return page
