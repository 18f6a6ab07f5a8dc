"""Errors as clients see them: RFC 9457 problem details, with nothing of our insides.

Code raises a `ProblemError`; the edge of a function turns it into a response in one place
(`services.common.runtime.http.problem_response`). `type` is stable: clients may branch on it.
"""

from __future__ import annotations

from collections.abc import Mapping

FIRST_SERVER_ERROR = 500
_TYPE_PREFIX = "urn:tap:problem:"


class ProblemError(Exception):
    """A request that ends in an error response.

    Subclasses fix `status`, `slug` (the end of the problem's type) and `title`. `detail` says what
    is wrong with this very request; `extensions` are further members of the problem document.
    """

    status = 500
    slug = "internal-error"
    title = "Something went wrong on our side"

    def __init__(
        self, detail: str | None = None, *, extensions: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extensions = dict(extensions or {})

    @property
    def is_fault(self) -> bool:
        """Whether the version that answers is to blame, as far as it can know."""
        return self.status >= FIRST_SERVER_ERROR

    @classmethod
    def type_uri(cls) -> str:
        """The stable name of this kind of problem."""
        return _TYPE_PREFIX + cls.slug

    @property
    def headers(self) -> dict[str, str]:
        """Response headers that this kind of problem calls for."""
        return {}

    def document(self, request_id: str) -> dict[str, object]:
        """The problem document; request_id names the call in our logs, for whoever asks us."""
        document: dict[str, object] = {
            "type": self.type_uri(),
            "title": self.title,
            "status": self.status,
        }
        if self.detail is not None:
            document["detail"] = self.detail
        return {**self.extensions, **document, "request_id": request_id}


class InternalError(ProblemError):
    """A fault of ours; the log has it whole, the client learns only that it happened."""


class UnavailableError(ProblemError):
    """A store did not answer or threw us out; the same request may well succeed later."""

    status, slug = 503, "unavailable"
    title = "A part of this service does not answer right now"

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}

    @property
    def is_fault(self) -> bool:
        return False


class StoreRefusedError(UnavailableError):
    """A store answered that what it was asked is wrong: a right, a table or a parameter is missing.

    Callers see no difference, since for them there is none.
    """

    @property
    def is_fault(self) -> bool:
        return True


class InvalidJsonError(ProblemError):
    """The body is not the strict JSON object that is expected; `detail` names the place."""

    status, slug = 400, "invalid-json"
    title = "The body is not a JSON object"


class InvalidHeaderError(ProblemError):
    status, slug = 400, "invalid-header"
    title = "A header has a value that is not allowed"


class NotFoundError(ProblemError):
    status, slug = 404, "not-found"
    title = "There is nothing here"


class BodyTooLargeError(ProblemError):
    status, slug = 413, "body-too-large"
    title = "The body is larger than allowed"


class UnsupportedMediaTypeError(ProblemError):
    status, slug = 415, "unsupported-media-type"
    title = "The body must be sent as application/json"
