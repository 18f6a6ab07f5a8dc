"""What a build installs: the same today and tomorrow, or somebody else decides what it runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assembly.pipeline import Build, builds_of
from assembly.templates import Resource
from gates.delivery import Delivery
from gates.registry import rule

INSTALLS = re.compile(
    r"\b(?:npm\s+(?:install|i|add|exec|x)|p?npx|pip3?\s+install|uv\s+(?:pip\s+(?:install|sync)|add"
    r"|tool)|uvx|pipx|yarn|pnpm|(?:apt|apt-get|yum|dnf|microdnf|apk|brew|snap|gem|cargo|go)\s+"
    r"(?:-\S+\s+)*(?:install|add|get))\b(.*)"
)
FETCHES = re.compile(r"\b(?:curl|wget)\b|\bgit\s+clone\b|--(?:extra-)?index-url|--trusted-host")
LOCKED = re.compile(
    r"npm ci --ignore-scripts\b|npx --no(?:-install)?\b"
    r"|(?:\S*python[\d.]*\"?(?: -I)? -m pip|\S*pip3?|\S*uv\"? pip) (?:install|sync)"
    r" .*--require-hashes\b"
)
# Lines of a script that say something and run nothing: a message, a question whether a tool is
# there, and the beginning of what is done where it is not.
SAYS = re.compile(
    r"echo [^;&|`$<>()\"']*|echo \"(?:[^\"$`\\]|\$\w+)*\"( >&2)?|command -v \"?\$?\w+\"? >/dev/null"
)
# What a build says first: where installers and tools keep what they made, which is what it caches.
CACHES = (
    'export UV_CACHE_DIR="$PWD/.cache/uv" PIP_CACHE_DIR="$PWD/.cache/pip"'
    ' npm_config_cache="$PWD/.cache/npm" TAP_INSTALLED="$PWD/.cache/installed"'
    ' JSII_RUNTIME_PACKAGE_CACHE_ROOT="$PWD/.cache/jsii"'
)
# What a build says next that only verifies: no package there that synthesizes, or judges that.
INSTALLS_TO_VERIFY = "bash scripts/install-python requirements-verify.txt"
SCRIPT = re.compile(r"scripts/([\w-]+)")
# A script as a program, which works only while its file is executable: not as what bash runs or a
# shell sources.
BY_ITS_MODE = re.compile(r"(?<![\w./-])(?<!bash )(?<!\. )(?:\./)?scripts/[\w-]+")
# A person makes locks; no build calls this one.
NOT_BY_BUILDS = {"scripts/lock"}


@rule(
    "TAP-301",
    why="what the build installs is whatever is newest that day, or whatever a server hands out, "
    "with the build's permissions",
    fix="install the exact version of package.json (npm install -g name@version), or from a lock "
    "with hashes (npm ci --ignore-scripts, --require-hashes)",
)
def builds_install_what_is_pinned(
    delivery: Delivery,
) -> Iterator[Resource | tuple[Resource | str, str]]:
    """Judges each command of each build, and each line of the scripts that they call."""
    builds = [b for t in delivery.templates for b in builds_of(delivery.assembly, t)]
    exact = {f"{name}@{version}" for name, version in delivery.intended.pins.items()}
    for build in builds:
        for command in build.commands:
            if not all(_is_pinned(part, exact) for part in _parts(command)):
                yield build.resource, command.strip()
    for name in called_scripts(delivery, builds):
        for line in effective_lines(delivery.scripts.get(name, "")):
            if not all(_is_pinned(part, set()) for part in _parts(line)):
                yield name, line


@rule(
    "TAP-308",
    why="a source archive may lose executable bits, and then the build ends before it begins",
    fix="run it through bash (bash scripts/NAME) or source it (. scripts/NAME)",
)
def scripts_need_no_executable_bit(delivery: Delivery) -> Iterator[tuple[Resource | str, str]]:
    """Judges each command of each build, and each line of the scripts that they call."""
    builds = [b for t in delivery.templates for b in builds_of(delivery.assembly, t)]
    for build in builds:
        for command in build.commands:
            if runs_by_mode(command):
                yield build.resource, command.strip()
    for name in called_scripts(delivery, builds):
        for line in effective_lines(delivery.scripts[name]):
            if runs_by_mode(line):
                yield name, line


def runs_by_mode(line: str) -> bool:
    """Does it call one of our scripts as a program of its own?"""
    return any(BY_ITS_MODE.search(part) for part in _parts(line))


def called_scripts(delivery: Delivery, builds: list[Build]) -> list[str]:
    """The scripts that builds call, and those that these call, by their paths."""
    names = SCRIPT.findall(" ".join(c for build in builds for c in build.commands))
    found: set[str] = set()
    while names:
        name = f"scripts/{names.pop()}"
        if name not in found | NOT_BY_BUILDS and name in delivery.scripts:
            found.add(name)
            lines = effective_lines(delivery.scripts[name])
            names += SCRIPT.findall("\n".join(lines))
    return sorted(found)


def effective_lines(script: str) -> list[str]:
    """A script's lines without comments and indentation; continued ones joined.

    As a shell reads them: a line ends with a line feed alone, a comment is not continued, and what
    a continued line goes on with is no comment line.
    """
    lines: list[str] = []
    goes_on = False
    for line in script.split("\n"):
        text = re.sub(r"[ \t]+", " ", line.removesuffix("\\")).strip(" ")
        if goes_on:
            lines[-1] = f"{lines[-1]} {text}".strip(" ")
        elif not text.startswith("#"):
            lines.append(text)
        goes_on = line.endswith("\\") and (goes_on or not text.startswith("#"))
    return [line for line in lines if line]


def _parts(command: str) -> list[str]:
    """The commands in a line, but for texts that it only prints."""
    if SAYS.fullmatch(command.strip()):
        return []
    parts = (part.strip() for part in re.split(r"&&|\|\||;|\n", command))
    return [part for part in parts if part and not SAYS.fullmatch(part)]


def _is_pinned(command: str, exact: set[str]) -> bool:
    if FETCHES.search(command):
        return False
    if LOCKED.match(command):
        return True
    found = INSTALLS.search(command)
    if found is None:
        return re.search(r"\bnpm\s+[a-z]", command) is None
    tools = [word for word in found[1].split() if not word.startswith("-")]
    return bool(tools) and all(tool.strip("\"'") in exact for tool in tools)
