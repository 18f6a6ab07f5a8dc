"""Tells what a file is by its first bytes, whatever it is called."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from services.files.runtime.images import jpeg, png
from services.files.runtime.images.header import Format, Header, Note
from services.files.runtime.images.limits import Limits
from services.files.runtime.images.reasons import Reason
from services.files.runtime.images.source import Bytes
from services.files.runtime.rejection import RejectedError

MEDIA_TYPES: Final[dict[Format, str]] = {"jpeg": "image/jpeg", "png": "image/png"}
SUFFIXES: Final[dict[Format, tuple[str, ...]]] = {"jpeg": (".jpg", ".jpeg"), "png": (".png",)}
_HEAD: Final = 1024
# Only to say it in the rejection: none of these is ever opened.
_OTHERS: Final = (
    ("a GIF", rb"GIF8[79]a"),
    ("a WebP picture", rb"RIFF....WEBP"),
    ("a TIFF", rb"II[*+]\0|MM\0[*+]"),
    ("an AVIF picture", rb"....ftyp(avif|avis)"),
    ("a HEIC picture", rb"....ftyp(hei[cmsx]|hev[cx]|mif1|msf1)"),
    ("a video", rb"....ftyp"),
    ("a JPEG 2000 picture", rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
    ("a JPEG XL picture", rb"\xff\x0a|\0\0\0\x0cJXL "),
    ("a BMP picture", rb"BM"),
    ("an icon", rb"\0\0[\x01\x02]\0"),
    ("a PDF document", rb"%PDF-"),
    ("a PostScript document", rb"%!PS"),
    ("a Photoshop document", rb"8BPS"),
    ("an SVG drawing", rb"(?i)(\xef\xbb\xbf)?\s*(<\?xml.*?|<!--.*?|<!doctype svg.*?)?<svg\b"),
    ("an HTML page", rb"(?i)(\xef\xbb\xbf)?\s*<(!doctype html|html|head|body|script)\b"),
    ("an XML document", rb"(\xef\xbb\xbf)?\s*<\?xml"),
    ("a ZIP archive", rb"PK\x03\x04"),
    ("compressed by gzip", rb"\x1f\x8b"),
    ("a program", rb"\x7fELF|MZ"),
)


def read(data: Bytes, limits: Limits) -> Header:
    """The header of a JPEG or PNG, checked against all limits. Raises RejectedError."""
    read_format = {"jpeg": jpeg.read, "png": png.read}[_format(data[:_HEAD])]
    header = read_format(data, limits)
    limits.check(header)
    return header


def suffix_note(header: Header, name: str) -> Note | None:
    """Says so when a file is called something else than it is: the content counts."""
    suffix = PurePath(name).suffix.lower()
    if suffix in SUFFIXES[header.format]:
        return None
    detail = f"The name ends in {suffix[:20]!r}, the content is a {header.format.upper()}."
    return Note("name-disagrees", detail)


def _format(head: bytes) -> Format:
    if head.startswith(jpeg.SIGNATURE):
        return "jpeg"
    if head.startswith(png.SIGNATURE):
        return "png"
    for what, pattern in _OTHERS:
        if re.match(pattern, head, re.DOTALL):
            raise RejectedError(
                Reason.NOT_JPEG_OR_PNG, f"The content is neither JPEG nor PNG: it is {what}."
            )
    raise RejectedError(
        Reason.NOT_JPEG_OR_PNG, f"The content is neither JPEG nor PNG: it starts with {head[:8]!r}."
    )
