"""An API Gateway proxy event as a typed call, and results as proxy responses.

Event and response shapes: "Lambda proxy integrations in API Gateway", API Gateway Developer Guide
(payload format 1.0, REST APIs).
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.runtime.problems import (
    BodyTooLargeError,
    InvalidHeaderError,
    InvalidJsonError,
    ProblemError,
    UnsupportedMediaTypeError,
)

_ROLE_ID = "AROA"
_BASE64_LETTERS = re.compile(r"[A-Za-z0-9+/]*")

Event = Mapping[str, Any]
Response = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One signed call.

    route: method and resource as declared, e.g. "GET /requests/{request_id}".
    request_id: API Gateway's id of this call. principal: the unique id of the caller: a user, a
    role (the same for all its sessions), a federated user ("<account>:<name>") or an account's
    root; no spaces in it; "" when the API let somebody in unsigned. query: values by parameter.
    """

    route: str
    request_id: str
    principal: str
    path_parameters: Mapping[str, str]
    query: Mapping[str, Sequence[str]]
    _headers: Mapping[str, Sequence[str]]
    _body: str | None
    _is_base64: bool

    @classmethod
    def parse(cls, event: Event) -> Call:
        context = event["requestContext"]
        headers: dict[str, list[str]] = {}
        for name, values in (event.get("multiValueHeaders") or {}).items():
            headers.setdefault(name.lower(), []).extend(values)
        return cls(
            route=f"{event['httpMethod']} {event['resource']}",
            request_id=context["requestId"],
            principal=_principal(context.get("identity") or {}),
            path_parameters=event.get("pathParameters") or {},
            query=event.get("multiValueQueryStringParameters") or {},
            _headers=headers,
            _body=event.get("body"),
            _is_base64=bool(event.get("isBase64Encoded")),
        )

    @property
    def origin(self) -> str | None:
        """The page that a browser calls from; None when there is not exactly one."""
        values = self._headers.get("origin", ())
        return values[0] if len(values) == 1 else None

    def header(self, name: str) -> str | None:
        """The header's only value, or None. Raises InvalidHeaderError when it was sent twice."""
        values = self._headers.get(name.lower(), ())
        if len(values) > 1:
            raise InvalidHeaderError(f"{name} was sent {len(values)} times")
        return values[0] if values else None

    def json_body(self, *, max_bytes: int) -> bytes:
        """The body's bytes, once type and size are right; whether it is JSON is not looked at.

        Raises UnsupportedMediaTypeError, BodyTooLargeError, or InvalidJsonError for broken base64.
        """
        self._require_json()
        # No encoding makes text of n characters shorter than 3/4 n bytes, less base64's two of
        # padding: skip decoding giants.
        if len(self._body or "") * 3 // 4 - 2 > max_bytes:
            raise BodyTooLargeError(f"At most {max_bytes} bytes are accepted")
        body = self._decoded_body()
        if len(body) > max_bytes:
            raise BodyTooLargeError(f"At most {max_bytes} bytes are accepted")
        return body

    def _require_json(self) -> None:
        media_type, _, parameters = (self.header("Content-Type") or "").partition(";")
        charset = parameters.strip().lower().replace('"', "")
        if media_type.strip().lower() != "application/json" or charset not in ("", "charset=utf-8"):
            raise UnsupportedMediaTypeError("Send Content-Type: application/json, in UTF-8")

    def _decoded_body(self) -> bytes:
        if not self._is_base64:
            return (self._body or "").encode("utf-8", errors="surrogatepass")
        try:
            return base64.b64decode(self._body or "", validate=True)
        except (binascii.Error, ValueError):
            raise _broken_base64(self._body or "") from None


def _broken_base64(text: str) -> InvalidJsonError:
    """Names the first character out of place, or the end when something is missing there."""
    good = _BASE64_LETTERS.match(text)
    offset = good.end() if good else 0
    return InvalidJsonError(
        f"Broken base64 at line 1, column {offset + 1}",
        extensions={"position": {"line": 1, "column": offset + 1, "offset": offset}},
    )


def _principal(identity: Mapping[str, str | None]) -> str:
    # For a role's session `caller` is "<role id>:<session name>". Retries of one client come from
    # many sessions (each container has its own), so the session's name is no part of who calls.
    # A federated user's is "<account>:<name>", and the name is all that tells two of them apart
    # ("AWS global condition context keys", aws:userid, and "IAM identifiers", IAM User Guide).
    caller = identity.get("caller") or ""
    return caller.partition(":")[0] if caller.startswith(_ROLE_ID) else caller


def json_response(
    status: int, document: object, headers: Mapping[str, str] | None = None
) -> Response:
    """A response that must not be cached: it is about one caller and one moment."""
    return {
        "statusCode": status,
        "headers": {
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            **(headers or {}),
        },
        "body": json.dumps(document, separators=(",", ":")),
    }


def problem_response(problem: ProblemError, request_id: str) -> Response:
    """The one place where an error becomes a response."""
    headers = {"Content-Type": "application/problem+json", **problem.headers}
    return json_response(problem.status, problem.document(request_id), headers)


def with_cors(
    response: Response, origin: str | None, allowed: frozenset[str], *, exposed: Sequence[str] = ()
) -> Response:
    """`response`, readable by the calling page if its origin is one of `allowed`.

    exposed: the response headers that the page may read besides those that any page may.
    """
    headers = response["headers"] | {"Vary": "Origin"}
    if origin is not None and origin in allowed:
        headers["Access-Control-Allow-Origin"] = origin
        if exposed:
            headers["Access-Control-Expose-Headers"] = ", ".join(exposed)
    return response | {"headers": headers}
