"""The metric by which a function counts the answers that are its own version's fault.

Only names stand here, so that the constructs can read them without loading the functions'
libraries. It has the dimensions `service`, FUNCTION and VERSION, and no value while there is no
fault: a version that never has one makes no metric.
"""

from __future__ import annotations

from typing import Final

FAULTS: Final = "Faults"
FUNCTION: Final = "function"
VERSION: Final = "version"
