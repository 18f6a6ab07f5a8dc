"""Prints the log of the latest build of one action, oldest line first."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops.commands.common import DONE, ClientOf, json_option, show
from ops.pipeline import found
from ops.text import output

HELP: Final = "print the log of an action's latest build"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("action", help="for example Synth, or Build/Synth")
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    latest = pipeline.latest_run(given.action)
    lines = pipeline.log_lines(latest)
    about = {"action": latest.label, "execution_id": latest.execution_id, "status": latest.status}
    show({**about, "lines": lines}, output("\n".join(lines)), as_json=given.json)
    return DONE
