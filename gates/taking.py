"""Takes a cloud assembly over from whoever made it: `python -m gates.taking ASSEMBLY TARGET`.

Only what the assembly names is taken, as plain files, so that what is judged afterwards is all
that can be deployed: no link can lead elsewhere later, no file can lie there unseen. Exits with 1
and says why where that cannot be.

Format: AWS CDK, `cloud-assembly-schema`, "AssemblyManifest" and "AssetManifest".
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

MANIFEST: Final = "manifest.json"
# What the CDK itself looks for beside the manifest.
_VERSION: Final = "cdk.out"
# A buildspec that a template names, which the CDK writes beside it when it is long.
_BUILDSPEC: Final = re.compile(r"buildspec-[\w-]+\.yaml")


class TakingError(Exception):
    """The assembly cannot be taken as it is; the text says what of it."""


def take(assembly: Path, target: Path) -> str:
    """Copies what `assembly` names to `target`, which must not be there; the copy's digest.

    Raises TakingError; what was copied until then stays, and is no assembly.
    """
    if target.exists() or target.is_symlink():
        raise TakingError(f"{target} is there already: it has to be a new folder")
    root = assembly.resolve()
    files = sorted({file for named in _named(root, ".") for file in _plain(root, named)})
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / file, target / file, follow_symlinks=False)
    return digest(target)


def digest(folder: Path) -> str:
    """SHA-256, in hexadecimal, of the names and contents of all files in a folder."""
    whole = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        whole.update(f"{content}  {path.relative_to(folder).as_posix()}\n".encode())
    return whole.hexdigest()


def _named(root: Path, folder: str) -> Iterator[str]:
    """Paths, relative to `root`, of what the assembly in `folder` and those within it name."""
    here = os.path.join(folder, MANIFEST)
    yield from (here, os.path.join(folder, _VERSION))
    for artifact in _document(root, here).get("artifacts", {}).values():
        said = artifact.get("properties", {})
        own = [said.get("templateFile"), said.get("file"), artifact.get("additionalMetadataFile")]
        yield from (os.path.join(folder, each) for each in own if each)
        match artifact.get("type"):
            case "cdk:asset-manifest":
                yield from _assets(root, folder, said["file"])
            case "cdk:cloud-assembly":
                yield from _named(root, os.path.join(folder, said["directoryName"]))
            case "aws:cloudformation:stack":
                text = _text(root, os.path.join(folder, said["templateFile"]))
                found = (os.path.join(folder, each) for each in set(_BUILDSPEC.findall(text)))
                yield from (each for each in found if os.path.lexists(root / each))


def _assets(root: Path, folder: str, file: str) -> Iterator[str]:
    for asset in _document(root, os.path.join(folder, file)).get("files", {}).values():
        path = asset.get("source", {}).get("path")
        if not isinstance(path, str):
            raise TakingError(f"{file}: an asset is no file, but {asset.get('source')}")
        yield os.path.join(folder, path)


def _plain(root: Path, named: str) -> Iterator[str]:
    """The regular files that a name stands for. Raises TakingError for anything else."""
    path = os.path.normpath(named)
    if os.path.isabs(path) or path.split(os.sep)[0] == os.pardir:
        raise TakingError(f"{named} is outside of the assembly")
    for part in (root / path, *(root / path).parents):
        if part != root and root in part.parents and part.is_symlink():
            raise TakingError(f"{part.relative_to(root)} is a symbolic link")
    if (root / path).is_dir():
        for entry in sorted(os.listdir(root / path)):
            yield from _plain(root, os.path.join(path, entry))
    elif (root / path).is_file():
        yield path
    else:
        raise TakingError(f"{named} is named, and no file")


def _document(root: Path, named: str) -> dict[str, Any]:
    try:
        content = json.loads(_text(root, named))
    except ValueError as error:
        raise TakingError(f"{named} is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise TakingError(f"{named} is no JSON object")
    return content


def _text(root: Path, named: str) -> str:
    (file,) = (*_plain(root, named),)
    return (root / file).read_text(encoding="utf-8")


def main(arguments: list[str]) -> int:
    """The command."""
    match arguments:
        case [assembly, target]:
            try:
                sys.stdout.write(f"{take(Path(assembly), Path(target))}  {target}\n")
            except (TakingError, OSError, KeyError, AttributeError, TypeError, ValueError) as error:
                sys.stderr.write(f"take: {assembly} cannot be taken over: {error}\n")
                return 1
            return 0
    sys.stderr.write(f"{(__doc__ or '').splitlines()[0]}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
