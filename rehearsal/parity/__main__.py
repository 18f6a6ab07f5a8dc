"""Records what AWS does, and says where the embedded AWS differs from the newest recording.

Uses the shell's credentials in the tools account, as the AWS CLI does; they only need to read
(rehearsal/parity/probes.py, NEEDS). `record` at AWS, after a delivery; commit the file. `compare`
in a rehearsal: eval "$(scripts/rehearsal env tools)".

Exit codes: 0 recorded, or no difference; 1 differences; 2 a wrong command line or settings, or
nothing to record; 3 never recorded.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from rehearsal import CHECKOUT
from rehearsal.parity.recording import AWS, FOLDER, NothingToRecordError, Recording, newest
from settings import Settings, SettingsError

_DIFFERENT, _WRONG, _NEVER = 1, 2, 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; its exit code."""
    parsed = _parser().parse_args(arguments)
    try:
        return _run(parsed, Settings.of_checkout(CHECKOUT))
    except (SettingsError, NothingToRecordError, BotoCoreError) as error:
        return _say(str(error), _WRONG)
    except ClientError as error:
        return _say(f"{error.operation_name}: {error.response['Error']['Message']}", _WRONG)


def _run(parsed: argparse.Namespace, settings: Settings) -> int:
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if parsed.command == "record" and endpoint and not parsed.stand_in:
        return _say(f"{endpoint} is not AWS: a recording of it would prove nothing", _WRONG)
    recorded = newest(parsed.folder)
    if parsed.command == "compare" and recorded is None:
        print(f"never recorded: {parsed.folder} holds no recording")
        return _NEVER
    clients = cache(boto3.Session(region_name=settings.region).client)
    taken = Recording.take(clients, settings, endpoint or AWS)
    if recorded is None or parsed.command == "record":
        print(f"recorded: {taken.write(parsed.folder)}")
        return 0
    found = recorded.differs(taken)
    print("\n".join([f"compared with {recorded.at}, {recorded.when}", *found]))
    return _DIFFERENT if found else 0


def _say(message: str, code: int) -> int:
    print(f"parity: {message}", file=sys.stderr)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/parity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["record", "compare"])
    parser.add_argument(
        "--folder", type=Path, default=CHECKOUT / FOLDER, help="where recordings are"
    )
    parser.add_argument(
        "--stand-in", action="store_true", help="record what is not AWS, to try this out"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
