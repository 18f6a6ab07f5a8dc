"""What can go wrong before anything was done; each text says what was wrong and what to do."""

from __future__ import annotations


class OpsError(Exception):
    """Nothing could be asked or changed. The text is for the person at the command line."""


class NoSuchFunctionError(OpsError):
    """The account of these credentials does not have the function that was asked for."""


class NoDeadLetterQueueError(OpsError):
    """The function has no queue of its own for dead letters, or the queue is not there."""
