"""What can go wrong in a rehearsal; the command line prints the message and exits with 1.

Every message says what happened and, where we know it, what to do about it: it is all a person
sees. An error that no command expects is a defect of the rehearsal itself.
"""

from __future__ import annotations


class RehearsalError(Exception):
    """Base of all expected failures."""


class NotUpError(RehearsalError):
    """No rehearsal is up where one is needed."""


class AlreadyUpError(RehearsalError):
    """A rehearsal is up already, or another command is bringing one up."""


class NotOursError(RehearsalError):
    """The folder was not made by a rehearsal, or cannot be written."""


class CommandError(RehearsalError):
    """A command that the rehearsal ran failed; the message ends with the tail of its output."""


class GitError(RehearsalError):
    """Git could not do it; the text is git's own."""


class NotSynthesizedError(RehearsalError):
    """The cloud assembly holds no pipeline."""


class UnsupportedSourceError(RehearsalError):
    """The settings take the source from something that is not rehearsed."""


class UnusableAppError(RehearsalError):
    """The folder holds no app that can be rehearsed as it is."""


class EarlierError(RehearsalError):
    """The commit that an update starts from cannot be delivered."""


class UnknownAccountError(RehearsalError):
    """The settings name no such account."""


class NotDeployedError(RehearsalError):
    """The environment that was asked for does not exist yet."""


class NoWorkspaceError(RehearsalError):
    """The action has no build to look into, or what it worked in is gone."""
