"""Shows the pipeline's stages and actions with their latest state, below the newest execution."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from typing import Any, Final

from ops.commands.common import DONE, ClientOf, json_option, show
from ops.pipeline import Pipeline, found
from ops.records import Execution

HELP: Final = "show the pipeline's stages and actions"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    newest = next(iter(pipeline.executions()), None)
    state = pipeline.state()
    show(_document(pipeline, newest, state), _text(pipeline, newest, state), as_json=given.json)
    return DONE


def _document(
    pipeline: Pipeline, newest: Execution | None, state: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "pipeline": pipeline.name,
        "newest": newest
        and {"execution_id": newest.id, "commit": newest.commit, "status": newest.status},
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


def _text(pipeline: Pipeline, newest: Execution | None, state: list[dict[str, Any]]) -> str:
    lines = [f"{pipeline.name}: {_headline(newest)}"]
    for stage in state:
        lines.append(f"  {stage['stageName']}")
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
