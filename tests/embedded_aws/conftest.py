"""A running emulator for the tests of this folder: started once, one account's root never used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.embedded_aws import emulated, isolated
from tests.embedded_aws.delivery import Delivery
from tests.embedded_aws.emulated import REGION, Credentials, Server
from tests.embedded_aws.isolated import Machine
from tests.embedded_aws.rollouts import MINUTE_SECONDS, Rollouts


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The emulator with its corrections, without our own services."""
    with emulated.start(tmp_path_factory.mktemp("emulator")) as server:
        yield server


@pytest.fixture(scope="session")
def administrators(emulator: Server) -> Mapping[str, Credentials]:
    """The administrator of each account."""
    return emulated.administrators(emulator)


@pytest.fixture(scope="session", params=[isolated.AS_IT_IS, isolated.WITHOUT])
def machine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Machine]:
    """A server whose builds are isolated as this machine allows; another without bubblewrap."""
    with isolated.machine(request.param, tmp_path_factory.mktemp("isolation")) as made:
        yield made


@pytest.fixture(scope="session")
def pipelines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Delivery]:
    """A server with our own services, roles, a bucket, a remote and a repository; no pipeline."""
    root, worktree = tmp_path_factory.mktemp("pipelines"), tmp_path_factory.mktemp("worktree")
    with emulated.start(root, "codebuild", "codepipeline", "connections") as server:
        made = Delivery(server, emulated.administrators(server), worktree)
        made.prepare()
        yield made


@pytest.fixture(scope="session")
def rollouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rollouts]:
    """A server with CodeDeploy, where a minute of waiting takes a part of a second."""
    root = tmp_path_factory.mktemp("rollouts")
    with Server(root, region=REGION, services=["codedeploy"], minute=MINUTE_SECONDS) as server:
        yield Rollouts(server)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for a server of the test's own."""
    return tmp_path / "root"
