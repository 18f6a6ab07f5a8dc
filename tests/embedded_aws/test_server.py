"""Proves that a server of the embedded AWS starts, is found again, and never outlives its owner.

The processes are real. It does not prove that the emulator behaves like AWS.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.exceptions import SSLError

from embedded_aws import processes
from embedded_aws import server as server_module
from embedded_aws.clients import Credentials, Session
from embedded_aws.errors import (
    AlreadyRunningError,
    NotRunningError,
    PortInUseError,
    RootError,
    ServerError,
)
from embedded_aws.installation import local_api_url
from embedded_aws.server import CHECKOUT, PYTHON, Server
from tests.embedded_aws.emulated import DEV, REGION
from tests.support import aws

ROOT_OF_DEV = Credentials(DEV, "root")

OWNER = """
import os, sys
from pathlib import Path
from embedded_aws.server import Server
server = Server(Path(sys.argv[1]), region="us-west-2", services=[])
server.start()
print(server.endpoint, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def server(root: Path) -> Iterator[Server]:
    """A server of the test's own."""
    with Server(root, region=REGION, services=[]) as server:
        yield server


def leader(root: Path) -> processes.Process:
    """The recorded server process."""
    found = processes.find(json.loads((root / "server.json").read_text())["pid"])
    assert found is not None
    return found


def who(server: Server) -> str:
    """Asks the server something that only a working one can answer."""
    arn = server.session(ROOT_OF_DEV).client("sts").get_caller_identity()["Arn"]
    return str(arn)


class TestARunningServer:
    def test_answers_aws_clients_over_tls_with_its_own_authority(self, server: Server) -> None:
        assert who(server) == f"arn:aws:iam::{DEV}:root"
        other = Session(
            server.endpoint,
            Path(ssl.get_default_verify_paths().openssl_cafile),
            ROOT_OF_DEV,
            region=REGION,
        )
        with pytest.raises((SSLError, OSError)):
            other.client("sts").get_caller_identity()

    @pytest.mark.parametrize("region", ["eu-central-1", "us-west-2"])
    def test_plays_the_region_that_it_was_told(self, root: Path, region: str) -> None:
        with Server(root, region=region, services=[]):
            server = Server.attach(root)
            assert server.environment()["AWS_REGION"] == region
            sns = server.session(ROOT_OF_DEV).client("sns")
            made = sns.create_topic(Name="somewhere")["TopicArn"]
            assert made == f"arn:aws:sns:{region}:{DEV}:somewhere"

    def test_listens_on_this_machine_only(self, server: Server) -> None:
        with socket.socket() as anywhere:
            anywhere.bind(("127.0.0.2", server.port))  # taken, had it bound all interfaces

    def test_is_found_again_by_its_root(self, server: Server) -> None:
        assert who(Server.attach(server.root)) == who(server)

    def test_keeps_its_keys_to_the_owner(self, server: Server) -> None:
        assert (server.root / "tls" / "server.key").stat().st_mode & 0o077 == 0

    def test_checks_signatures(self, server: Server) -> None:
        iam = server.session(ROOT_OF_DEV).client("iam")
        iam.create_user(UserName="one")
        key = iam.create_access_key(UserName="one")["AccessKey"]
        forged = Credentials(key["AccessKeyId"], "wrong")
        with pytest.raises(Exception, match=r"SignatureDoesNotMatch|InvalidSignature"):
            server.session(forged).client("s3").list_buckets()

    def test_serves_the_aws_command_line(self, server: Server, tmp_path: Path) -> None:
        aws = [CHECKOUT / ".venv" / "bin" / "python", "-m", "awscli"]
        environment = server.environment(ROOT_OF_DEV) | {"HOME": str(tmp_path)}
        made = [*aws, "s3", "mb", "s3://by-command-line"]
        subprocess.run(made, env=environment, check=True, capture_output=True)
        (tmp_path / "a.txt").write_text("hello")
        copy = [*aws, "s3", "cp", tmp_path / "a.txt", "s3://by-command-line/a.txt"]
        subprocess.run(copy, env=environment, check=True, capture_output=True)
        got = (
            server.session(ROOT_OF_DEV)
            .client("s3")
            .get_object(Bucket="by-command-line", Key="a.txt")
        )
        assert got["Body"].read() == b"hello"

    def test_is_not_started_a_second_time(self, server: Server) -> None:
        with pytest.raises(AlreadyRunningError, match="already runs"):
            Server(server.root, region=REGION, services=[]).start()
        assert who(server)


class TestStopping:
    def test_leaves_nothing_and_the_root_starts_again(self, root: Path) -> None:
        for _ in range(2):
            with Server(root, region=REGION, services=[]) as server:
                process = leader(root)
                assert who(server)
            assert processes.family(process.pid) == []
            assert not (root / "server.json").exists()
        with pytest.raises(NotRunningError):
            Server.attach(root)

    def test_ends_function_workers_too(self, root: Path) -> None:
        with Server(root, region=REGION, services=[]) as server:
            start_worker(server)
            members = processes.family(leader(root).pid)
            assert len(members) > 1
        assert [p for p in members if processes.is_running(p)] == []

    def test_is_quick_after_traffic(self, root: Path) -> None:
        """Left alone, the emulator waits for idle connections and worker threads, up to 30 s."""
        with Server(root, region=REGION, services=[]) as server:
            start_worker(server)
            began = time.monotonic()
        assert time.monotonic() - began < 10

    def test_is_harmless_when_nothing_runs(self, root: Path) -> None:
        Server(root, region=REGION).stop()

    def test_leaves_a_server_alone_that_somebody_else_started(self, server: Server) -> None:
        other = Server(server.root, region=REGION, services=[])
        with pytest.raises(AlreadyRunningError):
            other.start()
        other.stop()
        assert who(server)

    @pytest.mark.parametrize("detached", [False, True])
    def test_works_when_the_start_was_interrupted_at_once(
        self, root: Path, monkeypatch: pytest.MonkeyPatch, *, detached: bool
    ) -> None:
        started: list[int] = []

        def interrupted(_: Server, pid: int) -> None:
            started.append(pid)
            raise KeyboardInterrupt

        monkeypatch.setattr(Server, "_remember", interrupted)
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            Server(root, detached=detached, region=REGION, services=[]).start()
        assert time.monotonic() - began < 10
        assert processes.family(started[0]) == []

    def test_works_from_another_process(self, root: Path) -> None:
        server = Server(root, detached=True, region=REGION, services=[])
        server.start()
        process = leader(root)
        Server.attach(root).stop()
        server.stop()
        assert not processes.is_running(process)


def start_worker(server: Server) -> None:
    """Leaves a warm function worker behind, which is a process of its own."""
    session = server.session(ROOT_OF_DEV)
    aws.function(session, "warm", "def handler(event, context):\n    return 1\n")
    assert aws.invoke(session, "warm", {}) == 1


LATE_CHILDREN = """
import subprocess, sys, time
from embedded_aws import processes
shell = subprocess.Popen(["sh", "-c", "sleep 60 & echo $!; sleep 60 & echo $!; wait"],
    start_new_session=True, stdout=subprocess.PIPE, text=True)
print(shell.stdout.readline(), shell.stdout.readline(), flush=True)
look, looks = processes.table, []
def table():
    looks.append(1)
    return {p: row for p, row in look().items() if len(looks) > 2 or row.parent != shell.pid}
processes.table = table
processes.end_descendants(10)
"""


def test_what_is_forked_while_the_family_is_ended_ends_too() -> None:
    """The first look does not show two children; when their parent is gone they are orphans."""
    script = [sys.executable, "-c", LATE_CHILDREN]
    ran = subprocess.run(script, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=True)
    late = [int(pid) for pid in ran.stdout.split()]
    assert len(late) == 2
    assert [pid for pid in late if processes.find(pid)] == []


class TestCrashes:
    @pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
    def test_a_server_ends_with_its_owner_however_that_dies(
        self, root: Path, how: signal.Signals
    ) -> None:
        owner = start_owner(root)
        server = Server.attach(root)
        start_worker(server)
        members = processes.family(leader(root).pid)
        owner.send_signal(how)
        owner.wait()
        assert processes.wait_gone(members, 20) == []

    def test_after_a_killed_server_the_next_start_works(self, root: Path) -> None:
        server = Server(root, region=REGION, services=[])
        server.start()
        start_worker(server)
        members = processes.family(leader(root).pid)
        os.kill(leader(root).pid, signal.SIGKILL)
        processes.wait_gone([p for p in members if p.pid == p.session], 10)
        with Server(root, region=REGION, services=[]) as again:
            assert who(again)
            assert [p for p in members if processes.is_running(p)] == []
        server.stop()

    def test_a_reused_process_id_is_never_signalled(self, root: Path) -> None:
        stranger = subprocess.Popen(["sleep", "60"])
        root.mkdir(parents=True)
        record = {"pid": stranger.pid, "port": 1, "started": "of another process"}
        (root / "server.json").write_text(json.dumps(record))
        Server(root, region=REGION).stop()
        with Server(root, region=REGION, services=[]):
            pass
        assert stranger.poll() is None
        stranger.kill()
        stranger.wait()

    @pytest.mark.parametrize("broken", ["ca.pem", "server.pem", "server.key"])
    @pytest.mark.parametrize("how", ["empty", "absent", "of another authority"])
    def test_certificates_that_a_crash_left_are_made_anew(
        self, root: Path, tmp_path: Path, broken: str, how: str
    ) -> None:
        for folder in (root, tmp_path / "other"):
            make_certificates(folder)
        file = root / "tls" / broken
        if how == "empty":
            file.write_text("")
        elif how == "absent":
            file.unlink()
        else:
            (tmp_path / "other" / "tls" / broken).replace(file)
        (root / "tls.partial").mkdir()
        before = certificates(root)
        make_certificates(root)
        after = certificates(root)
        assert after.keys() == {"ca.pem", "server.pem", "server.key"}
        assert not set(before.values()) & set(after.values())
        assert [path.name for path in root.iterdir()] == ["tls"]
        make_certificates(root)
        assert certificates(root) == after

    def test_a_record_that_was_cut_short_counts_as_none(self, root: Path) -> None:
        root.mkdir(parents=True)
        (root / "server.json").write_text('{"pid": 1')
        with pytest.raises(NotRunningError):
            Server.attach(root)
        with Server(root, region=REGION, services=[]) as server:
            assert who(server)


def make_certificates(root: Path) -> None:
    """What a server does first, in the server's interpreter."""
    script = "import sys, pathlib; from embedded_aws import tls"
    script += "; tls.ensure(pathlib.Path(sys.argv[1]))"
    subprocess.run([PYTHON, "-c", script, str(root)], cwd=CHECKOUT, check=True)


def certificates(root: Path) -> dict[str, str]:
    """The files of a root's certificates by name."""
    return {path.name: path.read_text() for path in (root / "tls").iterdir()}


def start_owner(root: Path) -> subprocess.Popen[bytes]:
    """Another process that starts a server and waits."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(root)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    assert owner.stdout.readline().startswith(b"https://")
    return owner


class TestRefusals:
    def test_a_port_in_use_names_who_has_it(self, root: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(PortInUseError, match=rf"port {port} .*process {os.getpid()}\)"):
                Server(root, port, region=REGION, services=[]).start()

    def test_a_root_that_cannot_be_written_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(RootError, match=str(tmp_path / "file" / "below")):
            Server(tmp_path / "file" / "below", region=REGION).start()

    def test_a_full_disk_is_said_to_be_full(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(RootError, match="No space left on device"):
            Server(root, region=REGION, services=[]).start()
        monkeypatch.undo()
        with Server(root, region=REGION, services=[]) as server:
            assert who(server)

    def test_an_emulator_that_is_not_installed_is_not_blamed_on_the_root(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server_module, "PYTHON", root / "absent" / "python")
        with pytest.raises(ServerError, match=r"absent/python: .*run `make install`"):
            Server(root, region=REGION, services=[]).start()

    def test_an_authority_that_cannot_be_read_is_named(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(server_module, "READY_SECONDS", 1.0)
        monkeypatch.setattr(Server, "ca_bundle", root / "server.log")
        with pytest.raises(ServerError, match=r"server\.log cannot be loaded"):
            Server(root, region=REGION, services=[]).start()

    def test_a_server_that_dies_while_starting_shows_its_log(self, root: Path) -> None:
        with pytest.raises(ServerError, match=r"No module named 'embedded_aws\.absent'"):
            Server(root, region=REGION, services=["absent"]).start()
        assert not (root / "server.json").exists()

    def test_without_a_server_there_is_nothing_to_attach_to(self, root: Path) -> None:
        with pytest.raises(NotRunningError, match="nothing runs"):
            Server.attach(root)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        (
            f"https://a1b2.execute-api.{REGION}.amazonaws.com/v1/",
            "https://here:1/_aws/execute-api/a1b2/v1/",
        ),
        ("https://example.com/v1/", "https://example.com/v1/"),
        ("dev", "dev"),
    ],
)
def test_only_addresses_of_rest_apis_are_mapped(url: str, local: str) -> None:
    assert local_api_url(url, "https://here:1") == local


def test_a_minute_takes_some_time(root: Path) -> None:
    with pytest.raises(ValueError, match="minute is 0: it must be a number of seconds above 0"):
        Server(root, region=REGION, minute=0)
