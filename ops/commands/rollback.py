"""Rolls an environment's stage back: deploys again what an earlier release was made of.

Without --to, the release before the one that serves; after a failure, the last one that succeeded.
CodePipeline goes back only to a release that was delivered with the pipeline's current definition.
It takes back code and resources, never data: what was written meanwhile stays.

From then on the environment is held: nothing is promoted there until somebody lifts that. Who
rolled back and why is kept with the decisions. Waits until the rollback has ended.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops import approvals, rollback, stages
from ops.commands.common import (
    BAD_NEWS,
    DONE,
    ClientOf,
    dry_run_option,
    environment_argument,
    followed,
    json_option,
    show,
    whoever,
)
from ops.holds import holds_of
from ops.pipeline import found
from ops.text import plain

HELP: Final = "deploy an environment's earlier release again, and hold it"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    environment_argument(parser)
    parser.add_argument(
        "--to", metavar="EXECUTION", help="the execution to go back to; its beginning is enough"
    )
    parser.add_argument("--reason", required=True, help="kept with the decision")
    dry_run_option(parser)
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    approvals.check(given.reason)
    pipeline = found(client, given.pipeline)
    stage = stages.stage_of(pipeline, given.environment)
    holds = holds_of(pipeline, client)
    target = rollback.target_of(pipeline, stage, given.to)
    commit = f"{(target.commit or '?')[:12]} {plain(target.message.partition(chr(10))[0])}".rstrip()
    document = {
        "pipeline": pipeline.name,
        "stage": stage.name,
        "target": target.id,
        "commit": target.commit,
        "dry_run": given.dry_run,
    }
    if given.dry_run:
        text = f"would roll {stage.name} back to {target.id}, commit {commit}"
        show(document, text, as_json=given.json)
        return DONE
    execution_id = rollback.roll_back(pipeline, stage, target)
    holds.put_on(stage.name, by=whoever(client), reason=given.reason, id_=execution_id)
    if not given.json:
        print(f"rolling {stage.name} back to {target.id}, commit {commit}: {execution_id}")
    ended = followed(pipeline, execution_id, given)
    document |= {"execution_id": execution_id, "status": ended.status}
    told = f"{execution_id} {ended.status}; {stage.name} is held until `python -m ops lift`"
    show(document, f"{told}{_why(ended.summary)}", as_json=given.json)
    return DONE if ended.status == "Succeeded" else BAD_NEWS


def _why(summary: str) -> str:
    return f"\n  {plain(summary)}" if summary else ""
