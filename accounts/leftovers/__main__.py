"""Lists what is left of us in one account, and with --delete removes it, once no stack is there.

NAME is tools, or an environment of cdk.json. Uses the shell's credentials, as the AWS CLI does.

Exit codes: 0 nothing is left; 1 something is; 2 a wrong command line or settings; 3 AWS refused a
call.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from accounts.leftovers.kinds import KINDS, Kind, Ours
from accounts.recovery.stores import Clients
from settings import Settings, SettingsError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_LEFT, _WRONG, _FAILED = 1, 2, 3
_STAYING: Final = ("stack", "role")


def main(arguments: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Run it; its exit code. ask: how a person is asked to confirm."""
    parsed = _parser().parse_args(arguments)
    try:
        settings = Settings.of_checkout(REPOSITORY)
        if parsed.name not in settings.accounts:
            known = ", ".join(settings.accounts)
            return _say(f"cdk.json has no account {parsed.name!r}, only {known}", _WRONG)
        return _run(parsed, settings, ask)
    except SettingsError as error:
        return _say(str(error), _WRONG)
    except ClientError as error:
        return _say(f"{error.operation_name}: {error.response['Error']['Message']}", _FAILED)
    except BotoCoreError as error:
        return _say(str(error), _FAILED)


def _run(parsed: argparse.Namespace, settings: Settings, ask: Callable[[str], str]) -> int:
    session = boto3.Session(region_name=settings.region)
    clients: Clients = cache(session.client)
    account = settings.accounts[parsed.name]
    found = clients("sts").get_caller_identity()["Account"]
    if found != account:
        return _say(f"these credentials are of {found}, and {parsed.name} is {account}", _WRONG)
    left = leftovers(clients, of(parsed.name, settings))
    for kind, name in left:
        print(f"{kind.title:28} {name}")
    if not left:
        print(f"Nothing is left in {account}, {settings.region}.")
        return 0
    if not parsed.delete:
        return _LEFT
    return _delete(
        clients, left, lambda: parsed.yes or ask(f"Type {account} to delete: ") == account
    )


def _delete(clients: Clients, left: list[tuple[Kind, str]], confirmed: Callable[[], bool]) -> int:
    staying = [f"{kind.title} {name}" for kind, name in left if kind.title in _STAYING]
    if staying:
        return _say(f"not while these are there: {', '.join(staying)}", _LEFT)
    if not confirmed():
        return _say("nothing was done", _LEFT)
    for kind, name in left:
        if kind.remove:
            kind.remove(clients, name)
            print(f"deleted: {kind.title} {name}")
    return 0


def leftovers(clients: Clients, ours: Ours) -> list[tuple[Kind, str]]:
    """Everything that is left, in the order in which it may be removed."""
    return [(kind, name) for kind in KINDS for name in kind.find(clients, ours)]


def of(name: str, settings: Settings) -> Ours:
    """How things of ours are known in the account called so."""
    return Ours("tap-pipeline-" if name == "tools" else f"tap-{name}-", settings.source.repository)


def _say(message: str, code: int) -> int:
    print(f"leftovers: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/leftovers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="tools, or an environment such as dev")
    parser.add_argument("--delete", action="store_true", help="remove what is listed, after asking")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


if __name__ == "__main__":
    sys.exit(main())
