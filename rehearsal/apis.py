"""The APIs of what was delivered, as they are reached here, and signed calls of them."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPSConnection

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys

from embedded_aws.clients import Credentials, Session
from embedded_aws.installation import HOST, local_api_url
from embedded_aws.server import Server
from ops.pipeline import Pipeline

API_URL = re.compile(r"TAP_([A-Z0-9_]+)_API_URL")
"""The variable in which smoke tests are told the address of a service's API."""
_SECONDS = 35
"""API Gateway gives up after 29 seconds."""


def urls(
    server: Server,
    session: Session,
    pipeline: Callable[[Server], Pipeline],
    stages: Iterable[str],
) -> dict[str, str]:
    """`TAP_<SERVICE>_API_URL` -> its address here, of each service that these stages deployed to
    the session's account.

    The pipeline says which output of the stack is which service's: it tells its smoke tests so.
    Empty while nothing is deployed yet.
    """
    deployed = dict(_outputs(session))
    told = {
        variable: output
        for stage in stages
        if deployed
        for variable, output in pipeline(server).output_variables(stage).items()
    }
    return {
        variable: local_api_url(deployed[output], server.endpoint)
        for variable, output in told.items()
        if API_URL.fullmatch(variable) and output in deployed
    }


def services(urls: Mapping[str, str]) -> dict[str, str]:
    """The same by the services' names."""
    return {
        found[1].lower(): url for name, url in urls.items() if (found := API_URL.fullmatch(name))
    }


def _outputs(session: Session) -> Iterator[tuple[str, str]]:
    """Name and value of every output of the account's stacks, those nested in others left out."""
    pages = session.client("cloudformation").get_paginator("describe_stacks").paginate()
    for page in pages:
        for stack in page["Stacks"]:
            if not stack.get("ParentId"):
                for row in stack.get("Outputs", []):
                    yield row["OutputKey"], row["OutputValue"]


@dataclass(frozen=True)
class Caller:
    """Calls APIs of one server with one set of credentials."""

    server: Server
    credentials: Credentials

    def get(self, url: str) -> tuple[int, bytes]:
        """Status and body of a signed GET. Raises `OSError` when nobody answers."""
        keys = self.credentials
        request = AWSRequest("GET", url)
        signer = Keys(keys.access_key_id, keys.secret_access_key, keys.session_token)
        SigV4Auth(signer, "execute-api", self.server.region).add_auth(request)
        return self.follow(url, dict(request.headers.items()))

    def follow(self, link: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """The same of a link that carries its own signature. Only this server is asked: what a link
        says is the application's to say."""
        if not link.startswith(f"{self.server.endpoint}/"):
            raise OSError(f"{link} leads elsewhere")
        trusted = ssl.create_default_context(cafile=self.server.ca_bundle)
        connection = HTTPSConnection(HOST, self.server.port, timeout=_SECONDS, context=trusted)
        with closing(connection):
            path = link.removeprefix(self.server.endpoint)
            connection.request("GET", path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read()
