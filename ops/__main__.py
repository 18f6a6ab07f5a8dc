"""`python -m ops`: what whoever is on call does with a running environment.

It uses the credentials and the region of the shell, as the AWS CLI does, so that it works the same
at AWS and in a rehearsal (`scripts/rehearsal env`).
"""

from __future__ import annotations

import argparse
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops import redrive_command
from ops.errors import OpsError

_UNASKED = 2  # as argparse says of a wrong command line
_INTERRUPTED = 130  # 128 + SIGINT, as shells report it
# A function takes 900 seconds at most ("Lambda quotas", AWS Lambda Developer Guide). What is tried
# again is for the person to decide: an invocation that seems lost may still be running.
_PATIENT = Config(
    connect_timeout=5, read_timeout=930, tcp_keepalive=True, retries={"total_max_attempts": 1}
)


def client(service: str) -> Any:
    """boto3's client of a service, with the shell's credentials."""
    return boto3.client(service, config=_PATIENT if service == "lambda" else None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Errors become messages here, in one place."""
    parsed = parser().parse_args(arguments)
    try:
        return redrive_command.run(client, parsed)
    except OpsError as error:
        return _fail(str(error))
    except ClientError as error:
        return _fail(f"AWS refused {error.operation_name}: {error.response['Error']['Message']}")
    except BotoCoreError as error:
        return _fail(f"AWS cannot be asked: {error}")
    except KeyboardInterrupt:
        print("ops: interrupted; what was not redriven is in the queue", file=sys.stderr)
        return _INTERRUPTED


def _fail(message: str) -> int:
    print(f"ops: {message}", file=sys.stderr)
    return _UNASKED


def parser() -> ArgumentParser:
    """Every command and option; their help texts are the reference."""
    top = ArgumentParser(prog="python -m ops", description=__doc__)
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    redrive = commands.add_parser(
        "redrive",
        help="invoke a function again with the events in its dead-letter queue",
        description=redrive_command.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    redrive.add_argument("environment", help="for example dev")
    redrive.add_argument("function", help="without tap-ENVIRONMENT-, for example image-processor")
    redrive.add_argument("--execute", action="store_true", help="really do it; else it only shows")
    redrive.add_argument(
        "--limit", type=_positive, default=sys.maxsize, metavar="N", help="N messages at most"
    )
    redrive.add_argument("--json", action="store_true", help="print one JSON document instead")
    return top


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
