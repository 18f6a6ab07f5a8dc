"""The problems that only this API has."""

from __future__ import annotations

from services.common.runtime.problems import ProblemError


class InvalidAnnouncementError(ProblemError):
    """Its extension `errors` has one entry a wrong member: `member` and `detail`."""

    status, slug = 400, "invalid-announcement"
    title = "The file cannot be announced like this"


class InvalidParameterError(ProblemError):
    status, slug = 400, "invalid-parameter"
    title = "A query parameter has a value that is not allowed"


class FileTooLargeError(ProblemError):
    """Its extension `max_bytes` is the limit for this kind of file."""

    status, slug = 413, "file-too-large"
    title = "The file is larger than what is processed"


class UnsupportedFileTypeError(ProblemError):
    """Its extension `allowed` lists suffixes or content types."""

    status, slug = 422, "unsupported-file-type"
    title = "Files of this type are not processed"
