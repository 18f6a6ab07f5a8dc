"""What a person sees while a rehearsal runs: one line for each thing that began or ended.

On a terminal the things under way are shown, with the seconds they have taken, on one line that
is drawn again and again; in a log file each gets a line when it starts and one when it ends.
"""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from ops.text import output

_REDRAW_SECONDS = 0.2


class Progress:
    """Writes progress to `out`; safe to use from several threads."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._terminal = out.isatty()
        self._running: dict[str, float] = {}
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._passed, self._failed = _marks(out.encoding)
        if self._terminal:
            threading.Thread(target=self._redraw_until_closed, daemon=True).start()

    def say(self, text: str = "") -> None:
        """Print `text` on lines of its own; some of it is what builds wrote."""
        with self._lock:
            self._erase()
            self._out.write(output(text) + "\n")
            self._draw()

    def begin(self, label: str) -> None:
        """`label` is under way from now on."""
        with self._lock:
            self._running[label] = time.monotonic()
            if not self._terminal:
                self.say(f"  . {label}")

    def end(
        self, label: str, *, passed: bool = True, note: str = "", seconds: float | None = None
    ) -> None:
        """`label` has ended; it took `seconds`, or if None the time since `begin`."""
        with self._lock:
            since = self._running.pop(label, time.monotonic())
            seconds = time.monotonic() - since if seconds is None else seconds
            mark = self._passed if passed else self._failed
            self.say(f"  {mark} {label:<34}{seconds:7.1f} s  {note}".rstrip())

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """`label` is under way inside the `with` block, and failed if that raises."""
        self.begin(label)
        try:
            yield
        except BaseException:
            self.end(label, passed=False)
            raise
        self.end(label)

    def close(self) -> None:
        """Stop drawing; nothing is under way any more."""
        with self._lock:
            self._closed.set()
            self._erase()
            self._running.clear()

    def _redraw_until_closed(self) -> None:
        while not self._closed.wait(_REDRAW_SECONDS):
            with self._lock:
                self._draw()

    def _draw(self) -> None:
        if not self._terminal or not self._running or self._closed.is_set():
            self._out.flush()
            return
        now = time.monotonic()
        line = ", ".join(f"{name} {now - since:.0f} s" for name, since in self._running.items())
        self._out.write("\r\x1b[2K  . " + line[: shutil.get_terminal_size().columns - 5])
        self._out.flush()

    def _erase(self) -> None:
        if self._terminal:
            self._out.write("\r\x1b[2K")


def _marks(encoding: str | None) -> tuple[str, str]:
    """The marks for passed and failed that a stream of this encoding (None: any text) can write."""
    marks = ("✓", "✗")
    try:
        "".join(marks).encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return ("ok", "FAILED")
    return marks
