"""Who may ask, and what a browser may do with the answer.

The server listens on this machine alone, but every page that its user visits runs on this machine,
too. Such a page can send requests to 127.0.0.1, and by answering for its own name with that address
(DNS rebinding) it could read the replies. So a request must name this machine in its Host header,
and an Origin, which browsers add to what pages send, must be that same host.

Who asks nothing keeps nobody out: a connection waits for its request only so long, and only while
there is room.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Iterable

import h11
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK = frozenset(["localhost", "127.0.0.1", "[::1]"])
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


class Guard:
    """Lets requests for this machine through to an application and sends headers with its answers.

    The names are those that a Host may be, an IPv6 address in brackets; any IP address may stand
    there as well for a server that listens on other networks' addresses, as rebinding needs a name.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str], *, any_address: bool = False) -> None:
        self._app = app
        self._names = frozenset(name.lower() for name in names)
        self._any_address = any_address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return  # there are no WebSockets here, and nothing to do before the first request

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        fault = self._fault(Headers(scope=scope))
        app = JSONResponse({"error": fault}, 403) if fault else self._app
        await app(scope, receive, send_guarded)

    def _fault(self, headers: Headers) -> str:
        """Return what speaks against a request, or ""."""
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            return "Host: expected this machine's own name; open the address that bakeoff told"
        if origins and origins != [f"http://{hosts[0]}"]:
            return "Origin: expected the server's own page"
        return ""

    def _is_ours(self, host: str) -> bool:
        """Tell whether a Host header's name, whatever its port, is one of this machine's."""
        name, colon, port = host.lower().rpartition(":")
        if not colon or not port.isdecimal():
            name = host.lower()
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
        except ValueError:
            return False
        return self._any_address


class Connection(H11Protocol):
    """uvicorn's connection, with a time limit for a whole request: uvicorn has none.

    The limit is its `timeout_keep_alive`. Where there are as many connections as may be, a new one
    takes the place of the one that has waited longest.
    """

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        waiting = [c for c in self.connections if isinstance(c, Connection) and c._deadline]
        if waiting and len(self.connections) + 1 >= (self.limit_concurrency or 0):
            min(waiting, key=lambda c: c._deadline.when() if c._deadline else 0.0).drop()
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Go on to wait, or no longer."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, or for the peer to take the last reply."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        super().connection_lost(exc)
        self._wait(False)

    def drop(self) -> None:
        """End the connection if it waits for its peer."""
        if self._deadline is not None:
            self._wait(False)
            self.connections.discard(self)  # at once, to make room
            self.transport.abort()

    def _look(self) -> None:
        asking = self.conn.their_state in (h11.IDLE, h11.SEND_BODY)
        self._wait(asking or self.transport.is_closing())

    def _wait(self, waits: bool) -> None:
        if waits and self._deadline is None:
            self._deadline = self.loop.call_later(self.timeout_keep_alive, self.drop)
        elif not waits and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
