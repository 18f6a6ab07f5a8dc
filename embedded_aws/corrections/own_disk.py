"""An execution environment of a function has a local disk that no other one sees.

On AWS that is /tmp ("Configure ephemeral storage for Lambda functions" and "Understanding the
Lambda execution environment lifecycle", AWS Lambda Developer Guide). MiniStack's workers are
processes that share the server's temporary folder, also the workers of one function: two that write
a file of the same name there would read each other's.
"""

from __future__ import annotations

import copy
import tempfile
from typing import Any

from ministack.core import lambda_runtime


def install() -> None:
    """Each worker process finds a folder of its own in TMPDIR; it goes with the worker."""
    original = lambda_runtime.Worker._spawn

    def spawn(worker: Any) -> Any:
        worker.own_disk = tempfile.TemporaryDirectory(prefix="lambda-disk-")
        told = worker.config
        worker.config = _with_disk(told, worker.own_disk.name)
        try:
            return original(worker)
        finally:
            worker.config = told

    lambda_runtime.Worker._spawn = spawn


def _with_disk(config: dict[str, Any], folder: str) -> dict[str, Any]:
    own = copy.deepcopy(config)
    variables = own.setdefault("Environment", {}).setdefault("Variables", {})
    variables.setdefault("TMPDIR", folder)
    return own
