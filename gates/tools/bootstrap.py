"""The bootstrap templates are those that the stacks need: `python -m accounts.bootstrap check`.

As a process of its own, like every tool: the gates do not import what makes a part of the delivery.
"""

from __future__ import annotations

import json
import sys
from typing import Final

from gates.delivery import Delivery
from gates.finding import Finding
from gates.tools.run import run

RULE: Final = "TAP-702"
_WHY: Final = (
    "it allows the pipeline and CloudFormation more or less than the stacks need, "
    "so that a deployment fails or a right is there for nothing"
)
_FIX: Final = (
    "run `make accept`, read the difference and commit it; before the push, the owner of each "
    "account runs `scripts/bootstrap {name}`, for the tools account first"
)


def findings(delivery: Delivery) -> list[Finding]:
    """One finding for each template that is not what `make accept` would write."""
    command = [sys.executable, "-m", "accounts.bootstrap", "check"]
    assembly = str(delivery.assembly.directory.absolute())
    output = run([*command, assembly], expected=(0,), folder=delivery.checkout)
    return [_finding(file, difference) for file, difference in json.loads(output).items()]


def _finding(file: str, difference: str) -> Finding:
    name = "tools" if file.endswith("tools.template.yaml") else "ENVIRONMENT"
    return Finding(file, "", RULE, _WHY, _FIX.format(name=name), difference)
