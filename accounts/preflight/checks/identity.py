"""Whose account this is, and where the shell's clients would go."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.preflight.account import Account
from accounts.preflight.finding import Finding, fine, note, wrong
from accounts.preflight.registry import check
from settings.source import EXAMPLE_ACCOUNT


@check("account", "sts:GetCallerIdentity")
def credentials_are_of_the_account(account: Account) -> Iterator[Finding]:
    """The other checks are worth nothing where this one fails."""
    found = account.clients("sts").get_caller_identity()["Account"]
    if found != account.id:
        yield wrong(
            f"these credentials are of {found}, and cdk.json says {account.id} for {account.name}",
            "take credentials of that account, or correct cdk.json and run make accept",
        )
    else:
        yield fine(f"{account.name} is {found}")


@check("region")
def shell_means_the_region(account: Account) -> Iterator[Finding]:
    """Commands of the pages that name no region go where the shell says."""
    if account.shell_region not in (None, account.region):
        yield wrong(
            f"this shell means {account.shell_region}, and cdk.json {account.region}",
            f"export AWS_REGION={account.region}",
        )
    else:
        yield fine(account.region)


@check("settings")
def settings_are_no_example(account: Account) -> Iterator[Finding]:
    """A rehearsal's accounts are the example's; AWS has no such accounts of ours."""
    if account.settings.tools_account != EXAMPLE_ACCOUNT:
        yield fine("cdk.json names accounts of your own")
    elif account.endpoint:
        yield note("cdk.json still holds the example's accounts, which is right for a rehearsal")
    else:
        yield wrong(
            "cdk.json still holds the example's accounts and connection",
            "enter your own (docs/take-it-to-aws.md, 2) and run make accept",
        )
