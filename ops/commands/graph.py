"""Prints the pipeline as a Mermaid flowchart: stages, actions in their order, and what waits for a
person. GitHub, GitLab and many editors draw it from a Markdown page."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Final

from ops.commands.common import DONE, ClientOf, json_option, show
from ops.graph import mermaid, order
from ops.pipeline import found

HELP: Final = "print the pipeline as a Mermaid flowchart"


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    stages = pipeline.stages()
    document = {
        "pipeline": pipeline.name,
        "stages": [
            {
                "name": stage["name"],
                "steps": [[action["name"] for action in step] for step in order(stage)],
            }
            for stage in stages
        ],
    }
    show(document, mermaid(stages), as_json=given.json)
    return DONE
