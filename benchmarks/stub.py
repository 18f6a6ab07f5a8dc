"""AWS as far as the request path calls it: answers every call well, after a fixed delay.

Usage, in the emulator's interpreter: stub.py FOLDER DELAY_SECONDS. It speaks HTTP/1.1 over TLS with
a certificate made in FOLDER, on a port of its own that it prints, until its standard input ends.
It verifies nothing: what it is for is time. A thread for each connection sleeps more exactly than
an event loop, whose timers are rounded up to milliseconds.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from embedded_aws import tls

_ARN = "arn:aws:states:us-west-2:222222222222:execution:tap-dev-statemachine:x"
_STARTED = json.dumps({"executionArn": _ARN, "startDate": 1.0}).encode()


class Aws(BaseHTTPRequestHandler):
    """One client's connection; its requests are answered in their order."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write, one TLS record, for a whole response
    delay = 0.0

    def handle_expect_100(self) -> bool:
        """Lets the client send its body at once; a client that asks waits for this answer."""
        super().handle_expect_100()
        self.wfile.flush()
        return True

    def do_PUT(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        started = "StartExecution" in self.headers.get("X-Amz-Target", "")
        self._answer(_STARTED if started else b"{}")

    def log_message(self, *_: Any) -> None:
        """Says nothing."""

    def _answer(self, body: bytes) -> None:
        self._read_body()
        time.sleep(self.delay)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _read_body(self) -> None:
        if self.headers.get("Transfer-Encoding") != "chunked":
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline(), 16):
            self.rfile.read(size + 2)
        self.rfile.readline()


def serve(folder: Path, delay: float) -> None:
    """Serves until standard input ends."""
    material = tls.ensure(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(material.certificate, material.key)
    Aws.delay = delay
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    serve(Path(sys.argv[1]), float(sys.argv[2]))
