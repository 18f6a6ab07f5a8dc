"""A running emulator for the tests of this folder: started once, one account's root never used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from embedded_aws.installation import Account
from rehearsal.accounts import Credentials, Directory
from rehearsal.server import Server


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The emulator with its corrections, without our own services."""
    with Server(tmp_path_factory.mktemp("emulator"), services=[]) as server:
        yield server


@pytest.fixture(scope="session")
def directory(emulator: Server) -> Directory:
    """The people and roles of the emulator's accounts."""
    made = Directory(emulator)
    made.create_administrators()
    return made


@pytest.fixture(scope="session")
def administrators(directory: Directory) -> Mapping[Account, Credentials]:
    """The administrator of each account."""
    return {account: directory.administrator(account) for account in Account}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for a server of the test's own."""
    return tmp_path / "rehearsal"
