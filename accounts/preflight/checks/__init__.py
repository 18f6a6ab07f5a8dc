"""The checks, in the order in which a person would look."""

from __future__ import annotations

from typing import Final

from accounts.preflight.checks import (
    bootstrap,
    checkout,
    connection,
    identity,
    names,
    organization,
    quotas,
)
from accounts.preflight.registry import REGISTERED, Named

_MODULES = (identity, checkout, connection, bootstrap, names, quotas, organization)

CHECKS: Final[tuple[Named, ...]] = tuple(
    each for module in _MODULES for each in REGISTERED if each.check.__module__ == module.__name__
)
"""The first one's question is whether the others are worth asking."""
