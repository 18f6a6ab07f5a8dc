"""What a check asks for. A check whose fixture cannot be had counts as failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import requests

from integ.client import ApiClient
from integ.credentials import CredentialsError, Signer, SigningParties
from integ.report import REPORTER, Reporter
from integ.settings import Settings


@pytest.fixture(scope="session")
def reporter(request: pytest.FixtureRequest) -> Reporter:
    return request.config.stash[REPORTER]


@pytest.fixture(scope="session")
def settings(reporter: Reporter) -> Settings:
    if reporter.run.settings is None:
        pytest.fail(reporter.run.settings_problem, pytrace=False)
    return reporter.run.settings


@pytest.fixture(scope="session")
def parties(settings: Settings, reporter: Reporter) -> SigningParties:
    return SigningParties(settings, reporter.redact)


@pytest.fixture(scope="session")
def smoke_role(parties: SigningParties) -> Signer:
    try:
        return parties.smoke_role()
    except CredentialsError as error:
        # `from None`: the message says it all, and pytest would print the chain before it.
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(scope="session")
def build_role(parties: SigningParties, smoke_role: Signer) -> Signer:
    """Asks for the smoke role's session too: STS gave it to these credentials, so they are valid.

    A refusal of theirs then says that they may not, and not that they have expired.
    """
    assert smoke_role
    return parties.build_role()


@pytest.fixture(scope="session")
def session() -> Iterator[requests.Session]:
    """Keeps connections open from one check to the next."""
    with requests.Session() as opened:
        yield opened


@pytest.fixture
def connect(
    request: pytest.FixtureRequest,
    settings: Settings,
    reporter: Reporter,
    session: requests.Session,
) -> Callable[[str], ApiClient]:
    """Gives a client of a service's API, by the service's name; its calls are this check's."""

    def connected(service: str) -> ApiClient:
        client = ApiClient(
            settings.api_urls[service],
            session=session,
            call_seconds=settings.call_seconds,
            redact=reporter.redact,
        )
        reporter.follow(request.node, client)
        return client

    return connected
