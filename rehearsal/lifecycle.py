"""Brings the whole rehearsal up: the embedded AWS, its accounts, the pipeline, the git remote."""

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from embedded_aws.connections.played import Connection
from embedded_aws.host import package_managers
from embedded_aws.installation import PIPELINE, Account
from rehearsal.accounts import Directory
from rehearsal.bootstrap import bootstrap, deploy_pipeline
from rehearsal.commands import environment, run
from rehearsal.errors import AlreadyRunningError, NotRunningError, RootError
from rehearsal.follow import Operator
from rehearsal.progress import Progress
from rehearsal.remote import Remote
from rehearsal.server import COMMAND_LOCK, REPOSITORY, Server
from settings import ConnectionSource, Settings


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Whoever brings a rehearsal up on `root`, or runs one there, does so alone.

    Raises `AlreadyRunningError` at once when another process does.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / COMMAND_LOCK).open("w")
    except OSError as error:
        raise RootError(f"cannot write in {root}: {error.strerror or error}") from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunningError(
                f"another command brings a rehearsal up, or runs one, in {root}: wait for its end"
            ) from error
        yield


@contextmanager
def running(root: Path, port: int | None, progress: Progress, *, keep: bool) -> Iterator[Server]:
    """A rehearsal that is up: the one that already runs on `root`, or a new one.

    A new one is taken down afterwards unless `keep`; one that was up stays up.
    """
    server, started = _attached_or_started(root, port, progress, keep=keep)
    try:
        yield server
    except BaseException:
        if started:
            server.stop()
        raise
    if started and not keep:
        with progress.step("everything taken down"):
            server.stop()


def _attached_or_started(
    root: Path, port: int | None, progress: Progress, *, keep: bool
) -> tuple[Server, bool]:
    with suppress(NotRunningError):
        return Server.attach(root), False
    server = Server(root, port, detached=keep)
    try:
        bring_up(server, progress)
    except BaseException:
        server.stop()
        raise
    return server, True


def bring_up(server: Server, progress: Progress) -> None:
    """Start `server` and prepare it as a platform team and the pipeline's owner would.

    The synth does not need the accounts, nor they it: both run at once.
    """
    with progress.step("embedded AWS"):
        server.start()
    assembly = server.root / "assembly"
    with ThreadPoolExecutor() as pool:
        synth = pool.submit(_synthesize, server, assembly, progress)
        with progress.step("three accounts, bootstrapped"):
            administrators = Directory(server).create_administrators()
            bootstrap(server, administrators)
        synth.result()
    # Before the pipeline, whose creation starts an execution: it must not find an old remote.
    Remote(server.root).create(_connection())
    with progress.step("pipeline deployed"):
        deploy_pipeline(server, assembly, administrators[Account.TOOLS])


def _synthesize(server: Server, assembly: Path, progress: Progress) -> None:
    command = [str(REPOSITORY / "scripts" / "synth"), "--output", str(assembly)]
    with progress.step("pipeline synthesized"):
        run(command, environment(server) | package_managers(), cwd=REPOSITORY)


def _connection() -> Connection:
    """The connection of the settings, which the remote plays."""
    source = Settings.of_checkout(REPOSITORY).source
    if not isinstance(source, ConnectionSource):
        raise RootError(f"only a connection is rehearsed, not {type(source).__name__}")
    return Connection(
        source.connection_arn, source.repository, source.branch, "scripts/rehearsal status"
    )


def operator(server: Server) -> Operator:
    """The pipeline as the operator's role reaches it."""
    session = server.session(Directory(server).operator())
    return Operator(
        pipeline=PIPELINE,
        codepipeline=session.client("codepipeline"),
        codebuild=session.client("codebuild"),
        logs=session.client("logs"),
    )
