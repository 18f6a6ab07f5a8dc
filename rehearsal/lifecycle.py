"""Brings the whole rehearsal up: the embedded AWS, its accounts, the pipeline, the git remote."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from embedded_aws.clients import Session
from embedded_aws.errors import NotRunningError, StateError
from embedded_aws.isolation import Isolation
from embedded_aws.server import Server
from ops.pipeline import Pipeline
from rehearsal import kept
from rehearsal.accounts import TOOLS, Directory
from rehearsal.errors import AlreadyUpError, NotOursError, NotUpError
from rehearsal.pace import MINUTE_SECONDS
from rehearsal.progress import Progress
from rehearsal.project import Project
from rehearsal.remote import Remote
from rehearsal.synthesized import PipelineStack
from rehearsal.tools import run_tool

COMMAND_LOCK = "command.lock"


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


def start(
    root: Path, port: int | None, project: Project, progress: Progress, *, detached: bool
) -> Server:
    """A new server, prepared as a platform team and the pipeline's owner would.

    It ends with this process unless `detached`, and at once if anything fails.
    """
    server = Server(root, port, region=project.region, detached=detached, minute=MINUTE_SECONDS)
    try:
        with progress.step("embedded AWS"):
            server.start()
        Directory(server).forget()
        bring_up(server, project, progress)
    except BaseException:
        server.stop()
        raise
    return server


def bring_up(
    server: Server, project: Project, progress: Progress, definition: Project | None = None
) -> None:
    """Prepare a server that is up and has no pipeline yet: accounts, the pipeline, the remote.

    definition: whose pipeline is deployed, where that is not the project as it is. The synth does
    not need the accounts, nor they it: both run at once.
    """
    definition = definition or project
    if project.notice:
        progress.say(project.notice)
    if not (isolation := Isolation.of(server.root)).by:
        progress.say(f"Builds are {isolation}")
    assembly, directory = server.root / "assembly", Directory(server)
    with ThreadPoolExecutor() as pool:
        synth = pool.submit(definition.synthesize, server, assembly, progress)
        if prepare_accounts(server, project, progress):
            _keep_accounts(server, project, progress)
        synth.result()
    stack = definition.pipeline(assembly)
    # Before the pipeline, whose creation starts an execution: it must not find an old remote.
    Remote(server.root).create(definition.source)
    with progress.step("pipeline deployed"):
        _deploy_pipeline(server, assembly, stack)
    name = stack.pipeline or _made_up_name(server, stack)
    (server.root / kept.PIPELINE).write_text(json.dumps(name))
    directory.create_operator(name)


def prepare_accounts(server: Server, project: Project, progress: Progress) -> bool:
    """Bootstraps the accounts of the project as their owners would, unless all of them were:
    when one is added, what the others' bootstraps say of it changes, too. Whether it did.

    Raises `CommandError` naming the account's command and the tail of its output.
    """
    if not Directory(server).create_administrators(project.accounts):
        return False
    with progress.step(f"{len(project.accounts)} accounts, bootstrapped"):
        bootstrap(server, project)
    return True


def _keep_accounts(server: Server, project: Project, progress: Progress) -> None:
    """For the next rehearsal; this one does not depend on it."""
    try:
        kept.keep(server, project, kept.ACCOUNTS, accounts_since=kept.now())
    except (StateError, OSError) as error:
        progress.say(f"    the accounts are not kept for the next rehearsal: {error}")


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
    return str(json.loads((server.root / kept.PIPELINE).read_text()))


def operator(server: Server) -> Session:
    """Clients of the pipeline's operator."""
    return server.session(Directory(server).operator())


def operated(server: Server) -> Pipeline:
    """The pipeline as the operator's role reaches it."""
    return Pipeline(pipeline_name(server), operator(server).client)
