"""What ships of botocore's data is what the installed botocore says, and enough for our calls.

Proved: no drift, and that a client made of it has each operation that a runtime calls. That
requests made from it are the right ones is proved where functions run: on the emulator.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.config import Config

from services.common.packaging import aws_models
from services.common.packaging.aws_models import FOLDER, REPOSITORY, ROOT_LABELS, ROOTS
from services.common.runtime.aws import client_factory

OPERATIONS = aws_models.declared(REPOSITORY)
# The functions of the file service share their stores, and each calls a part of them:
# tests/files/core/test_operations.py compares with what they do.
OWN_CALLS = [runtime for runtime in OPERATIONS if not runtime.startswith("services/files/")]
MODELS = REPOSITORY / "services/requests/runtime" / FOLDER
_HINT = "run `make install`"
_CALL = re.compile(r"\b(?:client|codedeploy|functions)\.([a-z_]+)\(")


@pytest.mark.parametrize("runtime", OPERATIONS)
def test_the_files_are_cut_from_the_installed_botocore(runtime: str) -> None:
    folder = REPOSITORY / runtime / FOLDER
    wanted = {path: aws_models.text(document) for path, document in files(runtime)}
    there = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.json")}
    assert there.keys() == wanted.keys(), _HINT
    assert [path for path in wanted if there[path] != wanted[path]] == [], _HINT


def files(runtime: str) -> list[tuple[str, aws_models.Document]]:
    return list(aws_models.files(OPERATIONS[runtime]))


def test_the_authorities_are_amazons_from_the_installed_botocore() -> None:
    text = (REPOSITORY / ROOTS).read_text()
    assert text == aws_models.roots(), _HINT
    assert text.count("BEGIN CERTIFICATE") == len(ROOT_LABELS) == 5


@pytest.mark.parametrize("runtime", OWN_CALLS)
def test_operations_are_exactly_those_that_the_runtime_calls(runtime: str) -> None:
    sources = (REPOSITORY / runtime).glob("*.py")
    called = {name for source in sources for name in _CALL.findall(source.read_text())}
    called -= {"client"}
    described = {xform_name(each) for names in OPERATIONS[runtime].values() for each in names}
    assert called == described


def test_a_client_has_what_is_described_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    client = client_factory(MODELS, Config())("s3")
    assert hasattr(client, "put_object")
    assert not hasattr(client, "delete_object")
    assert Path(client._endpoint.http_session._verify).name == "amazon_roots.pem"


def test_the_environments_own_authorities_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/somewhere/ca.pem")
    client = client_factory(MODELS, Config())("s3")
    assert client._endpoint.http_session._verify == "/somewhere/ca.pem"
