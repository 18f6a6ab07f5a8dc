"""A CycloneDX bill of materials for one asset: equal assets give equal bytes.

So it has no timestamp, and its serial number follows from the asset's hash.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from gates.supply_chain.assets import UNKNOWN, Asset, Package

FOLDER: Final = "sbom"
_NAMESPACE: Final = "https://cyclonedx.org/serial/tap/"


def write(asset: Asset, assembly: Path) -> Path:
    """Writes `<assembly>/sbom/<asset hash>.cdx.json`; beside the asset, so its hash stays."""
    folder = assembly / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{asset.hash}.cdx.json"
    path.write_text(render(asset))
    return path


def render(asset: Asset) -> str:
    """The bill of materials as JSON, CycloneDX 1.6."""
    root = Component(
        name=f"tap-{asset.service or 'custom-resources'}",
        version=asset.hash,
        type=ComponentType.APPLICATION,
        bom_ref=asset.hash,
    )
    bom = Bom(
        components=[_component(package) for package in asset.packages],
        serial_number=uuid5(NAMESPACE_URL, _NAMESPACE + asset.hash),
    )
    bom.metadata.component = root
    bom.register_dependency(root, bom.components)
    document: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _component(package: Package) -> Component:
    purl = PackageURL(type=package.ecosystem, name=package.name, version=package.version)
    licences = [] if package.licence == UNKNOWN else [DisjunctiveLicense(name=package.licence)]
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=licences,
        # Of the archives that the lock accepts; one of them is what was unpacked.
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes],
    )
