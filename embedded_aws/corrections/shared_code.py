"""What a function's code is unpacked to, all its execution environments read.

On AWS it is one read-only tree, which Lambda keeps ready ("Understanding the Lambda execution
environment lifecycle", AWS Lambda Developer Guide). MiniStack unpacks the whole archive for every
worker: a hundred megabytes for one cold start of a function with compiled libraries, and again for
each new version of unchanged code.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from embedded_aws import bounds

_PREFIX = "lambda-code-"
_spawning = threading.local()
_unpacking = threading.Lock()


def install() -> None:
    """Unpacks an archive once, where the next server finds it too, and links it for each worker."""
    original = lambda_runtime.Worker._spawn
    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": _Archive})

    def spawn(worker: Any) -> Any:
        # With layers, MiniStack adds links to the tree.
        shared = not worker.config.get("Layers")
        _spawning.archive = worker.code_zip if shared else None
        try:
            return original(worker)
        finally:
            _spawning.archive = None

    lambda_runtime.Worker._spawn = spawn


class _Archive(zipfile.ZipFile):
    """One that a worker's code is linked from instead of being unpacked for it alone."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        archive: bytes | None = getattr(_spawning, "archive", None)
        if archive is None:
            super().extractall(path, members, pwd)
            return
        _spawning.archive = None
        tree = Path(tempfile.gettempdir()) / f"{_PREFIX}{hashlib.sha256(archive).hexdigest()}"
        with _unpacking:
            bounds.use(tree)  # from now on nobody tidies it away
            if not any(tree.iterdir()):
                self._unpack(tree)
        os.rmdir(path)
        os.symlink(tree, path)

    def _unpack(self, tree: Path) -> None:
        """All of it, or nothing, in place of the empty folder."""
        partial = Path(tempfile.mkdtemp(prefix=f"{tree.name}-", dir=tree.parent))
        super().extractall(partial)
        partial.chmod(0o755)
        partial.rename(tree)
