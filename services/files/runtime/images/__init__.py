"""Renders one uploaded picture: derivatives for people, and a document for programs.

`render` is all that a handler needs; it knows nothing of AWS.
"""

from services.files.runtime.images.limits import Limits
from services.files.runtime.images.reasons import Reason
from services.files.runtime.images.rendering import SIZES, Derivative, Rendering, Size, render

__all__ = ["SIZES", "Derivative", "Limits", "Reason", "Rendering", "Size", "render"]
