"""What a server's topics published, as whoever subscribed by e-mail would have received it.

Nobody has a mailbox here, so the server writes each message into its root, one line of JSON each,
and whoever rehearses reads them there. Only the standard library is used: both interpreters import
this.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_POLL_SECONDS = 0.05
_writing = threading.Lock()


@dataclass(frozen=True)
class Message:
    """at: seconds since 1970. topic: its ARN. text: what an e-mail would say. to: the addresses
    that are subscribed, whether they confirmed that or not."""

    at: float
    topic: str
    subject: str
    text: str
    to: tuple[str, ...] = ()


class Outbox:
    """The messages of the newest server of a root."""

    def __init__(self, root: Path) -> None:
        self._path = root / "outbox.jsonl"

    def clear(self) -> None:
        """For a server that begins."""
        self._path.unlink(missing_ok=True)

    def add(self, message: Message) -> None:
        """Adds one, whole: readers see it at once, or not at all."""
        line = json.dumps(asdict(message)) + "\n"
        with _writing, self._path.open("a", encoding="utf-8") as file:
            file.write(line)

    def messages(self, topic: str = "") -> list[Message]:
        """Those of topics whose ARN ends in `topic`, in the order in which they were published."""
        try:
            written = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        whole = written[: written.rfind("\n") + 1].splitlines()
        found = [_message(line) for line in whole]
        return [each for each in found if each.topic.endswith(topic)]

    def wait(
        self, chosen: Callable[[Sequence[Message]], Message | None], seconds: float
    ) -> Message | None:
        """The message that is chosen among all there are, as soon as one is; None when that takes
        longer."""
        deadline = time.monotonic() + seconds
        while True:
            found = chosen(self.messages())
            if found is not None or time.monotonic() > deadline:
                return found
            time.sleep(_POLL_SECONDS)


def _message(line: str) -> Message:
    read = json.loads(line)
    return Message(**{**read, "to": tuple(read["to"])})
