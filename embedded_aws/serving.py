"""The server process: made ready, served, and ended together with everything it started.

The caller bound the listening socket already and hands it down, so that nobody can take the port
between choosing and using it. `--parent` is the reading end of a pipe whose other end only the
caller holds: when the caller dies, however it dies, reading ends and so does this server.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import logging
import os
import signal
import threading
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack import app as ministack

from embedded_aws import bounds, corrections, processes, registry, state, tls
from embedded_aws.errors import StateError
from embedded_aws.installation import SAVE, STATE
from embedded_aws.loopback import Loopback
from embedded_aws.metrics import alarms

SERVICES = ("codebuild", "codedeploy", "codepipeline", "connections")
"""Our own services, in the order in which they are installed."""

GRACE_SECONDS = 0.2
"""How long requests in flight may keep a stopping server; idle connections would for 30 s."""

CHILDREN_SECONDS = 5.0
"""How long function workers and builds, which must not outlive the server, may take to end."""


def main() -> None:
    """Prepares everything, then serves until TERM, INT or the caller's death."""
    options = _options()
    material = tls.ensure(options.root)
    registry.configure(
        root=options.root,
        port=options.port,
        ca=material.ca,
        region=options.region,
        minute=options.minute,
    )
    bounds.tidy_later(options.root.resolve())
    if options.parent is not None:
        threading.Thread(target=_follow, args=(options.parent,), daemon=True).start()
    _install(options.services)
    if options.state is not None:
        state.load(options.state)
    asyncio.run(_serve(options.socket, material))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="embedded_aws")
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--socket", type=int, required=True)
    parser.add_argument("--region", required=True)
    parser.add_argument("--minute", type=float, required=True)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--services", nargs="*", default=SERVICES)
    return parser.parse_args()


def _install(services: list[str]) -> None:
    corrections.install()
    for name in services:
        importlib.import_module(f"embedded_aws.{name}.api").install()


async def _serve(socket: int, material: tls.Material) -> NoReturn:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    registry.reach(Loopback(ministack.app, loop))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"fd://{socket}"]
    config.certfile, config.keyfile = str(material.certificate), str(material.key)
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    evaluating = asyncio.create_task(alarms.run())
    serving = asyncio.create_task(serve(_application, config, shutdown_trigger=stop.wait))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    await asyncio.wait({serving}, timeout=GRACE_SECONDS)
    evaluating.cancel()
    _end(serving)


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """The emulator (ASGI), and beside it what the caller of this server may ask of the server
    itself: `POST` to `SAVE` keeps its state in its root, at `STATE`."""
    if scope["type"] != "http" or scope["path"] != SAVE:
        await ministack.app(scope, receive, send)
        return
    status, said = HTTPStatus.OK, ""
    try:
        state.save(registry.running().root / STATE)
    except (StateError, OSError) as error:
        status, said = HTTPStatus.CONFLICT, str(error)
    await send({"type": "http.response.start", "status": status.value, "headers": []})
    await send({"type": "http.response.body", "body": said.encode()})


def _end(serving: asyncio.Task[None]) -> NoReturn:
    """Leaves without asyncio's and Python's own ends, which wait for worker threads for minutes.

    Nothing is lost: state that was to be kept has been, and the rest is meant to be gone.
    """
    failure = serving.exception() if serving.done() and not serving.cancelled() else None
    if failure is not None:
        logging.getLogger("embedded_aws").error("the server failed", exc_info=failure)
    processes.end_descendants(CHILDREN_SECONDS)
    logging.shutdown()
    os._exit(0 if failure is None else 1)


def _follow(pipe: int) -> None:
    """Blocks until the caller's end of the pipe closes, then asks this process to stop."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
