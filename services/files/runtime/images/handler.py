"""The Lambda function that makes derivatives of pictures: wiring only, done once per worker."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.common.runtime.observability import logger, metrics
from services.common.runtime.variables import SettingsError, positive
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.images import SIZES, Limits, Size, render
from services.files.runtime.processing.entry import build
from services.files.runtime.processing.ports import Product, Source

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MODELS = Path(__file__).with_name("aws_models")
METADATA = "metadata.json"
_SIZE = re.compile(r"([a-z0-9-]{1,32})=([0-9]{1,4})")


def transform(
    source: Source, folder: Path, *, sizes: Sequence[Size], limits: Limits
) -> Sequence[Product]:
    """The derivatives, each named by its size, and the document about the original."""
    rendering = render(source.path, name=source.name, into=folder, sizes=sizes, limits=limits)
    document = folder / METADATA
    document.write_text(json.dumps(rendering.document), encoding="utf-8")
    return [
        *(
            Product(derivative.path.name, derivative.path, derivative.media_type)
            for derivative in rendering.derivatives
        ),
        Product(METADATA, document, "application/json"),
    ]


def sizes_of(text: str) -> Sequence[Size]:
    """From e.g. "small=256 large=1600", the longest sides in pixels; SIZES for "".

    Raises SettingsError.
    """
    found = [_SIZE.fullmatch(part) for part in text.split()]
    try:
        sizes = [Size(match[1], int(match[2])) for match in found if match]
    except ValueError as error:
        raise SettingsError(f"IMAGE_SIZES: {error}") from None
    if len(sizes) != len(found) or len({size.name for size in sizes}) != len(sizes):
        raise SettingsError(f'IMAGE_SIZES is {text!r}; expected e.g. "small=256 large=1600"')
    return sizes or SIZES


_entry = build(
    Kind.IMAGE,
    partial(
        transform,
        sizes=sizes_of(os.environ.get("IMAGE_SIZES", "")),
        limits=Limits(bytes=positive(os.environ, "MAX_FILE_BYTES")),
    ),
    MODELS,
)


@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Entry point that Lambda calls."""
    return _entry.handle(event, context)
