"""The Lambda assets of a cloud assembly, and the packages in each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.metadata import Distribution, PathDistribution, distribution
from pathlib import Path
from typing import Final

from assembly.assets import code_folders

REPOSITORY: Final = Path(__file__).resolve().parents[2]
# Name and version, then the continuation lines with its hashes.
_LOCKED: Final = re.compile(r"^([\w.-]+)==(\S+)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.M)
_CLASSIFIER: Final = "License :: OSI Approved :: "
UNKNOWN: Final = "unknown"
_CDK: Final = "aws-cdk-lib"
# No service, and ours: it runs on the packages that Lambda's own runtime has.
_TELLS: Final = "notifications"


class UnlockedPackageError(Exception):
    """An asset holds a package that no lock of a service names at this version."""


@dataclass(frozen=True, order=True)
class Package:
    """One package in an asset.

    licence: an SPDX expression or the name that the package itself gives, "unknown" if none.
    hashes: SHA-256 of the archives that the lock accepts, in hexadecimal.
    """

    name: str
    version: str
    ecosystem: str
    licence: str
    hashes: tuple[str, ...]


@dataclass(frozen=True)
class Asset:
    """One Lambda asset: its hash, our service in it (empty for CDK's own), its packages."""

    hash: str
    service: str
    packages: tuple[Package, ...]


def assets(assembly: Path, repository: Path = REPOSITORY) -> list[Asset]:
    """Every folder that a function is made from, in the order of their hashes.

    Raises UnlockedPackageError.
    """
    locked = locks(repository)
    return [_asset(folder, locked) for folder in code_folders(assembly)]


def locks(repository: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """The accepted hashes of every package and version that services lock."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for lock in sorted(repository.glob("services/*/runtime/**/requirements.txt")):
        for name, version, hashes in _LOCKED.findall(lock.read_text()):
            found[_normal(name), version] = tuple(re.findall(r"sha256:([0-9a-f]{64})", hashes))
    return found


def _asset(folder: Path, locked: dict[tuple[str, str], tuple[str, ...]]) -> Asset:
    asset_hash = folder.name.removeprefix("asset.")
    services = [
        each.parent.name
        for each in sorted(folder.glob("services/*/runtime"))
        if each.parent.name != "common"
    ]
    if (folder / _TELLS).is_dir():
        services = [_TELLS]
    if not services:
        # The functions behind CDK's custom resources come from the library itself.
        library = distribution(_CDK)
        package = Package(_CDK, library.version, "pypi", licence(library), ())
        return Asset(asset_hash, "", (package,))
    packages = [_package(info, locked) for info in sorted(folder.glob("*.dist-info"))]
    return Asset(asset_hash, "+".join(services), tuple(sorted(packages)))


def _package(info: Path, locked: dict[tuple[str, str], tuple[str, ...]]) -> Package:
    unpacked = PathDistribution(info)
    name, version = _normal(unpacked.metadata["Name"]), unpacked.version
    hashes = locked.get((name, version))
    if not hashes:
        raise UnlockedPackageError(
            f"{info.parent.name} holds {name} {version}, in no service's lock"
        )
    return Package(name, version, "pypi", licence(unpacked), hashes)


def licence(package: Distribution) -> str:
    """What the package says of its licence: the SPDX expression first, the classifier last.

    Core metadata specifications, "License-Expression", "License", "Classifier".
    """
    metadata = package.metadata
    for field in ("License-Expression", "License"):
        text = str(metadata.get(field) or "").strip()
        if text and "\n" not in text:
            return text
    classifiers = metadata.get_all("Classifier") or []
    named = [each.removeprefix(_CLASSIFIER) for each in classifiers if _CLASSIFIER in each]
    return " AND ".join(named) or UNKNOWN


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
