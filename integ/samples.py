"""The files that the smoke tests upload, and what should become of them."""

from __future__ import annotations

from dataclasses import dataclass

from integ import photo


@dataclass(frozen=True)
class Sample:
    """A file to upload. worker: the function that processes it, without `tap-<env>-`."""

    name: str
    content_type: str
    content: bytes
    worker: str

    def announcement(self, **changes: object) -> dict[str, object]:
        """What the API is told of it."""
        said = {"filename": self.name, "content_type": self.content_type, "size": self.size}
        return {**said, **changes}

    @property
    def size(self) -> int:
        return len(self.content)


# Names as people have them: a key is not a URL, and a suffix may be in capitals.
PHOTO = Sample("Märchen & 100% +1.JPG", "image/jpeg", photo.photo(), "image-processor")
TABLE = Sample(
    "Städte 2026.csv",
    "text/csv; charset=utf-8",
    "\ufeffcode;city;price;note\r\n"
    '007;Zürich;12.5;"says ""hello"",\r\nthen leaves"\r\n'
    "0042;Łódź;-3;\r\n"
    "a short;row\r\n"
    "1234567890123456789;東京;0.25;plain\r\n".encode(),
    "data-transformer",
)
ROWS = [
    {"code": "007", "city": "Zürich", "price": 12.5, "note": 'says "hello",\r\nthen leaves'},
    {"code": "0042", "city": "Łódź", "price": -3, "note": None},
    {"code": "1234567890123456789", "city": "東京", "price": 0.25, "note": "plain"},
]
# The line that is set aside, and why.
SHORT_ROW = "5", "2 fields instead of 4"
POISON = Sample(
    "holiday.jpg", "image/jpeg", b"<!DOCTYPE html><script>alert(1)</script>", "image-processor"
)
