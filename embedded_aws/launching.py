"""What a server process is started with: its lock, its listening socket, its environment."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path

from embedded_aws import host
from embedded_aws.errors import PortInUseError
from embedded_aws.installation import HOST


def try_lock(file: int) -> bool:
    """Takes the lock of an open file, or says that somebody else has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def listen(port: int) -> socket.socket:
    """A socket bound to the port, so that nobody else can take it before the server listens."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        listening.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortInUseError(
            f"port {port} is taken by {host.listener(port) or 'another process'}: "
            "stop it, or choose another port"
        ) from error
    return listening


def environment(checkout: Path, root: Path, port: int, region: str) -> dict[str, str]:
    """The whole environment of the server, from which functions inherit theirs.

    checkout: where Node and the emulator's own interpreter are installed.
    """
    folders = {name: root / name for name in ("s3", "state", "tmp", "home")}
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    ca = str(root / "tls" / "ca.pem")
    return host.package_managers() | {
        "PATH": f"{host.node_bin(checkout)}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(folders["home"]),
        "TMPDIR": str(folders["tmp"]),
        "LANG": "C.UTF-8",
        "NODE_PATH": str(checkout / "node_modules"),
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": region,
        "AUTH": "true",
        "USE_SSL": "1",
        "MINISTACK_SSL_CERT": str(root / "tls" / "server.pem"),
        "MINISTACK_SSL_KEY": str(root / "tls" / "server.key"),
        "S3_DATA_DIR": str(folders["s3"]),
        "STATE_DIR": str(folders["state"]),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_ASYNC_RETRY_BASE_SECONDS": "0.2",
        # What functions see of the emulator; by address, for SDKs then use path-style S3 URLs
        # and need no resolvable bucket.localhost.
        "AWS_ENDPOINT_URL": f"https://{HOST}:{port}",
        "AWS_CA_BUNDLE": ca,
        "NODE_EXTRA_CA_CERTS": ca,
        "REQUESTS_CA_BUNDLE": ca,
    }
