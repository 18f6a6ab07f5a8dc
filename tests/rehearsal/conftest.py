"""A running emulator for the tests of this folder: started once, one account's root never used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from embedded_aws.clients import Credentials
from embedded_aws.server import Server
from rehearsal.accounts import Directory
from tests.embedded_aws.emulated import ACCOUNTS, DEV, REGION
from tests.rehearsal.deployments import PAGE, deploy

MINUTE_SECONDS = 0.5


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The emulator with its corrections and, of our own services, what deploys functions.

    Its minutes pass in a second, or less.
    """
    root = tmp_path_factory.mktemp("emulator")
    with Server(root, region=REGION, services=["codedeploy"], minute=MINUTE_SECONDS) as server:
        yield server


@pytest.fixture(scope="session")
def directory(emulator: Server) -> Directory:
    """The people and roles of the emulator's accounts."""
    made = Directory(emulator)
    made.create_administrators(ACCOUNTS)
    made.create_operator("any-pipeline")
    return made


@pytest.fixture(scope="session")
def administrators(directory: Directory) -> Mapping[str, Credentials]:
    """The administrator of each account."""
    return {account: directory.administrator(label) for label, account in ACCOUNTS.items()}


@pytest.fixture(scope="session")
def outputs(emulator: Server, administrators: Mapping[str, Credentials]) -> Mapping[str, str]:
    """Of the application's stack in dev, deployed once for the tests of all its services."""
    return deploy(emulator.session(administrators[DEV]), DEV, cors_origins=[PAGE])
