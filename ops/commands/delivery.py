"""Says how the pipeline delivers, month by month.

{definitions}
--plot writes the same as bars, to an SVG.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from ops import decisions, figures
from ops.commands.common import DONE, ClientOf, json_option, show
from ops.decisions import Bucket, Decision
from ops.figures import Month
from ops.pipeline import Pipeline, found
from pages.chart import Bar, Chart, bars, svg
from pages.files import replace

HELP: Final = "say how often, how fast and how safely it delivers, by month"
__doc__ = (__doc__ or "").replace("{definitions}\n", (figures.__doc__ or "").partition("\n\n")[2])
_COLUMNS: Final = (
    *("month", "deployed", "failed", "failure rate", "lead time", "time to restore"),
    *("approved", "rejected", "timed out", "waited for a person"),
)


def arguments(parser: ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write an SVG as well")
    json_option(parser)


def run(client: ClientOf, given: Namespace) -> int:
    """The command; its exit code."""
    pipeline = found(client, given.pipeline)
    last = pipeline.stages()[-1]["name"]
    made = figures.deployments(last, pipeline.executions(), pipeline.history())
    months = figures.months(made, _decided(pipeline, client))
    if given.plot:
        replace(given.plot, _plot(months))
    document = {
        "pipeline": pipeline.name,
        "stage": last,
        "months": [_row(each) for each in months],
    }
    show(document, _table(months), as_json=given.json)
    return DONE


def _decided(pipeline: Pipeline, client: ClientOf) -> list[Decision]:
    """What the record and the history know, each once."""
    bucket = Bucket(pipeline.name, client)
    kept = bucket.kept() if bucket.exists() else []
    return list({each.key: each for each in [*decisions.made(pipeline), *kept]}.values())


def _row(month: Month) -> dict[str, Any]:
    """Durations in seconds."""
    values = {**asdict(month), "change_failure_rate": month.failure_rate}
    return {
        (f"{name}_seconds" if name in _DURATIONS else name): (
            value.total_seconds() if isinstance(value, timedelta) else value
        )
        for name, value in values.items()
    }


_DURATIONS: Final = ("lead_time", "time_to_restore", "waiting_for_a_person")


def _table(months: Sequence[Month]) -> str:
    if not months:
        return "nothing was deployed or decided yet"
    lines = [list(_COLUMNS), *(_cells(month) for month in months)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_COLUMNS))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def _cells(month: Month) -> list[str]:
    rate = month.failure_rate
    return [
        month.month,
        str(month.deployments),
        str(month.failed),
        "-" if rate is None else f"{rate:.0%}",
        _words(month.lead_time),
        _words(month.time_to_restore),
        str(month.approved),
        str(month.rejected),
        str(month.timed_out),
        _words(month.waiting_for_a_person),
    ]


def _plot(months: Sequence[Month]) -> str:
    def chart(title: str, value: Callable[[Month], float | None], cell: int) -> Chart:
        return bars(title, [Bar(m.month, value(m), _cells(m)[cell]) for m in months])

    return svg(
        "Delivery figures",
        [
            chart("Deployments", lambda month: month.deployments, 1),
            chart("Change-failure rate", lambda month: month.failure_rate, 3),
            chart("Lead time", lambda month: _seconds(month.lead_time), 4),
            chart("Time to restore", lambda month: _seconds(month.time_to_restore), 5),
        ],
    )


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()


def _words(duration: timedelta | None) -> str:
    """E.g. "3 d 4 h", "2 h 5 min", "40 s"; "-" for none."""
    if duration is None:
        return "-"
    seconds = round(duration.total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"
