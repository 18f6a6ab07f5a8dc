"""`python -I -S inside TOKEN STATE_DIR SHELL`: see `supervisor`.

Only this folder is shown to a sandbox; its packages are found from the folder above theirs.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[3])
    importlib.import_module("embedded_aws.codebuild.inside.supervisor").main(*sys.argv[1:])
