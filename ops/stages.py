"""A stage of a pipeline by the name that people give it, and the releases that it had."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from ops.errors import NoSuchStageError
from ops.pipeline import Pipeline
from ops.records import ActionRun, Execution

# How the rule is called that keeps a held stage closed, after the stage's name.
ENTRY = "Entry"


@dataclass(frozen=True)
class Stage:
    """A stage as declared, by its name. asks: does it ask at its entry whether it is held?"""

    name: str
    actions: frozenset[str]
    asks: bool


def all_of(pipeline: Pipeline) -> list[Stage]:
    """In the order in which they run."""
    return [_stage(each) for each in pipeline.stages()]


def stage_of(pipeline: Pipeline, name: str) -> Stage:
    """The stage of that name, in any case of letters: an environment's has the environment's.

    Raises `NoSuchStageError`, which names those that there are.
    """
    declared = all_of(pipeline)
    for stage in declared:
        if stage.name.lower() == name.lower():
            return stage
    known = ", ".join(stage.name for stage in declared)
    raise NoSuchStageError(f"{pipeline.name} has no stage {name!r}; there are: {known}")


def let_into(pipeline: Pipeline, approval: str) -> list[Stage]:
    """The stages that come after the one with an approval, up to the next one with an approval."""
    approving = {action.stage for action in pipeline.declared_actions() if action.approves}
    declared = all_of(pipeline)
    first = [stage.name for stage in declared].index(approval) + 1
    return list(takewhile(lambda stage: stage.name not in approving, declared[first:]))


def _stage(declared: dict[str, Any]) -> Stage:
    actions = frozenset(each["name"] for each in declared["actions"])
    return Stage(declared["name"], actions, asks=_asks(declared))


def _asks(stage: dict[str, Any]) -> bool:
    rules = [
        rule["name"]
        for condition in stage.get("beforeEntry", {}).get("conditions", [])
        for rule in condition.get("rules", [])
    ]
    return f"{stage['name']}{ENTRY}" in rules


def inside(pipeline: Pipeline, stage: Stage) -> tuple[str, str]:
    """The latest execution in the stage and its status there; ("", "") before the first."""
    for state in pipeline.state():
        if state["stageName"] == stage.name and "latestExecution" in state:
            latest = state["latestExecution"]
            return str(latest["pipelineExecutionId"]), str(latest["status"])
    return "", ""


def succeeded(pipeline: Pipeline, stage: Stage) -> list[Execution]:
    """The executions that ended well in the stage, rollbacks among them, newest first: those whose
    actions did, and of which no build said no that a condition asked."""
    latest: dict[str, dict[str, ActionRun]] = defaultdict(dict)
    for run in pipeline.history():
        if run.stage == stage.name:
            latest[run.execution_id][run.action] = run
    good = {
        execution
        for execution, runs in latest.items()
        if stage.actions <= {name for name, run in runs.items() if run.status == "Succeeded"}
    }
    asked = [run for run in pipeline.asked() if run.stage == stage.name]
    good -= {run.execution_id for run in asked if run.status == "Failed"}
    return [execution for execution in pipeline.executions() if execution.id in good]
