"""Turns a file of whatever encoding into UTF-8, piece by piece.

A byte order mark decides, then what was declared, then the bytes: zeros in every other place are
UTF-16, and the first piece that is not ASCII tells UTF-8 from Latin-1. What cannot be decoded comes
out as bytes that are not valid UTF-8 either, so that whoever reads them finds the row at fault.

Latin-1 means windows-1252, as browsers and spreadsheets read it (WHATWG Encoding Standard, "Names
and labels"): the two differ in control characters only, which no text has.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from services.files.runtime.rejection import RejectedError

UTF_8 = "utf-8"
UTF_16_LE = "utf-16-le"
UTF_16_BE = "utf-16-be"
LATIN_1 = "windows-1252"

_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF16_LE, UTF_16_LE),
    (codecs.BOM_UTF16_BE, UTF_16_BE),
)
_UTF_32_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_LABELS = {
    "utf-8": UTF_8,
    "utf8": UTF_8,
    "utf-16": UTF_16_LE,
    "utf-16le": UTF_16_LE,
    "utf-16be": UTF_16_BE,
    "iso-8859-1": LATIN_1,
    "latin-1": LATIN_1,
    "latin1": LATIN_1,
    "windows-1252": LATIN_1,
    "cp1252": LATIN_1,
}
# Says nothing that UTF-8 would not say: files declared so by default often hold more than ASCII.
_NOTHING_DECLARED = {"", "us-ascii", "ascii"}
_WINDOWS = {
    code: bytes([code]).decode("cp1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_UNDECODABLE = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f]")
_LONGEST_SEQUENCE = 4
_NOT_UTF_8 = b"\xff"


class Utf8:
    """The pieces of a file as UTF-8, without a byte order mark, by iterating once; none is empty.

    declared: a charset label as in a Content-Type; None or ASCII if nothing is known.
    guess_latin_1: whether undeclared bytes that are not UTF-8 may be Latin-1.
    encoding, decided_by: what it was, and by "mark", "declared" or "content"; known at the end.
    Raises `unsupported-charset`.
    """

    def __init__(
        self, pieces: Iterable[bytes], declared: str | None, *, guess_latin_1: bool = True
    ) -> None:
        self._pieces = iter(pieces)
        self._declared = _label(declared)
        self._guess_latin_1 = guess_latin_1
        self.encoding = UTF_8
        self.decided_by = "content"

    def __iter__(self) -> Iterator[bytes]:
        head = next(self._pieces, b"")
        while len(head) < _LONGEST_SEQUENCE and (more := next(self._pieces, b"")):
            head += more
        skipped = self._decide(head)
        pieces = (piece for piece in chain([head[skipped:]], self._pieces) if piece)
        if self.encoding == LATIN_1:
            return map(_from_latin_1, pieces)
        if self.encoding == UTF_8:
            undecided = self.decided_by == "content" and self._guess_latin_1
            return self._from_utf_8_or_latin_1(pieces) if undecided else pieces
        return _from_utf_16(pieces, self.encoding)

    def _decide(self, head: bytes) -> int:
        """Sets what can be known from the first bytes; how long the mark is."""
        if head.startswith(_UTF_32_MARKS):
            raise RejectedError("unsupported-charset", "The file is UTF-32; save it as UTF-8.")
        for mark, encoding in _MARKS:
            if head.startswith(mark):
                self.encoding, self.decided_by = encoding, "mark"
                return len(mark)
        zeros = _utf_16_by_zeros(head)
        if self._declared:
            by_declaration = zeros if zeros and self._declared == UTF_16_LE else self._declared
            self.encoding, self.decided_by = by_declaration, "declared"
        elif zeros:
            self.encoding = zeros
        return 0

    def _from_utf_8_or_latin_1(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        held = b""
        for piece in pieces:
            held += piece
            if held.isascii():
                yield held
                held = b""
                continue
            # A sequence that the end of the piece cuts in two says nothing yet.
            if evidence := _without_cut_sequence(held):
                yield from self._decided(evidence, held, pieces)
                return
        if held:
            yield from self._decided(held, held, pieces)

    def _decided(self, evidence: bytes, held: bytes, later: Iterator[bytes]) -> Iterator[bytes]:
        if _more_like_latin_1(evidence):
            self.encoding = LATIN_1
            return map(_from_latin_1, chain([held], later))
        return chain([held], later)


def _label(declared: str | None) -> str | None:
    name = (declared or "").strip().strip('"').lower()
    if name in _NOTHING_DECLARED:
        return None
    if name not in _LABELS:
        raise RejectedError(
            "unsupported-charset",
            f"The charset {name[:40]!r} is not one of {', '.join(sorted(_LABELS))}.",
        )
    return _LABELS[name]


def _utf_16_by_zeros(head: bytes) -> str | None:
    """The byte order, if the first two characters are ASCII ones in UTF-16."""
    zeros = [byte == 0 for byte in head[:_LONGEST_SEQUENCE]]
    if zeros == [False, True, False, True]:
        return UTF_16_LE
    return UTF_16_BE if zeros == [True, False, True, False] else None


def _without_cut_sequence(data: bytes) -> bytes:
    """`data` up to its last ASCII byte, unless more is no cut sequence; empty without evidence."""
    tail = 0
    while tail < _LONGEST_SEQUENCE and tail < len(data) and data[-1 - tail] >= 0x80:  # noqa: PLR2004
        tail += 1
    evidence = data[: len(data) - tail] if tail < _LONGEST_SEQUENCE else data
    return b"" if evidence.isascii() else evidence


def _more_like_latin_1(data: bytes) -> bool:
    text = data.decode("utf-8", "surrogateescape")
    undecodable = len(_UNDECODABLE.findall(text))
    return undecodable > len(_BEYOND_ASCII.findall(text)) - undecodable


def _from_latin_1(piece: bytes) -> bytes:
    try:
        return piece.decode("cp1252").encode()
    except UnicodeDecodeError:
        # Five bytes stand for nothing in windows-1252, and for control characters in browsers.
        return piece.decode("latin-1").translate(_WINDOWS).encode()


def _from_utf_16(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    # A surrogate without its partner passes into bytes that are not UTF-8.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    for piece in pieces:
        if text := decoder.decode(piece):
            yield text.encode("utf-8", "surrogatepass")
    if decoder.getstate()[0]:
        yield _NOT_UTF_8
