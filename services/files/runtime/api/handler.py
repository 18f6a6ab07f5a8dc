"""The Lambda function behind the file API: wires it up once per worker and hands events on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.common.runtime.aws import client_factory
from services.common.runtime.http import Response
from services.common.runtime.observability import logger, metrics
from services.files.runtime.api.announcing import Announcing
from services.files.runtime.api.api import FilesApi
from services.files.runtime.api.health import PROBE_CONFIG, probes
from services.files.runtime.api.links import CLIENT_CONFIG, S3Links
from services.files.runtime.api.listing import Lister
from services.files.runtime.api.settings import Settings
from services.files.runtime.catalogue.store import DynamoCatalogue

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MODELS = Path(__file__).with_name("aws_models")
# Partitions of an index that are asked at once.
HANDS = 8


def _each[T, R](function: Callable[[T], R], items: Iterable[T]) -> Iterable[R]:
    with ThreadPoolExecutor(HANDS) as pool:
        return list(pool.map(function, items))


def _build() -> FilesApi:
    settings = Settings.parse(os.environ)
    metrics.set_default_dimensions(environment=settings.environment)
    client = client_factory(MODELS, CLIENT_CONFIG)
    catalogue = DynamoCatalogue(client("dynamodb"), settings.catalogue_table)
    links = S3Links(
        client("s3"), settings.uploads_bucket, settings.results_bucket, settings.validity
    )
    return FilesApi(
        settings,
        announcing=Announcing(catalogue, links),
        lister=Lister(catalogue, each=_each),
        shelf=catalogue,
        links=links,
        probes=probes(
            client_factory(MODELS, PROBE_CONFIG),
            settings.catalogue_table,
            settings.uploads_bucket,
            settings.results_bucket,
        ),
    )


_api = _build()


@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> Response:
    """Entry point that Lambda calls."""
    return _api.handle(event)
