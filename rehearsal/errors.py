"""What can go wrong in a rehearsal; the command line prints the message and exits with 1.

Every message says what happened and, where we know it, what to do about it: it is all a person
sees. Anything that is not a `RehearsalError` is a defect of the rehearsal itself.
"""

from __future__ import annotations


class RehearsalError(Exception):
    """Base of all expected failures."""


class RootError(RehearsalError):
    """The rehearsal's folder cannot be written, or the disk is full."""


class PortInUseError(RehearsalError):
    """Another process listens on the port that was asked for."""


class AlreadyRunningError(RehearsalError):
    """This root already has a running server."""


class NotRunningError(RehearsalError):
    """This root has no running server to attach to."""


class ServerError(RehearsalError):
    """The server did not become ready, or died; the message ends with the tail of its log."""


class CommandError(RehearsalError):
    """A command that the rehearsal ran failed; the message ends with the tail of its output."""


class NotDeployedError(RehearsalError):
    """The environment that was asked for does not exist yet."""


class NothingToAnswerError(RehearsalError):
    """No approval waits."""


class UnknownActionError(RehearsalError):
    """The action that was asked for has not run, or its name fits several."""
