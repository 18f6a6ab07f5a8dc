"""Holds an environment: nothing is promoted there until somebody lifts that.

For the hours in which nobody should deploy, whatever was approved. What is in the environment's
stage already is not stopped, and is named. Who held it and why is kept with the decisions.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops import approvals, stages
from ops.commands.common import (
    DONE,
    ClientOf,
    decision_options,
    show,
    whoever,
)
from ops.errors import NotHeldError
from ops.holds import holds_of
from ops.pipeline import found

HELP: Final = "let nothing be promoted to an environment"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    decision_options(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    approvals.check(given.reason)
    pipeline = found(client, given.pipeline)
    stage = stages.stage_of(pipeline, given.environment)
    if not stage.asks:
        raise NotHeldError(
            f"{stage.name} does not ask whether it is held; the last environment does, and those"
            " whose `rollback` is true in cdk.json"
        )
    holds = holds_of(pipeline, client)
    within, status = stages.inside(pipeline, stage)
    within = within if status == "InProgress" else ""
    if not given.dry_run:
        holds.put_on(stage.name, by=whoever(client), reason=given.reason)
    document = {
        "pipeline": pipeline.name,
        "stage": stage.name,
        "within": within or None,
        "dry_run": given.dry_run,
        "holds": [hold.as_json() for hold in holds.of(stage.name)],
    }
    done = f"{stage.name} {'would be' if given.dry_run else 'is'} held until `python -m ops lift`"
    note = f"; {within} is in it already, and goes on" if within else ""
    show(document, f"{done}{note}", as_json=given.json)
    return DONE
