"""The services of the application: adding one is one line here.

Each is a folder of `services/` with the modules that `services.common.infrastructure.service` asks
for. The order is that of the stack's outputs and of the dashboard.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from services.common.infrastructure.service import Service

NAMES: Final = (
    "requests",
    "files",
)  # fmt: skip


def load(name: str) -> Service[Any]:
    """The service of that folder. Raises TypeError when its module does not have it."""
    service = import_module(f"services.{name}.service").SERVICE
    if not isinstance(service, Service) or service.name != name:
        raise TypeError(f'services/{name}/service.py must have SERVICE = Service(name="{name}", …)')
    return service


SERVICES: Final = tuple(load(name) for name in NAMES)
