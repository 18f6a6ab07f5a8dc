"""Proves that smoke reports are kept from a build's folder, and that no link in it is followed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rehearsal import smoke_reports


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build that reported, beside a private file, and the folder for what is kept."""
    reports = tmp_path / "build" / "source" / "reports"
    reports.mkdir(parents=True)
    for name in ("smoke.html", "smoke.xml"):
        (reports / name).write_text(f"of the build: {name}")
    (tmp_path / "last").mkdir()
    private = tmp_path / "private" / "reports"
    private.mkdir(parents=True)
    (private / "smoke.html").write_text("private")
    return tmp_path / "build"


def kept(build: Path) -> dict[str, str]:
    """By kind, what the kept files say."""
    found = smoke_reports.keep(build, "dev", build.parent / "last")
    return {kind: Path(path).read_text() for kind, path in found.items()}


def test_the_page_and_the_junit_file_of_a_build_are_kept(build: Path) -> None:
    assert kept(build) == {"html": "of the build: smoke.html", "junit": "of the build: smoke.xml"}


def test_a_link_or_a_pipe_in_place_of_a_report_is_left_where_it_is(build: Path) -> None:
    page, junit = (build / "source" / "reports" / f"smoke.{end}" for end in ("html", "xml"))
    page.unlink()
    page.symlink_to(build.parent / "private" / "reports" / "smoke.html")
    junit.unlink()
    os.mkfifo(junit)
    assert kept(build) == {}
    assert list((build.parent / "last").iterdir()) == []


def test_a_report_behind_a_linked_folder_is_left_there(build: Path) -> None:
    (build / "elsewhere").mkdir()
    (build / "elsewhere" / "reports").symlink_to(build.parent / "private" / "reports")
    (build / "source" / "reports" / "smoke.html").unlink()
    assert kept(build) == {"junit": "of the build: smoke.xml"}
