"""A shell inside of a build that has ended: in its workspace, as its role, in the same sandbox."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Sequence

from embedded_aws.calls import Place, RefusedError
from embedded_aws.server import Server
from ops.pipeline import Pipeline
from rehearsal.accounts import TOOLS, Directory
from rehearsal.errors import NoWorkspaceError


def enter(server: Server, pipeline: Pipeline, action: str, command: Sequence[str]) -> int:
    """Runs `command` in the latest build of an action, or an interactive shell; its exit status.

    Raises `UnknownActionError`, which names the actions that there are, and `NoWorkspaceError`.
    """
    run = pipeline.latest_run(action)
    if not run.is_build:
        raise NoWorkspaceError(f"{run.label} ran no build, so there is nothing to look into")
    place = Place(server.endpoint, server.ca_bundle, server.region)
    keys = Directory(server).administrator(TOOLS)
    signer = {"AccessKeyId": keys.access_key_id, "SecretAccessKey": keys.secret_access_key}
    try:
        target = "CodeBuild_20161006.OpenShell"
        way = place.call("codebuild", target, {"id": run.external_id}, signer)
    except RefusedError as error:
        raise NoWorkspaceError(f"{run.label}: {error.message}") from error
    # Nothing of the build's: what begins out here must not load what it left.
    environment = {"TERM": os.environ.get("TERM", "dumb")}
    if command:
        return subprocess.run([*way["command"], *command], env=environment, check=False).returncode
    return _interact([*way["command"], *_shell()], environment)


def _shell() -> list[str]:
    """An interactive one, told how large the terminal is: its own does not know."""
    columns, lines = shutil.get_terminal_size()
    program = "bash" if shutil.which("bash") else "sh"
    return ["sh", "-c", f"stty rows {lines} cols {columns}; exec {program} -i"]


def _interact(command: list[str], environment: dict[str, str]) -> int:
    """On a terminal of its own: what the build left could type into a terminal that it shared."""
    print("in the build's workspace; `exit` leaves it", file=sys.stderr)
    os.environ.clear()  # `pty` gives its child this process's, which is over afterwards
    os.environ.update(environment)
    return os.waitstatus_to_exitcode(pty.spawn(command))
