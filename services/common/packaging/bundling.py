"""Turns a service's runtime folder into the exact tree that Lambda unpacks, without Docker.

A staged asset holds, under the import paths they have in this repository: a function's `runtime`
package, further packages of its service where it asks for them, the shared
`services/common/runtime` package, and the dependencies of the runtime's lock as wheels for Lambda's
platform. Everything is byte-compiled to unchecked-hash
`.pyc` files: a zip asset is read-only in Lambda, so what is not compiled here is compiled again at
every cold start.

The staged folder's name is a hash of everything that went in, and its bytes depend on nothing
else: not on the checkout's path, the clock or the machine's user. Equal inputs give equal asset
hashes, so an unchanged service is never deployed again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from assembly import archives
from services.common.packaging import aws_models

REPOSITORY = Path(__file__).resolve().parents[3]
SHARED_RUNTIME = "services/common/runtime"
PYTHON = (3, 12)

# By Lambda's name for the architecture: the newest wheel tags that our packages use and that run on
# Amazon Linux 2023, which is under Python 3.12 ("Lambda runtimes", AWS Lambda Developer Guide).
# They need glibc 2.28 (PEP 600), and there is 2.34 ("Core toolchain packages glibc, gcc, binutils",
# Amazon Linux 2023 User Guide).
PLATFORMS = {"x86_64": "x86_64-manylinux_2_28", "arm64": "aarch64-manylinux_2_28"}

# Part of the address: raise it when this module would stage other bytes from the same inputs.
_RECIPE = "2"
# Code, and the data beside it.
_SHIPPED = {".py", ".json", ".pem"}
# Trees of one code that stay whatever comes, and for how long all do.
_KEPT = 4
_IDLE_SECONDS = 3600.0
# Installers write these with absolute paths, timestamps or their own name.
_INSTALLER_FILES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}


class BundlingError(Exception):
    """An asset could not be staged; the text says which one and shows the tool's own words."""


@dataclass(frozen=True)
class Bundle:
    """What goes into one asset.

    runtime: the package folder relative to the repository, e.g. "services/requests/runtime".
        Its `requirements.txt`, if there is one, must pin every package with hashes; it names what
        the further packages need, too.
    architecture: "x86_64" or "arm64".
    also: folders of further packages of the same service, e.g. "services/files/runtime/catalogue".
    shared: False for what is no service and ships without what services share.
    """

    runtime: str
    architecture: str = "x86_64"
    repository: Path = REPOSITORY
    also: tuple[str, ...] = ()
    shared: bool = True

    @property
    def packages(self) -> tuple[str, ...]:
        """Folders of the packages that ship whole, relative to the repository."""
        return (*([SHARED_RUNTIME] if self.shared else []), *self.also, self.runtime)

    @property
    def lock(self) -> Path:
        return self.repository / self.runtime / "requirements.txt"

    def sources(self) -> Iterator[Path]:
        """The files that ship, relative to the repository, in a fixed order."""
        for package in self.packages:
            for path in sorted((self.repository / package).rglob("*")):
                if path.suffix in _SHIPPED:
                    yield path.relative_to(self.repository)

    def address(self) -> str:
        """A hash of every input: sources, lock, platform, Python, and this recipe."""
        digest = hashlib.sha256()
        _feed(digest, "recipe", _RECIPE.encode())
        _feed(digest, "python", sys.version.encode())
        _feed(digest, "architecture", self.architecture.encode())
        _feed(digest, "lock", self.lock.read_bytes() if self.lock.exists() else b"")
        for source in self.sources():
            _feed(digest, source.as_posix(), (self.repository / source).read_bytes())
        return digest.hexdigest()[:32]


def stage(bundle: Bundle) -> Path:
    """The folder with the asset's content, built now unless it is there already.

    Raises BundlingError. A folder under its final name is always whole: it is built beside and
    renamed, so an interrupted or concurrent build is never picked up.
    """
    if sys.version_info[:2] != PYTHON:
        raise BundlingError(
            f"{bundle.runtime}: byte code must come from Python {PYTHON[0]}.{PYTHON[1]}, "
            f"this is {sys.version_info[0]}.{sys.version_info[1]}"
        )
    if bundle.architecture not in PLATFORMS:
        raise BundlingError(
            f"{bundle.runtime}: architecture {bundle.architecture!r} is unknown; "
            f"expected one of {', '.join(PLATFORMS)}"
        )
    _require_packages(bundle)
    for package in bundle.packages:
        aws_models.write_of(bundle.repository, package)
    build = bundle.repository / ".build"
    staged = build / f"{bundle.runtime.replace('/', '-')}-{bundle.address()}"
    if not staged.is_dir():
        build.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".staging-", dir=build) as scratch:
            tree = Path(scratch) / "asset"
            _fill(tree, bundle)
            _publish(tree, staged)
        _forget_before(staged)
    os.utime(staged)
    return staged


