"""The server of the demo, and of a run's page: a port of this machine, to its end or Ctrl-C."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import webbrowser
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

from bakeoff.checks import check_installed
from bakeoff.errors import ArgumentError
from bakeoff.system.ctrl_c import CTRL_C
from bakeoff.system.files import own_port

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE_SECONDS = 0.5
REQUEST_SECONDS = 10
MOST_CONNECTIONS = 64


def check_extra(extra: str = "demo") -> None:
    """Raise a MissingExtraError unless what the demo, or the page of `--live`, needs is there."""
    check_installed(extra, "the page's server", extra, "starlette", "uvicorn")


def open_port(host: str, port: int) -> socket.socket:
    """Return a socket that listens; connections wait until `serve` takes them.

    The host is an address of this machine or a name of one, and port 0 any that is free.
    """
    if not 0 <= port <= 65535:
        raise ArgumentError(f"--port: got {port}, expected a number from 0 to 65535")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise ArgumentError(f"--host: got {host!r}, expected an address of this machine") from error
    bound = socket.socket(family, kind, protocol)
    try:
        own_port(bound)
        bound.bind(address)
        bound.listen()
    except OSError as error:
        bound.close()
        raise ArgumentError(
            f"demo: {host} port {port} cannot be used ({error.strerror}), expected a free one; name"
            " another with --port, or --port 0 for any that is free"
        ) from error
    return bound


def address_of(bound: socket.socket) -> str:
    """Return the address to open in a browser on this machine."""
    host, port = bound.getsockname()[:2]
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        host = "127.0.0.1" if address.version == 4 else "::1"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def serve(
    bound: socket.socket,
    app: ASGIApp,
    *,
    named: str = "127.0.0.1",
    opened: str = "",
    ready: Callable[[], None] = lambda: None,
    request_seconds: float = REQUEST_SECONDS,
    on_end: Callable[[], None] = lambda: None,
    stop: threading.Event | None = None,
) -> None:
    """Answer requests by an application, guarded, until `stop` or, a KeyboardInterrupt, Ctrl-C.

    A request may also name the host that the port was asked for, `named`. Once the page can be
    opened, `ready` is called, and a browser opens the address `opened`, if any. A connection has
    `request_seconds` to send a whole request. `on_end` ends what would keep the server waiting.
    """
    import uvicorn

    from bakeoff.demo.middleware import LOOPBACK, Connection, Guard

    stopped_by: list[int] = []

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()
            if opened:
                # Some browsers hold on to their caller.
                threading.Thread(target=webbrowser.open, args=(opened,), daemon=True).start()

        async def on_tick(self, counter: int) -> bool:
            return await super().on_tick(counter) or (stop is not None and stop.is_set())

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # Nothing else here: a signal may come while this thread holds any lock.
            stopped_by.append(sig)
            super().handle_exit(sig, frame)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            on_end()
            for connection in list(self.server_state.connections):
                if isinstance(connection, Connection):
                    connection.drop()
            # What is not answered by then is dropped, without uvicorn's traceback of each.
            logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
            await super().shutdown(sockets)

    elsewhere = not ipaddress.ip_address(bound.getsockname()[0]).is_loopback
    names = {*LOOPBACK, named, socket.gethostname()} if elsewhere else {*LOOPBACK, named}
    guarded = Guard(app, names, any_address=elsewhere)
    config = uvicorn.Config(
        guarded,
        http=Connection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=request_seconds,  # type: ignore[arg-type]
        timeout_graceful_shutdown=GRACE_SECONDS,  # type: ignore[arg-type]
    )
    try:
        Server(config).run([bound])
    finally:
        on_end()
    if CTRL_C in stopped_by:
        # uvicorn sends itself the signal again at its end, but the loop may be over before it acts.
        raise KeyboardInterrupt
