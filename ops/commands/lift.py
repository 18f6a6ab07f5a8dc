"""Lifts everything that holds an environment: releases are promoted there again.

Says what held it. Who lifted it and why is kept with the decisions. An execution that was kept out
goes on with retry, without being approved a second time; a newer push needs no retry.
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
from ops.holds import Hold, holds_of
from ops.pipeline import Pipeline, found
from ops.text import plain

HELP: Final = "let releases into a held environment again"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    decision_options(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    approvals.check(given.reason)
    pipeline = found(client, given.pipeline)
    stage = stages.stage_of(pipeline, given.environment).name
    holds = holds_of(pipeline, client)
    standing = holds.of(stage)
    _check(pipeline, stage, standing)
    records = []
    if not given.dry_run:
        records = holds.lift(standing, by=whoever(client), reason=given.reason)
    document = {
        "pipeline": pipeline.name,
        "stage": stage,
        "lifted": [hold.as_json() for hold in standing],
        "dry_run": given.dry_run,
        "records": records,
    }
    done = "would be lifted" if given.dry_run else "lifted"
    lines = [f"{done}: {plain(hold)}" for hold in standing]
    show(document, "\n".join([*lines, *(f"  {each}" for each in records)]), as_json=given.json)
    return DONE


def _check(pipeline: Pipeline, stage: str, standing: list[Hold]) -> None:
    """Raises `NotHeldError` when there is nothing to lift, or too early."""
    if not standing:
        raise NotHeldError(f"{stage} is not held: there is nothing to lift")
    ids = {hold.id for hold in standing}
    for execution in pipeline.executions():
        if execution.id in ids and not execution.ended:
            raise NotHeldError(
                f"{stage} is still being rolled back, by {execution.id}: wait for it"
            )
