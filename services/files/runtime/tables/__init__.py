"""Transforms one table, CSV or JSON, from and to streams, in memory that does not grow with it.

`transform` is the entry point. Nothing here knows AWS, and nothing opens a file or a socket.
"""

from services.files.runtime.tables.limits import MAX_BYTES, Limits
from services.files.runtime.tables.transform import Outputs, Table, transform

__all__ = ["MAX_BYTES", "Limits", "Outputs", "Table", "transform"]
