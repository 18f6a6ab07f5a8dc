"""Everything that the embedded AWS knows, as one file: kept at rest, taken back by a new server.

The emulator holds its state in stores, globals of its modules. They are pickled together, so that
what two of them share is shared afterwards, too. The emulator's own persistence is no choice: it
leaves out S3 objects that are held in memory, and every type that JSON lacks. Sessions of STS are
not kept: whoever had one takes a new one.

A file is for the release that wrote it. It is written beside and renamed, with a digest in front:
it is there whole or not at all, and one that was damaged since is refused.
"""

from __future__ import annotations

import hashlib
import importlib
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import lambda_svc, stepfunctions

from embedded_aws import registry
from embedded_aws.errors import StateError
from embedded_aws.metrics.recorder import RECORDER

_HOLDING = ("ministack.services.", "embedded_aws.")
_DIGEST_BYTES = hashlib.sha256().digest_size


def save(path: Path) -> None:
    """Writes the file. Raises `StateError` while something runs that a file could not hold.

    Call it on the event loop: no request is served meanwhile.
    """
    RECORDER.write()
    try:
        services = {name: each.get_state() for name, each in registry.services().items()}
        content = pickle.dumps((_stores(), services), protocol=pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, RuntimeError) as error:
        raise StateError(f"the state cannot be kept: {error}") from error
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        file.write(hashlib.sha256(content).digest())
        file.write(content)
    partial.replace(path)


def load(path: Path) -> None:
    """Takes back what `save` wrote; for a server that knows nothing yet.

    Raises `StateError` for a file that was damaged or is none of ours.
    """
    try:
        written = memoryview(path.read_bytes())
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror or error}") from error
    digest, content = written[:_DIGEST_BYTES], written[_DIGEST_BYTES:]
    if hashlib.sha256(content).digest() != digest:
        raise StateError(f"{path} is damaged")
    # As trusted as the sources beside it: whoever can write here can write those.
    stores, services = pickle.loads(content)  # noqa: S301
    for (module, name), kept in stores.items():
        store = getattr(importlib.import_module(module), name)
        store._data.clear()
        store._data.update(kept._data)
    for name, kept in services.items():
        registry.services()[name].load_persisted_state(kept)
    # The emulator's own way to start pollers, and to end executions that were running.
    lambda_svc.load_persisted_state({})
    stepfunctions.load_persisted_state({"executions": {}})


def _stores() -> dict[tuple[str, str], Any]:
    """By module and name. A store that modules import from one another is the same object."""
    return dict(_each_store())


def _each_store() -> Iterator[tuple[tuple[str, str], Any]]:
    for module, loaded in sorted(sys.modules.items()):
        if module.startswith(_HOLDING):
            for name, value in vars(loaded).items():
                if isinstance(value, AccountScopedDict | AccountRegionScopedDict) and value._data:
                    yield (module, name), value
