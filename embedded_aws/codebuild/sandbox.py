"""What a build can reach of this machine: nothing of its user's, where bubblewrap works.

A sandbox is made of an allow-list: folders of the system and the installed interpreters, read-only;
the build's own folders and its project's caches, writable; a /proc and process ids of its own, so
that nothing it leaves behind outlives it. The network stays: registries and this very server are
there. Where bubblewrap is missing or forbidden, builds run in folders of their own and no more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from embedded_aws import outside
from embedded_aws.codebuild import inside
from embedded_aws.codebuild.folders import Folders, SeenFolders
from embedded_aws.isolation import Isolation

INSIDE = Path(inside.__file__).parent
INTERPRETER = Path(sys.executable).resolve()
"""Not the server's virtual environment: nothing of that is shown to builds."""

_SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt"]
_SYSTEM += ["/nix/store", "/gnu/store"]
_ADDED_TO = ("/opt", "/usr/local/bin")
"""Where builds, which are root in the image, put programs of their own beside what is there."""
_SEEN_TOP = Path("/codebuild")
_SEEN_SERVER = _SEEN_TOP / "server"
_SEEN_INSIDE = _SEEN_SERVER / "embedded_aws" / "codebuild" / "inside"
# As root, as in the image, but of a user namespace: outside, still whoever runs this server.
_NAMESPACES = "--unshare-user --uid 0 --gid 0 --unshare-pid --unshare-ipc --unshare-uts"
_NAMESPACES += " --die-with-parent --cap-drop ALL --proc /proc --dev /dev --dir /run --dir /var/tmp"
_INSTALL = "install it (`apt-get install bubblewrap` or `dnf install bubblewrap`)"
_ALLOW = "on Ubuntu, allow it by an AppArmor profile or `sysctl kernel.apparmor_restrict_unprivileged_userns=0`; in a container, let that make user namespaces"  # noqa: E501


@dataclass(frozen=True)
class Sandbox:
    """One build's: its folders here, the same as the build sees them, and how to get in."""

    folders: Folders
    seen: Folders
    inside: Path = INSIDE
    prefix: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)

    def command(self, *inner: str | Path) -> list[str]:
        """The command line that runs `inner`, whose paths are as the build sees them."""
        return [*self.prefix, *map(str, inner)]


class Sandboxes(Protocol):
    """Makes the sandboxes of a server's builds."""

    def around(self, folders: Folders, cache: Path) -> Sandbox:
        """The sandbox of a build; `cache` is its project's, seen at its own path if it is not among
        the build's folders."""


class Unconfined:
    """Folders of a build's own, and that is all."""

    def around(self, folders: Folders, cache: Path) -> Sandbox:
        """See `Sandboxes`."""
        del cache
        return Sandbox(folders, folders)


class Bubblewrap:
    """Sandboxes by `bwrap`."""

    def __init__(self, program: str, private: Sequence[Path], shown: Iterable[Path]) -> None:
        """`private`: folders that no build may see, whatever else is shown. `shown`: what it needs
        besides the system's folders, such as interpreters in use."""
        self._program = program
        self._private = private
        self._shown = self._worth_showing(shown)

    def around(self, folders: Folders, cache: Path) -> Sandbox:
        """See `Sandboxes`."""
        seen = SeenFolders(_SEEN_TOP)
        prefix = [self._program, *_NAMESPACES.split(), *self._system()]
        # Home and /tmp first: what is shown may lie below them.
        prefix += _bind(folders.home, seen.home) + _bind(folders.temporary, seen.temporary)
        for path in self._shown:
            _make_place(path, seen.home, folders.home)
            prefix += _show(path, path)
        prefix += _show(INSIDE, _SEEN_INSIDE)
        for here, there in zip(folders.readable, seen.readable, strict=True):
            prefix += _show(here, there)
        for here, there in zip(folders.writable, seen.writable, strict=True):
            prefix += [] if here in (folders.home, folders.temporary) else _bind(here, there)
        if cache != folders.cache:
            prefix += _bind(cache, cache)
        prefix += ["--chdir", str(seen.source)]
        # As root, tar gives files their owners, whom this namespace does not have.
        variables = {"TAR_OPTIONS": "--no-same-owner"}
        return Sandbox(folders, seen, _SEEN_INSIDE, tuple(prefix), variables)

    def _system(self) -> list[str]:
        """The system's folders, with what is private in them covered."""
        arguments: list[str] = []
        for folder in map(Path, _SYSTEM):
            if folder.is_symlink():
                arguments += ["--symlink", os.readlink(folder), str(folder)]
            elif folder.is_dir():
                arguments += _show(folder, folder)
        for folder in map(Path, _ADDED_TO):
            arguments += _beside_what_is_there(folder) if folder.is_dir() else []
        for folder in self._private:
            if _in_system(folder) and folder.is_dir():
                arguments += ["--tmpfs", str(folder)]
        return arguments

    def _worth_showing(self, wanted: Iterable[Path]) -> list[Path]:
        """What is there, is not seen anyway, and would not show a private folder with it."""
        found: list[Path] = []
        for path in wanted:
            hidden = any(path.is_relative_to(folder) for folder in self._private)
            reveals = any(folder.is_relative_to(path) for folder in self._private)
            seen = any(path.is_relative_to(folder) for folder in found)
            seen = seen or (_in_system(path) and not hidden)
            if path.exists() and not reveals and not seen:
                found.append(path)
        return found


