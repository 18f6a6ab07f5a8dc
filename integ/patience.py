"""How long, and how often, a check looks for what comes a little later."""

from __future__ import annotations

import time
from typing import Final

# Soon at first, as most of what is waited for is there at once, then seldom.
_FIRST_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE_SECONDS: Final = 1.0
# So that what came is noticed after a fifth more than it took, and not after twice that.
_GROWTH: Final = 1.2


class Patience:
    """Ends after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._deadline = time.monotonic() + seconds
        self._pause = _FIRST_PAUSE_SECONDS

    @property
    def over(self) -> bool:
        """Whether the last look was the last."""
        return time.monotonic() >= self._deadline

    def pause(self) -> None:
        """Until the next look: a little longer than the one before, never past the longest."""
        time.sleep(self._pause)
        self._pause = min(_GROWTH * self._pause, _LONGEST_PAUSE_SECONDS)
