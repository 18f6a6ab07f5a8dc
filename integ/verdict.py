"""Judges a run by its report: `python -m integ.verdict STATUS REPORT CHECKS`.

STATUS: the exit code of the run. REPORT: its JUnit file. CHECKS: the reviewed list of checks, as
`integ.checks` prints them. Exits with 0 only when the run did, and the report has each of these
checks once, passed, and no other; else with STATUS or 1.

It runs apart from the suite, so that nothing that the suite loads can change what it says. The
report itself is written by the suite's process: whoever may change that may forge it, and changes
of it wait for a person.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_PASSED = "passed"


def problems(report: str, reviewed: str) -> Iterator[str]:
    """What keeps the run from counting, a line each. report: JUnit XML. reviewed: the list."""
    wanted = list(_wanted(reviewed))
    if not wanted:
        yield "the reviewed list has no checks"
    found = list(_found(report))
    counts = Counter(name for name, _ in found)
    for name in wanted:
        if name not in counts:
            yield f"{_shown(name)} is not in the report: left out, or renamed"
    for name, count in counts.items():
        if name not in wanted:
            yield f"{_shown(name)} is no reviewed check: `make accept` puts it on the list"
        if count > 1:
            yield f"{_shown(name)} is in the report {count} times"
    for name, outcome in found:
        if outcome != _PASSED:
            yield f"{_shown(name)}: {outcome}"


def _wanted(reviewed: str) -> Iterator[str]:
    module = ""
    for line in reviewed.splitlines():
        if line.startswith("  "):
            yield f"{module}::{line[2:]}"
        elif line and not line.startswith("#"):
            module = line


def _found(report: str) -> Iterator[tuple[str, str]]:
    """Each check of the report, with `passed` or the word that JUnit has for what else it was."""
    root = ET.fromstring(report)  # noqa: S314 (see above)
    for case in root.iter("testcase"):
        further = [each.tag for each in case if each.tag in ("failure", "error", "skipped")]
        name = f"{case.get('classname')}::{case.get('name')}"
        yield name, further[0] if further else _PASSED


def _shown(name: str) -> str:
    """In ASCII, so that letters that only look alike do not."""
    return name.encode("ascii", "backslashreplace").decode()


def main(arguments: list[str]) -> int:
    """The command."""
    status, report, reviewed = int(arguments[0]), Path(arguments[1]), Path(arguments[2])
    try:
        found = list(problems(report.read_text("utf-8"), reviewed.read_text("utf-8")))
    except (OSError, ValueError, ET.ParseError) as error:
        found = [f"there is no report that can be read: {error}"]
    for problem in found:
        sys.stderr.write(f"smoke: {problem}\n")
    return status or (1 if found else 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
