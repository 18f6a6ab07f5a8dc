"""The edge of both processors: what Lambda hands in, what stands in the log, what Lambda is told.

An error's text may quote the file that it is about, so neither the log nor Lambda (which copies the
text into the dead-letter queue) gets to see it: only its name, and the places it passed.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from services.common.runtime.aws import client_factory
from services.common.runtime.observability import count, logger, metrics
from services.common.runtime.probe import NOBODY, READY, is_probe
from services.files.runtime.catalogue.keys import id_in
from services.files.runtime.catalogue.kinds import Kind
from services.files.runtime.catalogue.metric_names import Metric
from services.files.runtime.catalogue.store import DynamoCatalogue
from services.files.runtime.processing.event import parse
from services.files.runtime.processing.objects import S3Objects
from services.files.runtime.processing.ports import Transform
from services.files.runtime.processing.processor import AttemptError, Outcome, Processor
from services.files.runtime.processing.settings import ProcessorSettings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Lambda ends an invocation when its time is over; clocks may differ by seconds.
LEASE_MARGIN = timedelta(seconds=10)

CLIENT_CONFIG = Config(
    connect_timeout=2,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 3},
    tcp_keepalive=True,
    request_checksum_calculation="when_required",
)

_METRICS = {Outcome.PROCESSED: Metric.PROCESSED, Outcome.REJECTED: Metric.REJECTED}


class ProcessingError(Exception):
    """An attempt went wrong; the text is the name of the error, and nothing of the file."""


@dataclass(frozen=True)
class Entry:
    """Takes events in. bucket: the one of uploads."""

    processor: Processor
    bucket: str

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, str]:
        """{"outcome": <an Outcome>}: each says that this event is not needed any more.

        A deployment's probe gets READY once the catalogue has answered.

        Raises ProcessingError, so that Lambda tries again and then keeps the event.
        """
        if is_probe(event):
            self.processor.catalogue.file(NOBODY)
            return READY
        try:
            outcome = self._process(event, context)
        except Exception as error:
            raise _told(error) from None
        count(_METRICS.get(outcome, Metric.REPEATED))
        logger.info("ended", extra={"outcome": outcome})
        return {"outcome": outcome.value}

    def _process(self, event: Mapping[str, Any], context: LambdaContext) -> Outcome:
        upload = parse(event, self.bucket)
        logger.append_keys(file_id=id_in(upload.key), version_id=upload.version_id)
        left = timedelta(milliseconds=context.get_remaining_time_in_millis())
        lease_until = self.processor.now() + left + LEASE_MARGIN
        return self.processor.process(upload, lease_until)


def build(kind: Kind, transform: Transform, models: Path) -> Entry:
    """The processor of one kind of files, from the function's environment; no call is made yet.

    models: the folder of AWS models beside the function. Raises SettingsError.
    """
    settings = ProcessorSettings.parse(os.environ)
    metrics.set_default_dimensions(environment=settings.environment, kind=kind.value)
    client = client_factory(models, CLIENT_CONFIG)
    processor = Processor(
        kind=kind,
        transform=transform,
        catalogue=DynamoCatalogue(client("dynamodb"), settings.catalogue_table),
        objects=S3Objects(client("s3"), settings.uploads_bucket, settings.results_bucket),
        max_bytes=settings.max_bytes,
        max_attempts=settings.max_attempts,
        scratch=settings.scratch,
    )
    return Entry(processor, settings.uploads_bucket)


def _told(error: Exception) -> ProcessingError:
    """What Lambda is told, once it is counted and logged."""
    cause = error
    count(Metric.ATTEMPT_FAILED)
    if isinstance(error, AttemptError):
        cause = error.cause
        if error.failed:
            count(Metric.FAILED)
    logger.error("attempt failed", extra={"error": _names(cause), "places": _places(cause)})
    return ProcessingError(_names(cause))


def _names(error: BaseException) -> str:
    """Of the error and of what caused it, e.g. "UnavailableError < ReadTimeoutError"."""
    names = []
    link: BaseException | None = error
    while link is not None:
        names.append(type(link).__name__)
        link = link.__cause__
    return " < ".join(names)


def _places(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
