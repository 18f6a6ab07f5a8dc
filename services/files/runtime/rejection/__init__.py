"""What is wrong with a file that can never be processed, said once and for good."""

from __future__ import annotations

DETAIL_LIMIT = 500


class RejectedError(Exception):
    """The file is at fault, so that no retry can help; it ends as `rejected`.

    reason: a stable word for programs, e.g. "too-many-pixels". detail: a sentence for people of at
    most DETAIL_LIMIT characters, which names the place where there is one.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail[:DETAIL_LIMIT]
