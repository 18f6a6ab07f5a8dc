"""Approves what waits for a person, and keeps a record of it.

Shows first which release waits, where its page is, and what speaks for and against it. When a
verdict is red, asks again; where nobody can be asked, nothing is approved without --yes. The
approval is for the release that was shown: if another one waits by then, nothing is approved.

The record has who answered, when, and why, and outlives the pipeline's history.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops.commands import answer
from ops.commands.common import ClientOf

HELP: Final = "approve what waits for a person"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--reason", default="Approved from the command line.", help="kept with the decision"
    )
    parser.add_argument("--yes", action="store_true", help="also if a verdict is red")
    answer.options(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    return answer.give(client, given, approved=True, despite_red=given.yes)
