"""Brings the whole rehearsal up: the embedded AWS, its accounts, the pipeline, the git remote."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from embedded_aws.connections.played import Connection
from embedded_aws.errors import NotRunningError
from embedded_aws.host import package_managers
from embedded_aws.server import Server
from ops.pipeline import Pipeline
from rehearsal.accounts import TOOLS, Directory
from rehearsal.errors import AlreadyUpError, NotOursError, NotUpError, UnsupportedSourceError
from rehearsal.native_code import foreign
from rehearsal.progress import Progress
from rehearsal.remote import Remote
from rehearsal.synthesized import PipelineStack, pipeline_stack
from rehearsal.tools import run_tool
from settings import ConnectionSource, Settings

COMMAND_LOCK = "command.lock"
FOLLOW = "scripts/rehearsal status"


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Whoever brings a rehearsal up on `root`, or runs one there, does so alone.

    Raises `AlreadyUpError` at once when another process does, `NotOursError` where nothing can be
    written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        file = (root / COMMAND_LOCK).open("w")
    except OSError as error:
        raise NotOursError(f"cannot write in {root}: {error.strerror or error}") from error
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyUpError(
                f"another command brings a rehearsal up, or runs one, in {root}: wait for its end"
            ) from error
        yield


def attached(root: Path) -> Server:
    """The server of the rehearsal that is up on `root`. Raises `NotUpError`, saying what to do."""
    try:
        return Server.attach(root)
    except NotRunningError as error:
        raise NotUpError(f"{error}: start it with `scripts/rehearsal up`") from error


def attach_or_start(
    root: Path, port: int | None, settings: Settings, progress: Progress, *, detached: bool
) -> tuple[Server, bool]:
    """The rehearsal that is up on `root`, or a new one; and whether it is a new one.

    What is up may know fewer accounts than the settings name by now: those are prepared.
    Raises `AlreadyUpError` when it plays another region than that of the settings.
    """
    try:
        server = Server.attach(root)
    except NotRunningError:
        return start(root, port, settings, progress, detached=detached), True
    if server.region != settings.region:
        raise AlreadyUpError(
            f"what is up in {root} plays {server.region}, but cdk.json says {settings.region}: "
            "end it with `scripts/rehearsal down`"
        )
    prepare_accounts(server, settings, progress)
    return server, False


def start(
    root: Path, port: int | None, settings: Settings, progress: Progress, *, detached: bool
) -> Server:
    """A new server, prepared as a platform team and the pipeline's owner would.

    It ends with this process unless `detached`, and at once if anything fails.
    """
    server = Server(root, port, region=settings.region, detached=detached)
    try:
        bring_up(server, settings, progress)
    except BaseException:
        server.stop()
        raise
    return server


def bring_up(server: Server, settings: Settings, progress: Progress) -> None:
    """Start `server` and prepare it. The synth does not need the accounts, nor they it: both run
    at once."""
    if notice := foreign(settings.architecture):
        progress.say(notice)
    with progress.step("embedded AWS"):
        server.start()
    assembly, directory = server.root / "assembly", Directory(server)
    directory.forget()
    with ThreadPoolExecutor() as pool:
        synth = pool.submit(_synthesize, server, assembly, progress)
        prepare_accounts(server, settings, progress)
        synth.result()
    stack = pipeline_stack(assembly)
    directory.create_operator(stack.pipeline)
    # Before the pipeline, whose creation starts an execution: it must not find an old remote.
    Remote(server.root).create(connection_of(settings))
    with progress.step("pipeline deployed"):
        _deploy_pipeline(server, assembly, stack)


def prepare_accounts(server: Server, settings: Settings, progress: Progress) -> None:
    """Bootstraps the accounts of the settings as their owners would, unless all of them were:
    when one is added, what the others' bootstraps say of it changes, too.

    Raises `CommandError` naming the account's command and the tail of its output.
    """
    if not Directory(server).create_administrators(settings.accounts):
        return
    accounts = list(settings.accounts)
    with progress.step(f"{len(accounts)} accounts, bootstrapped"):
        bootstrap(server, accounts)


def bootstrap(server: Server, accounts: Sequence[str]) -> None:
    """Runs `scripts/bootstrap` for each account (by its label), with its administrator's keys.

    Every rehearsal bootstraps anew: it takes seconds, and a restored snapshot would prove less.
    """
    directory = Directory(server)
    with ThreadPoolExecutor(len(accounts)) as pool:
        runs = [
            pool.submit(
                run_tool, server, ["scripts/bootstrap", label], directory.administrator(label)
            )
            for label in accounts
        ]
        for each in runs:
            each.result()


def _synthesize(server: Server, assembly: Path, progress: Progress) -> None:
    with progress.step("pipeline synthesized"):
        command = ["scripts/synth", "--output", str(assembly)]
        run_tool(server, command, more=package_managers())


def _deploy_pipeline(server: Server, assembly: Path, stack: PipelineStack) -> None:
    """The one deployment that a person makes at AWS; afterwards the pipeline updates itself."""
    command = ["node_modules/.bin/cdk", "deploy", "--app", str(assembly), stack.stack]
    command += ["--require-approval", "never", "--progress", "events", "--no-color"]
    run_tool(server, command, Directory(server).administrator(TOOLS))


def connection_of(settings: Settings) -> Connection:
    """The connection that the remote plays. Raises `UnsupportedSourceError`."""
    if not isinstance(settings.source, ConnectionSource):
        raise UnsupportedSourceError(
            "the rehearsal plays a git provider behind a connection: in cdk.json, "
            'tap.source.type must be "connection"'
        )
    source = settings.source
    return Connection(source.connection_arn, source.repository, source.branch, FOLLOW)


def operated(server: Server) -> Pipeline:
    """The pipeline as the operator's role reaches it."""
    session = server.session(Directory(server).operator())
    return Pipeline(pipeline_stack(server.root / "assembly").pipeline, session.client)
