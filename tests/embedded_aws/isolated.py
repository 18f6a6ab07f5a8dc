"""A server in a developer's checkout, for tests of what its builds reach of that and how."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from embedded_aws.isolation import Isolation
from tests.embedded_aws.emulated import start
from tests.embedded_aws.projects import Projects

SECRET = "what only the developer knows"
AS_IT_IS, WITHOUT = "as this machine allows", "without bubblewrap"


@dataclass
class Machine:
    """A server whose root is in a checkout, a secret beside it, and how it isolates its builds."""

    projects: Projects
    checkout: Path
    isolation: Isolation
    has_no_bwrap: bool

    @property
    def secret(self) -> Path:
        """What a developer would not want a build to read."""
        return self.checkout / "secret"

    def said(self, name: str, *commands: str, **sections: object) -> str:
        """The output of a build that succeeded."""
        build = self.projects.run(name, {"build": list(commands)}, **sections)
        assert build["buildStatus"] == "SUCCEEDED", self.projects.log(build)
        return "\n".join(self.projects.output(build))


@contextmanager
def machine(kind: str, folder: Path) -> Iterator[Machine]:
    """A machine of one of the two kinds."""
    checkout = folder / "checkout"
    subprocess.run(["git", "init", "--quiet", checkout], check=True)
    with pytest.MonkeyPatch.context() as patch:
        if kind == WITHOUT:
            patch.setenv("PATH", str(path_without("bwrap", folder / "bin")))
        patch.setenv("PIP_FIND_LINKS", str(checkout / "wheels"))
        (checkout / "wheels").mkdir()
        server = start(checkout / ".root", "codebuild")
        server.start()
    try:
        projects = Projects(server)
        projects.prepare()
        made = Machine(projects, checkout, Isolation.of(server.root), kind == WITHOUT)
        made.secret.write_text(SECRET)
        yield made
    finally:
        server.stop()
        shutil.rmtree((server.root / "builds").resolve())


def path_without(program: str, folder: Path) -> Path:
    """A folder of links to everything on PATH but this program."""
    folder.mkdir()
    for place in os.get_exec_path():
        for found in Path(place).glob("*"):
            link = folder / found.name
            if found.name != program and not link.is_symlink():
                link.symlink_to(found)
    return folder
