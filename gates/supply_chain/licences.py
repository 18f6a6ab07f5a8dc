"""The licences of what ships, and those that nobody has agreed to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gates.supply_chain.assets import Asset

# Words by which packages name permissive licences; all ask for attribution only.
AGREED: Final = (
    *("0BSD", "Apache", "BSD", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU"),
    *("PSF-2.0", "Python Software Foundation", "Unlicense", "Zlib"),
)
# Others, each agreed to for one package, with the reason. docs/decisions/2026-11-23-dependencies.md
AGREED_FOR: Final = {
    ("pyvips-binary", "LGPL-3.0-or-later"): "runs in accounts of our own, unmodified, as a shared "
    "library that is loaded at run time and may be replaced; whoever hands the asset on passes on "
    "the licence with it",
}
# After an OR, one agreed licence is enough; everything else must be agreed to.
_OR: Final = re.compile(r"\s+OR\s+")


def report(assets: Iterable[Asset]) -> list[str]:
    """A line for each package that ships: name, version, licence."""
    packages = {package for asset in assets for package in asset.packages}
    return [f"{each.name} {each.version}: {each.licence}" for each in sorted(packages)]


def problems(assets: Iterable[Asset]) -> list[str]:
    """The packages whose licence is unknown or not agreed to, for them or at all."""
    packages = {package for asset in assets for package in asset.packages}
    return [
        f"{each.name} {each.version} is under {each.licence!r}: "
        "agree in gates/supply_chain/licences.py"
        for each in sorted(packages)
        if (each.name, each.licence) not in AGREED_FOR
        and not any(_agreed(choice) for choice in _OR.split(each.licence))
    ]


def _agreed(choice: str) -> bool:
    return all(
        any(part.strip(" ()").startswith(word) for word in AGREED)
        for part in re.split(r"\s+AND\s+", choice)
    )
