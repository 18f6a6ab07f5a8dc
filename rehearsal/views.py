"""The pipeline's state as text."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ops.pipeline import Execution


def status_text(state: dict[str, Any], newest: Execution | None) -> str:
    """What `GetPipelineState` says, a line an action, below the newest execution."""
    lines = [_headline(state["pipelineName"], newest)]
    for stage in state["stageStates"]:
        lines.append(f"  {stage['stageName']}")
        for action in stage["actionStates"]:
            lines.append(f"    {action['actionName']:<28}{_action_state(action)}")
    return "\n".join(lines)


def _headline(pipeline: str, newest: Execution | None) -> str:
    if newest is None:
        return f"{pipeline}: no execution yet: `git push rehearsal` starts one"
    return f"{pipeline}: execution {newest.id} of {(newest.commit or '?')[:12]} {newest.status}"


def _action_state(action: dict[str, Any]) -> str:
    latest = action.get("latestExecution")
    if latest is None:
        return "not run yet"
    text = f"{latest['status']:<12}{_ago(latest['lastStatusChange'])}"
    if latest.get("token"):
        text += "  waits for `rehearsal approve` or `rehearsal reject --reason …`"
    return text


def _ago(moment: datetime) -> str:
    return f"{(datetime.now(UTC) - moment).total_seconds():.0f} s ago"
