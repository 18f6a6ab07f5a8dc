"""Lists what people decided, oldest first: who let what through or did not, who held an environment
and who lifted that, when and why.

From the decision record, which has no end, and from the pipeline's history of twelve months, where
an answer stands that was given in the console or by other means. --keep records those, too. What
the pipeline rolled back by itself holds an environment as well; the record has that once somebody
lifts it.

With --json each has a `kind`: approval, hold or lift.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ops import decisions
from ops.commands.common import DONE, ClientOf, dry_run_option, json_option, show
from ops.decisions import Bucket, Decision
from ops.errors import NotRecordedError
from ops.holds import Hold, Holds, Lift
from ops.pipeline import Pipeline, found
from ops.text import plain

HELP: Final = "list who approved, rejected, held or lifted what, when and why"
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class _Row:
    """One decision. at: an aware time. document: for programs, text: for people."""

    at: datetime
    document: dict[str, Any]
    text: str


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--keep", action="store_true", help="record answers that only the pipeline's history knows"
    )
    dry_run_option(parser)
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    bucket = Bucket(pipeline.name, client)
    there = bucket.exists()
    if given.keep and not there:
        raise NotRecordedError(f"there is no bucket {bucket.name}: {pipeline.name} keeps no record")
    rows = _approvals(pipeline, bucket if there else None, given)
    if there:
        rows += _holds(Holds(pipeline, bucket))
    rows.sort(key=lambda row: row.at)
    document = {"pipeline": pipeline.name, "decisions": [row.document for row in rows]}
    text = "\n".join([row.text for row in rows] or ["no decision yet"])
    show(document, text, as_json=given.json)
    return DONE


def _approvals(pipeline: Pipeline, bucket: Bucket | None, given: Namespace) -> list[_Row]:
    kept = {each.key: each for each in bucket.kept()} if bucket else {}
    known = {each.key: each for each in decisions.made(pipeline)} | kept
    keeps = bucket if given.keep and not given.dry_run else None
    if keeps:
        for key in [key for key in known if key not in kept]:
            keeps.keep(known[key])
    return [_approval(each, recorded=bool(keeps) or key in kept) for key, each in known.items()]


def _holds(holds: Holds) -> Iterator[_Row]:
    kept, lifts = holds.kept()
    yield from (_hold(each, recorded=True) for each in kept)
    standing = holds.rolled_back({each.id for each in kept})
    yield from (_hold(each, recorded=False) for each in standing)
    yield from map(_lift, lifts)


def _approval(decision: Decision, *, recorded: bool) -> _Row:
    by = f" by {decision.by}" if decision.by else ""
    subject = plain(decision.message.partition("\n")[0])
    note = "" if recorded else "  (not recorded: --keep)"
    release = f"{(decision.commit or '?')[:12]} {subject}"
    return _Row(
        decision.at,
        {"kind": "approval", **decision.as_json(), "recorded": recorded},
        _text(decision.at, f"{decision.answer}{by}{note}", release, decision.reason),
    )


def _hold(hold: Hold, *, recorded: bool) -> _Row:
    return _Row(
        hold.at or _LAST,
        {"kind": "hold", **hold.as_json(), "recorded": recorded},
        _text(hold.at, f"held {hold.stage} by {hold.who}", hold.reason),
    )


def _lift(lift: Lift) -> _Row:
    return _Row(
        lift.at,
        {"kind": "lift", **lift.as_json(), "recorded": True},
        _text(lift.at, f"lifted {lift.hold.stage} by {lift.by}", lift.reason),
    )


def _text(at: datetime | None, headline: str, *more: str) -> str:
    """more: lines below it; what is empty is left out."""
    when = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} " if at else ""
    return "\n".join(
        [f"{when}{plain(headline)}", *(f"  {plain(each)}".rstrip() for each in more if each)]
    )
