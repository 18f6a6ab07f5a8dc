"""The two jobs: deliver the working tree to the end, or stay up and follow what people push."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import takewhile
from pathlib import Path

from assembly.intended import GUARDS
from embedded_aws.errors import NotRunningError, StateError
from embedded_aws.server import Server
from ops.pipeline import Pipeline
from ops.records import DeclaredAction, PendingApproval
from rehearsal import fidelity, function_logs, kept, promotion_page, summary, verdict
from rehearsal.accounts import TOOLS, Directory
from rehearsal.errors import AlreadyUpError, EarlierError
from rehearsal.expiring import expire
from rehearsal.follow import Follower
from rehearsal.function_logs import FunctionLog
from rehearsal.lifecycle import alone, bring_up, operated, operator, pipeline_name, start
from rehearsal.progress import Progress
from rehearsal.project import Project, Target
from rehearsal.promotion_page import PromotionPage
from rehearsal.remote import Remote
from rehearsal.revision import revision_of
from rehearsal.snapshot import Snapshot
from rehearsal.starting import Start, Starter
from rehearsal.summary import Outcome
from rehearsal.told import Told
from rehearsal.update import Update

# API reference, ApprovalResult.
_REASON_CHARACTERS = 512
_UNTOLD = "NOBODY WAS TOLD {}: see docs/runbooks/delivery.md, teller-errors"


class Keep(StrEnum):
    """What becomes of a rehearsal that a run brought up; one that was up before stays up."""

    NEVER = "taken down"
    ON_FAILURE = "left up if it failed"
    ALWAYS = "left up"


@dataclass(frozen=True)
class Wish:
    """What a run is asked for. port: None for any. fresh: start from nothing. base: the commit to
    deliver first, None for whatever the last rehearsal delivered."""

    port: int | None
    keep: Keep = Keep.NEVER
    fresh: bool = False
    base: str | None = None


def rehearse(project: Project, root: Path, progress: Progress, wish: Wish) -> bool:
    """Rehearse the delivery of the working tree on top of what was delivered before; whether it
    reached the last target, the smoke tests there passed, and no data was lost.

    Leaves `summary.json`, reports and logs in `root/last`, whatever the outcome was; and if it
    passed, its state for the next rehearsal. Raises `EarlierError` when `wish.base` does not pass.
    """
    summary.start_anew(root)
    shot = project.snapshot(root / "snapshot")
    progress.say(f"Rehearsing {verdict.name_of(shot)}")
    starter = Starter(root, wish.port, progress, wish.keep is not Keep.NEVER, wish.fresh)
    start = starter.start(project, wish.base)
    server = start.server
    try:
        start = based(start, project, wish.base, progress)
        progress.say(f"Started from {start.said}.")
        result = deliver(server, shot, project, progress, before=start.commit)
        result = replace(result, started_from=start.said)
        logs = _function_logs(server, project, result, root / "last" / "logs")
        stays = wish.keep is Keep.ALWAYS or (wish.keep is Keep.ON_FAILURE and not result.passed)
        stays = stays or not start.is_ours
        if result.passed:
            _keep(start, project, shot, progress, ended=None if stays else result.began)
    except BaseException:
        if start.is_ours:
            server.stop()
        raise
    if not stays:
        with progress.step("everything taken down"):
            server.stop()
    table = fidelity.table(result.evidence(), project.targets, project.behaviours)
    last = summary.write(root, result, table)
    of_targets = {
        target.name: [log for label in target.accounts for log in logs.get(label, ())]
        for target in project.targets
    }
    command = project.command
    progress.say(verdict.text(result, table, last, of_targets, stays=stays, command=command))
    return result.passed


def _function_logs(
    server: Server, project: Project, result: Outcome, folder: Path
) -> dict[str, list[FunctionLog]]:
    """By account, those of all regions; of another than the pipeline's in a folder of its own."""
    directory, logs = Directory(server), {}
    for label in result.deployed:
        logs[label] = [
            log
            for region in project.regions
            for log in function_logs.keep(
                directory.session(label, region),
                folder / (label if region == project.region else f"{label}-{region}"),
                result.began,
            )
        ]
    return logs


def based(start: Start, project: Project, base: str | None, progress: Progress) -> Start:
    """The same, once there is a pipeline, which delivered `base` last unless that is None.

    Raises `EarlierError` when the delivery of `base` does not pass.
    """
    earlier = None
    if base and start.commit != base:
        earlier = project.at(base, start.server.root / "earlier")
    if not start.has_pipeline:
        bring_up(start.server, project, progress, earlier)
    if earlier is None or base is None:
        return start
    progress.say(f"Delivering {base[:12]} first")
    first = Snapshot(base, clean=True)
    delivered = deliver(start.server, first, project, progress, before=None, definition=earlier)
    if not delivered.passed:
        raise EarlierError(
            f"{base[:12]} itself does not pass a rehearsal, so no update of it was rehearsed: what "
            "failed is told above"
        )
    return replace(start, commit=base, said=f"{start.said}, then {base[:12]} was delivered")


