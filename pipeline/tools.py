"""Which versions of the Node tools the pipeline installs: package.json is the one place."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PACKAGE_JSON: Final = Path(__file__).parents[1] / "package.json"


@dataclass(frozen=True)
class Tools:
    """Exact versions, such as 2.1148.1."""

    cdk_cli: str
    cdk_assets: str


def pinned_tools(package_json: Path = PACKAGE_JSON) -> Tools:
    """What `package_json` pins.

    Raises:
        ValueError: a tool is missing there or stands as a range.
    """
    dependencies = json.loads(package_json.read_text())["dependencies"]
    return Tools(
        cdk_cli=_exact(dependencies, "aws-cdk", package_json),
        cdk_assets=_exact(dependencies, "cdk-assets", package_json),
    )


def _exact(dependencies: dict[str, str], name: str, package_json: Path) -> str:
    version = dependencies.get(name, "")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise ValueError(f"{package_json} must pin {name} exactly, but says {version!r}")
    return version
