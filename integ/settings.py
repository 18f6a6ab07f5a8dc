"""What the smoke tests need to know, read once from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

# Every service whose checks are here: `test_<service>_api.py`.
SERVICES = tuple(
    sorted(
        path.stem.removeprefix("test_").removesuffix("_api")
        for path in Path(__file__).parent.glob("test_*_api.py")
    )
)
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost"})


class SettingsError(Exception):
    """One line for each variable that is missing or malformed: name, value, what was expected."""


@dataclass(frozen=True)
class Settings:
    """Where to call, as whom, and how long to wait."""

    environment: str
    api_urls: Mapping[str, str]
    """Each service's address, by the service's name; ends in a slash."""
    smoke_role_arn: str
    commit: str
    region: str
    completion_seconds: float
    """How long what was accepted may take: a request until its workflow has completed, a file until
    it is processed or rejected."""
    call_seconds: float
    """How long one call may stay silent."""

    @property
    def account(self) -> str:
        """The account under test: the one that owns the smoke role."""
        return self.smoke_role_arn.split(":")[4]

    @property
    def smoke_role_name(self) -> str:
        return self.smoke_role_arn.rpartition("/")[2]

    @classmethod
    def parse(cls, environ: Mapping[str, str]) -> Self:
        """Raises SettingsError, which names every bad variable at once."""
        reader = _Reader(environ)
        settings = cls(
            environment=reader.text(
                "TAP_ENVIRONMENT", r"[a-z][a-z0-9-]{0,19}", "an environment's name, such as dev"
            ),
            api_urls=reader.api_urls(),
            smoke_role_arn=reader.text(
                "TAP_SMOKE_ROLE_ARN",
                r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+",
                "a role's ARN, arn:aws:iam::<account>:role/<name>",
            ),
            # A source without commits (an S3 object) has a version id instead.
            commit=reader.text("TAP_COMMIT", r"[\w.-]{1,128}", "a commit id"),
            region=reader.text(
                "AWS_REGION", r"[a-z]{2}(-[a-z]+)+-\d", "a region's name, such as us-west-2"
            ),
            completion_seconds=reader.seconds("TAP_SMOKE_COMPLETION_SECONDS", default=60),
            # API Gateway gives up after 29 seconds and then answers 504 itself, which says more
            # than a timeout of ours (API Gateway quotas, "Integration timeout").
            call_seconds=reader.seconds("TAP_SMOKE_CALL_SECONDS", default=30),
        )
        if reader.problems:
            raise SettingsError("\n".join(reader.problems))
        return settings


class _Reader:
    """Reads variables and collects what is wrong with them, so that one run shows it all."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, pattern: str, expected: str) -> str:
        value = self._environ.get(name, "")
        if not re.fullmatch(pattern, value):
            self._complain(name, value, expected)
        return value

    def api_urls(self) -> dict[str, str]:
        """The address of each service that has checks; one that has none would pass unseen."""
        wanted = {f"TAP_{service.upper()}_API_URL": service for service in SERVICES}
        for name in sorted(self._environ.keys() - wanted):
            if found := re.fullmatch(r"TAP_([A-Z]+)_API_URL", name):
                file = f"integ/test_{found[1].lower()}_api.py"
                self._complain(name, self._environ[name], f"checks of that service in {file}")
        return {service: self._url(name) for name, service in wanted.items()}

    def _url(self, name: str) -> str:
        value = self._environ.get(name, "")
        if not _is_api_url(value):
            self._complain(name, value, "an https:// URL that ends in /")
        return value

    def seconds(self, name: str, default: float) -> float:
        value = self._environ.get(name, "") or str(default)
        if not re.fullmatch(r"\d{1,4}(\.\d+)?", value) or float(value) == 0:
            self._complain(name, value, "a number of seconds above 0")
            return default
        return float(value)

    def _complain(self, name: str, value: str, expected: str) -> None:
        got = f"is {value!r}" if value else "is not set"
        self.problems.append(f"{name} {got}; expected {expected}.")


def _is_api_url(value: str) -> bool:
    """Plain http is for a server on this machine only: signatures do not hide what is sent."""
    try:
        url = urlsplit(value)
    except ValueError:
        return False
    secure = url.scheme == "https" or (url.scheme == "http" and url.hostname in LOCAL_HOSTS)
    plain = not (url.query or url.fragment or url.username)
    return secure and bool(url.hostname) and plain and url.path.endswith("/")
