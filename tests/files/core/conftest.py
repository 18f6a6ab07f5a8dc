"""An account with the file service for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.core.account import FileAccount
from tests.support.on_lambda import on_lambda

__all__ = ["on_lambda"]


@pytest.fixture
def account(tmp_path: Path) -> FileAccount:
    return FileAccount(tmp_path)
