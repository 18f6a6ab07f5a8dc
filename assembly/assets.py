"""What an assembly publishes: its asset manifests' files, and the folders functions are made from.

Format: AWS CDK, `cloud-assembly-schema`, "AssetManifest".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Asset:
    """One file asset. manifest: the file that publishes it, relative to the assembly.

    source: the manifest's words on where it comes from. destinations: one an account and Region.
    """

    manifest: str
    name: str
    source: dict[str, Any]
    destinations: tuple[dict[str, Any], ...]

    @property
    def file(self) -> str:
        """Relative to the assembly; its folder for what a program makes while publishing."""
        folder = self.manifest.rpartition("/")[0]
        return posixpath.normpath(posixpath.join(folder, str(self.source.get("path", ""))))


def published(manifest: str, content: dict[str, Any]) -> Iterator[Asset]:
    """The file assets of an asset manifest with this parsed content."""
    for asset_id, asset in content.get("files", {}).items():
        yield Asset(
            manifest,
            str(asset.get("displayName", asset_id)),
            asset.get("source", {}),
            tuple(asset.get("destinations", {}).values()),
        )


def code_folders(directory: Path) -> list[Path]:
    """The folders of a cloud assembly that functions are made from, in the order of their hashes.

    By their names, not by the manifests: a folder that no manifest names would be found as well.
    """
    return sorted(path for path in directory.glob("asset.*") if path.is_dir())
