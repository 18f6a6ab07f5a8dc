"""Shows the pipeline's stages and actions with their latest state, below the newest execution.

Of a stage that asks at its entry whether it is held it says whether it is, by whom, since when and
why, or that it cannot tell, as without the right to read the decision bucket. All other stages let
everything in.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from ops import stages
from ops.commands.common import DONE, ClientOf, json_option, show
from ops.errors import NotRecordedError
from ops.holds import Hold, Holds, holds_of
from ops.pipeline import Pipeline, found
from ops.records import Execution
from ops.text import plain

HELP: Final = "show the pipeline's stages and actions, and what is held"


@dataclass(frozen=True)
class _Entry:
    """Whether a stage may be entered. asks: does it ask whether it is held? unknown: why nobody can
    tell what holds it, or ""."""

    asks: bool
    holds: list[Hold] = field(default_factory=list)
    unknown: str = ""

    def as_json(self) -> dict[str, Any]:
        """held: None when nobody can tell."""
        return {
            "asks": self.asks,
            "held": None if self.unknown else bool(self.holds),
            "holds": [hold.as_json() for hold in self.holds],
            "unknown": self.unknown or None,
        }

    def lines(self) -> Iterator[str]:
        """For people; nothing of a stage that does not ask."""
        if self.unknown:
            yield f"cannot tell whether it is held: {self.unknown}"
        elif self.asks and not self.holds:
            yield "not held"
        yield from map(str, self.holds)


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    newest = next(iter(pipeline.executions()), None)
    state = pipeline.state()
    entries = _entries(pipeline, client)
    show(
        _document(pipeline, newest, state, entries),
        _text(pipeline, newest, state, entries),
        as_json=given.json,
    )
    return DONE


def _entries(pipeline: Pipeline, client: ClientOf) -> dict[str, _Entry]:
    """By the names of the stages."""
    asking = {stage.name: stage.asks for stage in stages.all_of(pipeline)}
    if not any(asking.values()):
        return {name: _Entry(asks=False) for name in asking}
    try:
        holds = holds_of(pipeline, client)
    except NotRecordedError as error:
        return {
            name: _Entry(asks, unknown=str(error) if asks else "") for name, asks in asking.items()
        }
    return {name: _entry(holds, name, asks=asks) for name, asks in asking.items()}


def _entry(holds: Holds, stage: str, *, asks: bool) -> _Entry:
    if not asks:
        return _Entry(asks=False)
    try:
        return _Entry(asks=True, holds=holds.of(stage))
    except NotRecordedError as error:
        return _Entry(asks=True, unknown=str(error))


def _document(
    pipeline: Pipeline,
    newest: Execution | None,
    state: list[dict[str, Any]],
    entries: Mapping[str, _Entry],
) -> dict[str, Any]:
    return {
        "pipeline": pipeline.name,
        "newest": newest
        and {"execution_id": newest.id, "commit": newest.commit, "status": newest.status},
        "stages": [{"stage": name, **entry.as_json()} for name, entry in entries.items()],
        "actions": [
            {
                "stage": stage["stageName"],
                "action": action["actionName"],
                "status": action.get("latestExecution", {}).get("status"),
                "since": action.get("latestExecution", {}).get("lastStatusChange"),
                "waits_for_approval": "token" in action.get("latestExecution", {}),
            }
            for stage in state
            for action in stage["actionStates"]
        ],
    }


def _text(
    pipeline: Pipeline,
    newest: Execution | None,
    state: list[dict[str, Any]],
    entries: Mapping[str, _Entry],
) -> str:
    lines = [f"{pipeline.name}: {_headline(newest)}"]
    for stage in state:
        lines.append(f"  {stage['stageName']}")
        lines += [f"    {plain(line)}" for line in entries[stage["stageName"]].lines()]
        for action in stage["actionStates"]:
            lines.append(f"    {action['actionName']:<28}{_action(action)}")
    return "\n".join(lines)


def _headline(newest: Execution | None) -> str:
    if newest is None:
        return "no execution yet: a push starts one"
    return f"execution {newest.id} of {(newest.commit or '?')[:12]} {newest.status}"


def _action(action: dict[str, Any]) -> str:
    latest = action.get("latestExecution")
    if latest is None:
        return "not run yet"
    seconds = (datetime.now(UTC) - latest["lastStatusChange"]).total_seconds()
    text = f"{latest['status']:<12}{seconds:.0f} s ago"
    return text + ("  waits for an approval" if latest.get("token") else "")
