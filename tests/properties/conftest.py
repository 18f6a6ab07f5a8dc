"""Keeps the service's log quiet here, and as it was for other tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.common.runtime.observability import logger
from tests.support.on_lambda import on_lambda
from tests.support.request_service import log_nothing

__all__ = ["on_lambda"]


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    level = logger.log_level
    log_nothing()
    yield
    logger.setLevel(level)