def _keep(
    start: Start, project: Project, shot: Snapshot, progress: Progress, *, ended: datetime | None
) -> None:
    """For the next rehearsal; this one passed, whether that can be or not.

    ended: what was handed on before is not kept; None where somebody may still go back to it.
    """
    server, since = start.server, start.accounts_since
    try:
        with progress.step("kept for the next rehearsal"):
            if ended is not None:
                expire(server, pipeline_name(server), ended)
            kept.keep(server, project, kept.DELIVERED, accounts_since=since, commit=shot.commit)
    except (StateError, OSError) as error:
        kept.forget(start.server.root, kept.DELIVERED)
        progress.say(f"    the next rehearsal starts without it: {error}")


def deliver(
    server: Server,
    shot: Snapshot,
    project: Project,
    progress: Progress,
    *,
    before: str | None,
    definition: Project | None = None,
) -> Outcome:
    """Push `shot` and follow it to its end, approving it on the way.

    before: the commit that it updates, None for none. definition: whose targets it has, where
    those are not the project's.
    """
    targets = (definition or project).targets
    pipeline = operated(server)
    accounts = tuple(dict.fromkeys(label for each in targets for label in each.accounts))
    update = Update.begin(before, server, project, accounts) if before else None
    known = frozenset(each.id for each in pipeline.executions())
    told = Told(server, project.topic, known)
    push(server, project, shot, before=known)

    def page_of(execution_id: str) -> PromotionPage | None:
        client = operator(server).client
        return promotion_page.fetch(pipeline.name, client, execution_id, server.root / "last")

    approver = Approver(
        pipeline, targets, shot, server.root, progress, told=told, page_of=page_of, update=update
    )
    follower = Follower(pipeline, progress, approver.decide)
    execution = follower.follow(revision_of(server, shot.commit), since=known)
    if not told.ended(execution):
        progress.say(f"    {_UNTOLD.format('how it ended')}")
    result = summary.outcome(pipeline, execution, shot.commit, targets, server.root)
    result = replace(result, told=told.messages, page=page_of(execution.id))
    if update is None:
        return result
    return replace(
        result,
        updated=update.commit,
        held=update.held,
        changes=update.changes(),
        readings=update.readings(),
    )


def push(
    server: Server, project: Project, shot: Snapshot, *, before: frozenset[str] = frozenset()
) -> None:
    """Push `shot`, and start the pipeline where the push did not.

    A push of nothing but documentation, for example, starts no execution: the trigger's filters
    say so. The remote's hook returns once the provider's webhook has been served, so an execution
    that the push starts is there afterwards, and none of `before`.
    """
    Remote(server.root).push(project.folder, shot.commit, environment=shot.environment)
    # Starting is not for the operator, who may only watch and answer.
    pipeline = Pipeline(operated(server).name, Directory(server).session(TOOLS).client)
    if all(each.id in before for each in pipeline.executions()):
        pipeline.start()


