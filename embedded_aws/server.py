"""The server process of the embedded AWS, seen from outside: start it, attach to it, end it.

Nobody has to trust a number in a file: a running server holds a lock on `<root>/server.lock` for as
long as it lives.
"""

from __future__ import annotations

import contextlib
import http
import http.client
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from embedded_aws import launching, processes, server_record
from embedded_aws.clients import Credentials, Session
from embedded_aws.errors import (
    AlreadyRunningError,
    NotRunningError,
    RootError,
    ServerError,
    StateError,
)
from embedded_aws.installation import HOST, MINUTE_SECONDS, SAVE, STATE
from embedded_aws.server_record import Record

CHECKOUT = Path(__file__).resolve().parents[1]
PYTHON = CHECKOUT / ".venv-emulator" / "bin" / "python"
LOCK = "server.lock"
READY_SECONDS = 60.0
STOP_SECONDS = 15.0
UNLOCK_SECONDS = 5.0


class Server:
    """The embedded AWS of one root folder. A context manager: starts on entry, stops on exit.

    `port` None takes a free one. `region`: the one that clients are pointed at unless they sign for
    another, such as "us-west-2"; each region has resources of its own. `services` None installs all
    of our own services beside the emulator's; an empty sequence leaves the emulator and its
    corrections alone. Unless `detached`, the server ends when this process does, however it ends.
    `state`: a file that `save` made, which the server begins with; it must be of this release and
    region, and answers where its own did (`port`), for what is in it names that address. `minute`:
    how many seconds services wait where AWS waits for a minute; 60, unless something that takes
    minutes is to be tried in seconds.
    """

    def __init__(
        self,
        root: Path,
        port: int | None = None,
        *,
        region: str,
        detached: bool = False,
        services: Sequence[str] | None = None,
        state: Path | None = None,
        minute: float = MINUTE_SECONDS,
    ) -> None:
        if minute <= 0:
            raise ValueError(f"minute is {minute}: it must be a number of seconds above 0")
        self._minute = minute
        self.root = root.resolve()
        self._state = state.resolve() if state else None
        self.region = region
        self._services = services
        self.port = port or 0
        self.detached = detached
        self._parent_pipe: int | None = None
        self._process: processes.Process | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @classmethod
    def attach(cls, root: Path) -> Server:
        """The server that runs on this root; `NotRunningError` when there is none."""
        record = Record.read(root)
        if record is None:
            raise NotRunningError(f"nothing runs in {root}")
        server = cls(root, record.port, region=record.region, detached=True)
        server._process = record.process
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
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CA_BUNDLE": ca,
            "NODE_EXTRA_CA_CERTS": ca,
            "REQUESTS_CA_BUNDLE": ca,
        } | (credentials.environment() if credentials else {})

    def session(self, credentials: Credentials, region: str | None = None) -> Session:
        """boto3 clients for this server, untouched by the developer's own AWS configuration;
        region: the server's unless told."""
        return Session(self.endpoint, self.ca_bundle, credentials, region=region or self.region)

    def start(self) -> None:
        """Starts the server and returns when it answers.

        Raises `AlreadyRunningError`, `PortInUseError`, `RootError`, `ServerError`.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with self._lock() as lock:
                server_record.end_remains(self.root)
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
            server_record.remove(self.root)
        if self._parent_pipe is not None:
            os.close(self._parent_pipe)
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # the kernel itself holds it
                self._child.wait(STOP_SECONDS)
        self._parent_pipe = self._process = self._child = None

    def save(self) -> Path:
        """The file with everything that the server knows, written now; the next one replaces it.

        Raises `StateError`, saying what runs, while something does.
        """
        with self._asked() as connection:
            connection.request("POST", SAVE)
            answer = connection.getresponse()
            said = answer.read().decode(errors="replace")
        if answer.status != http.HTTPStatus.OK:
            raise StateError(said)
        return self.root / STATE

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

    @contextlib.contextmanager
    def _lock(self) -> Iterator[int]:
        """The root's lock; the server inherits it and so holds it until it ends."""
        lock = os.open(self.root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            deadline = time.monotonic() + UNLOCK_SECONDS
            while not launching.try_lock(lock):
                # A killed server's last threads hold the lock a moment longer than it is listed.
                if Record.read(self.root) is not None or time.monotonic() > deadline:
                    raise AlreadyRunningError(
                        f"an embedded AWS already runs in {self.root}: end it first"
                    )
                time.sleep(0.05)
            yield lock
        finally:
            os.close(lock)

    def _launch(self, lock: int) -> None:
        with launching.listen(self.port) as listening, self.log.open("wb") as log:
            self.port = listening.getsockname()[1]
            inherited = [listening.fileno(), lock]
            arguments = ["--root", str(self.root), "--port", str(self.port)]
            arguments += ["--socket", str(listening.fileno()), "--region", self.region]
            arguments += ["--minute", str(self._minute)]
            reading = None
            if not self.detached:
                reading, self._parent_pipe = os.pipe()
                inherited.append(reading)
                arguments += ["--parent", str(reading)]
            if self._state is not None:
                arguments += ["--state", str(self._state)]
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
        environment = launching.environment(CHECKOUT, self.root, self.port, self.region)
        try:
            return subprocess.Popen(
                [PYTHON, CHECKOUT / "embedded_aws", *arguments],
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
        Record(self._process, self.port, self.region).write(self.root)

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
            with self._asked() as connection:
                connection.request("GET", "/_ministack/health")
                status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return str(error)  # not listening yet
        return None if status == http.HTTPStatus.OK else f"its health is HTTP {status}"

    @contextlib.contextmanager
    def _asked(self) -> Iterator[http.client.HTTPSConnection]:
        """A connection for what is asked of the server itself."""
        try:
            context = ssl.create_default_context(cafile=str(self.ca_bundle))
        except OSError as error:  # not written yet, or no certificate: ssl.SSLError is one too
            raise OSError(f"{self.ca_bundle} cannot be loaded: {error}") from error
        connection = http.client.HTTPSConnection(
            HOST, self.port, context=context, timeout=READY_SECONDS
        )
        with contextlib.closing(connection):
            yield connection


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
