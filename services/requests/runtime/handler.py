"""The Lambda function behind the request API: wires it up once per worker and hands events on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from services.common.runtime.http import Response
from services.common.runtime.observability import count, logger, metrics
from services.common.runtime.problems import UnavailableError
from services.requests.runtime.api import RequestsApi
from services.requests.runtime.logic import AcceptanceService
from services.requests.runtime.metric_names import Metric
from services.requests.runtime.models import Row
from services.requests.runtime.settings import Settings
from services.requests.runtime.stores import connect

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def _report_deferred_start(row: Row, cause: UnavailableError) -> None:
    count(Metric.START_DEFERRED)
    logger.warning("start deferred", extra={"accepted": row.request_id}, exc_info=cause)


def _build() -> RequestsApi:
    settings = Settings.parse(os.environ)
    metrics.set_default_dimensions(environment=settings.environment)
    payloads, rows, workflow = connect(settings)
    return RequestsApi(
        settings,
        AcceptanceService(payloads, rows, workflow, on_deferred_start=_report_deferred_start),
    )


_api = _build()


@logger.inject_lambda_context(clear_state=True, log_event=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> Response:
    """Entry point that Lambda calls."""
    return _api.handle(event)
