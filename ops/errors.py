"""What can go wrong before anything was done; each text says what was wrong and what to do."""

from __future__ import annotations


class OpsError(Exception):
    """Nothing could be asked or changed. The text is for the person at the command line."""


class NoSuchFunctionError(OpsError):
    """The account of these credentials does not have the function that was asked for."""


class NoDeadLetterQueueError(OpsError):
    """The function has no queue of its own for dead letters, or the queue is not there."""


class NoSuchPipelineError(OpsError):
    """The account of these credentials does not have the pipeline, or which one is not clear."""


class UnknownActionError(OpsError):
    """The action that was asked for has not run, is no build, or its name fits several."""


class NotWaitingError(OpsError):
    """No approval waits, or not the one that was meant; the text says what became of that one."""


class NotAnsweredError(OpsError):
    """The answer was held back: a verdict is red, or the reason cannot be kept."""


class NotRecordedError(OpsError):
    """Pipeline and approval are as they should be, but a decision could not be kept or read."""


class NoSuchEnvironmentError(OpsError):
    """The account of these credentials does not have the stack of the environment."""


class NoSuchStageError(OpsError):
    """The pipeline has no stage of that name, or none of that environment."""


class NotRolledBackError(OpsError):
    """The stage cannot be rolled back, or not to that execution; the text says what to do."""


class NotRetriedError(OpsError):
    """The stage cannot be run again."""


class NotHeldError(OpsError):
    """The stage is not held, cannot be, or cannot be lifted yet."""
