"""Prints the checks of the suite as the JUnit report names them: `python -m integ.checks`.

A block a module: its name, then each check's on a line of its own, parameters included.
"""

from __future__ import annotations

import contextlib
import io
import sys
from itertools import groupby
from pathlib import Path
from typing import Final

import pytest

_SUITE: Final = Path(__file__).parent
_OPTIONS: Final = ("-c", str(_SUITE / "pytest.ini"), f"--rootdir={_SUITE.parent}", "--collect-only")


class _Collected:
    """A pytest plugin that remembers what was found."""

    def __init__(self) -> None:
        self.checks: list[tuple[str, str]] = []

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        for item in session.items:
            module = item.nodeid.partition("::")[0].removesuffix(".py").replace("/", ".")
            self.checks.append((module, item.nodeid.partition("::")[2]))


def main() -> int:
    """The command; pytest's exit code, and what it said, when the suite cannot be collected."""
    found, said = _Collected(), io.StringIO()
    with contextlib.redirect_stdout(said):
        status = pytest.main([*_OPTIONS, str(_SUITE)], plugins=[found])
    if status != pytest.ExitCode.OK:
        sys.stderr.write(said.getvalue())
        return int(status)
    blocks = [
        "\n".join([module, *(f"  {name}" for _, name in checks)])
        for module, checks in groupby(sorted(found.checks), key=lambda check: check[0])
    ]
    sys.stdout.write("\n\n".join(blocks) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
