"""JSON to JSON Lines and a profile, in one pass over the file.

A line of the output is the record's own text, with the line breaks between its parts taken out: no
number, key or escape is written anew, so none can change.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from services.files.runtime.tables.charset import Utf8
from services.files.runtime.tables.engine import Writable
from services.files.runtime.tables.json_objects import Object, decode_all, decode_one
from services.files.runtime.tables.json_profile import JsonProfile
from services.files.runtime.tables.json_records import JsonRecords, Records
from services.files.runtime.tables.limits import KIB, Limits
from services.files.runtime.tables.reading import Readable, pieces
from services.files.runtime.tables.set_aside import BadRow, SetAside

# Empty objects take a hundred times as much memory as their text.
_PIECE_BYTES = 256 * KIB


def transform_json(
    source: Readable, declared_charset: str | None, limits: Limits, lines: Writable, bad: Writable
) -> dict[str, object]:
    """Writes the records to `lines` and those set aside to `bad`; returns the profile.

    Raises RejectedError, also after something was written.
    """
    text = Utf8(
        pieces(source, min(limits.chunk_bytes, _PIECE_BYTES), limits.max_bytes),
        declared_charset,
        guess_latin_1=False,
    )
    set_aside = SetAside(limits.max_bad_rows, bad)
    table = JsonRecords(text, limits, set_aside)
    set_aside.unit = "record" if table.form == "array" else "line"
    profile = JsonProfile(limits)
    for batch in table.batches():
        texts = batch.texts
        objects = decode_all(texts, limits.max_depth)
        if objects is None:
            texts, objects = _decode_each(batch, limits.max_depth, set_aside)
        profile.add(objects)
        lines.write(as_lines(texts))
    set_aside.reject_if_nothing_else(profile.rows)
    return {
        "kind": "json",
        "form": table.form,
        "encoding": {"name": text.encoding, "decided_by": text.decided_by},
        "rows": profile.rows,
        "rejected_rows": set_aside.count,
        "columns": profile.describe(),
    }


def _decode_each(
    batch: Records, max_depth: int, set_aside: SetAside
) -> tuple[list[bytes], list[Object]]:
    """The records that are objects; the others are set aside."""
    texts, objects = [], []
    for place, text in zip(batch.places, batch.texts, strict=True):
        found = decode_one(text, max_depth)
        if isinstance(found, str):
            set_aside.add(BadRow(place, found, [text.decode("utf-8", "surrogateescape")]))
        else:
            texts.append(text)
            objects.append(found)
    return texts, objects


def as_lines(texts: Sequence[bytes]) -> bytes:
    """Each record on a line of its own."""
    joined = b"\n".join([*texts, b""])
    if joined.count(b"\n") == len(texts) and b"\r" not in joined:
        return joined
    return b"\n".join([*(msgspec.json.format(text, indent=-1) for text in texts), b""])
