"""What a build installs: the same today and tomorrow, or somebody else decides what it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from assembly.templates import Assembly, Resource
from assembly.text import as_list, joined
from gates.rules.registry import rule

_VERSION = r"\d+\.\d+[\w.+-]*"
_PINNED_NPM = re.compile(rf"(@[\w.-]+/)?[\w.-]+@{_VERSION}")
_PINNED_PYTHON = re.compile(rf"[\w.\[\],-]+=={_VERSION}")
_SYSTEM = re.compile(
    r"(apt|apt-get|yum|dnf|microdnf|apk|brew|gem|cargo|go|snap)\s+(install|add|get)\b"
)
_PIPED = re.compile(r"\b(curl|wget)\b.*[|(].*\b(ba|z|da)?sh\b|\b(ba|da)?sh\b.*[<$]\(\s*(curl|wget)")
_SCRIPT = re.compile(r"(?:\./)?(scripts/[\w.-]+)")


@rule(
    "TAP-301",
    why="what the build installs is whatever is newest that day, with the pipeline's permissions",
    fix="name an exact version, or install from a lock file (npm ci, --require-hashes)",
)
def builds_install_what_is_pinned(assembly: Assembly) -> Iterator[tuple[Resource, str]]:
    for project in assembly.resources("AWS::CodeBuild::Project"):
        for command in commands(project, assembly.checkout):
            if any(_is_unpinned(part) for part in re.split(r"&&|\|\||;|\n", command)) or (
                _PIPED.search(command)
            ):
                yield project, command.strip()


def commands(project: Resource, checkout: Path) -> Iterator[str]:
    """Every command of a project's buildspec, and every line of the scripts that they call."""
    for command in _buildspec_commands(project):
        yield command
        for script in _SCRIPT.findall(command):
            if (checkout / script).is_file():
                text = (checkout / script).read_text().replace("\\\n", " ")
                yield from (line for line in text.splitlines() if not line.startswith("#"))


def _buildspec_commands(project: Resource) -> Iterator[str]:
    text = joined(project.properties.get("Source", {}).get("BuildSpec", ""))
    # A file beside the template, or the buildspec itself (CodeBuild user guide, "Buildspec").
    if text.endswith((".yaml", ".yml")) and "\n" not in text:
        text = (project.template.directory / text).read_text()
    buildspec: Any = yaml.safe_load(text)
    if isinstance(buildspec, dict):
        for phase in buildspec.get("phases", {}).values():
            yield from map(str, as_list(phase.get("commands")) + as_list(phase.get("finally")))


def _is_unpinned(command: str) -> bool:
    words = command.replace('"', "").replace("'", "").split()
    if words[:1] == ["echo"]:
        return False
    for index, word in enumerate(words):
        rest = words[index + 1 :]
        match word.rpartition("/")[2], rest:
            case "npm", ["install" | "i" | "add", *packages]:
                return not (_pinned(packages, _PINNED_NPM) or "--package-lock-only" in packages)
            case "npx" | "pnpx", packages:
                return (
                    "--no" not in packages
                    and "--no-install" not in packages
                    and not _pinned(packages[:1], _PINNED_NPM)
                )
            case "pip" | "pip3" | "pipx", ["install", *packages]:
                return "--require-hashes" not in packages and not _pinned(packages, _PINNED_PYTHON)
    return _SYSTEM.search(command) is not None


def _pinned(words: list[str], pattern: re.Pattern[str]) -> bool:
    packages = [word for word in words if not word.startswith("-")]
    return bool(packages) and all(pattern.fullmatch(package) for package in packages)
