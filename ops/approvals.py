"""Answering an approval: the one that was looked at, and no other.

The token of an approval that waits belongs to one run of one action ("PutApprovalResult", AWS
CodePipeline API Reference). What is shown is read of the execution that the token came with, and
what is answered is that token: if another release took its place meanwhile, AWS refuses.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from ops import decisions
from ops.decisions import Answer, Decision
from ops.errors import NotAnsweredError, NotWaitingError
from ops.pipeline import Pipeline
from ops.records import PendingApproval
from ops.text import plain

# "ApprovalResult", AWS CodePipeline API Reference.
LONGEST_REASON = 512
_TOO_LATE = ("ApprovalAlreadyCompletedException", "InvalidApprovalTokenException")


def waiting(pipeline: Pipeline, execution_id: str | None = None) -> PendingApproval:
    """The approval that waits. execution_id: whose it has to be; its beginning is enough.

    Raises `NotWaitingError`, which says what became of the one that was meant.
    """
    pending = pipeline.pending_approval()
    if pending and pending.execution_id.startswith(execution_id or ""):
        return pending
    if execution_id is None:
        raise NotWaitingError(f"no approval waits in {pipeline.name}{_last(pipeline)}")
    other = f"; {pending.label} waits for {pending.execution_id}" if pending else ""
    raise NotWaitingError(f"{became_of(pipeline, execution_id)}{other}")


def answer(pipeline: Pipeline, pending: PendingApproval, *, approved: bool, reason: str) -> None:
    """Approves or rejects. Raises `NotWaitingError` when it came too late, `NotAnsweredError`."""
    check(reason)
    try:
        pipeline.answer(pending, approved=approved, reason=reason)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _TOO_LATE:
            raise
        raise NotWaitingError(f"too late: {became_of(pipeline, pending.execution_id)}") from None


def check(reason: str) -> None:
    """Raises `NotAnsweredError` for a reason that AWS would not take."""
    if not reason.strip():
        raise NotAnsweredError("say why, with --reason: it is kept with the decision")
    if len(reason) > LONGEST_REASON:
        raise NotAnsweredError(
            f"the reason has {len(reason)} characters, and {LONGEST_REASON} are kept: shorten it"
        )


def became_of(pipeline: Pipeline, execution_id: str) -> str:
    """Why the approval of an execution does not wait, in words."""
    known = [each for each in pipeline.executions() if each.id.startswith(execution_id)]
    if not known:
        return f"{pipeline.name} has no execution {execution_id}"
    (execution, *_) = known
    made = [each for each in decisions.made(pipeline) if each.execution_id == execution.id]
    if made:
        return f"the approval of {execution.id} {_in_words(made[-1])}"
    if execution.status == "Superseded":
        by = execution.summary or "a newer commit took its place"
        return f"execution {execution.id} was superseded before anybody was asked: {by}"
    if execution.ended:
        return f"execution {execution.id} {execution.status.lower()} and asks for nothing"
    return f"execution {execution.id} has not come to an approval yet"


def _last(pipeline: Pipeline) -> str:
    made = decisions.made(pipeline)
    return f"; the last one, of {made[-1].execution_id}, {_in_words(made[-1])}" if made else ""


def _in_words(decision: Decision) -> str:
    when = f"{decision.at:%Y-%m-%d %H:%M:%S} UTC"
    if decision.answer is Answer.TIMED_OUT:
        return f"timed out at {when}: push again, or retry the stage"
    return f"was {decision.answer} by {decision.by} at {when}: {plain(decision.reason)}"
