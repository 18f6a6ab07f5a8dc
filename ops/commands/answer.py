"""What approving and rejecting have in common: show the verdicts, answer, keep the record."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict

from ops import approvals, decisions, holds, verdicts
from ops.commands.common import DONE, ClientOf, dry_run_option, json_option, show
from ops.decisions import Bucket
from ops.errors import NotAnsweredError, NotRecordedError
from ops.pipeline import Pipeline, found
from ops.records import PendingApproval
from ops.text import plain
from ops.verdicts import Level, Verdict


def options(parser: ArgumentParser) -> None:
    """Those of both."""
    parser.add_argument(
        "--execution",
        metavar="ID",
        help="only if this execution waits (its beginning is enough); else nothing is answered",
    )
    dry_run_option(parser)
    json_option(parser)


def give(client: ClientOf, given: Namespace, *, approved: bool, despite_red: bool) -> int:
    """Shows what waits, answers it, keeps the record; the exit code.

    despite_red: approve also when a verdict is red and nobody can be asked again.
    """
    approvals.check(given.reason)
    pipeline = found(client, given.pipeline)
    pending = approvals.waiting(pipeline, given.execution)
    bucket = _bucket(pipeline, client)
    known = bucket.verdicts(pending.execution_id) if bucket else []
    # Of now: something newer may have come since the page was made.
    fresh = verdicts.of_execution(pipeline, pending.execution_id)
    fresh += holds.against(pipeline, bucket, pending.stage) if bucket else []
    known = [*(each for each in known if each.about not in verdicts.ABOUT), *fresh]
    if not given.json:
        print("\n".join([_asked(pipeline, pending), *map(_line, known)]), flush=True)
    record = None
    if not given.dry_run:
        if approved and not despite_red:
            _ask_again(known, can_ask=sys.stdin.isatty() and not given.json)
        approvals.answer(pipeline, pending, approved=approved, reason=given.reason)
        record = _keep(pipeline, pending, bucket, known)
    answer = "approved" if approved else "rejected"
    document = {
        "pipeline": pipeline.name,
        "execution_id": pending.execution_id,
        "action": pending.label,
        "verdicts": [asdict(each) for each in known],
        "dry_run": given.dry_run,
        "answer": answer,
        "record": record,
    }
    show(document, _done(answer, pending, record, given), as_json=given.json)
    return DONE


def _bucket(pipeline: Pipeline, client: ClientOf) -> Bucket | None:
    bucket = Bucket(pipeline.name, client)
    return bucket if bucket.exists() else None


def _keep(
    pipeline: Pipeline, pending: PendingApproval, bucket: Bucket | None, known: list[Verdict]
) -> str | None:
    """Where the record is; None in a pipeline that keeps none."""
    if bucket is None:
        return None
    try:
        decision = decisions.of(pipeline, pending)
        bucket.keep(decision, known)
    except NotRecordedError as error:
        raise NotRecordedError(
            f"answered, but not recorded yet: {error}; later, `python -m ops decisions --keep` "
            "records it from the pipeline's history"
        ) from None
    return f"s3://{bucket.name}/{decision.key}"


def _done(answer: str, pending: PendingApproval, record: str | None, given: Namespace) -> str:
    done = f"{answer} {pending.label} of execution {pending.execution_id}"
    if given.dry_run:
        return f"would be {done}"
    return f"{done}; {f'the record: {record}' if record else 'no record is kept of it'}"


def _ask_again(known: Sequence[Verdict], *, can_ask: bool) -> None:
    """Raises `NotAnsweredError` unless nothing is red, or a person insists."""
    red = [each.text for each in known if each.level is Level.RED]
    if not red:
        return
    if not can_ask:
        raise NotAnsweredError(
            f"not approved: {len(red)} of the verdicts are red, for one: {plain(red[0])}; "
            "--yes approves all the same, reject --reason refuses"
        )
    print(f"{len(red)} of these are red. Approve all the same? Type yes: ", end="", flush=True)
    if sys.stdin.readline().strip() != "yes":
        raise NotAnsweredError("not approved, and not rejected: it still waits")


def _asked(pipeline: Pipeline, pending: PendingApproval) -> str:
    execution = next(e for e in pipeline.executions() if e.id == pending.execution_id)
    subject = plain(execution.message.partition("\n")[0])
    lines = [f"{pending.label} of {pipeline.name} waits for execution {pending.execution_id}:"]
    lines += [f"  commit {execution.commit} {subject}"] if execution.commit else []
    return "\n".join(lines + ([f"  {plain(pending.message)}"] if pending.message else []))


def _line(verdict: Verdict) -> str:
    return f"  {verdict.level.upper():<5} {verdict.about}: {plain(verdict.text)}"
