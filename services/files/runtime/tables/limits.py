"""What one invocation takes on, and where the figures come from."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB

MAX_BYTES = 100 * MIB
"""The longest file that one invocation takes on; `POST /files` enforces it before the upload.

Lambda gives a function of 256 MB 256/1769 of a core ("Configure Lambda function memory", Lambda
Developer Guide), so 180 seconds are 26 seconds of CPU. The slowest way through ordinary content,
a CSV that Python's `csv` has to read, does 7 MB in one (2026-11-25-tables.md): 182 MB. The rest
is for slower cores, for TLS and for uploading the results. Most files are done in a third of it.
"""


@dataclass(frozen=True)
class Limits:
    """Bounds of one transformation; what exceeds one is rejected with a reason that names it.

    max_bytes: of the file as uploaded.
    max_columns: of a CSV, or different keys of all the records of a JSON file.
    max_bad_rows: rows that are set aside before the whole file is rejected.
    max_row_bytes: of one row or record in UTF-8, line breaks and quotes included. A row is told to
        be too long once it fills this much and has not ended, so one that is longer by less than
        `chunk_bytes` can still pass.
    max_depth: of objects and lists in a JSON record, the record itself being the first.
    chunk_bytes: how much is read, and worked on, at a time.
    group_bytes: CSV bytes in a Parquet row group; what the Parquet writer keeps in memory.
    max_groups: row groups of a Parquet file; each costs memory until the file is closed.
    max_distinct: different values of a column that are counted exactly.
    max_distinct_total: the same for all columns together.
    """

    max_bytes: int = MAX_BYTES
    max_columns: int = 1000
    max_bad_rows: int = 1000
    max_row_bytes: int = 1 * MIB
    max_depth: int = 64
    chunk_bytes: int = 1 * MIB
    group_bytes: int = 16 * MIB
    max_groups: int = 10_000
    max_distinct: int = 10_000
    max_distinct_total: int = 200_000
