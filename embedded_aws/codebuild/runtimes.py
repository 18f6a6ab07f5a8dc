"""The programs that a build finds as in its image, provided from this machine.

User guide, "Docker images provided by CodeBuild" and "Available runtimes". A build gets a folder of
links to exactly these programs, never a developer's whole PATH. A version that is not here fails
the install phase: another one would prove nothing. `sh` is bash on the Amazon Linux images and dash
on the Ubuntu ones. A program that the image has and this machine has not says so when it is called.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded_aws.codebuild.environment import SYSTEM_PATH
from embedded_aws.codebuild.folders import Folders
from embedded_aws.codebuild.record import BuildError
from embedded_aws.codebuild.sandbox import INTERPRETER, Sandbox

_OF_THE_IMAGE = ("aws", "curl", "git", "jq", "make", "sam", "tar", "unzip", "wget", "zip")

_NO_DOCKER = "not here. Builds get no Docker daemon from this machine, privileged or not."


def provide(sandbox: Sandbox, image: str) -> None:
    """Makes a build's python, pip, node, npm, npx and sh, as far as the machine has them.

    Python is a virtual environment of the build's own, so that `pip install` works as in the image
    and leaves the machine's interpreter alone.
    """
    folders = sandbox.folders
    _make_python(folders, sandbox.seen)
    for name in ("node", "npm", "npx"):
        program = shutil.which(name)
        if program is not None:
            (folders.runtimes / name).symlink_to(Path(program).resolve())
    shell = shutil.which("bash" if "amazonlinux" in image else "dash")
    if shell is not None:
        (folders.runtimes / "sh").symlink_to(shell)
    _script(folders.runtimes / "docker", f'echo "docker: {_NO_DOCKER}" >&2; exit 127')
    for name in _OF_THE_IMAGE:
        if shutil.which(name, path=SYSTEM_PATH) is None:
            text = f"{name}: not here. The build image has it, this machine does not: install it."
            _script(folders.missing / name, f'echo "{text}" >&2; exit 127')


def differences(environment: Mapping[str, Any]) -> list[str]:
    """Lines that say where this machine is not what the project asks for."""
    found = []
    image, kind = str(environment.get("image", "")), str(environment.get("type", ""))
    if not image.startswith(_MANAGED):
        found.append(f"The image {image} is not used: programs are this machine's")
    asked = "arm64" if kind.startswith("ARM") or "aarch64" in image else "x86_64"
    here = _ARCHITECTURES.get(platform.machine(), platform.machine())
    if asked != here:
        found.append(f"The build is for {asked}: what it compiles or installs here is for {here}")
    return found


_MANAGED = "aws/codebuild/"
_ARCHITECTURES = {"aarch64": "arm64", "AMD64": "x86_64"}


def _make_python(folders: Folders, seen: Folders) -> None:
    venv.EnvBuilder(symlinks=True, with_pip=False).create(folders.python)
    packages = Path(sysconfig.get_path("purelib", vars={"base": sys.base_prefix}))
    if not (packages / "pip").is_dir():
        return
    # The machine's pip, seen from the build and beside its own packages: pip leaves what is outside
    # of its environment alone, so `pip install --upgrade pip` works and changes nothing here.
    borrowed = folders.runtimes / "borrowed"
    borrowed.mkdir()
    for part in [packages / "pip", *packages.glob("pip-*.dist-info")]:
        (borrowed / part.name).symlink_to(part)
    own = folders.python / "lib" / _python_name() / "site-packages"
    (own / "sitecustomize.py").write_text(_USER_SITE)
    settings = folders.python / "pyvenv.cfg"
    settings.write_text(settings.read_text().replace("-packages = false", "-packages = true"))
    (own / "borrowed.pth").write_text(f"{seen.runtimes / borrowed.name}\n")
    interpreter = seen.python / "bin" / "python"
    for name in ("pip", "pip3"):
        _script(folders.python / "bin" / name, f'exec "{interpreter}" -m pip "$@"')


_USER_SITE = """\
import site, sys

for place in site.getsitepackages([sys.base_prefix]):
    while place in sys.path:
        sys.path.remove(place)
"""
"""`pip install --user`, as in an image without virtual environment, needs one that sees the user's
packages. Such a one sees the machine's as well: those it is not to have."""


def select(wanted: Mapping[str, str], folders: Folders) -> list[str]:
    """Lines that say what the build gets. Raises `BuildError` for a version that is not here."""
    return [_select(name, version, folders) for name, version in wanted.items()]


def _select(name: str, version: str, folders: Folders) -> str:
    # Run out here: so none that a build may have written to, as its own Python.
    programs = {"python": INTERPRETER, "nodejs": folders.runtimes / "node"}
    if name not in programs:
        raise _unavailable(f"{name} {version}: only {', '.join(programs)} are provided here")
    found = installed(programs[name])
    if found is None:
        raise _unavailable(f"{name} {version}: this machine has none")
    if not matches(version, found):
        raise _unavailable(f"{name} {version}: this machine has {found}")
    return f"Selecting '{name}' runtime version '{version}': this machine's {found}"


def installed(program: Path) -> str | None:
    """The version that a program states, e.g. `24.21.0`; None if it is not there."""
    if not program.exists():
        return None
    command = [str(program), "--version"]
    output = subprocess.run(command, capture_output=True, text=True, check=False, env=_BARE).stdout
    match = re.search(r"\d+(\.\d+)*", output)
    return match.group() if match else None


def matches(wanted: str, found: str) -> bool:
    """Whether `found` is what `3.12`, `24`, `24.x` or `latest` asks for."""
    if wanted == "latest":
        return True
    parts = wanted.removesuffix(".x").split(".")
    return found.split(".")[: len(parts)] == parts


_BARE = {"PATH": os.defpath, "HOME": os.devnull}


def _python_name() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def _script(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def _unavailable(message: str) -> BuildError:
    return BuildError("YAML_FILE_ERROR", f"runtime-versions: unknown runtime version {message}")
