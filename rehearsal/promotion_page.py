"""The page that a release is approved from, as the rehearsal's approver reads and keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.decisions import Bucket
from ops.text import plain
from ops.verdicts import Level, Verdict
from pages.files import replace

_NAME = "promotion"


@dataclass(frozen=True)
class PromotionPage:
    """release: its name. html, json: where the page and its twin were copied to."""

    release: str
    digest: str
    verdicts: tuple[Verdict, ...]
    html: str
    json: str

    @property
    def red(self) -> list[Verdict]:
        """What speaks against the release."""
        return [each for each in self.verdicts if each.level is Level.RED]

    @property
    def said(self) -> str:
        """`calm-otter: 1 verdict is RED, 2 are good to know`."""
        notes = sum(each.level is Level.NOTE for each in self.verdicts)
        red = f"{len(self.red)} RED" if self.red else "none red"
        return f"{self.release}: of its page's verdicts {red}, {notes} good to know"

    def loud(self) -> Iterator[str]:
        """A line for each verdict that would make a person think again."""
        for each in self.red:
            yield f"RED {each.about}: {plain(each.text)}"

    def as_json(self) -> dict[str, Any]:
        """As it stands in the summary."""
        return {
            "release": self.release,
            "digest": self.digest,
            "red": [f"{each.about}: {each.text}" for each in self.red],
            "reports": {"html": self.html, "json": self.json},
        }


def fetch(
    pipeline: str, client: Callable[[str], Any], execution_id: str, last: Path
) -> PromotionPage | None:
    """The page of an execution, copied into `last`; None where the pipeline made none of it.

    client: makes clients of whoever operates the pipeline.
    """
    bucket = Bucket(pipeline, client)
    document = bucket.promotion(execution_id)
    if document is None:
        return None
    copies = {suffix: last / f"{_NAME}.{suffix}" for suffix in ("html", "json")}
    for suffix, copy in copies.items():
        replace(copy, bucket.promotion_text(execution_id, suffix))
    return PromotionPage(
        document["release"]["name"],
        document["release"]["digest"],
        tuple(bucket.verdicts(execution_id)),
        str(copies["html"]),
        str(copies["json"]),
    )
