"""The rules as a gate: their violations as findings, like every other tool's."""

from __future__ import annotations

from pathlib import Path

from assembly.pipeline import Delivery
from gates.finding import Finding
from gates.shape.rules import judge


def findings(assembly: Path, checkout: Path) -> list[Finding]:
    """What the rules report of the cloud assembly that was synthesized from `checkout`."""
    delivery = Delivery.read(assembly, checkout, checkout / "tests/gates/iam.snapshot")
    return [
        Finding(
            path=violation.where,
            template="",
            rule=f"TAP-SHAPE-{rule}",
            why=violation.why.replace("\n", "\n         "),
            fix=violation.fix,
            subject="",
        )
        for rule, violations in judge(delivery).items()
        for violation in violations
    ]
