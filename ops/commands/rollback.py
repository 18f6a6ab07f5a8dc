"""Rolls an environment's stage back: deploys again what an earlier release was made of.

Without --to, the release before the one that serves; after a failure, the last one that succeeded.
CodePipeline goes back only to a release that was delivered with the pipeline's current definition.
It takes back code and resources, never data: what was written meanwhile stays.

From then on an environment that asks whether it is held is held: nothing is promoted there until
somebody lifts that. Who rolled back and why is kept with the decisions. Waits until the rollback
has ended.
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
from ops.errors import NotRecordedError
from ops.holds import Holds, holds_of
from ops.pipeline import found
from ops.records import Execution
from ops.stages import Stage
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
    document = {
        "pipeline": pipeline.name,
        "stage": stage.name,
        "target": target.id,
        "commit": target.commit,
        "dry_run": given.dry_run,
    }
    if given.dry_run:
        show(document, f"would roll {_to(stage, target)}", as_json=given.json)
        return DONE
    execution_id = rollback.roll_back(pipeline, stage, target)
    _keep(holds, stage, execution_id, whoever(client), given.reason)
    if not given.json:
        print(f"rolling {_to(stage, target)}: {execution_id}", flush=True)
    ended = followed(pipeline, execution_id, given)
    document |= {"execution_id": execution_id, "status": ended.status}
    show(document, _told(stage, ended), as_json=given.json)
    return DONE if ended.status == "Succeeded" else BAD_NEWS


def _keep(holds: Holds, stage: Stage, execution_id: str, by: str, reason: str) -> None:
    try:
        holds.put_on(stage.name, by=by, reason=reason, id_=execution_id)
    except NotRecordedError as error:
        raise NotRecordedError(
            f"{stage.name} is being rolled back, by {execution_id}, which holds it, but the reason"
            f" was not kept: {error}"
        ) from None


def _to(stage: Stage, target: Execution) -> str:
    subject = plain(target.message.partition("\n")[0])
    commit = f"{(target.commit or '?')[:12]} {subject}".rstrip()
    return f"{stage.name} back to {target.id}, commit {commit}"


def _told(stage: Stage, ended: Execution) -> str:
    held = (
        f"{stage.name} is held until `python -m ops lift`"
        if stage.asks
        else f"{stage.name} does not ask whether it is held: the next release is deployed there"
    )
    why = f"\n  {plain(ended.summary)}" if ended.summary else ""
    return f"{ended.id} {ended.status}; {held}{why}"
