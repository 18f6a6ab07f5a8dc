"""Brings the whole rehearsal up: the embedded AWS, its accounts, the pipeline, the git remote."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from embedded_aws.clients import Session
from embedded_aws.errors import NotRunningError
from embedded_aws.server import Server
from ops.pipeline import Pipeline
from rehearsal.accounts import TOOLS, Directory
from rehearsal.errors import AlreadyUpError, NotOursError, NotUpError
from rehearsal.progress import Progress
from rehearsal.project import Project
from rehearsal.remote import Remote
from rehearsal.synthesized import PipelineStack
from rehearsal.tools import run_tool

COMMAND_LOCK = "command.lock"
_PIPELINE = "pipeline.json"


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
    root: Path, port: int | None, project: Project, progress: Progress, *, detached: bool
) -> tuple[Server, bool]:
    """The rehearsal that is up on `root`, or a new one; and whether it is a new one.

    What is up may know fewer accounts than the project has by now: those are prepared.
    Raises `AlreadyUpError` when it plays another region than the project's.
    """
    try:
        server = Server.attach(root)
    except NotRunningError:
        return start(root, port, project, progress, detached=detached), True
    if server.region != project.region:
        raise AlreadyUpError(
            f"what is up in {root} plays {server.region}, but the app is for {project.region}: "
            f"end it with `{project.command} down`"
        )
    prepare_accounts(server, project, progress)
    return server, False


def start(
    root: Path, port: int | None, project: Project, progress: Progress, *, detached: bool
) -> Server:
    """A new server, prepared as a platform team and the pipeline's owner would.

    It ends with this process unless `detached`, and at once if anything fails.
    """
    server = Server(root, port, region=project.region, detached=detached)
    try:
        bring_up(server, project, progress)
    except BaseException:
        server.stop()
        raise
    return server


def bring_up(server: Server, project: Project, progress: Progress) -> None:
    """Start `server` and prepare it. The synth does not need the accounts, nor they it: both run
    at once."""
    if project.notice:
        progress.say(project.notice)
    with progress.step("embedded AWS"):
        server.start()
    assembly, directory = server.root / "assembly", Directory(server)
    directory.forget()
    with ThreadPoolExecutor() as pool:
        synth = pool.submit(project.synthesize, server, assembly, progress)
        prepare_accounts(server, project, progress)
        synth.result()
    stack = project.pipeline(assembly)
    # Before the pipeline, whose creation starts an execution: it must not find an old remote.
    Remote(server.root).create(project.source)
    with progress.step("pipeline deployed"):
        _deploy_pipeline(server, assembly, stack)
    name = stack.pipeline or _made_up_name(server, stack)
    (server.root / _PIPELINE).write_text(json.dumps(name))
    directory.create_operator(name)


def prepare_accounts(server: Server, project: Project, progress: Progress) -> None:
    """Bootstraps the accounts of the project as their owners would, unless all of them were:
    when one is added, what the others' bootstraps say of it changes, too.

    Raises `CommandError` naming the account's command and the tail of its output.
    """
    if not Directory(server).create_administrators(project.accounts):
        return
    with progress.step(f"{len(project.accounts)} accounts, bootstrapped"):
        bootstrap(server, project)


def bootstrap(server: Server, project: Project) -> None:
    """Bootstraps every account of the project, all at once."""
    with ThreadPoolExecutor(len(project.accounts)) as pool:
        runs = [pool.submit(project.bootstrap, server, label) for label in project.accounts]
        for each in runs:
            each.result()


def _deploy_pipeline(server: Server, assembly: Path, stack: PipelineStack) -> None:
    """The one deployment that a person makes at AWS; afterwards the pipeline updates itself."""
    command = ["node_modules/.bin/cdk", "deploy", "--app", str(assembly), stack.selector]
    command += ["--require-approval", "never", "--progress", "events", "--no-color"]
    run_tool(server, command, Directory(server).administrator(TOOLS))


def _made_up_name(server: Server, stack: PipelineStack) -> str:
    cloudformation = Directory(server).session(TOOLS).client("cloudformation")
    found = cloudformation.describe_stack_resources(StackName=stack.name)["StackResources"]
    return next(
        str(each["PhysicalResourceId"])
        for each in found
        if each["LogicalResourceId"] == stack.logical_id
    )


def pipeline_name(server: Server) -> str:
    """The name of the pipeline that `server` was brought up with."""
    return str(json.loads((server.root / _PIPELINE).read_text()))


def operator(server: Server) -> Session:
    """Clients of the pipeline's operator."""
    return server.session(Directory(server).operator())


def operated(server: Server) -> Pipeline:
    """The pipeline as the operator's role reaches it."""
    return Pipeline(pipeline_name(server), operator(server).client)
