"""Removes what a first deployment left that failed, so that the next one can succeed.

NAME is "tools", for the pipeline's own stack, or an environment of cdk.json. Uses the shell's
credentials, as the AWS CLI does; they must be of that account and may delete what is shown.

Exit codes: 0 done, or nothing to do; 1 refused, or not confirmed; 2 a wrong command line or
settings; 3 AWS refused a call.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from accounts.recovery import plan
from accounts.recovery.errors import RefusedError
from settings import Settings, SettingsError

REPOSITORY: Final = Path(__file__).resolve().parents[2]
_REFUSED, _WRONG, _FAILED = 1, 2, 3


def main(arguments: Sequence[str] | None = None, ask: Callable[[str], str] = input) -> int:
    """Run it; its exit code. ask: how a person is asked to confirm."""
    parsed = _parser().parse_args(arguments)
    try:
        return _recover(parsed, ask)
    except SettingsError as error:
        return _say(str(error), _WRONG)
    except RefusedError as error:
        return _say(f"refused: {error}", _REFUSED)
    except ClientError as error:
        return _say(f"{error.operation_name}: {error.response['Error']['Message']}", _FAILED)
    except (BotoCoreError, WaiterError) as error:
        return _say(str(error), _FAILED)


def _recover(parsed: argparse.Namespace, ask: Callable[[str], str]) -> int:
    settings = Settings.of_checkout(REPOSITORY)
    if parsed.name not in settings.accounts:
        known = ", ".join(settings.accounts)
        return _say(f"cdk.json has no account {parsed.name!r}, only {known}", _WRONG)
    clients = _clients(settings.region)
    _check_account(clients, settings.accounts[parsed.name], parsed.name)
    stack = stack_name(parsed.name)
    made = plan.make(clients, stack)
    if made is None:
        print(f"Nothing to recover: nothing is left of a stack {stack}.")
        return 0
    print(f"In {settings.accounts[parsed.name]}, {settings.region}, this will\n{made}")
    if parsed.dry_run:
        return 0
    if not parsed.yes and ask(f"Type {stack} to go on: ").strip() != stack:
        return _say("nothing was done", _REFUSED)
    for done in plan.carry_out(clients, made):
        print(done)
    return 0


def stack_name(name: str) -> str:
    """The stack that is first deployed into the account called so."""
    return "tap-pipeline" if name == "tools" else f"tap-{name}"


def _clients(region: str) -> Callable[[str], Any]:
    session = boto3.Session(region_name=region)
    return cache(session.client)


def _check_account(clients: Callable[[str], Any], account: str, name: str) -> None:
    found = clients("sts").get_caller_identity()["Account"]
    if found != account:
        raise RefusedError(f"these credentials are of {found}, and {name} is {account}")


def _say(message: str, code: int) -> int:
    print(f"recover: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/recover",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="NAME", help="tools, or an environment such as dev")
    parser.add_argument("--dry-run", action="store_true", help="only say what it would do")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser


if __name__ == "__main__":
    sys.exit(main())
