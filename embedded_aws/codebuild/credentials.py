"""A build's AWS credentials: its service role's, from a container credentials endpoint.

As on AWS, the build holds an address and a token, not keys, so every SDK fetches and refreshes them
itself (SDKs and Tools reference guide, "Container credential provider"; AWS uses 169.254.170.2,
here the endpoint is on the loopback interface). CodeBuild gets the role because the role's trust
policy lets `codebuild.amazonaws.com` assume it; what plays that principal here is the root of the
project's account. A role without that trust is refused.
"""

from __future__ import annotations

import datetime
import hmac
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from botocore.exceptions import ClientError

from embedded_aws import registry
from embedded_aws.codebuild.record import BuildError

_LIFETIME = datetime.timedelta(hours=1)
_REFRESH = datetime.timedelta(minutes=15)
"""SDKs ask again a quarter of an hour before the end; then new ones must be handed out."""


class RoleCredentials:
    """The service role's credentials, renewed before they expire. Thread-safe."""

    def __init__(self, role_arn: str, session_name: str, secret: Callable[[str], None]) -> None:
        """`secret` is told every value that no log may show."""
        self._role_arn = role_arn
        self._session_name = session_name
        self._secret = secret
        self._lock = threading.Lock()
        self._current: dict[str, Any] | None = None

    def current(self) -> dict[str, str]:
        """AccessKeyId, SecretAccessKey, SessionToken. Raises `BuildError` when refused."""
        with self._lock:
            if self._current is None or self._remaining() < _REFRESH:
                self._current = self._assume()
            return self._current

    def client(self, service: str) -> Any:
        """A client of the embedded AWS that acts as the service role."""
        return registry.client(service, credentials=self.current())

    def _remaining(self) -> datetime.timedelta:
        expires: datetime.datetime = (self._current or {})["Expiration"]
        return expires - datetime.datetime.now(datetime.UTC)

    def _assume(self) -> dict[str, Any]:
        sts = registry.client("sts", account=self._role_arn.split(":")[4])
        try:
            granted = sts.assume_role(
                RoleArn=self._role_arn,
                RoleSessionName=self._session_name,
                DurationSeconds=int(_LIFETIME.total_seconds()),
            )
        except ClientError as error:
            message = f"CodeBuild is not authorized to assume the service role {self._role_arn}"
            raise BuildError("ACCESS_DENIED", f"{message}: {error}") from error
        credentials: dict[str, Any] = granted["Credentials"]
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"):
            self._secret(credentials[name])
        return credentials


class Endpoint:
    """Serves builds their credentials at `http://127.0.0.1:<port>/<build>`, each by its token."""

    def __init__(self) -> None:
        self._builds: dict[str, tuple[str, RoleCredentials]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, daemon=True, name="codebuild-credentials"
        ).start()

    def admit(self, build: str, credentials: RoleCredentials, token: str) -> dict[str, str]:
        """The environment variables with which an SDK finds the credentials of `build`.

        Whoever has the `token` gets them.
        """
        self._builds[f"/{build}"] = (token, credentials)
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": (
                f"http://127.0.0.1:{self._server.server_port}/{build}"
            ),
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
        }

    def dismiss(self, build: str) -> None:
        """The build is over: its address answers nothing any more."""
        self._builds.pop(f"/{build}", None)

    def answer(self, path: str, token: str) -> tuple[int, dict[str, str]]:
        """(HTTP status, document) of a request."""
        known, credentials = self._builds.get(path, ("", None))
        if credentials is None or not hmac.compare_digest(known.encode(), token.encode()):
            return 403, {"code": "AccessDenied", "message": "no such build, or a wrong token"}
        try:
            return 200, _document(credentials.current())
        except BuildError as error:
            return 400, {"code": error.code, "message": error.message}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, document = endpoint.answer(self.path, self.headers.get("Authorization", ""))
                body = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing: a path and a status are not worth a line in the server's log."""

        return Handler


def _document(credentials: dict[str, Any]) -> dict[str, str]:
    expires: datetime.datetime = credentials["Expiration"]
    return {
        "AccessKeyId": credentials["AccessKeyId"],
        "SecretAccessKey": credentials["SecretAccessKey"],
        "Token": credentials["SessionToken"],
        "Expiration": expires.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