def find(root: Path, settings: Mapping[str, str]) -> tuple[Sandboxes, Isolation]:
    """What this machine allows, found out by trying. `settings`: of the package managers.

    A folder of the root is made for that, and removed.
    """
    program = shutil.which("bwrap")
    if sys.platform != "linux":
        return Unconfined(), Isolation(
            reason=f"bubblewrap is for Linux, and this is {sys.platform}"
        )
    if program is None:
        return Unconfined(), Isolation(reason=f"bwrap is not installed: {_INSTALL}")
    private = (outside.user_home(), *outside.repositories(root), root)
    sandboxes = Bubblewrap(program, private, [*_programs(), *_named(settings), *_resolver()])
    if problem := _problem(sandboxes, root):
        return Unconfined(), Isolation(reason=f"bwrap does not work here ({problem}): {_ALLOW}")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return sandboxes, Isolation(by=version.stdout.strip())


def _problem(sandboxes: Bubblewrap, root: Path) -> str:
    """Why a sandbox cannot be had, or does not hide the root; empty when all is well."""
    folders = Folders(root.resolve() / "builds" / ".probe")
    folders.make()
    try:
        sandbox = sandboxes.around(folders, folders.cache)
        code = "import os, sys; sys.exit(os.path.exists(sys.argv[1]) and 'it hides nothing')"
        command = sandbox.command(INTERPRETER, "-I", "-S", "-c", code, root / "server.log")
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, env={}
        )
    finally:
        shutil.rmtree(folders.top, ignore_errors=True)
    said = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (said[0] if said else f"exit status {done.returncode}")


def _programs() -> Iterator[Path]:
    """The installations of the interpreters that builds get; see `runtimes`."""
    yield Path(sys.base_prefix).resolve()
    for name in ("node", "npm", "npx", "bash", "dash"):
        if program := shutil.which(name):
            path = Path(program).resolve()
            folder = next((above for above in path.parents if above.name == "bin"), None)
            yield folder.parent if folder else path
            yield path


def _named(settings: Mapping[str, str]) -> Iterator[Path]:
    """Files and folders that settings of package managers name, as paths or file URLs."""
    for value in settings.values():
        for word in value.replace(",", " ").split():
            path = word.removeprefix("file://")
            if path.startswith("/"):
                yield Path(path)


def _resolver() -> Iterator[Path]:
    """Where the system's resolver keeps what /etc only links to."""
    yield Path("/etc/resolv.conf").resolve()


def _beside_what_is_there(folder: Path) -> list[str]:
    """The folder as one of the build's own, until its end, with what is in it on this machine."""
    arguments = ["--tmpfs", str(folder)]
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            arguments += ["--symlink", os.readlink(path), str(path)]
        else:
            arguments += _show(path, path)
    return arguments


def _make_place(path: Path, home: Path, made: Path) -> None:
    """What is shown below the home is there before anything else can take its place."""
    if path.is_relative_to(home):
        place = made / path.relative_to(home)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            place.touch()


def _in_system(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _SYSTEM)


def _bind(here: Path, there: Path) -> list[str]:
    return ["--bind", str(here), str(there)]


def _show(here: Path, there: Path) -> list[str]:
    return ["--ro-bind", str(here), str(there)]
