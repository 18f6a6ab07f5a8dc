"""The languages a build may ask for, provided from this machine (user guide, available-runtimes).

A build gets a folder of links to exactly these programs, never a developer's whole PATH. A version
that is not here fails the install phase: to rehearse with another one would prove nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from embedded_aws.codebuild.record import BuildError


def provide(folder: Path) -> None:
    """Fills `folder` with python, pip, node, npm and npx, as far as the machine has them."""
    folder.mkdir(parents=True, exist_ok=True)
    interpreter = Path(sys.base_prefix, "bin", _python_name())
    for name in ("python", "python3", _python_name()):
        # Not a link: a virtual environment made from a link would point into this folder.
        _script(folder / name, f'exec "{interpreter}" "$@"')
    for name in ("pip", "pip3"):
        _script(folder / name, f'exec "{interpreter}" -m pip "$@"')
    for name in ("node", "npm", "npx"):
        program = shutil.which(name)
        if program is not None:
            (folder / name).symlink_to(Path(program).resolve())


def select(wanted: Mapping[str, str], folder: Path) -> list[str]:
    """Lines that say what the build gets. Raises `BuildError` for a version that is not here."""
    return [_select(name, version, folder) for name, version in wanted.items()]


def _select(name: str, version: str, folder: Path) -> str:
    commands = {"python": "python", "nodejs": "node"}
    if name not in commands:
        raise _unavailable(f"{name} {version}: only {', '.join(commands)} are provided here")
    found = installed(folder / commands[name])
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
