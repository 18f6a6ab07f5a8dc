"""What an asset holds, in place of its hash.

Our own code by its folders alone: it changes with every commit, and tests are what judges it. All
else that ships beside it, libraries and what else lies there, by name, version and a hash of its
bytes: nothing gets in unseen. What has no code of ours is known by the asset's own hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from assembly.assets import Asset
from assembly.code import Code, code
from assembly.templates import Assembly, Template

_OURS: Final = "services"
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


def _held(path: Path) -> str:
    """Our code by its folders, if there is any, and the rest by what it is."""
    if not path.exists():
        return "a file that is not there"
    held = code(path)
    if held is None:
        return f"{path.name} {_digest({path.name: path.read_bytes()})}"
    ours = held.within(_OURS)
    rest = {name: _content(held, name) for name in held.names if name not in ours}
    return " ".join([*_packages(ours), *_libraries(held.names), _digest(rest)])


def _packages(ours: Collection[str]) -> list[str]:
    """The outermost packages among the names."""
    folders = {name.rpartition("/")[0] for name in ours if name.endswith("/__init__.py")}
    return sorted(each for each in folders if each.rpartition("/")[0] not in folders)


def _libraries(names: Iterable[str]) -> list[str]:
    """Packages as name==version, and what else is there that is importable or not."""
    entries = sorted({name.partition("/")[0] for name in names} - {_OURS, "__pycache__"})
    packages = [each for each in entries if each.endswith(".dist-info")]
    versions = [each.removesuffix(".dist-info").replace("-", "==", 1) for each in packages]
    return [*versions, *(each for each in entries if each not in packages)]


def _content(held: Code, name: str) -> bytes:
    """Byte code differs between patches of Python: by its name alone."""
    return b"" if name.endswith(".pyc") else held.read(name)


def _digest(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256(files[name]).digest())
    return digest.hexdigest()[:_SHOWN]
