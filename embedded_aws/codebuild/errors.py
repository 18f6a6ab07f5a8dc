"""What can go wrong in a build, as the phase context that CodeBuild shows for it."""

from __future__ import annotations


class BuildError(Exception):
    """Ends a phase; `code` and `message` become its context (API reference, PhaseContext)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class BuildspecError(BuildError):
    """The buildspec says something that it may not say, or that this executor does not do."""

    def __init__(self, message: str) -> None:
        super().__init__("YAML_FILE_ERROR", message)


class InterruptedBuildError(Exception):
    """The build was stopped or ran out of time; `status` is STOPPED or TIMED_OUT."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status
