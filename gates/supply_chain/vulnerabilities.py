"""Known vulnerabilities of what we install and ship, or that nobody looked.

pip-audit without a network skips every package and ends well; so the question is asked only where
its answer is known to have come, and "not checked" is an answer of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_TIMEOUT_SECONDS: Final = 120


@dataclass(frozen=True)
class Vulnerability:
    """One package with a known vulnerability; `fixed` are the versions without it."""

    lock: str
    package: str
    version: str
    advisory: str
    fixed: tuple[str, ...]

    def __str__(self) -> str:
        fixed = ", ".join(self.fixed) or "no version yet"
        return f"{self.lock}: {self.package} {self.version} has {self.advisory}; fixed in {fixed}"


@dataclass(frozen=True)
class Answer:
    """What is known of one lock: its packages' vulnerabilities, or why it was not checked."""

    lock: str
    vulnerabilities: tuple[Vulnerability, ...] = ()
    not_checked: str = ""


Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def audit(lock: Path, run: Run | None = None) -> Answer:
    """Asks the advisory database about every package that a lock with hashes names."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--requirement", str(lock)]
    try:
        done = (run or _run)(command)
    except subprocess.TimeoutExpired:
        return Answer(str(lock), not_checked=f"no answer within {_TIMEOUT_SECONDS} s")
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Answer(str(lock), not_checked=last)
    return _read(str(lock), dependencies)


def _read(lock: str, dependencies: list[dict[str, Any]]) -> Answer:
    skipped = [each for each in dependencies if "skip_reason" in each]
    if skipped or not dependencies:
        why = skipped[0]["skip_reason"] if skipped else "no package was looked at"
        return Answer(lock, not_checked=f"{len(skipped)} packages skipped: {why}")
    vulnerabilities = tuple(
        Vulnerability(
            lock, each["name"], each["version"], found["id"], tuple(found["fix_versions"])
        )
        for each in dependencies
        for found in each["vulns"]
    )
    return Answer(lock, vulnerabilities)


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
    )
