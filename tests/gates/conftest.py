"""The delivery of this working tree, synthesized once for all tests that only read it."""

from __future__ import annotations

import pytest

from gates.delivery import Delivery
from tests.support.synthesis import REPOSITORY, Assembly


@pytest.fixture(scope="session")
def delivery(assembly: Assembly) -> Delivery:
    return Delivery.read(assembly.directory, REPOSITORY)