def archive(bundle: Bundle) -> Path:
    """The asset itself: what `stage` gives, zipped, beside it and under its name.

    Raises BundlingError. As one file it moves through every artifact of a delivery at once, and
    what is judged is, to the byte, what Lambda gets.
    """
    staged = stage(bundle)
    archived = staged.with_name(f"{staged.name}.zip")
    if not archived.is_file():
        with tempfile.TemporaryDirectory(prefix=".staging-", dir=staged.parent) as scratch:
            packed = Path(scratch) / archived.name
            archives.pack(staged, packed)
            packed.replace(archived)
    return archived


def _forget_before(staged: Path) -> None:
    """Removes what was staged of the same code long before, and its archive.

    The newest few stay, for who goes back and forth; and what another synth may be reading.
    """
    prefix = staged.name.rpartition("-")[0]
    same = re.compile(rf"{re.escape(prefix)}-[0-9a-f]{{32}}")
    trees = [path for path in staged.parent.iterdir() if same.fullmatch(path.name)]
    for tree in sorted(trees, key=_used, reverse=True)[_KEPT:]:
        if time.time() - _used(tree) > _IDLE_SECONDS:
            tree.with_name(f"{tree.name}.zip").unlink(missing_ok=True)
            shutil.rmtree(tree, ignore_errors=True)


def _used(tree: Path) -> float:
    try:
        return tree.stat().st_mtime
    except FileNotFoundError:  # another synth forgot it as well
        return 0.0


def _require_packages(bundle: Bundle) -> None:
    """A misspelt folder would ship as nothing at all."""
    for package in bundle.packages:
        if not any((bundle.repository / package).glob("*.py")):
            raise BundlingError(f"{bundle.runtime}: {package} holds no Python module")


def _fill(tree: Path, bundle: Bundle) -> None:
    tree.mkdir()
    _install(tree, bundle)
    for source in bundle.sources():
        target = tree / source
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(bundle.repository / source, target)
    _compile(tree, bundle)


def _publish(tree: Path, staged: Path) -> None:
    try:
        tree.rename(staged)
    except OSError:
        # Another synth of the same inputs was quicker; its bytes are ours.
        if not staged.is_dir():
            raise


def _install(tree: Path, bundle: Bundle) -> None:
    if not bundle.lock.exists():
        return
    _run(
        bundle,
        [
            find_uv_bin(), "pip", "install", "--quiet",
            "--target", str(tree), "--python", sys.executable,
            "--python-platform", PLATFORMS[bundle.architecture],
            "--python-version", f"{PYTHON[0]}.{PYTHON[1]}",
            "--only-binary", ":all:", "--require-hashes", "--no-deps", "--link-mode", "copy",
            "--requirements", str(bundle.lock),
        ],
        os.environ | {"UV_PYTHON_DOWNLOADS": "never"},
    )  # fmt: skip
    _strip_installer_traces(tree)


def _strip_installer_traces(tree: Path) -> None:
    # Scripts carry the absolute path of the interpreter that installed them.
    shutil.rmtree(tree / "bin", ignore_errors=True)
    for dotfile in tree.glob(".*"):
        dotfile.unlink()
    for path in tree.glob("*.dist-info/*"):
        if path.name in _INSTALLER_FILES:
            path.unlink()
    for cache in sorted(tree.rglob("__pycache__")):
        shutil.rmtree(cache)


def _compile(tree: Path, bundle: Bundle) -> None:
    # A fresh interpreter per asset, in a fixed order and with a fixed hash seed: what else the
    # compiling process has interned shows up in marshalled code.
    _run(
        bundle,
        [
            sys.executable, "-I", "-S", "-m", "compileall", "-q", "-j", "1",
            "--invalidation-mode", "unchecked-hash", "-s", str(tree), "-p", "/var/task", str(tree),
        ],
        {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", "")},
    )  # fmt: skip


def _run(bundle: Bundle, command: list[str], environment: dict[str, str]) -> None:
    # From outside of the checkout, none of whose files then has a say in where packages come from.
    done = subprocess.run(
        command, cwd="/", env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BundlingError(
            f"{bundle.runtime}: `{' '.join(command)}` ended with {done.returncode}\n"
            f"{done.stdout}{done.stderr}".rstrip()
        )


def _feed(digest: hashlib._Hash, name: str, content: bytes) -> None:
    # Lengths first, so that moving bytes from one field to the next changes the hash.
    digest.update(f"{name}\0{len(content)}\0".encode())
    digest.update(content)
