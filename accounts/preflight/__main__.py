"""Says what would fail in a first deployment, before it. Only reads.

NAME is tools, or an environment of cdk.json (default tools). Uses the shell's credentials, as the
AWS CLI does; they need no more than what `--policy` prints.

Exit codes: 0 nothing would fail; 1 something would; 2 a wrong command line or settings; 3 nothing
that was seen would fail, but not everything could be seen.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import boto3
from botocore.exceptions import BotoCoreError

from accounts.preflight.account import Account, Clients
from accounts.preflight.checks import CHECKS
from accounts.preflight.finding import Finding, Status
from settings import Settings, SettingsError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_CODES: Final = {Status.WRONG: 1, Status.UNSEEN: 3}
_WRONG_USE: Final = 2

Found = list[tuple[str, Finding]]


def main(arguments: Sequence[str] | None = None, checkout: Path = REPOSITORY) -> int:
    """Run it; its exit code."""
    parsed = _parser().parse_args(arguments)
    if parsed.policy:
        print(json.dumps(policy(), indent=2))
        return 0
    try:
        settings = Settings.of_checkout(checkout)
        if parsed.name not in settings.accounts:
            known = ", ".join(settings.accounts)
            print(f"cdk.json has no account {parsed.name!r}, only {known}", file=sys.stderr)
            return _WRONG_USE
        account = _account(parsed.name, settings, checkout)
    except (SettingsError, BotoCoreError) as error:
        print(f"preflight: {error}", file=sys.stderr)
        return _WRONG_USE
    found = look(account)
    print(_json(account, found) if parsed.json else _table(account, found))
    return max((_CODES.get(each.status, 0) for _, each in found), default=0, key=_severity)


def look(account: Account) -> Found:
    """Every check's findings; of another account than the one that is meant, no more than that."""
    found: Found = []
    for each in CHECKS:
        findings = each.findings(account)
        found += [(each.title, finding) for finding in findings]
        if each is CHECKS[0] and any(f.status is not Status.FINE for f in findings):
            break
    return found


def policy() -> dict[str, object]:
    """The IAM policy with which every check sees what it looks at."""
    actions = sorted({action for each in CHECKS for action in each.needs})
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _severity(code: int) -> int:
    return {0: 0, 3: 1, 1: 2}[code]


def _account(name: str, settings: Settings, checkout: Path) -> Account:
    session = boto3.Session(region_name=settings.region)
    clients: Clients = cache(session.client)
    return Account(
        name,
        settings,
        clients,
        checkout,
        shell_region=boto3.Session().region_name,
        endpoint=os.environ.get("AWS_ENDPOINT_URL"),
    )


def _table(account: Account, found: Found) -> str:
    lines = [f"{account.name} ({account.id}, {account.region})"]
    for title, each in found:
        lines.append(f"  {each.status:14} {title:15} {each.text}")
        if each.remedy:
            lines.append(f"  {'':14} {'':15} -> {each.remedy}")
    counted = [f"{sum(e.status is s for _, e in found)} {s}" for s in Status]
    return "\n".join([*lines, ", ".join(counted)])


def _json(account: Account, found: Found) -> str:
    findings = [
        {"check": title, "status": each.status, "text": each.text, "remedy": each.remedy}
        for title, each in found
    ]
    about = {"name": account.name, "account": account.id, "region": account.region}
    return json.dumps(about | {"findings": findings}, indent=2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/preflight",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", nargs="?", default="tools")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    parser.add_argument("--policy", action="store_true", help="print the IAM policy it needs")
    return parser


if __name__ == "__main__":
    sys.exit(main())
