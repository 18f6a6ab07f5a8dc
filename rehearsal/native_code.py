"""Whether what functions import natively can run here: wheels are for Lambda, as they ship."""

from __future__ import annotations

import platform
from typing import Final

# Lambda's names for what machines call themselves.
_ARCHITECTURES: Final = {
    "x86_64": "x86_64",
    "amd64": "x86_64",
    "aarch64": "arm64",
    "arm64": "arm64",
}


def foreign(
    architecture: str, system: str = platform.system(), machine: str = platform.machine()
) -> str | None:
    """What to know before a rehearsal of functions for `architecture`; None where they run.

    system, machine: this one's, as Python names them.
    """
    ours = _ARCHITECTURES.get(machine.lower(), machine)
    if system == "Linux" and ours == architecture:
        return None
    advice = (
        f'; rehearse with "architecture": "{ours}" in cdk.json, or on such a machine'
        if system == "Linux"
        else "; rehearse on such a machine"
    )
    return (
        f"The functions ship with native code for Linux on {architecture}, and this is {system} on "
        f"{ours}: those that need it fail here, with their smoke tests{advice}."
    )
