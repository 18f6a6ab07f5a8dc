"""Says whether an environment is held, by whom, since when and why. Exit code 1: it is.

The environment's stage asks this at its entry, and is not entered while it is held, or while nobody
can tell. A rollback is let through (--execution): it is what an environment is held for.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops.commands.common import (
    BAD_NEWS,
    DONE,
    ClientOf,
    environment_argument,
    json_option,
    show,
)
from ops.errors import NoSuchStageError
from ops.holds import holds_of
from ops.pipeline import Pipeline, found
from ops.text import plain

HELP: Final = "say whether an environment is held"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    environment_argument(parser)
    parser.add_argument("--execution", metavar="ID", help="the one that asks")
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    if given.execution and pipeline.is_rollback(given.execution):
        text = f"{given.execution} is a rollback: {given.environment} lets it in"
        document = {"pipeline": pipeline.name, "stage": given.environment, "holds": []}
        show(document, text, as_json=given.json)
        return DONE
    stage = _name(pipeline, given.environment)
    holds = holds_of(pipeline, client).of(stage)
    document = {
        "pipeline": pipeline.name,
        "stage": stage,
        "holds": [hold.as_json() for hold in holds],
    }
    lines = [plain(hold) for hold in holds]
    if holds:
        lines.append(f"To let something in: python -m ops lift {stage.lower()} --reason ...")
    show(document, "\n".join(lines or [f"{stage} is not held"]), as_json=given.json)
    return BAD_NEWS if holds else DONE


def _name(pipeline: Pipeline, given: str) -> str:
    """As the pipeline's state has it, which is all that the stage's own question may read."""
    names = {str(stage["stageName"]).lower(): str(stage["stageName"]) for stage in pipeline.state()}
    if given.lower() not in names:
        raise NoSuchStageError(
            f"{pipeline.name} has no stage {given!r}; there are: {', '.join(names.values())}"
        )
    return names[given.lower()]
