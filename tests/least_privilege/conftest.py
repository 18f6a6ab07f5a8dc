"""Functions' code runs in the process of the tests here, to record what it calls."""

from __future__ import annotations

from tests.support.on_lambda import on_lambda

__all__ = ["on_lambda"]
