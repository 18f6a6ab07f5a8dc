"""Runs scripts/smoke as a build does: in its own checkout, its environment made from scratch."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from re import sub
from typing import Literal, Self
from xml.etree import ElementTree as ET  # our own output, not a stranger's

from tests.support.fake_service import BUILD_KEY, BUILD_SECRET, SMOKE_ROLE

ROOT = Path(__file__).parents[2]
COMMIT = "4f2c1d9e8b7a6f5e4d3c2b1a0f9e8d7c6b5a4f3e"

type Result = Literal["passed", "failed", "error"]


@dataclass(frozen=True)
class SmokeRun:
    """How it ended and what it left behind."""

    exit_code: int
    output: str
    page: str
    junit: str

    @property
    def results(self) -> dict[str, Result]:
        """From JUnit: the check's name, without its case, and the worst that happened to it."""
        results: dict[str, Result] = {}
        for case in ET.fromstring(self.junit).iter("testcase"):
            name = case.attrib["name"].partition("[")[0]
            bad = [kind for kind in ("failure", "error", "skipped") if case.find(kind) is not None]
            result: Result = "passed" if not bad else "error" if bad[0] == "error" else "failed"
            results[name] = result if result != "passed" else results.get(name, "passed")
        return results

    @property
    def failed(self) -> set[str]:
        return {name for name, result in self.results.items() if result != "passed"}

    @property
    def text(self) -> str:
        """The page as read: without markup, with one space between words."""
        body = self.page.partition("<body>")[2]
        return " ".join(unescape(sub(r"<[^>]+>", " ", body)).split())


class Checkout:
    """What a smoke build's workspace holds of the repository, and the variables it is given.

    service: the only one whose checks are there, and whose address is given.
    """

    def __init__(self, folder: Path, service: str = "requests") -> None:
        self.folder = folder
        for room in ("integ", "pages"):
            shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("*.pyc"))
        for checks in (folder / "integ").glob("test_*_api.py"):
            if checks.stem != f"test_{service}_api":
                checks.unlink()
        for name in ("scripts/smoke", "guards/isolated.py", "guards/__init__.py"):
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
        self._review(f"integ.test_{service}_api")
        # The repository's own pytest options are there in a build too.
        shutil.copy2(ROOT / "pyproject.toml", folder / "pyproject.toml")
        (folder / ".venv").symlink_to(ROOT / ".venv")
        self._address = f"TAP_{service.upper()}_API_URL"
        self.variables = {
            "PATH": os.defpath,
            "HOME": str(folder),
            "TAP_ENVIRONMENT": "dev",
            self._address: "http://127.0.0.1:9/v1/",
            "TAP_SMOKE_ROLE_ARN": SMOKE_ROLE,
            "TAP_COMMIT": COMMIT,
            "TAP_SMOKE_COMPLETION_SECONDS": "1",
            "TAP_SMOKE_CALL_SECONDS": "2",
            "AWS_REGION": "us-west-2",
            "AWS_ACCESS_KEY_ID": BUILD_KEY,
            "AWS_SECRET_ACCESS_KEY": BUILD_SECRET,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def _review(self, module: str) -> None:
        """The reviewed checks, those of one module."""
        reviewed = self.folder / "gates" / "reviewed" / "smoke.txt"
        reviewed.parent.mkdir(parents=True)
        blocks = (ROOT / "gates" / "reviewed" / "smoke.txt").read_text().split("\n\n")
        (block,) = (each for each in blocks if each.startswith(f"{module}\n"))
        reviewed.write_text(f"{block}\n")

    def against(self, api_url: str) -> Self:
        self.variables[self._address] = api_url
        self.variables["AWS_ENDPOINT_URL_STS"] = api_url.removesuffix("v1/")
        return self

    def run(self, *arguments: str, variables: Mapping[str, str | None] | None = None) -> SmokeRun:
        """variables: set on top; None takes one away."""
        environment = {**self.variables, **(variables or {})}
        done = subprocess.run(
            ["bash", str(self.folder / "scripts" / "smoke"), *arguments],
            env={name: value for name, value in environment.items() if value is not None},
            cwd=self.folder.parent,
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )
        reports = self.folder / "reports"
        return SmokeRun(
            done.returncode,
            done.stdout + done.stderr,
            _content(reports / "smoke.html"),
            _content(reports / "smoke.xml"),
        )


def _content(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
