"""What the commands have in common: their options, and how they print."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from ops.following import follow
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution

type ClientOf = Callable[[str], Any]

DONE: Final = 0
BAD_NEWS: Final = 1


def json_option(parser: ArgumentParser) -> None:
    """For programs."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")


def decision_options(parser: ArgumentParser) -> None:
    """Of a command that decides what may come to an environment, for a reason that is kept."""
    environment_argument(parser)
    parser.add_argument("--reason", required=True, help="kept with the decision")
    dry_run_option(parser)
    json_option(parser)


def dry_run_option(parser: ArgumentParser) -> None:
    """Where something changes."""
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def environment_argument(parser: ArgumentParser) -> None:
    """Whose stage it is about."""
    parser.add_argument(
        "environment", metavar="ENVIRONMENT", help="an environment, or a stage of the pipeline"
    )


def whoever(client: ClientOf) -> str:
    """The ARN of whoever runs the command."""
    return str(client("sts").get_caller_identity()["Arn"])


def followed(pipeline: Pipeline, execution_id: str, given: Namespace) -> Execution:
    """The execution as it ended, or waits; people see its actions end."""

    def ended(run: ActionRun) -> None:
        if not given.json:
            print(f"  {run.label} {run.status}", flush=True)

    return follow(pipeline, execution_id, ended)


def show(document: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Prints the document for programs, or the text for people."""
    if as_json:
        json.dump(document, sys.stdout, indent=2, default=_plain)
        print()
    else:
        print(text)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{value!r} is no value of JSON")
