"""What may differ between one installation of the file service and another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from settings import Reader

MIB: Final = 1024 * 1024
# The runtime packages have the same figures as their defaults, with how they were measured. They
# are not imported: with them would come libraries that only functions have. A test compares them.
DEFAULT_IMAGE_SIZES: Final = {"small": 256, "medium": 800, "large": 1600}
DEFAULT_MAX_IMAGE_BYTES: Final = 100 * MIB
DEFAULT_MAX_TABLE_BYTES: Final = 100 * MIB
# An image lies twice in the 512 MB of local disk, beside what is made of it.
LARGEST_IMAGE_BYTES: Final = 200 * MIB
# Ordinary tables of this size are done in the function's three minutes; the slowest content is not
# (`runtime/tables/limits.py`).
LARGEST_TABLE_BYTES: Final = 256 * MIB
# Of a side, in pixels: what the renderer takes.
LARGEST_SIDE: Final = 4_096
# A form stays valid for minutes; what it is signed with, a role's session, for hours at least.
LONGEST_VALIDITY: Final = 60
# Of an account's usual 1000, Lambda keeps 100 for functions without a reservation ("Configuring
# reserved concurrency for a function", AWS Lambda Developer Guide).
LARGEST_RESERVATION: Final = 900
_SIZE_NAME: Final = re.compile(r"[a-z0-9-]{1,32}")


def _default_sizes() -> dict[str, int]:
    return dict(DEFAULT_IMAGE_SIZES)


@dataclass(frozen=True)
class FileOptions:
    """image_sizes: the derivatives of every image: longest sides in pixels, by name.

    max_image_bytes, max_table_bytes: of an upload; a larger file is neither announced nor
    processed. link_minutes: how long forms for uploads and links for downloads are valid.

    image_concurrency, table_concurrency: how many images, and tables, are worked on at once. As
    many executions are kept free of the account's; 0 keeps none free and sets no bound, for an
    account whose quota is too small (docs/take-it-to-aws.md).
    """

    image_sizes: Mapping[str, int] = field(default_factory=_default_sizes)
    max_image_bytes: int = DEFAULT_MAX_IMAGE_BYTES
    max_table_bytes: int = DEFAULT_MAX_TABLE_BYTES
    link_minutes: int = 15
    image_concurrency: int = 50
    table_concurrency: int = 20

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """From the service's section of the settings; the reader collects what is wrong there."""
        defaults = cls()

        def number(key: str, lowest: int, highest: int, default: int) -> int:
            return reader.whole_number(key, lowest, highest, default)

        options = cls(
            image_sizes=_sizes(reader),
            max_image_bytes=number(
                "max_image_bytes", 1, LARGEST_IMAGE_BYTES, defaults.max_image_bytes
            ),
            max_table_bytes=number(
                "max_table_bytes", 1, LARGEST_TABLE_BYTES, defaults.max_table_bytes
            ),
            link_minutes=number("link_minutes", 1, LONGEST_VALIDITY, defaults.link_minutes),
            image_concurrency=number(
                "image_concurrency", 0, LARGEST_RESERVATION, defaults.image_concurrency
            ),
            table_concurrency=number(
                "table_concurrency", 0, LARGEST_RESERVATION, defaults.table_concurrency
            ),
        )
        if options.image_concurrency + options.table_concurrency > LARGEST_RESERVATION:
            reader.reject(
                "table_concurrency",
                options.table_concurrency,
                f"at most {LARGEST_RESERVATION} together with image_concurrency, "
                f"which is {options.image_concurrency}",
            )
        reader.finish()
        return options


def _sizes(reader: Reader) -> Mapping[str, int]:
    """The mapping at `image_sizes`; what stands there replaces all of the default."""
    given = reader.mapping("image_sizes")
    sizes = {name: side for name, side in given.items() if _is_size(name, side)}
    if len(sizes) != len(given):
        reader.reject(
            "image_sizes",
            dict(given),
            f"pixels from 1 to {LARGEST_SIDE} by names of a-z, 0-9 and hyphen",
        )
    return {name: int(str(side)) for name, side in sizes.items()} or _default_sizes()


def _is_size(name: str, side: object) -> bool:
    return (
        _SIZE_NAME.fullmatch(name) is not None
        and isinstance(side, int)
        and not isinstance(side, bool)
        and 1 <= side <= LARGEST_SIDE
    )


DEFAULTS: Final = FileOptions()
