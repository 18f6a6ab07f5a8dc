"""Lists every decision on the pipeline's approvals: who let what through or did not, when and why.

From the decision record, which has no end, and from the pipeline's history of twelve months, where
an answer stands that was given in the console or by other means. --keep records those, too.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops import decisions
from ops.commands.common import DONE, ClientOf, dry_run_option, json_option, show
from ops.decisions import Bucket, Decision
from ops.errors import NotRecordedError
from ops.pipeline import found
from ops.text import plain

HELP: Final = "list who approved or rejected what, when and why"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument(
        "--keep", action="store_true", help="record what only the pipeline's history knows"
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
    kept = {each.key: each for each in bucket.kept()} if there else {}
    known = {each.key: each for each in decisions.made(pipeline)} | kept
    missing = [each for key, each in known.items() if key not in kept]
    if given.keep and not given.dry_run:
        for each in missing:
            bucket.keep(each)
    rows = sorted(known.values(), key=lambda decision: decision.at)
    recorded = set(known) if given.keep and not given.dry_run else set(kept)
    document = {
        "pipeline": pipeline.name,
        "decisions": [{**each.as_json(), "recorded": each.key in recorded} for each in rows],
    }
    lines = [_line(each, recorded=each.key in recorded) for each in rows]
    show(document, "\n".join(lines or ["no decision yet"]), as_json=given.json)
    return DONE


def _line(decision: Decision, *, recorded: bool) -> str:
    by = f" by {decision.by}" if decision.by else ""
    subject = plain(decision.message.partition("\n")[0])
    note = "" if recorded else "  (not recorded: --keep)"
    text = f"{decision.at:%Y-%m-%d %H:%M} {decision.answer}{by}{note}"
    return (
        f"{text}\n  {(decision.commit or '?')[:12]} {subject}\n  {plain(decision.reason)}".rstrip()
    )
