"""The Lambda assets of a cloud assembly, and the packages in each."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final

from assembly.assets import function_assets
from assembly.code import Code

REPOSITORY: Final = Path(__file__).resolve().parents[2]
# Name and version, then the continuation lines with its hashes.
_LOCKED: Final = re.compile(r"^([\w.-]+)==(\S+)((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)", re.M)
_CLASSIFIER: Final = "License :: OSI Approved :: "
UNKNOWN: Final = "unknown"
_CDK: Final = "aws-cdk-lib"
_SERVICE: Final = re.compile(r"services/([^/]+)/runtime/")
_COMMON: Final = "common"
_INFO: Final = re.compile(r"([^/]+\.dist-info)/")


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
    """Everything that a function is made from, in the order of their hashes.

    Raises UnlockedPackageError.
    """
    locked = locks(repository)
    return [_asset(name, code, locked) for name, code in function_assets(assembly).items()]


def locks(repository: Path) -> dict[tuple[str, str], tuple[str, ...]]:
    """The accepted hashes of every package and version that services lock."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for lock in sorted(repository.glob("services/*/runtime/**/requirements.txt")):
        for name, version, hashes in _LOCKED.findall(lock.read_text()):
            found[_normal(name), version] = tuple(re.findall(r"sha256:([0-9a-f]{64})", hashes))
    return found


def _asset(asset_hash: str, code: Code, locked: dict[tuple[str, str], tuple[str, ...]]) -> Asset:
    services = sorted(
        {found[1] for name in code.names if (found := _SERVICE.match(name))} - {_COMMON}
    )
    if not services:
        # The functions behind CDK's custom resources come from the library itself.
        library = distribution(_CDK)
        package = Package(_CDK, library.version, "pypi", licence(library), ())
        return Asset(asset_hash, "", (package,))
    folders = sorted({found[1] for name in code.names if (found := _INFO.match(name))})
    packages = [_package(Shipped(code, folder), asset_hash, locked) for folder in folders]
    return Asset(asset_hash, "+".join(services), tuple(sorted(packages)))


class Shipped(Distribution):
    """A package in an asset, by its folder `<name>-<version>.dist-info`."""

    def __init__(self, code: Code, folder: str) -> None:
        self._code, self._folder = code, folder

    def read_text(self, filename: str) -> str | None:
        name = f"{self._folder}/{filename}"
        return self._code.read(name).decode() if name in self._code.names else None

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        """Nowhere on this machine."""
        raise NotImplementedError(path)


def _package(
    shipped: Distribution, asset_hash: str, locked: dict[tuple[str, str], tuple[str, ...]]
) -> Package:
    name, version = _normal(shipped.metadata["Name"]), shipped.version
    hashes = locked.get((name, version))
    if not hashes:
        raise UnlockedPackageError(f"{asset_hash} holds {name} {version}, in no service's lock")
    return Package(name, version, "pypi", licence(shipped), hashes)


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
