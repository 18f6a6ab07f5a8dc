"""What one does with a delivery, and with what it delivered: `python -m ops COMMAND`.

It uses the credentials and the region of the shell, as the AWS CLI does, so that it works the same
at AWS and in a rehearsal (`scripts/rehearsal env`).
"""

from __future__ import annotations

import argparse
import os
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ops.commands import (
    approve,
    decisions,
    delivery,
    drift,
    graph,
    held,
    hold,
    lift,
    logs,
    redrive,
    reject,
    retry,
    rollback,
    status,
)
from ops.errors import OpsError

EXIT_CODES: Final = """exit codes:
  0    it was done, or there is nothing to worry about
  1    it was done, and the news is bad: something drifted or failed, is
       held, or stayed in a queue
  2    it was not done: a wrong command line, no permission, nothing that waits; the message says
       what to do
  130  interrupted
"""
COMMANDS: Final = {
    "status": status,
    "logs": logs,
    "graph": graph,
    "approve": approve,
    "reject": reject,
    "retry": retry,
    "rollback": rollback,
    "hold": hold,
    "held": held,
    "lift": lift,
    "decisions": decisions,
    "delivery": delivery,
    "drift": drift,
    "redrive": redrive,
}
_OF_ENVIRONMENTS: Final = ("drift", "redrive")
_NOT_DONE: Final = 2  # as argparse says of a wrong command line
_INTERRUPTED: Final = 130  # 128 + SIGINT, as shells report it
# A function takes 900 seconds at most ("Lambda quotas", AWS Lambda Developer Guide). What is tried
# again is for the person to decide: an invocation that seems lost may still be running.
_PATIENT: Final = Config(
    connect_timeout=5, read_timeout=930, tcp_keepalive=True, retries={"total_max_attempts": 1}
)


def client(service: str) -> Any:
    """boto3's client of a service, with the shell's credentials."""
    return boto3.client(service, config=_PATIENT if service == "lambda" else None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code. Errors become messages here, in one place."""
    given = parsers()[0].parse_args(arguments)
    try:
        return int(COMMANDS[given.command].run(client, given))
    except OpsError as error:
        return _fail(str(error))
    except ClientError as error:
        return _fail(f"AWS refused {error.operation_name}: {error.response['Error']['Message']}")
    except BotoCoreError as error:
        return _fail(f"AWS cannot be asked: {error}")
    except BrokenPipeError:
        # Whoever read our output has gone, as `python -m ops logs Synth | head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("ops: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _fail(message: str) -> int:
    print(f"ops: {message}", file=sys.stderr)
    return _NOT_DONE


def parsers() -> tuple[ArgumentParser, dict[str, ArgumentParser]]:
    """The whole parser, and each command's; their help texts are the reference, docs/ops.md."""
    top = ArgumentParser(
        prog="python -m ops", description=__doc__, epilog=EXIT_CODES, formatter_class=_formatter
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND", dest="command")
    made = {}
    for name, module in COMMANDS.items():
        command = commands.add_parser(
            name, help=module.HELP, description=module.__doc__, formatter_class=_formatter
        )
        if name not in _OF_ENVIRONMENTS:
            command.add_argument(
                "--pipeline", metavar="NAME", help="default: the only one there is"
            )
        module.arguments(command)
        made[name] = command
    return top, made


def _formatter(prog: str) -> argparse.HelpFormatter:
    """The same texts on every screen: docs/ops.md has them."""
    return argparse.RawDescriptionHelpFormatter(prog, width=100)


if __name__ == "__main__":
    sys.exit(main())
