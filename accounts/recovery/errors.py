"""Why a recovery does nothing."""

from __future__ import annotations


class RefusedError(Exception):
    """It could take something that somebody needs; the text says what, and what to do instead."""
