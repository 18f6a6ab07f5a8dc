"""What a processor needs besides the catalogue. Tests put other things in these places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.files.runtime.catalogue.models import Result
from services.files.runtime.processing.event import Upload


@dataclass(frozen=True)
class Source:
    """A version's bytes on the local disk. name: what the file is called for its owner.

    content_type: as the uploader declared it, which may be wrong, or "".
    """

    path: Path
    name: str
    content_type: str


@dataclass(frozen=True)
class Product:
    """A file made from a source. name: tells it from the source's other products."""

    name: str
    path: Path
    content_type: str


class Transform(Protocol):
    """What one kind of file is made into. The same source always gives the same products."""

    def __call__(self, source: Source, folder: Path) -> Sequence[Product]:
        """Write products into `folder`, which is empty. Raises RejectedError for a bad file."""


class Objects(Protocol):
    """The bytes of uploads and results. Every method may raise `UnavailableError`."""

    def fetch(self, upload: Upload, target: Path) -> str:
        """Write the version to `target`; its declared content type.

        Raises RejectedError when the version was deleted.
        """

    def store(self, key: str, product: Product) -> Result:
        """Keep the product under `key`, over whatever an earlier attempt left there."""
