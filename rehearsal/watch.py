"""`rehearsal up`: everything stays up, pushes are followed, approvals are left to a person."""

from pathlib import Path

from rehearsal import snapshot
from rehearsal.approvals import PendingApproval
from rehearsal.errors import AlreadyRunningError, NotRunningError
from rehearsal.follow import Follower
from rehearsal.lifecycle import alone, bring_up, operator
from rehearsal.progress import Progress
from rehearsal.rehearse import push
from rehearsal.remote import Remote
from rehearsal.server import REPOSITORY, Server


def bring_up_and_watch(root: Path, port: int | None, progress: Progress, *, detach: bool) -> None:
    """Bring a rehearsal up, push the working tree, and unless `detach` follow every push.

    Raises `AlreadyRunningError` if one is up on `root`. An interruption takes it down.
    """
    _refuse_second(root)
    server = Server(root, port, detached=detach)
    try:
        with alone(root):
            bring_up(server, progress)
        push(server, snapshot.take(REPOSITORY, server.root / "snapshot"))
        Remote(server.root).add_to(REPOSITORY)
        progress.say(_how_to_use(server))
        if not detach:
            Follower(operator(server), progress, lambda a: _say_who_waits(a, progress)).watch()
    except BaseException:
        server.stop()
        raise


def _refuse_second(root: Path) -> None:
    try:
        Server.attach(root)
    except NotRunningError:
        return
    raise AlreadyRunningError(
        f"a rehearsal is up in {root} already: push to it, or end it with `rehearsal down`"
    )


def _how_to_use(server: Server) -> str:
    return "\n".join(
        [
            f"The embedded AWS answers at {server.endpoint}; the working tree was pushed.",
            "  git push rehearsal                        deliver the commit you are on",
            "  .venv/bin/python -m rehearsal status     see where it is",
            "  .venv/bin/python -m rehearsal approve    let it into prod",
            '  eval "$(.venv/bin/python -m rehearsal env tools)"   point any AWS client here',
        ]
    )


def _say_who_waits(waiting: PendingApproval, progress: Progress) -> None:
    progress.say(
        f"    {waiting.stage}/{waiting.action} waits for a person: "
        "`rehearsal approve` or `rehearsal reject --reason …`"
    )
