"""`scripts/rehearsal`: the command line. Errors become messages here, in one place."""

from __future__ import annotations

import argparse
import errno
import os
import signal
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from embedded_aws.errors import EmbeddedAwsError
from ops.errors import OpsError
from ops.text import output
from rehearsal import CHECKOUT, cli
from rehearsal.errors import RehearsalError
from rehearsal.rehearse import Keep
from rehearsal.stock.place import root_of
from settings import SettingsError

type _Subcommands = argparse._SubParsersAction[ArgumentParser]

_INTERRUPTED = 130  # 128 + SIGINT, as shells report it


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 is success, 1 a failure that was explained, 130 an interruption."""
    # A terminated rehearsal takes down what it started, as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = parser().parse_args(argv)
    arguments.root = _root(arguments)
    try:
        return int(arguments.command(arguments))
    except (RehearsalError, EmbeddedAwsError, OpsError, SettingsError) as error:
        return _fail(str(error))
    except (BotoCoreError, ClientError) as error:
        log = arguments.root / "server.log"
        return _fail(f"the embedded AWS did not do what was asked of it: {error}\nits log: {log}")
    except BrokenPipeError:
        # Whoever read our output has gone, as `scripts/rehearsal logs Synth | head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return _fail(f"the disk is full ({error.filename}): free some space and run it again")
    except KeyboardInterrupt:
        print("rehearsal: interrupted; whatever it had started was taken down", file=sys.stderr)
        return _INTERRUPTED


def _root(arguments: Namespace) -> Path:
    """The folder that was asked for, or the one that belongs to what is rehearsed."""
    ours = CHECKOUT / ".rehearsal"
    if arguments.root is not None:
        return Path(arguments.root)
    return root_of(arguments.app, ours) if arguments.app else ours


def _fail(message: str) -> int:
    print(f"rehearsal: {output(message)}", file=sys.stderr)
    return 1


def parser() -> ArgumentParser:
    """Every command and option; their help texts are the reference."""
    top = ArgumentParser(prog="scripts/rehearsal", description=cli.__doc__)
    top.add_argument(
        "--root",
        type=Path,
        help="folder for everything the rehearsal writes (default: .rehearsal, or a folder of the "
        "app's own in it)",
    )
    _app(top, default=None)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    run = _command(
        commands, "run", cli.run, "rehearse the working tree, from push to the last environment"
    )
    run.set_defaults(keep=Keep.NEVER)
    keep = run.add_mutually_exclusive_group()
    for option, kept in (("--keep", Keep.ALWAYS), ("--keep-on-failure", Keep.ON_FAILURE)):
        keep.add_argument(
            option, dest="keep", action="store_const", const=kept, help=f"everything is {kept}"
        )
    run.add_argument(
        "--fresh",
        action="store_true",
        help="start from nothing, not from the last rehearsal that passed (CI=true does, too)",
    )
    run.add_argument(
        "--from",
        dest="base",
        metavar="REF",
        help="deliver this commit first, then the working tree on top of it",
    )
    _port(run)
    _of_an_app(run)

    up = _command(commands, "up", cli.up, "bring everything up and wait for pushes")
    up.add_argument("--detach", action="store_true", help="return once it is up")
    _port(up)
    _of_an_app(up)

    _command(commands, "down", cli.down, "end what `up` or `run --keep` left running")
    for name, module in cli.OPERATIONS.items():
        operation = _command(commands, name, cli.operate, module.HELP)
        operation.description = module.__doc__
        operation.formatter_class = argparse.RawDescriptionHelpFormatter
        operation.set_defaults(operation=name)
        module.arguments(operation)

    _command(
        commands, "notifications", cli.notifications, "show what people were told, oldest first"
    )

    shell = _command(commands, "shell", cli.shell, "look into an action's latest build")
    shell.add_argument("action", help="for example Synth, or Build/Synth")
    shell.add_argument(
        "line", nargs=argparse.REMAINDER, metavar="-- COMMAND …", help="run this, and no shell"
    )

    env = _command(commands, "env", cli.env, 'point a shell here: eval "$(… env tools)"')
    env.add_argument(
        "account", help="tools, or the name of an environment; with --app, an account's id"
    )
    env.add_argument(
        "--administrator", action="store_true", help="as the account's administrator, for runbooks"
    )

    _command(commands, "clean", cli.clean, "remove caches and old builds, and say what that frees")
    _command(commands, "reset", cli.reset, "end it and remove everything it wrote")
    return top


def _command(
    commands: _Subcommands, name: str, function: Callable[[Namespace], int], text: str
) -> ArgumentParser:
    command = commands.add_parser(name, help=text, description=text)
    command.set_defaults(command=function)
    _app(command, default=argparse.SUPPRESS)  # the one before the command's name stands
    return command


def _app(command: ArgumentParser, default: str | None) -> None:
    command.add_argument(
        "--app",
        type=Path,
        metavar="DIR",
        default=default,
        help="of the CDK Pipelines app in this folder, instead of this project's own",
    )


def _of_an_app(command: ArgumentParser) -> None:
    group = command.add_argument_group("with --app")
    group.add_argument("--pipeline", metavar="STACK", help="its stack, where there are several")
    group.add_argument(
        "--default-account",
        default="111111111111",
        help="what an app that leaves its account open is told (default: %(default)s)",
    )
    group.add_argument(
        "--default-region", default="us-east-1", help="likewise the region (default: %(default)s)"
    )


def _port(command: ArgumentParser) -> None:
    command.add_argument("--port", type=int, help="port of the embedded AWS (default: a free one)")


if __name__ == "__main__":
    sys.exit(main())
