"""boto3 clients for the rehearsal, which nothing on the developer's machine can redirect."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config

from embedded_aws.installation import REGION
from rehearsal.credentials import Credentials

_NOTHING = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}
"""Overrides where botocore looks for a profile and for its files, environment included."""


class Session:
    """Makes clients that sign with one set of credentials."""

    def __init__(self, endpoint: str, ca_bundle: Path, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._ca_bundle = ca_bundle
        self._session = boto3.Session(
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token,
            region_name=REGION,
            botocore_session=botocore.session.Session(_NOTHING),
        )

    def client(self, service: str) -> Any:
        """A boto3 client of this service."""
        return self._session.client(
            service,
            endpoint_url=self._endpoint,
            verify=str(self._ca_bundle),
            config=Config(
                s3={"addressing_style": "path"},
                retries={"mode": "standard"},
                proxies={},  # the server is on this machine, whatever proxy leads out of it
            ),
        )
