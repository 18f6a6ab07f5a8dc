"""Reads what says where packages come from, and accepts only what ours may say.

Not by looking for what is bad: a line, key or file that is not known here is a problem, so that
another index, another registry, a missing hash or a script of a package has no form in which to
pass. Formats: pip, "Requirements File Format"; npm, "package-lock.json" (lockfileVersion 3) and
"npmrc"; pytest, "Configuration".
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Any, Final

_NAME: Final = r"[A-Za-z0-9][\w.-]*(?:\[[\w,-]+\])?"
# name==version, perhaps for some platforms only, and at least one hash.
_LOCKED: Final = re.compile(
    rf"{_NAME}==[\w.!+-]+(?: ; [\w .'\"()<>=!]+)?(?: --hash=sha256:[0-9a-f]{{64}})+"
)
_WANTED: Final = re.compile(
    rf"{_NAME}\s*(?:(?:[=<>~!]=|[<>])[\w.*!+-]+,?)*(?:\s*;[\w .'\"()<>=!]+)?"
    r"|-[rc] (?!/)[\w./-]+\.(?:in|txt)"
)
_LOCK_VERSION: Final = 3
_PACKAGE: Final = re.compile(r"(?:(?:^|/)node_modules/(?:@[\w.-]+/)?[\w.-]+)+")
_VERSION: Final = re.compile(r"\d+\.\d+\.\d+(?:-[\w.-]+)?")
_INTEGRITY: Final = re.compile(r"sha512-[A-Za-z0-9+/]{86}==")
_REGISTRY: Final = "https://registry.npmjs.org/"
_DEPENDENCIES: Final = ("dependencies", "devDependencies", "optionalDependencies")
_NPM_SETTINGS: Final = {
    "omit-lockfile-registry-resolved=true",
    "ignore-scripts=true",
    "fund=false",
    "audit=false",
    "update-notifier=false",
    "legacy-peer-deps=true",
}
_PYTEST: Final = {
    "testpaths": ["tests"],
    "pythonpath": ["."],
    "addopts": "--strict-markers --strict-config -ra",
    "xfail_strict": True,
}
_TOOLS: Final = {"ruff", "mypy", "pytest"}
# What a tool would read, were it there.
_NONE_OF_OURS: Final = {
    *("pip.conf", "pip.ini", "uv.toml", "uv.lock", "tox.ini", "setup.cfg", "setup.py", "yarn.lock"),
    *(".pytest.ini", "pytest.toml", ".pytest.toml", ".yarnrc", ".yarnrc.yml", "pnpm-lock.yaml"),
    *("npm-shrinkwrap.json", ".pypirc", ".pdbrc", "sitecustomize.py", "usercustomize.py"),
}
SMOKE_SETTINGS: Final = "integ/pytest.ini"
# Applications of others, which tests rehearse as they are: nothing of ours is installed by them.
_OF_OTHERS: Final = "tests/stock/"


def is_read_here(path: str) -> bool:
    """Does the file of this name say what is installed, from where, or which tests run?"""
    return _reader(path) is not None


def problems(path: str, text: str) -> list[str]:
    """What the file says that ours may not."""
    reader = _reader(path)
    return list(reader(text)) if reader else []


def _reader(path: str) -> Callable[[str], Iterator[str]] | None:
    name = PurePosixPath(path).name
    if path.startswith(_OF_OTHERS):
        return None
    if name in _NONE_OF_OURS or (name == "pytest.ini" and path != SMOKE_SETTINGS):
        return _is_not_ours
    named: dict[str, Callable[[str], Iterator[str]]] = {
        "package-lock.json": _npm_lock,
        "package.json": _npm_package,
        ".npmrc": _npm_settings,
        "pyproject.toml": _python_settings,
    }
    if re.fullmatch(r"(?:requirements|corpus)[\w-]*\.txt", name):
        return _python_lock
    if re.fullmatch(r"(?:requirements|corpus)[\w-]*\.in", name):
        return _python_wanted
    return named.get(name)


def _is_not_ours(_text: str) -> Iterator[str]:
    yield "is a file that tools read and this repository does without"


def _python_lock(text: str) -> Iterator[str]:
    for line in _lines(text):
        if not _LOCKED.fullmatch(line):
            yield line[:100]


def _python_wanted(text: str) -> Iterator[str]:
    for line in _lines(text):
        if not _WANTED.fullmatch(line):
            yield line[:100]


def _lines(text: str) -> Iterator[str]:
    """Lines without comments, continued ones joined; a comment is not continued."""
    without = "\n".join(re.sub(r"(?:^|\s)#.*", "", line) for line in text.splitlines())
    for line in without.replace("\\\n", " ").splitlines():
        if words := " ".join(line.split()):
            yield words


def _npm_lock(text: str) -> Iterator[str]:
    lock = json.loads(text)
    if lock.get("lockfileVersion") != _LOCK_VERSION:
        yield f"is of version {lock.get('lockfileVersion')}, not {_LOCK_VERSION}"
    if further := sorted(
        set(lock) - {"name", "version", "lockfileVersion", "requires", "packages"}
    ):
        yield f"has {', '.join(further)}"
    for path, package in lock.get("packages", {}).items():
        if path:
            yield from (f"{path} {problem}" for problem in _npm_entry(path, package))


def _npm_entry(path: str, package: dict[str, Any]) -> Iterator[str]:
    if not _PACKAGE.fullmatch(path):
        yield "is no package of a registry"
    if not _VERSION.fullmatch(str(package.get("version"))):
        yield f"has version {package.get('version')}"
    bundled = package.get("inBundle") is True and path.count("node_modules/") > 1
    if not _INTEGRITY.fullmatch(str(package.get("integrity"))) and not bundled:
        yield "has no hash"
    if not str(package.get("resolved", _REGISTRY)).startswith(_REGISTRY):
        yield f"comes from {package['resolved']}"
    for key in ("link", "hasInstallScript", "name"):
        if key in package:
            yield f"has {key} {package[key]}"


def _npm_package(text: str) -> Iterator[str]:
    package = json.loads(text)
    for key in ("scripts", "overrides", "workspaces", "bundleDependencies", "config"):
        if key in package:
            yield f"has {key}"
    for kind in _DEPENDENCIES:
        for name, version in package.get(kind, {}).items():
            if not _VERSION.fullmatch(str(version)):
                yield f"{name} {version} is no exact version"


def _npm_settings(text: str) -> Iterator[str]:
    for line in _lines(text):
        if line.replace(" ", "") not in _NPM_SETTINGS:
            yield line


def _python_settings(text: str) -> Iterator[str]:
    settings = tomllib.loads(text)
    if further := sorted(set(settings) - {"tool"}):
        yield f"has {', '.join(further)}"
    if further := sorted(set(settings.get("tool", {})) - _TOOLS):
        yield f"has tool.{', tool.'.join(further)}"
    options = settings.get("tool", {}).get("pytest", {})
    for key, value in options.get("ini_options", {}).items():
        if _PYTEST.get(key) != value:
            yield f"pytest's {key} = {value}"
    if further := sorted(set(options) - {"ini_options"}):
        yield f"pytest's {', '.join(further)}"
