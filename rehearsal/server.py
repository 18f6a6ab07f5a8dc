"""The server process of a rehearsal, seen from outside: start it, attach to it, end it.

Nobody has to trust a number in a file. A running server holds a lock on `<root>/server.lock` for
as long as it lives; `server.json` says which process it is by id *and* start time, so that a stale
id, or one that the system gave to somebody else since, is never signalled.
"""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from embedded_aws import processes
from embedded_aws.installation import HOST, REGION
from rehearsal import launching
from rehearsal.clients import Session
from rehearsal.credentials import Credentials
from rehearsal.errors import AlreadyRunningError, NotRunningError, RootError, ServerError

REPOSITORY = Path(__file__).resolve().parents[1]
COMMAND_LOCK = "command.lock"
PYTHON = REPOSITORY / ".venv-emulator" / "bin" / "python"
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
UNLOCK_SECONDS = 5.0


def is_root(folder: Path) -> bool:
    """Whether the rehearsal made this folder."""
    return any((folder / lock).exists() for lock in (COMMAND_LOCK, "server.lock"))


class Server:
    """The embedded AWS of one root folder. A context manager: starts on entry, stops on exit.

    `port` None takes a free one. `services` None installs all of our own services beside the
    emulator's; an empty sequence leaves the emulator and its corrections alone. Unless `detached`,
    the server ends when this process does, however it ends.
    """

    def __init__(
        self,
        root: Path,
        port: int | None = None,
        *,
        detached: bool = False,
        services: Sequence[str] | None = None,
    ) -> None:
        self.root = root.resolve()
        self._services = services
        self.port = port or 0
        self.detached = detached
        self._parent_pipe: int | None = None
        self._process: processes.Process | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def attach(cls, root: Path) -> Server:
        """The server that runs on this root; `NotRunningError` when there is none."""
        server = cls(root, detached=True)
        record = server._record()
        if record is None:
            raise NotRunningError(f"nothing runs in {root}: start it with `rehearsal up`")
        server.port, server._process = record
        return server

    @property
    def endpoint(self) -> str:
        """Where every AWS service answers."""
        return f"https://{HOST}:{self.port}"

    @property
    def ca_bundle(self) -> Path:
        """The certificate authority to trust, PEM."""
        return self.root / "tls" / "ca.pem"

    @property
    def log(self) -> Path:
        """What the server and the functions it runs wrote."""
        return self.root / "server.log"

    def environment(self, credentials: Credentials | None = None) -> dict[str, str]:
        """The variables that point any AWS client at this server, and nothing else."""
        ca = str(self.ca_bundle)
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_S3_FORCE_PATH_STYLE": "1",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": ca,
            "NODE_EXTRA_CA_CERTS": ca,
            "REQUESTS_CA_BUNDLE": ca,
        } | (credentials.environment() if credentials else {})

    def session(self, credentials: Credentials) -> Session:
        """boto3 clients for this server, untouched by the developer's own AWS configuration."""
        return Session(self.endpoint, self.ca_bundle, credentials)

    def start(self) -> None:
        """Starts the server and returns when it answers.

        Raises `AlreadyRunningError`, `PortInUseError`, `RootError`, `ServerError`.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock() as lock:
                self._clear_remains()
                self._launch(lock)
            self._await_ready()
        except OSError as error:
            self.stop()
            raise RootError(f"cannot write in {self.root}: {error.strerror or error}") from error
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends the server that this object started or is attached to, and all its children.

        Harmless when there is none; a server that somebody else started is not touched.
        """
        if self._process is None and self._child is not None:  # interrupted before `_remember`
            self._process = processes.find(self._child.pid)
        if self._process is not None:
            _end(self._process)
            self._record_path.unlink(missing_ok=True)
        if self._parent_pipe is not None:
            os.close(self._parent_pipe)
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel itself holds it
                self._child.wait(STOP_SECONDS)
        self._parent_pipe = self._process = self._child = None

    def is_running(self) -> bool:
        """Whether the server process lives; says nothing about its health."""
        return self._process is not None and processes.is_running(self._process)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- what belongs to start and stop ---------------------------------------------------------

    @property
    def _record_path(self) -> Path:
        return self.root / "server.json"

    def _record(self) -> tuple[int, processes.Process] | None:
        """(port, process) of the recorded server, if exactly that process still runs."""
        try:
            record = json.loads(self._record_path.read_text())
            process = processes.Process(
                pid=record["pid"], parent=0, session=record["pid"], started=record["started"]
            )
            port = int(record["port"])
        except (OSError, ValueError, KeyError, TypeError):
            return None  # never written, or cut short by a crash
        return (port, process) if processes.is_running(process) else None

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int]:
        """The root's lock; the server inherits it and so holds it until it ends."""
        lock = os.open(self.root / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + UNLOCK_SECONDS
            while not launching.try_lock(lock):
                # A killed server's last threads hold the lock a moment longer than it is listed.
                if self._record() is not None or time.monotonic() > deadline:
                    raise AlreadyRunningError(
                        f"a rehearsal already runs in {self.root}: end it with `rehearsal down`"
                    )
                time.sleep(0.05)
            yield lock
        finally:
            os.close(lock)

    def _clear_remains(self) -> None:
        """Ends what a crashed server of this root left: the lock says that it is gone itself."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            leader = json.loads(self._record_path.read_text())["pid"]
            if processes.find(leader) is None:
                processes.signal_all(processes.family(leader), signal.SIGKILL)
        self._record_path.unlink(missing_ok=True)

    def _launch(self, lock: int) -> None:
        with launching.listen(self.port) as listening, self.log.open("wb") as log:
            self.port = listening.getsockname()[1]
            inherited = [listening.fileno(), lock]
            arguments = ["--root", str(self.root), "--port", str(self.port), "--region", REGION]
            arguments += ["--socket", str(listening.fileno())]
            reading = None
            if not self.detached:
                reading, self._parent_pipe = os.pipe()
                inherited.append(reading)
                arguments += ["--parent", str(reading)]
            if self._services is not None:
                arguments += ["--services", *self._services]
            try:
                self._child = self._spawn(arguments, inherited, log)
            finally:
                if reading is not None:
                    os.close(reading)
        self._remember(self._child.pid)

    def _spawn(
        self, arguments: Sequence[str], inherited: Sequence[int], log: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        environment = launching.environment(REPOSITORY, self.root, self.port)
        try:
            return subprocess.Popen(
                [PYTHON, REPOSITORY / "embedded_aws", *arguments],
                cwd=self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=inherited,
            )
        except OSError as error:
            reason = error.strerror or error
            raise ServerError(f"cannot run {PYTHON}: {reason}: run `make install`") from error

    def _remember(self, pid: int) -> None:
        self._process = processes.find(pid)
        if self._process is None:
            raise ServerError(f"the server ended at once\n{tail(self.log)}")
        record = {"pid": pid, "port": self.port, "started": self._process.started}
        partial = self._record_path.with_suffix(".partial")
        partial.write_text(json.dumps(record))
        partial.replace(self._record_path)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while (obstacle := self._obstacle()) is not None:
            if self._child is None or self._child.poll() is not None:
                raise ServerError(f"the server ended while starting\n{tail(self.log)}")
            if time.monotonic() > deadline:
                raise ServerError(
                    f"the server did not answer within {READY_SECONDS:.0f} s: {obstacle}\n"
                    f"{tail(self.log)}"
                )
            time.sleep(0.05)

    def _obstacle(self) -> str | None:
        """Why the server cannot be used yet; None when it answers."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca_bundle))
        except OSError as error:  # not written yet, or no certificate: ssl.SSLError is one too
            return f"{self.ca_bundle} cannot be loaded: {error}"
        asked = http.client.HTTPSConnection(HOST, self.port, context=context, timeout=5)
        with contextlib.closing(asked):
            try:
                asked.request("GET", "/_ministack/health")
                status = asked.getresponse().status
            except (OSError, http.client.HTTPException) as error:
                return str(error)  # not listening yet
        return None if status == http.HTTPStatus.OK else f"its health is HTTP {status}"


def _end(leader: processes.Process) -> None:
    """TERM to the server, then KILL to it and to all that it started, each told by start time."""
    members = processes.family(leader.pid)
    processes.signal_all([leader], signal.SIGTERM)
    processes.wait_gone([leader], STOP_SECONDS)
    rest = {p.pid: p for p in [*members, *processes.family(leader.pid)]}
    processes.signal_all(rest.values(), signal.SIGKILL)
    processes.wait_gone(rest.values(), STOP_SECONDS)


def tail(path: Path, lines: int = 20) -> str:
    """The last lines of a text file, or an empty text."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""
