"""What can go wrong with the embedded AWS as a process of this machine.

Every message says what happened and, where it is known, what to do about it: whoever started the
server shows it to a person as it stands.
"""

from __future__ import annotations


class EmbeddedAwsError(Exception):
    """Base of all expected failures."""


class NotInstalledError(EmbeddedAwsError):
    """A tool that the embedded AWS needs is not in its folder."""


class RootError(EmbeddedAwsError):
    """The folder of a server cannot be written, or the disk is full."""


class PortInUseError(EmbeddedAwsError):
    """Another process listens on the port that was asked for."""


class AlreadyRunningError(EmbeddedAwsError):
    """This root already has a running server."""


class NotRunningError(EmbeddedAwsError):
    """This root has no running server to attach to."""


class ServerError(EmbeddedAwsError):
    """The server did not become ready, or died; the message ends with the tail of its log."""


class StateError(EmbeddedAwsError):
    """A server's state cannot be kept now, or the file is not one that was kept."""
