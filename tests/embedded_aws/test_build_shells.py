"""Proves that the workspace of a build that ended can be entered again, as the build left it.

On a server as this machine allows, and on one without bubblewrap. That the rehearsal's command says
what is wrong is proved with the other commands; its interactive shell only by hand.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from embedded_aws.calls import Place, RefusedError
from tests.embedded_aws.emulated import TOOLS
from tests.embedded_aws.isolated import Machine

ROOT = {"AccessKeyId": TOOLS, "SecretAccessKey": "root"}


def way_in(machine: Machine, build_id: str) -> dict[str, Any]:
    server = machine.projects.server
    place = Place(server.endpoint, server.ca_bundle, server.region)
    return place.call("codebuild", "CodeBuild_20161006.OpenShell", {"id": build_id}, ROOT)


def test_a_failed_build_is_entered_with_its_folder_variables_and_role(machine: Machine) -> None:
    build = machine.projects.run(
        "broken", {"build": ["mkdir deep; cd deep; export LEFT='a word'; touch here", "exit 3"]}
    )
    assert build["buildStatus"] == "FAILED"
    way = way_in(machine, build["id"])
    asked = 'ls; echo "$LEFT"; curl -s -H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN"'
    asked += ' "$AWS_CONTAINER_CREDENTIALS_FULL_URI"; cat ' + str(machine.secret)
    done = subprocess.run(
        [*way["command"], "sh", "-c", asked],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    here, left, credentials = done.stdout.splitlines()[:3]
    assert (here, left) == ("here", "a word")
    assert '"AccessKeyId"' in credentials
    if machine.isolation.by:
        assert (
            done.returncode == 1
        )  # what the developer has beside the root is not seen here either


def test_what_cannot_be_entered_is_refused_with_the_reason(machine: Machine) -> None:
    projects = machine.projects
    projects.project("slow", {"version": "0.2", "phases": {"build": {"commands": ["sleep 30"]}}})
    running = projects.start("slow")
    with pytest.raises(RefusedError, match="still running"):
        way_in(machine, running)
    projects.client("codebuild").stop_build(id=running)
    projects.wait(running)
    shutil.rmtree(projects.folder({"id": running}))
    with pytest.raises(RefusedError, match="is gone"):
        way_in(machine, running)
    with pytest.raises(RefusedError, match="is gone"):
        way_in(machine, "slow:of-another-server")
