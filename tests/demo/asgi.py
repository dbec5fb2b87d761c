"""Requests without a server: an application is called as a server would call it."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

HOST = "127.0.0.1:8014"
JSON = {"content-type": "application/json"}


@dataclass
class Reply:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


def request(app, method, path, body=b"", headers=None, *, pieces=None, enough=None):
    """Send a request and return the reply.

    Args:
        body: bytes, or anything else for JSON.
        headers: names and values; a list of pairs may hold one name twice. Host is added.
        pieces: send these in the body's place, and take each from this list; None hangs up.
        enough: hang up as soon as this is true of what has come back of the body.
    """
    return asyncio.run(requested(app, method, path, body, headers, pieces=pieces, enough=enough))


async def requested(app, method, path, body=b"", headers=None, *, pieces=None, enough=None):
    """As `request`, in a loop that runs already."""
    if not isinstance(body, bytes):
        body, headers = json.dumps(body).encode(), JSON | dict(headers or {})
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    if not any(name.lower() == "host" for name, _ in pairs):
        pairs.append(("host", HOST))
    waiting = [body] if pieces is None else pieces
    hangs_up = waiting[-1] is None
    hung_up = asyncio.Event()
    messages = []

    async def receive():
        if waiting:
            piece = waiting.pop(0)
            if piece is not None:
                return {"type": "http.request", "body": piece, "more_body": bool(waiting)}
        elif not hangs_up:
            await hung_up.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        messages.append(message)
        if enough is not None and enough(_body(messages)):
            hung_up.set()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8014),
    }
    await app(scope, receive, send)
    start = next(message for message in messages if message["type"] == "http.response.start")
    told = {name.decode(): value.decode() for name, value in start["headers"]}
    return Reply(start["status"], told, _body(messages))


def _body(messages):
    return b"".join(message.get("body", b"") for message in messages)
