"""What a gate reports, whichever tool found it."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to fix.

    path: of the construct (aws:cdk:path), or of the file for what no construct made.
    template: the template's file, relative to its cloud assembly; empty where there is none.
    rule: such as "TAP-101", "AwsSolutions-S1" or "W3005". why, fix: a sentence each.
    subject: what exactly, where a rule can fire more than once at a construct; else empty.
    """

    path: str
    template: str
    rule: str
    why: str
    fix: str
    subject: str = ""

    def plain(self) -> dict[str, str]:
        """The finding as a JSON object."""
        return asdict(self)


# Pairs of rules that say the same of the same construct: the second is dropped beside the first.
TWINS = {
    "Serverless-LambdaLatestVersion": "AwsSolutions-L1",
    "WS1000": "Serverless-LambdaTracing",
    "CT.S3.PR.2": "AwsSolutions-S1",
}


def deduplicated(findings: list[Finding]) -> list[Finding]:
    """Each finding once, in the order of path and rule, without twins."""
    unique = sorted(set(findings))
    seen = {(each.path, each.rule) for each in unique}
    return [each for each in unique if (each.path, TWINS.get(each.rule)) not in seen]
