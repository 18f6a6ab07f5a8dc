"""Whose credentials sign a call: the smoke role, the build's own role, or nobody's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError
from requests import PreparedRequest
from requests_aws4auth import AWS4Auth

from integ.redaction import Redactor
from integ.settings import Settings

# The shortest session STS gives (STS API reference, AssumeRole, DurationSeconds). botocore would
# renew it at every call, because by default it does so 15 minutes before the end.
SESSION_SECONDS = 900
RENEW_SECONDS_BEFORE_END = 300
RENEW_AT_LATEST_SECONDS_BEFORE_END = 60

STS_CONFIG = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)


class CredentialsError(Exception):
    """The credentials for a call cannot be had; the text says what to check."""


@dataclass(frozen=True)
class Signer:
    """Signs a prepared request in place; `name` is how messages call it."""

    name: str
    sign: Callable[[PreparedRequest], PreparedRequest]


def _leave_unsigned(request: PreparedRequest) -> PreparedRequest:
    return request


# An explicit signer: without one, requests would look for credentials in ~/.netrc.
NOBODY = Signer("unsigned", _leave_unsigned)
# Of presigned links and forms, which carry their signature themselves.
BEARER = Signer("whoever has the link", _leave_unsigned)


class SigningParties:
    """The two principals of a run.

    The build's own role may assume the smoke role and nothing else; the smoke role may invoke the
    environment's API and nothing else.
    """

    def __init__(self, settings: Settings, redact: Redactor) -> None:
        self._settings = settings
        self._redact = redact
        self._session = boto3.Session(region_name=settings.region)

    def build_role(self) -> Signer:
        """Raises CredentialsError when the build has no credentials."""
        credentials = self._session.get_credentials()
        if credentials is None:
            raise CredentialsError(
                "The build has no AWS credentials.\n"
                "Look next: the service role of the CodeBuild project; elsewhere, the AWS_* "
                "variables or profile of the shell."
            )
        frozen = credentials.get_frozen_credentials()
        self._redact.learn(frozen.access_key, frozen.secret_key, frozen.token)
        return self._signer("the build's own role", credentials)

    def smoke_role(self) -> Signer:
        """Raises CredentialsError when STS does not give a session."""
        self.build_role()
        credentials = RefreshableCredentials.create_from_metadata(
            self._assume(),
            refresh_using=self._assume,
            method="sts-assume-role",
            advisory_timeout=RENEW_SECONDS_BEFORE_END,
            mandatory_timeout=RENEW_AT_LATEST_SECONDS_BEFORE_END,
        )
        return self._signer(f"role {self._settings.smoke_role_name}", credentials)

    def _signer(self, name: str, credentials: Credentials) -> Signer:
        auth = AWS4Auth(
            refreshable_credentials=credentials, region=self._settings.region, service="execute-api"
        )
        return Signer(name, auth)

    def _assume(self) -> dict[str, str]:
        role = self._settings.smoke_role_arn
        try:
            answer = self._session.client("sts", config=STS_CONFIG).assume_role(
                RoleArn=role,
                RoleSessionName=_session_name(self._settings),
                DurationSeconds=SESSION_SECONDS,
            )
        except (BotoCoreError, ClientError) as error:
            raise CredentialsError(
                f"Expected: a session of {role}\n"
                f"Got: {error}\n"
                f"Look next: the trust policy of that role in account {self._settings.account}, "
                "and whether the build's own role may call sts:AssumeRole on it."
            ) from error
        session = answer["Credentials"]
        self._redact.learn(
            session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
        )
        return {
            "access_key": session["AccessKeyId"],
            "secret_key": session["SecretAccessKey"],
            "token": session["SessionToken"],
            "expiry_time": session["Expiration"].isoformat(),
        }


def _session_name(settings: Settings) -> str:
    """What CloudTrail shows: at most 64 of the characters STS allows."""
    return re.sub(r"[^\w+=,.@-]", "-", f"smoke-{settings.environment}-{settings.commit}")[:64]
