"""The embedded AWS with three empty accounts, for the tests of what their owners run there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded_aws.server import Server
from rehearsal.accounts import Directory
from tests.support.bootstrap import SETTINGS


@pytest.fixture(scope="session")
def accounts_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that plays connections and no pipeline, shared by the folder's files."""
    root = tmp_path_factory.mktemp("accounts")
    with Server(root, region=SETTINGS.region, services=["connections"]) as server:
        yield server


@pytest.fixture(scope="session")
def people(accounts_server: Server) -> Directory:
    """The administrators of every account that cdk.json names."""
    made = Directory(accounts_server)
    made.create_administrators(SETTINGS.accounts)
    return made


def become(monkeypatch: pytest.MonkeyPatch, server: Server, people: Directory, label: str) -> None:
    """This process is the shell of an account's administrator."""
    for name, value in server.environment(people.administrator(label)).items():
        monkeypatch.setenv(name, value)


def client(people: Directory, label: str, service: str) -> Any:
    """A client of an account's administrator."""
    return people.session(label).client(service)
