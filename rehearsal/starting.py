"""What a rehearsal starts from: one that is up, what an earlier one left, or nothing.

A run must never claim more than was so: what it started from is said, and stands in the summary.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from embedded_aws.errors import EmbeddedAwsError, NotRunningError
from embedded_aws.server import Server
from rehearsal import kept
from rehearsal.accounts import Directory
from rehearsal.errors import AlreadyUpError
from rehearsal.kept import Kept
from rehearsal.lifecycle import bootstrap, operated, prepare_accounts
from rehearsal.pace import MINUTE_SECONDS
from rehearsal.progress import Progress
from rehearsal.project import Project

_WHAT = {kept.DELIVERED: "last rehearsal that passed", kept.ACCOUNTS: "bootstrapped accounts"}


@dataclass(frozen=True)
class Start:
    """A server that is up. said: what it knows, for people. is_ours: whether this run started it.

    commit: what its pipeline delivered last, None where there is no pipeline yet, or it delivered
    nothing. has_pipeline: whether there is one. accounts_since: when the accounts were
    bootstrapped, as people read it; for accounts still to be prepared, now.
    """

    server: Server
    said: str
    accounts_since: str
    is_ours: bool = True
    has_pipeline: bool = False
    commit: str | None = None


@dataclass(frozen=True)
class Starter:
    """Starts servers of one root for one run. port: None for any. fresh: from nothing, always."""

    root: Path
    port: int | None
    progress: Progress
    detached: bool
    fresh: bool = False

    def start(self, project: Project, base: str | None) -> Start:
        """A server to go on from. base: the commit that must have been delivered to one that an
        earlier run left, None for whichever it is.

        Raises `AlreadyUpError` when a rehearsal is up and cannot be used.
        """
        try:
            return self._attached(project, Server.attach(self.root))
        except NotRunningError:
            return (
                self._delivered(project, base) or self._accounts(project) or self._nothing(project)
            )

    def _attached(self, project: Project, server: Server) -> Start:
        """What is up. It may know fewer accounts than the project has by now: those are made."""
        obstacle = f"plays {server.region}, but the app is for {project.region}"
        if self.fresh or server.region != project.region:
            obstacle = "would not be started from nothing" if self.fresh else obstacle
            end = f"end it with `{project.command} down`"
            raise AlreadyUpError(f"what is up in {self.root} {obstacle}: {end}")
        prepare_accounts(server, project, self.progress)
        done = (e.commit for e in operated(server).executions() if e.status == "Succeeded")
        commit = next(filter(None, done), None)
        said = f"the rehearsal that is up, which delivered {commit[:12] if commit else 'nothing'}"
        return Start(server, said, kept.now(), is_ours=False, has_pipeline=True, commit=commit)

    def _delivered(self, project: Project, base: str | None) -> Start | None:
        """The last rehearsal that passed; its accounts anew where their bootstraps changed."""
        found = self._found(project, kept.DELIVERED)
        if found is None or base not in (None, found.manifest.commit):
            return None
        made = found.manifest
        said = f"the rehearsal of {made.commit[:12]} that passed on {made.passed}"
        start = self._restored(project, found, said)
        if start is None:
            return None
        start = replace(start, has_pipeline=True, commit=made.commit)
        if made.bootstrap == kept.bootstrap_digest(project):
            return start
        with _ending(start.server), self.progress.step("accounts, bootstrapped anew"):
            Directory(start.server).create_administrators(project.accounts)
            bootstrap(start.server, project)
        return replace(start, accounts_since=kept.now())

    def _accounts(self, project: Project) -> Start | None:
        """Bootstrapped accounts and nothing else."""
        found = self._found(project, kept.ACCOUNTS)
        if found is None or found.manifest.bootstrap != kept.bootstrap_digest(project):
            return None
        return self._restored(project, found, "accounts alone")

    def _nothing(self, project: Project) -> Start:
        server = Server(
            self.root,
            self.port,
            region=project.region,
            detached=self.detached,
            minute=MINUTE_SECONDS,
        )
        with self.progress.step("embedded AWS"):
            server.start()
        Directory(server).forget()
        return Start(server, "nothing", kept.now())

    def _restored(self, project: Project, found: Kept, said: str) -> Start | None:
        since = found.manifest.accounts_since
        try:
            with self.progress.step(f"embedded AWS, {said.partition(' that')[0]}"):
                server = found.start(self.root, self.port, project, detached=self.detached)
        except (EmbeddedAwsError, OSError) as error:
            self.progress.say(f"    cannot be used: {error}")
            return None
        return Start(server, f"{said}, bootstrapped on {since}", since)

    def _found(self, project: Project, kind: str) -> Kept | None:
        found = None if self.fresh else Kept.find(self.root, kind, project)
        if isinstance(found, str):
            self.progress.say(f"    the {_WHAT[kind]} cannot be used: {found}")
            return None
        return found


@contextmanager
def _ending(server: Server) -> Iterator[None]:
    """The server ends if the block raises."""
    try:
        yield
    except BaseException:
        server.stop()
        raise
