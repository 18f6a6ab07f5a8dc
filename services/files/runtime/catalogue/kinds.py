"""Which files the service takes, told by the suffix of their name in whatever case."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Kind(StrEnum):
    """Each is processed by a function of its own."""

    IMAGE = "image"
    TABLE = "table"


SUFFIXES: Mapping[str, Kind] = {
    ".jpg": Kind.IMAGE,
    ".jpeg": Kind.IMAGE,
    ".png": Kind.IMAGE,
    ".json": Kind.TABLE,
    ".csv": Kind.TABLE,
}

# What browsers and people call such files. Excel's is what Windows calls a CSV file.
MEDIA_TYPES: Mapping[Kind, tuple[str, ...]] = {
    Kind.IMAGE: ("image/jpeg", "image/png"),
    Kind.TABLE: (
        "text/csv",
        "application/json",
        "application/x-ndjson",
        "application/vnd.ms-excel",
        "text/plain",
    ),
}


def suffix_of(name: str) -> str:
    """The suffix in lower case, one of SUFFIXES; "" for every other name."""
    lowered = name.lower()
    return next((suffix for suffix in SUFFIXES if lowered.endswith(suffix)), "")


def kind_of(name: str) -> Kind | None:
    """By the suffix of a file's name or an object's key; None for what is not taken."""
    return SUFFIXES.get(suffix_of(name))
