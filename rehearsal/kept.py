"""What a rehearsal leaves for the next one: the state of its AWS, and what goes with that.

`<root>/kept/accounts`: the bootstrapped accounts. `<root>/kept/delivered`: the last rehearsal that
passed. Each is one folder, made beside and renamed. It is for the emulator, the project and the
address that it was made with; what else it was made from stands in its manifest.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from embedded_aws.connections import played
from embedded_aws.errors import StateError
from embedded_aws.installation import EMULATOR_VERSION
from embedded_aws.server import Server
from rehearsal import CHECKOUT
from rehearsal.pace import MINUTE_SECONDS
from rehearsal.project import Project

ACCOUNTS, DELIVERED = "accounts", "delivered"
LIMIT_BYTES = 1 << 30
"""More is not kept: every delivery adds the assets that it changed, as at AWS, and none goes."""

PIPELINE = "pipeline.json"
_FOLDER, _MANIFEST, _STATE = "kept", "manifest.json", "state.pickle"
_KEYS = "administrators.json"
_BESIDE = {ACCOUNTS: (_KEYS,), DELIVERED: (_KEYS, PIPELINE, played.FILE, "remote.git")}
_MINUTES = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True)
class Manifest:
    """What a kept state is of. made_with: see `maker`. port: where its server answered.

    bootstrap: see `bootstrap_digest`. accounts_since, passed: points in time, as people read them.
    commit: the one that was delivered, empty for accounts alone.
    """

    made_with: str
    port: int
    bootstrap: str
    accounts_since: str
    commit: str = ""
    passed: str = ""


@dataclass(frozen=True)
class Kept:
    """A kept state that can be used."""

    folder: Path
    manifest: Manifest

    @classmethod
    def find(cls, root: Path, kind: str, project: Project) -> Self | str | None:
        """What is kept; why it cannot be used; or None where nothing is."""
        folder = root.resolve() / _FOLDER / kind
        if not folder.exists():
            return None
        try:
            manifest = Manifest(**json.loads((folder / _MANIFEST).read_text()))
        except (OSError, ValueError, TypeError):
            return "it is damaged"
        if manifest.made_with != maker(project):
            return "it was made with another emulator, project or region"
        return cls(folder, manifest)

    def start(self, root: Path, port: int | None, project: Project, *, detached: bool) -> Server:
        """A server that knows what was kept. Raises `EmbeddedAwsError`."""
        if port not in (None, self.manifest.port):
            raise StateError(f"it answers at port {self.manifest.port} only")
        for name in _BESIDE[self.folder.name]:
            _copy(self.folder / name, root / name)
        server = Server(
            root,
            self.manifest.port,
            region=project.region,
            detached=detached,
            state=self.folder / _STATE,
            minute=MINUTE_SECONDS,
        )
        server.start()
        return server


def keep(
    server: Server, project: Project, kind: str, *, accounts_since: str, commit: str = ""
) -> None:
    """Keeps the server's state in place of what was kept before, or says by `StateError` why not.

    commit: what was delivered and passed.
    """
    folder = server.root / _FOLDER / kind
    state = server.save()
    if state.stat().st_size > LIMIT_BYTES:
        state.unlink()
        raise StateError(f"the state is larger than {LIMIT_BYTES >> 20} MB")
    partial = folder.with_name(f"{kind}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    state.rename(partial / _STATE)
    for name in _BESIDE[kind]:
        _copy(server.root / name, partial / name)
    made = Manifest(
        made_with=maker(project),
        port=server.port,
        bootstrap=bootstrap_digest(project),
        accounts_since=accounts_since,
        commit=commit,
        passed=now() if commit else "",
    )
    (partial / _MANIFEST).write_text(json.dumps(asdict(made), indent=2))
    forget(server.root, kind)
    partial.rename(folder)


def forget(root: Path, kind: str) -> None:
    """Removes what is kept."""
    shutil.rmtree(root / _FOLDER / kind, ignore_errors=True)


def now() -> str:
    """The present, as people read it."""
    return datetime.now(UTC).strftime(_MINUTES)


def maker(project: Project) -> str:
    """A digest of what reads a kept state, and of whose it is: the embedded AWS, its interpreter,
    the project's folder, region and source."""
    sources = sorted((CHECKOUT / "embedded_aws").rglob("*.py"))
    files = [*sources, CHECKOUT / "embedded_aws" / "requirements.txt", Path(__file__)]
    files += [CHECKOUT / ".venv-emulator" / "pyvenv.cfg", Path(__file__).with_name("accounts.py")]
    told = [EMULATOR_VERSION, str(project.folder), project.region, asdict(project.source)]
    return _digest(told, files)


def bootstrap_digest(project: Project) -> str:
    """A digest of what the accounts' bootstraps are made from: ids, options, templates, the CDK
    CLI."""
    files = [*project.bootstrap_files, CHECKOUT / "package-lock.json"]
    return _digest([dict(project.accounts), dict(project.bootstrap_options)], files)


def _digest(told: list[Any], files: Iterable[Path]) -> str:
    content = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for file in files:
        content.update(f"\0{file.name}\0".encode() + file.read_bytes())
    return content.hexdigest()


def _copy(source: Path, target: Path) -> None:
    """A file or a folder as it is, in place of what was there; what is missing is missing then."""
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
    elif source.exists():
        shutil.copy2(source, target)
