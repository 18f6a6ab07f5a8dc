"""Usage: python -I guards/isolated.py MODULE [arguments]

Runs a module of this checkout, or an installed one, as `python -m` does, but so that nothing at the
checkout's root takes the place of an installed package: the root comes last among the places where
modules are looked for, and Python obeys neither its variables nor the user's site packages.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path


def main(module: str, *arguments: str) -> None:
    """Ends as the module does."""
    sys.path.append(str(Path(__file__).resolve().parents[1]))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(__doc__)
    main(*sys.argv[1:])
