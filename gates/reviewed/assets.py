"""What an asset holds, in place of its hash.

Our own code by its folders alone: it changes with every commit, and tests are what judges it. All
else that ships beside it, libraries and what else lies there, by name, version and a hash of its
bytes: nothing gets in unseen. What has no code of ours is known by the asset's own hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from assembly.assets import Asset
from assembly.templates import Assembly, Template

# A service's code; and what tells people, which is a guard: a person lets every change of it in.
_OURS: Final = ("services", "notifications", "ops")
_SHOWN: Final = 12


def named(assembly: Assembly, template: Template, key: Any) -> str:
    """What `key`, an object key in the bootstrap's bucket, holds."""
    asset = _published(assembly, template, str(key))
    if asset is None:
        return f"{key}, no asset of this assembly"
    if f"{asset.file}" in assembly.documents:
        return "a template of this assembly"
    return _held(assembly.directory / asset.file)


def _published(assembly: Assembly, template: Template, key: str) -> Asset | None:
    folder = template.file.rpartition("/")[0]
    return next(
        (
            asset
            for asset in assembly.assets
            if asset.manifest.rpartition("/")[0] == folder
            and any(each.get("objectKey") == key for each in asset.destinations)
        ),
        None,
    )


@cache
def _held(path: Path) -> str:
    if not path.exists():
        return "a file that is not there"
    roots = [path / each for each in _OURS if (path / each).is_dir()]
    if not roots:
        return f"{' '.join(_entries(path))} {_digest(path, roots)}"
    ours = sorted(
        str(each.parent.relative_to(path))
        for root in roots
        for each in root.rglob("__init__.py")
        if not (each.parents[1] / "__init__.py").exists()
    )
    return " ".join([*ours, *_libraries(path), _digest(path, roots)])


def _entries(path: Path) -> list[str]:
    return sorted(each.name for each in path.iterdir()) if path.is_dir() else [path.name]


def _libraries(path: Path) -> list[str]:
    """Packages as name==version, and what else is there that is importable or not."""
    entries = [each for each in _entries(path) if each not in (*_OURS, "__pycache__")]
    packages = [each for each in entries if each.endswith(".dist-info")]
    names = [each.removesuffix(".dist-info").replace("-", "==", 1) for each in packages]
    return [*names, *(each for each in entries if each not in packages)]


def _digest(path: Path, ours: Sequence[Path]) -> str:
    """Of every file outside of our code. Byte code differs between patches of Python: by name."""
    digest = hashlib.sha256()
    for file in _files(path, ours):
        content = b"" if file.suffix == ".pyc" else file.read_bytes()
        digest.update(f"{file.relative_to(path.parent if path.is_file() else path)}\0".encode())
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:_SHOWN]


def _files(path: Path, ours: Sequence[Path]) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    for file in sorted(path.rglob("*")):
        if file.is_file() and not any(file.is_relative_to(each) for each in ours):
            yield file
