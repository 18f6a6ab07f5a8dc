"""What an assembly publishes: its asset manifests' files, and what functions are made from.

Format: AWS CDK, `cloud-assembly-schema`, "AssetManifest".
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assembly.code import Code, code


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


def function_assets(directory: Path) -> dict[str, Code]:
    """What functions of a cloud assembly are made from, by the hash of the asset, in their order.

    By their names, not by the manifests: one that no manifest names would be found as well.
    """
    found = {path: code(path) for path in sorted(directory.glob("asset.*"))}
    return {
        path.name.split(".")[1]: content for path, content in found.items() if content is not None
    }
