"""Credentials, and botocore clients that nothing on the developer's machine can redirect."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.config import Config

_NOTHING = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Overrides where botocore looks for a profile and for its files, environment included."""

_creating = threading.Lock()
"""Creating clients is not thread-safe in botocore."""


@dataclass(frozen=True, repr=False)
class Credentials:
    """An access key, and its session's token when it is temporary."""

    access_key_id: str
    secret_access_key: str
    session_token: str | None = None

    @classmethod
    def root(cls, account: str) -> Credentials:
        """The root of an account (12 digits), whose secret the emulator does not check."""
        return cls(account, "root")

    @classmethod
    def from_sts(cls, answer: Mapping[str, str]) -> Credentials:
        """From the `Credentials` member of an AssumeRole answer."""
        return cls(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])

    def environment(self) -> dict[str, str]:
        """The variables in which AWS clients look for credentials."""
        variables = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
        }
        return variables | ({"AWS_SESSION_TOKEN": self.session_token} if self.session_token else {})


class Session:
    """Makes clients of one server that sign with one set of credentials."""

    def __init__(
        self, endpoint: str, ca_bundle: Path, credentials: Credentials, *, region: str
    ) -> None:
        self._endpoint = endpoint
        self._ca_bundle = ca_bundle
        self._credentials = credentials
        self._region = region

    def client(self, service: str) -> Any:
        """A botocore client of this service."""
        return client(
            service, self._endpoint, self._ca_bundle, self._credentials, region=self._region
        )


def client(
    service: str,
    endpoint: str,
    ca_bundle: Path,
    credentials: Credentials,
    *,
    region: str,
    **settings: Any,
) -> Any:
    """A botocore client of the server at `endpoint`. settings: of botocore's `Config`."""
    with _creating:
        return _session().create_client(
            service,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            region_name=region,
            endpoint_url=endpoint,
            verify=str(ca_bundle),
            config=Config(
                s3={"addressing_style": "path"},
                retries={"mode": "standard"},
                proxies={},  # the server is on this machine, whatever proxy leads out of it
                **settings,
            ),
        )


@cache
def _session() -> botocore.session.Session:
    """One for all clients: it keeps the descriptions of services that it has read."""
    return botocore.session.Session(_NOTHING)
