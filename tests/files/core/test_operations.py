"""Each function's declaration of AWS operations is exactly what the function calls.

Proved by a whole life of files on the fake cloud, which counts calls by who makes them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore import xform_name

from services.common.packaging.aws_models import REPOSITORY, declared
from services.files.runtime.processing.objects import S3Objects
from tests.files.core.account import FileAccount
from tests.support.cloud.account import Worker, WorkerDiedError
from tests.support.file_service import Build, proxy_event

# Only signed, for others: an upload's form and a download's link.
SIGNED = {"create_bucket", "get_object"}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """By role, the operations that were called."""

    def in_small_parts(client: object, uploads: str, results: str) -> S3Objects:
        return S3Objects(client, uploads, results, part=5)

    account = FileAccount(tmp_path_factory.mktemp("scratch"), build=Build(objects=in_small_parts))
    account.cloud.storage.smallest_part = 5
    answer = account.announce(key="mine")
    account.announce(key="mine")
    old = account.upload(b"good", key=answer["upload"]["fields"]["key"])
    new = account.upload(b"good, too", key=answer["upload"]["fields"]["key"])
    account.invoke(new)
    with pytest.raises(WorkerDiedError):
        account.invoke(old, "one", Worker(dies_at=5))
    account.invoke(old, "one")
    account.look_up(answer["file_id"])
    account.list()
    account.call(proxy_event("GET", "/status"))
    found: dict[str, set[str]] = {}
    for role, operation in account.cloud.calls:
        found.setdefault(role, set()).add(operation)
    return found


@pytest.mark.parametrize("function", ["images", "tables"])
def test_a_processor_declares_what_it_calls(calls: dict[str, set[str]], function: str) -> None:
    assert _declared(function) == calls["processor"]


def test_the_api_declares_what_it_calls_and_signs(calls: dict[str, set[str]]) -> None:
    assert _declared("api") == calls["api"] | SIGNED


def _declared(function: str) -> set[str]:
    services = declared(REPOSITORY)[f"services/files/runtime/{function}"]
    return {xform_name(name) for names in services.values() for name in names}


def test_every_function_of_the_service_has_a_declaration() -> None:
    folder = Path(REPOSITORY / "services/files/runtime")
    functions = {handler.parent.name for handler in folder.glob("*/handler.py")}
    assert functions == {"api", "images", "tables"}
    for function in functions:
        assert _declared(function)