class Approver:
    """Stands in for the person: says what it approves, and approves only what was proved before
    and lost no data there."""

    def __init__(
        self,
        pipeline: Pipeline,
        targets: Sequence[Target],
        shot: Snapshot,
        root: Path,
        progress: Progress,
        *,
        told: Told,
        page_of: Callable[[str], PromotionPage | None],
        update: Update | None,
    ) -> None:
        self._told = told
        self._pipeline = pipeline
        self._update = update
        self._targets = targets
        self._shot = shot
        self._root = root
        self._progress = progress
        self._page_of = page_of

    def decide(self, waiting: PendingApproval) -> None:
        """Approve changed guards as they are; and what comes later if smoke tests ran and passed
        wherever they must before, and all data is still there.
        Reject it otherwise."""
        if not self._told.about(waiting.label):
            self._progress.say(f"    {_UNTOLD.format(f'that {waiting.label} waits')}")
        if waiting.stage == GUARDS:
            self._agree(waiting)
            return
        smoke = summary.smoke_of(self._pipeline, waiting.execution_id, self._targets, self._root)
        before, after = self._around(waiting)
        tested = [each.name for each in self._in_stages(before) if each.smoke or each.name in smoke]
        proved = all(name in smoke and smoke[name].passed for name in tested)
        checks = "; ".join(f"{name}: {verdict.checks(smoke.get(name))}" for name in tested)
        checks = checks or "no checks come before it"
        for trouble in self._troubles(before):
            proved, checks = False, f"{checks}; {trouble}"
        verb = "approving" if proved else "REJECTING"
        for_what = ", ".join(each.name for each in self._in_stages(after)) or waiting.stage
        actions = ", ".join(each.action for each in after) or "no deployment"
        named = verdict.name_of(self._shot)
        self._progress.say(f"    {verb} {named} for {for_what} ({actions}); {checks}")
        page = self._page_of(waiting.execution_id)
        if page is not None:
            self._read(page)
            checks = f"{checks}; {page.said}"
        reason = f"The rehearsal stands in for the approver. {checks}."
        self._pipeline.answer(waiting, approved=proved, reason=reason[:_REASON_CHARACTERS])

    def _read(self, page: PromotionPage) -> None:
        """What a person would read before they answer. Red asks a person to think again, and stops
        no rehearsal: what must never pass is a gate's business."""
        self._progress.say(f"    {page.said}: {page.html}")
        for line in page.loud():
            self._progress.say(f"    !!! {line}")

    def _troubles(self, deployments: Sequence[DeclaredAction]) -> Iterator[str]:
        """What the deployments did to the data that was there."""
        if self._update is None:
            return
        accounts = [label for each in self._in_stages(deployments) for label in each.accounts]
        if lost := sum(each.lost for each in self._update.changes(accounts)):
            yield f"{lost} items of data are lost"
        if unread := sum(bool(each.said) for each in self._update.readings(accounts)):
            yield f"{unread} items cannot be read back as they were"

    def _around(
        self, waiting: PendingApproval
    ) -> tuple[list[DeclaredAction], list[DeclaredAction]]:
        """The deployments before, and those that it lets through: up to the next approval."""
        actions = self._pipeline.declared_actions()
        labels = [(each.stage, each.action) for each in actions]
        here = labels.index((waiting.stage, waiting.action))
        after = takewhile(lambda each: not each.approves, actions[here + 1 :])
        return [e for e in actions[:here] if e.deploys], [e for e in after if e.deploys]

    def _in_stages(self, actions: Sequence[DeclaredAction]) -> list[Target]:
        stages = {each.stage for each in actions}
        return [each for each in self._targets if each.stage in stages]

    def _agree(self, waiting: PendingApproval) -> None:
        """What is rehearsed is this person's own working tree: who else would have to agree?"""
        self._progress.say(f"    approving the guards of {verdict.name_of(self._shot)}, which are")
        self._progress.say(
            f"    those of this working tree; at AWS a person decides: {waiting.message}"
        )
        reason = "The rehearsal stands in for the approver: the guards are the working tree's own."
        self._pipeline.answer(waiting, approved=True, reason=reason)


def bring_up_and_watch(
    project: Project, root: Path, port: int | None, progress: Progress, *, detach: bool
) -> None:
    """Bring a rehearsal up, push the working tree, and unless `detach` follow every push.

    Approvals are left to a person. Raises `AlreadyUpError` if one is up on `root`. An interruption
    takes it down.
    """
    _refuse_second(root)
    with alone(root):
        server = start(root, port, project, progress, detached=detach)
    try:
        push(server, project, project.snapshot(server.root / "snapshot"))
        remote = Remote(server.root)
        if project.remote:
            remote.add_to(project.folder, project.remote)
        progress.say(_how_to_use(server, project, remote))
        if not detach:
            follower = Follower(
                operated(server), progress, lambda a: _say_who_waits(a, project, progress)
            )
            follower.watch()
    except BaseException:
        server.stop()
        raise


def _refuse_second(root: Path) -> None:
    try:
        Server.attach(root)
    except NotRunningError:
        return
    raise AlreadyUpError(
        f"a rehearsal is up in {root} already: push to it, or end it with `scripts/rehearsal down`"
    )


def _how_to_use(server: Server, project: Project, remote: Remote) -> str:
    push = f"git push {project.remote or f'{remote.path} HEAD:{remote.branch}'}"
    commands = {
        push: "deliver the commit you are on",
        f"{project.command} status": "see where it is",
        f"{project.command} approve": "let it pass what waits for a person",
        f'eval "$({project.command} env tools)"': "point any AWS client here",
    }
    width = max(map(len, commands))
    return "\n".join(
        [
            f"The embedded AWS answers at {server.endpoint}; the working tree was pushed.",
            *(f"  {command:<{width}}   {what}" for command, what in commands.items()),
        ]
    )


def _say_who_waits(waiting: PendingApproval, project: Project, progress: Progress) -> None:
    progress.say(
        f"    {waiting.stage}/{waiting.action} waits for a person: "
        f"`{project.command} approve` or `{project.command} reject --reason …`"
    )
