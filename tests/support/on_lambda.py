"""The variables that a function finds on Lambda, for tests that run its code in their process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

VARIABLES = {
    "AWS_LAMBDA_FUNCTION_NAME": "tap-dev-tested",
    "AWS_LAMBDA_FUNCTION_VERSION": "7",
    "POWERTOOLS_SERVICE_NAME": "tested",
    "POWERTOOLS_METRICS_NAMESPACE": "Tap",
}


@pytest.fixture(autouse=True, scope="module")
def on_lambda() -> Iterator[None]:
    """For a conftest to take over: gone again after each of its modules."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        yield
