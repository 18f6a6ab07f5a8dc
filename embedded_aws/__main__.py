"""`python embedded_aws --root DIR --port N --socket FD [--parent FD]`: the embedded AWS.

A folder that is run as a program comes first in `sys.path`, where its modules would shadow
installed packages: the repository's root takes that place. Functions never see either entry; they
are processes of their own, and nothing is passed to them through PYTHONPATH.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    importlib.import_module("embedded_aws.serving").main()
