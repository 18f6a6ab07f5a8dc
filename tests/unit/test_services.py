"""A service is found by its name, and a wrong one is named.

That a service which is listed becomes part of everything: test_application_another_service.py.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType

import pytest

from services.requests.service import SERVICE as REQUESTS
from stages.services import NAMES, SERVICES, load


def test_services_are_loaded_in_the_order_of_the_list() -> None:
    assert [service.name for service in SERVICES] == list(NAMES)


def test_the_variable_of_the_smoke_tests_follows_from_the_name() -> None:
    assert replace(REQUESTS, name="files").url_variable == "TAP_FILES_API_URL"


@pytest.mark.parametrize("service", [None, REQUESTS])
def test_what_is_no_service_of_that_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, service: object
) -> None:
    module = ModuleType("services.odd.service")
    module.SERVICE = service  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "services.odd", ModuleType("services.odd"))
    monkeypatch.setitem(sys.modules, "services.odd.service", module)
    with pytest.raises(TypeError, match=r'services/odd/service\.py must have SERVICE .*name="odd"'):
        load("odd")
