"""Rejects what waits for a person: the last environment stays as it is.

Keeps a record of it, as approve does.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops.commands import answer
from ops.commands.common import ClientOf

HELP: Final = "reject what waits for a person"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--reason", required=True, help="kept with the decision")
    answer.options(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    return answer.give(client, given, approved=False, despite_red=True)
