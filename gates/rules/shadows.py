"""Nothing at the checkout's root takes the place of a library: whatever runs there imports it."""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Iterator
from importlib.machinery import PathFinder
from typing import Final

from gates.delivery import Delivery
from gates.registry import rule

# What a Python interpreter or pytest imports by itself.
_BY_THEMSELVES: Final = {"sitecustomize", "usercustomize", "conftest"}


@rule(
    "TAP-436",
    why="whatever runs in the checkout would import it in place of the library, or without asking: "
    "the gates, the smoke tests, the synthesis",
    fix="give it another name, or a place in a folder of ours",
)
def nothing_shadows_a_library(delivery: Delivery) -> Iterator[tuple[str, str]]:
    libraries = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    for entry in sorted(delivery.checkout.iterdir()):
        name = entry.name.partition(".")[0]
        importable = entry.suffix in (".py", ".pyc", ".so", ".pth") or entry.is_dir()
        if not importable or not name.isidentifier():
            continue
        if name in _BY_THEMSELVES:
            yield entry.name, "is imported by itself"
        elif name in sys.stdlib_module_names:
            yield entry.name, "is a module of Python"
        elif (found := PathFinder.find_spec(name, libraries)) and found.origin:
            yield entry.name, "is an installed library"
