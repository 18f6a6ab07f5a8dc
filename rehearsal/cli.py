"""Rehearse a delivery on this machine: the synthesized pipeline against an embedded AWS."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from embedded_aws.clients import Session
from embedded_aws.errors import NotRunningError
from embedded_aws.server import LOCK, Server
from embedded_aws.server_record import Record
from ops.commands import approve, logs, reject, status
from rehearsal import CHECKOUT, apis, disk, earlier
from rehearsal.accounts import TOOLS, Directory
from rehearsal.errors import (
    AlreadyUpError,
    NotDeployedError,
    NotOursError,
)
from rehearsal.lifecycle import (
    COMMAND_LOCK,
    alone,
    attached,
    operated,
    operator,
    pipeline_name,
)
from rehearsal.own import OwnProject
from rehearsal.progress import Progress
from rehearsal.project import Project
from rehearsal.rehearse import Wish, bring_up_and_watch, rehearse
from rehearsal.remote import Remote
from rehearsal.shell import enter
from rehearsal.stock.needs import Default
from rehearsal.stock.place import roots_below
from rehearsal.stock.project import StockProject

OPERATIONS: Final = {"status": status, "logs": logs, "approve": approve, "reject": reject}
"""Commands of `python -m ops` that need no shell pointed here."""


def run(arguments: Namespace) -> int:
    """Rehearse the working tree; 0 only if the last environment's smoke tests passed."""
    progress = Progress(sys.stdout)
    try:
        with alone(arguments.root):
            project = _project(arguments, progress)
            passed = rehearse(project, arguments.root, progress, _wish(arguments, project))
    finally:
        progress.close()
    return 0 if passed else 1


def up(arguments: Namespace) -> int:
    """Bring everything up, push the working tree, leave the approval to a person."""
    progress = Progress(sys.stdout)
    try:
        with alone(arguments.root):
            project = _project(arguments, progress)
        bring_up_and_watch(
            project, arguments.root, arguments.port, progress, detach=arguments.detach
        )
    finally:
        progress.close()
    return 0


def _wish(arguments: Namespace, project: Project) -> Wish:
    """In CI nothing is kept from one run to the next, whatever a cache of its host holds."""
    base = earlier.resolve(project.folder, arguments.base) if arguments.base else None
    fresh = arguments.fresh or os.environ.get("CI", "").lower() in ("true", "1")
    return Wish(arguments.port, arguments.keep, fresh, base)


def _project(arguments: Namespace, progress: Progress) -> Project:
    """What is rehearsed."""
    if not arguments.app:
        return OwnProject.of_checkout(CHECKOUT)
    return StockProject.synthesized(
        arguments.app,
        arguments.root,
        _shell(arguments),
        progress,
        wanted=arguments.pipeline,
        default=Default(arguments.default_account, arguments.default_region),
    )


def _shell(arguments: Namespace) -> str:
    """What people type before the name of a command about the app: options come after it."""
    return f"scripts/rehearsal --app {shlex.quote(str(arguments.app))}"


def down(arguments: Namespace) -> int:
    """End the server and everything it started; nothing up is fine."""
    Remote(arguments.root).remove_from(CHECKOUT)
    print("everything is down" if _end(arguments.root) else "nothing is up")
    return 0


def _end(root: Path) -> bool:
    """Ends the server of a root; whether there was one."""
    try:
        Server.attach(root).stop()
    except NotRunningError:
        return False
    return True


def operate(arguments: Namespace) -> int:
    """One of `OPERATIONS`, as the pipeline's operator."""
    server = attached(arguments.root)
    arguments.pipeline = pipeline_name(server)
    return int(OPERATIONS[arguments.operation].run(operator(server).client, arguments))


def shell(arguments: Namespace) -> int:
    """Open a shell in the latest build of one action, or run one command there."""
    server = attached(arguments.root)
    line = arguments.line[1:] if arguments.line[:1] == ["--"] else arguments.line
    return enter(server, operated(server), arguments.action, line)


def env(arguments: Namespace) -> int:
    """Print shell lines that point any AWS client at one account of the rehearsal.

    As whom: the pipeline's operator in tools, else the role of the environment's smoke tests; or
    the account's administrator, who is the only one known of another app's accounts.
    """
    server, label = attached(arguments.root), arguments.account
    directory = Directory(server)
    session = directory.session(label)
    is_ours = label != TOOLS and not arguments.app
    project = OwnProject.of_checkout(CHECKOUT) if is_ours else None
    urls = _api_urls(server, session, project, label) if project else {}
    if label == TOOLS and not arguments.administrator:
        credentials = directory.operator()
    elif project and not arguments.administrator:
        credentials = project.smoke_role(directory, label)
    else:
        credentials = directory.administrator(label)
    variables = server.environment(credentials) | urls
    # A profile would win over these credentials in some clients; a token of earlier ones would
    # make them invalid.
    print("unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_SESSION_TOKEN")
    for name, value in sorted(variables.items()):
        print(f"export {name}={shlex.quote(value)}")
    # For `aws`: the checkout's own comes first.
    print(f'export PATH={shlex.quote(str(CHECKOUT / ".venv" / "bin"))}:"$PATH"')
    return 0


def _api_urls(server: Server, session: Session, project: Project, account: str) -> dict[str, str]:
    """See `apis.urls`. Raises `NotDeployedError` where nothing is deployed yet."""
    stages = [each.stage for each in project.targets if account in each.accounts]
    found = apis.urls(server, session, operated, stages)
    if not found:
        raise NotDeployedError(f"{account} is not deployed yet: see `scripts/rehearsal status`")
    return found


def clean(arguments: Namespace) -> int:
    """Remove caches and builds, and say what that frees; the last run's results stay."""
    freed = []
    for root in (arguments.root, *roots_below(arguments.root)):
        _refuse_strangers(root)
        with alone(root):
            if Record.read(root) is not None:
                raise AlreadyUpError(f"a rehearsal is up in {root}: `scripts/rehearsal down`")
            freed += disk.free(root)
    print("\n".join(freed or ["nothing to remove"]))
    return 0


def reset(arguments: Namespace) -> int:
    """End what runs and remove the root folder, caches included."""
    _refuse_strangers(arguments.root)
    for root in roots_below(arguments.root):
        _end(root)
        disk.free(root)
    down(arguments)
    if arguments.root.exists():
        disk.free(arguments.root)
        shutil.rmtree(arguments.root)
        print(f"removed {arguments.root}")
    return 0


def _refuse_strangers(root: Path) -> None:
    """Raises `NotOursError` for a folder that no rehearsal made."""
    if root.exists() and not any((root / lock).exists() for lock in (COMMAND_LOCK, LOCK)):
        raise NotOursError(f"{root} was not made by the rehearsal: it is left alone")
