"""Everything that the embedded AWS knows, as one file: kept at rest, taken back by a new server.

The emulator holds its state in stores, globals of its modules. They are pickled together, so that
what two of them share is shared afterwards, too. The emulator's own persistence is no choice: it
leaves out S3 objects that are held in memory, and every type that JSON lacks. Sessions of STS are
not kept: whoever had one takes a new one.

A file is for the release that wrote it. It is written beside and renamed, with a digest in front:
it is there whole or not at all, and one that was damaged since is refused. Large objects stand
behind the pickle, each once, however many buckets and functions have it.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import struct
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ministack.core.responses import AccountRegionScopedDict, AccountScopedDict
from ministack.services import lambda_svc, stepfunctions

from embedded_aws import registry
from embedded_aws.errors import StateError
from embedded_aws.metrics.recorder import RECORDER

_HOLDING = ("ministack.services.", "embedded_aws.")
_DIGEST_BYTES = hashlib.sha256().digest_size
_LARGE_BYTES = 1 << 16
_SIZE = struct.Struct("<Q")


class _Writing(pickle.Pickler):
    """Leaves large objects out; `large` has each of them, with its number."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self.large: dict[bytes, int] = {}

    def persistent_id(self, value: Any) -> int | None:
        if type(value) is bytes and len(value) >= _LARGE_BYTES:
            return self.large.setdefault(value, len(self.large))
        return None


class _Reading(pickle.Unpickler):
    """Puts them back in."""

    def __init__(self, file: io.BytesIO, large: list[bytes]) -> None:
        super().__init__(file)
        self._large = large

    def persistent_load(self, number: int) -> bytes:
        return self._large[number]


def save(path: Path) -> None:
    """Writes the file. Raises `StateError` while something runs that a file could not hold.

    Call it on the event loop: no request is served meanwhile.
    """
    RECORDER.write()
    try:
        services = {name: each.get_state() for name, each in registry.services().items()}
        content = io.BytesIO()
        writing = _Writing(content)
        writing.dump((_stores(), services))
    except (pickle.PicklingError, TypeError, RuntimeError) as error:
        raise StateError(f"the state cannot be kept: {error}") from error
    partial = path.with_suffix(".partial")
    _write(partial, [content.getbuffer(), *writing.large])
    partial.replace(path)


def _write(path: Path, parts: Iterable[bytes | memoryview]) -> None:
    """Each part with its size in front, all behind their digest."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        file.seek(_DIGEST_BYTES)
        for part in parts:
            for piece in (_SIZE.pack(len(part)), part):
                digest.update(piece)
                file.write(piece)
        file.seek(0)
        file.write(digest.digest())


def _parts(content: memoryview) -> Iterator[bytes]:
    while content:
        (size,) = _SIZE.unpack(content[: _SIZE.size])
        end = _SIZE.size + size
        yield bytes(content[_SIZE.size : end])
        content = content[end:]


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
    pickled, *large = _parts(content)
    # As trusted as the sources beside it: whoever can write here can write those.
    stores, services = _Reading(io.BytesIO(pickled), large).load()
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
