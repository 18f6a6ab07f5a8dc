"""A pipeline as a Mermaid flowchart: stages, actions in run order, what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

type Stages = Sequence[Mapping[str, Any]]


def order(stage: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """The actions of a stage: those that run at once are together."""

    def number(action: Mapping[str, Any]) -> int:
        return int(action.get("runOrder", 1))

    return [list(each) for _, each in groupby(sorted(stage["actions"], key=number), key=number)]


def mermaid(stages: Stages) -> str:
    """The text of a chart, as a Markdown page takes it behind ```mermaid."""
    return "\n".join(["flowchart LR", *_stages(stages), *_arrows(stages)])


def _stages(stages: Stages) -> Iterator[str]:
    for number, stage in enumerate(stages):
        yield f'  subgraph s{number}["{_text(stage["name"])}"]'
        yield "    direction TB"
        steps = [[(action, _id(number, action, stage)) for action in step] for step in order(stage)]
        for action, name in (each for step in steps for each in step):
            kind = action["actionTypeId"]
            label = f"{_text(action['name'])}<br/>{_text(kind['provider'])}"
            left, right = ("{{", "}}") if kind["category"] == "Approval" else ("[", "]")
            yield f'    {name}{left}"{label}"{right}'
        for before, after in pairwise(steps):
            yield from (f"    {one} --> {other}" for _, one in before for _, other in after)
        yield "  end"


def _arrows(stages: Stages) -> Iterator[str]:
    yield from (f"  s{one} --> s{other}" for one, other in pairwise(range(len(stages))))


def _id(number: int, action: Mapping[str, Any], stage: Mapping[str, Any]) -> str:
    return f"a{number}_{stage['actions'].index(action)}"


def _text(text: str) -> str:
    """As text of a label: Mermaid takes entity codes without the ampersand's name ("Flowcharts",
    Mermaid documentation, "Entity codes to escape characters")."""
    return "".join(c if c.isalnum() or c in " ._-" else f"#{ord(c)};" for c in text)
