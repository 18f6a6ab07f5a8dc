"""Proves what a person reads while a rehearsal runs, on a terminal and in a log file.

What the lines are about comes from the whole delivery's tests.
"""

from __future__ import annotations

import io
import time

import pytest

from rehearsal.progress import Progress


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Ascii(io.StringIO):
    """A stream that can write plain letters only."""

    encoding = "ascii"


def test_a_log_file_gets_a_line_for_each_start_and_each_end() -> None:
    out = io.StringIO()
    progress = Progress(out)
    with progress.step("embedded AWS"):
        pass
    lines = out.getvalue().splitlines()
    assert lines[0] == "  . embedded AWS"
    assert lines[1].startswith("  ✓ embedded AWS")
    assert "\x1b" not in out.getvalue()


def test_what_a_build_wrote_does_nothing_to_a_terminal() -> None:
    out = io.StringIO()
    Progress(out).say("\x1b[31mred\x1b[0m\tü\x1b]52;c;aGk=\x07\x1b]0;title\x1b\\\n\rover\x1bcdone")
    assert out.getvalue() == "red\tü\n overdone\n"


def test_a_step_that_raises_is_shown_as_failed() -> None:
    out = io.StringIO()
    with pytest.raises(ValueError, match="broken"), Progress(out).step("pipeline deployed"):
        raise ValueError("broken")
    assert "✗ pipeline deployed" in out.getvalue()


def test_a_terminal_shows_what_is_under_way_and_for_how_long() -> None:
    out = Terminal()
    progress = Progress(out)
    progress.begin("Build/Synth")
    deadline = time.monotonic() + 10
    while "Build/Synth 1 s" not in out.getvalue():
        assert time.monotonic() < deadline, out.getvalue()
        time.sleep(0.05)
    progress.end("Build/Synth", seconds=12.5)
    progress.close()
    assert "✓ Build/Synth" in out.getvalue()
    assert "12.5 s" in out.getvalue()


def test_a_stream_without_our_marks_gets_words() -> None:
    out = Ascii()
    progress = Progress(out)
    progress.begin("Dev/Smoke")
    progress.end("Dev/Smoke", passed=False)
    assert "FAILED Dev/Smoke" in out.getvalue()
