"""What only the request service refuses; the rest is in `services.common.runtime.problems`."""

from __future__ import annotations

from services.common.runtime.problems import ProblemError


class RequestGivenUpError(ProblemError):
    """Answers to earlier calls with this key were all 5xx, and the request ended as failed."""

    status, slug = 409, "request-given-up"
    title = "This request was given up because its body never arrived"
