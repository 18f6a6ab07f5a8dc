"""The Lambda function that transforms tables: wiring only, done once per worker."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import ExitStack
from email.message import Message
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from services.common.runtime.observability import logger, metrics
from services.common.runtime.variables import positive
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.processing.budget import Budget, BudgetedFile
from services.files.runtime.processing.entry import build
from services.files.runtime.processing.ports import Product, Source
from services.files.runtime.tables import Limits, Outputs, Table
from services.files.runtime.tables import transform as transform_table

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MODELS = Path(__file__).with_name("aws_models")
ROWS, PARQUET, BAD_ROWS, PROFILE = "rows.jsonl", "table.parquet", "bad-rows.csv", "profile.json"
_CONTENT_TYPES = {
    ROWS: "application/x-ndjson",
    PARQUET: "application/vnd.apache.parquet",
    BAD_ROWS: "text/csv; charset=utf-8",
    PROFILE: "application/json",
}


def transform(
    source: Source, folder: Path, *, limits: Limits, max_result_bytes: int
) -> Sequence[Product]:
    """The rows as JSON Lines and, of a CSV, as Parquet; those set aside, if any; the profile."""
    kind: Literal["csv", "json"] = "csv" if source.name.lower().endswith(".csv") else "json"
    budget = Budget(max_result_bytes)
    with ExitStack() as files:

        def sink(name: str) -> BudgetedFile:
            return BudgetedFile(files.enter_context((folder / name).open("wb")), budget)

        table = Table(
            lambda: files.enter_context(source.path.open("rb")), kind, charset(source.content_type)
        )
        outputs = Outputs(sink(ROWS), sink(PARQUET) if kind == "csv" else None, sink(BAD_ROWS))
        profile = transform_table(table, outputs, limits)
    (folder / PROFILE).write_text(json.dumps(profile), encoding="utf-8")
    return [
        Product(name, folder / name, content_type)
        for name, content_type in _CONTENT_TYPES.items()
        if (folder / name).exists() and (name != BAD_ROWS or (folder / name).stat().st_size)
    ]


def charset(content_type: str) -> str | None:
    """The charset that a content type declares, in lower case; None without one."""
    header = Message()
    header["Content-Type"] = content_type
    return header.get_content_charset()


_entry = build(
    Kind.TABLE,
    partial(
        transform,
        limits=Limits(max_bytes=positive(os.environ, "MAX_FILE_BYTES")),
        max_result_bytes=positive(os.environ, "MAX_RESULT_BYTES"),
    ),
    MODELS,
)


@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Entry point that Lambda calls."""
    return _entry.handle(event, context)
