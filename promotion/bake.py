"""Says whether what was just deployed proves itself: no alarm goes off for some minutes.

`python -m promotion.bake PREFIX --minutes N --pipeline NAME --stage STAGE --execution ID`, with the
credentials of the tools account; --role-arn names the role in the target account that may look.
PREFIX is how the names of the alarms begin. An alarm that is on since before the stage began does
not count, and is named. A rollback is not watched: it is what a bad release is answered with.

Exit code: 0 when nothing went off, 1 when something did, or when no alarm looked, 2 when nobody
could look.
"""

from __future__ import annotations

import argparse
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError
from ops.pipeline import Pipeline
from promotion import alarms, looking
from promotion.alarms import Clock, Look

_WELL, _OFF, _NOT_DONE = 0, 1, 2
_CLOCK: Final = Clock(time.monotonic, time.sleep)


class NotDeployedError(OpsError):
    """Nothing of the stage has run in the execution."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. Errors become messages here, in one place."""
    given = parser().parse_args(arguments)
    try:
        pipeline = Pipeline(given.pipeline, boto3.Session().client)
        if pipeline.is_rollback(given.execution):
            print(f"bake: {given.execution} is a rollback, which is not watched")
            return _WELL
        came = began(pipeline, given.execution, given.stage)
        cloudwatch = looking.session(given.role_arn).client("cloudwatch")
        return bake(given, partial(alarms.alarms, cloudwatch, given.prefix), came, _CLOCK)
    except (OpsError, ClientError, BotoCoreError) as error:
        print(f"bake: nobody could look: {error}", file=sys.stderr)
        return _NOT_DONE


def bake(given: Namespace, look: Look, came: datetime, clock: Clock) -> int:
    """Watches, and says what came of it; the exit code."""
    found = look()
    print(f"bake: {len(found)} alarms, watched for {given.minutes} min", flush=True)
    for alarm in alarms.before(found, came):
        print(f"bake: {alarm.name} is on since before this release: not counted", flush=True)
    against = alarms.watch(look, came, given.minutes, clock)
    for problem in against:
        print(f"bake: {problem}", file=sys.stderr)
    if not against:
        print("bake: nothing went off")
    return _OFF if against else _WELL


def began(pipeline: Pipeline, execution: str, stage: str) -> datetime:
    """When the stage began to run in the execution. Raises `NotDeployedError`."""
    started = [run.started for run in pipeline.action_runs(execution) if run.stage == stage]
    if not started:
        raise NotDeployedError(f"nothing of {stage} has run in {execution}")
    return min(started)


def parser() -> ArgumentParser:
    """Every option."""
    made = ArgumentParser(
        prog="python -m promotion.bake",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("prefix", help="how the names of the alarms begin")
    made.add_argument("--minutes", required=True, type=int, metavar="N", help="how long to watch")
    made.add_argument("--pipeline", required=True, metavar="NAME", help="that deployed")
    made.add_argument("--stage", required=True, metavar="STAGE", help="what it deployed with")
    made.add_argument("--execution", required=True, metavar="ID", help="that deployed")
    made.add_argument("--role-arn", metavar="ARN", help="of the target account, to look with")
    return made


if __name__ == "__main__":
    sys.exit(main())
