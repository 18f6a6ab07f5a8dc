"""The main job: push the working tree and follow it through the pipeline to prod."""

from __future__ import annotations

from pathlib import Path

from embedded_aws.installation import PIPELINE, Account
from ops.pipeline import executions
from rehearsal import approvals, fidelity, snapshot, summary, verdict
from rehearsal.accounts import Directory
from rehearsal.approvals import PendingApproval
from rehearsal.follow import Follower, Operator
from rehearsal.lifecycle import operator, running
from rehearsal.progress import Progress
from rehearsal.remote import Remote
from rehearsal.server import REPOSITORY, Server
from rehearsal.snapshot import Snapshot
from rehearsal.summary import Outcome


def rehearse(root: Path, port: int | None, progress: Progress, *, keep: bool) -> bool:
    """Rehearse the delivery of the working tree; whether prod's smoke tests passed at the end.

    Leaves `summary.json` and the smoke reports in `root/last`, whatever the outcome was.
    """
    summary.start_anew(root)
    shot = snapshot.take(REPOSITORY, root / "snapshot")
    progress.say(f"Rehearsing {verdict.name_of(shot)}")
    with running(root, port, progress, keep=keep) as server:
        result = deliver(server, shot, progress)
    table = fidelity.table(result.evidence())
    path = summary.write(root, result, table)
    progress.say(verdict.text(result, table, path))
    return result.passed


def deliver(server: Server, shot: Snapshot, progress: Progress) -> Outcome:
    """Push `shot` and follow it to its end, approving it on the way."""
    ops = operator(server)
    before = frozenset(e.id for e in executions(ops.codepipeline, ops.pipeline))
    push(server, shot, before=before)
    approver = Approver(ops, shot, server.root, progress)
    execution = Follower(ops, progress, approver.decide).follow(shot.commit, since=before)
    return summary.outcome(ops, execution, shot.commit, server.root)


def push(server: Server, shot: Snapshot, *, before: frozenset[str] = frozenset()) -> None:
    """Push `shot`; what the trigger's filters leave alone is released by hand, as at AWS.

    The remote's hook returns once the provider's webhook has been served, so an execution that
    the push starts is there afterwards.
    """
    Remote(server.root).push(REPOSITORY, shot.commit, environment=shot.environment)
    session = server.session(Directory(server).administrator(Account.TOOLS))
    codepipeline = session.client("codepipeline")
    if all(e.id in before for e in executions(codepipeline, PIPELINE)):
        codepipeline.start_pipeline_execution(name=PIPELINE)


class Approver:
    """Stands in for the person: says what it approves, and approves only what dev has proved."""

    def __init__(self, ops: Operator, shot: Snapshot, root: Path, progress: Progress) -> None:
        self._ops = ops
        self._shot = shot
        self._root = root
        self._progress = progress

    def decide(self, waiting: PendingApproval) -> None:
        """Approve if dev's smoke tests ran and passed; reject otherwise."""
        dev = summary.smoke_of(self._ops, waiting.execution_id, self._root).get("dev")
        proved = dev is not None and dev.passed
        checks = verdict.checks(dev)
        verb = "approving" if proved else "REJECTING"
        self._progress.say(f"    {verb} {verdict.name_of(self._shot)} for prod; dev: {checks}")
        reason = f"The rehearsal stands in for the approver. dev: {checks}."
        approvals.answer(
            self._ops.codepipeline, self._ops.pipeline, waiting, approved=proved, reason=reason
        )
