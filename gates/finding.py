"""What a gate reports, whichever tool found it."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing to fix.

    path: of the construct (aws:cdk:path), or of the file for what no construct made.
    template: the template's file, relative to its cloud assembly; empty where there is none.
    rule: such as "TAP-101", "AwsSolutions-S1" or "W3005". why, fix: a sentence each.
    subject: what exactly, where a rule can fire more than once at a construct; else empty. One
    word or line, or several: those of a difference.
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


# Rules that say the same of the same construct, each by the one that is told instead of it.
SAID_BY = {
    "Serverless-LambdaLatestVersion": "AwsSolutions-L1",
    "WS1000": "Serverless-LambdaTracing",
    "CT.S3.PR.2": "AwsSolutions-S1",
}

# Rules of others that ask everywhere for what is done otherwise here, each by the rule of ours that
# judges every such construct instead: a Cognito user pool, where calls are signed; a source account,
# where the source's ARN has one; logs of a year or forever, where each log's days are reviewed.
JUDGED_BY = {
    "AwsSolutions-COG4": "TAP-433",
    "CT.LAMBDA.PR.2": "TAP-432",
    "CT.CLOUDWATCH.PR.2": "TAP.LOGS.1",
}


def deduplicated(findings: list[Finding]) -> list[Finding]:
    """Each finding once, by path and rule, without what another rule says or judges."""
    unique = sorted(each for each in set(findings) if each.rule not in JUDGED_BY)
    seen = {(each.path, each.rule) for each in unique}
    return [each for each in unique if (each.path, SAID_BY.get(each.rule)) not in seen]
