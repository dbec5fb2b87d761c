"""The door of the demo: requests as a hostile page or program on this machine could send them."""

import asyncio
import json
from base64 import b64encode
from dataclasses import dataclass, field
from functools import partial

from damage import NUMBERS, TEXTS, VALUES, altered, as_json, damaged, often
from door import Door, Unmet, fault_of

from bakeoff.demo.app import STATIC, make_app
from bakeoff.demo.middleware import HEADERS, LOOPBACK, Guard
from bakeoff.demo.networks import shipped_networks
from bakeoff.demo.playground import SIDES, Settings
from bakeoff.demo.preprocess import CANVAS
from bakeoff.demo.requests import SHARED
from bakeoff.demo.sessions import Session, Sessions

OURS = "127.0.0.1:8014"
HOSTS = (
    *("localhost", "127.0.0.1", "[::1]:8014", "LOCALHOST:1", "evil.example", "127.0.0.1.evil", ""),
    *("localhost@evil", "127.0.0.1:8014:1", "::1", "[::1", "0x7f.1", "2130706433", "localhost:"),
    *("localhost:٣", "10.0.0.1", "a" * 5000, "127.0.0.1:99999999999"),
)
PATHS = ("/", "/networks", "/pair", "/answer", "/answer", "/playground", "/playground")
METHODS = ("GET", "POST", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "", "get", "PRI")
STRANGE_PATHS = (
    *("/../app.py", "/static/../app.py", "/%2e%2e/app.py", "//etc/passwd", "/index.html/"),
    *("/a" * 999, "", "*", "/playground/", "/playground/a/b", "/playground/%00", "/."),
    *("/answer?x=1", "http://x/"),
)
TYPES = ("application/json", "application/json; charset=utf-16", "text/plain", "", "a" * 5000)
ALLOWED = frozenset((200, 400, 403, 404, 405, 408, 413, 415, 503))
Pieces = list[bytes | None]


@dataclass
class Case:
    """A request: what its first line, headers and body would say; None in the body hangs up."""

    kind: str = "http"
    method: str = "POST"
    path: str = "/answer"
    headers: list[tuple[str, str]] = field(default_factory=list)
    pieces: Pieces = field(default_factory=list)


class Idle(Sessions):
    """Trainings that are made but never begun: what is asked is under test."""

    def begin(self, settings: Settings):
        """Make the session and say that too many run already."""
        Session(settings)


def door(folder):
    app = Guard(make_app(shipped_networks(), Idle()), LOOPBACK)
    pages = tuple(f"/{path.name}" for path in sorted(STATIC.iterdir()))
    return Door("requests to the demo", partial(make, pages), partial(enter, app))


def make(pages, random):
    """Draw a request: one that the page sends, with any of its parts other."""
    case = Case(path=random.choice(PATHS), headers=[("host", OURS)])
    if case.path in ("/", "/networks", "/pair") or often(random, 0.1):
        case.method = random.choice(METHODS)
    if often(random, 0.1):
        texts = [f"/playground/{text}" for text in TEXTS]
        case.path = random.choice((*pages, *STRANGE_PATHS, *texts))
    if often(random, 0.1):
        case.headers = [("host", random.choice(HOSTS)) for _ in range(random.choice((0, 1, 1, 2)))]
    if often(random, 0.1):
        origin = random.choice(
            (f"http://{OURS}", "null", "http://evil.example", f"https://{OURS}", "")
        )
        case.headers.append(("origin", origin))
    case.headers.append(("content-type", TYPES[0] if often(random, 0.9) else random.choice(TYPES)))
    if often(random, 0.1):
        name = random.choice(("content-length", "transfer-encoding", "expect", "cookie", "x" * 999))
        case.headers.append(
            (name, random.choice(("-1", "0", "10" * 9, "chunked", "é", "a" * 9999)))
        )
    case.pieces = _pieces(_body(case.path, random), random)
    if often(random, 0.02):
        case.kind = random.choice(("websocket", "lifespan"))
    return case


def _body(path, random):
    """Draw a body: what the page sends there, altered as a tree or damaged as bytes, or endless."""
    if often(random, 0.03):
        return bytes(random.choice((2_000, 40_000, 1_000_000)))
    told = {"step_size": 0.1, "batch_size": 50, "paused": True}
    if path == "/answer":
        drawing = bytearray(CANVAS * CANVAS)
        at = random.randrange(len(drawing))
        drawing[at : at + 500] = b"\xff" * len(drawing[at : at + 500])
        side = {"drawing": b64encode(bytes(drawing)).decode()}
        told = {"first": side, "second": {"test": random.choice((0, 9_999, 10_000, *NUMBERS[:9]))}}
    elif path == "/playground":
        told = {"layers": 2, "width": 8, "activation": "tanh", "rounds": 1, "seed": 0}
        told |= {"step_size": 0.1, "batch_size": 50}
        if often(random, 0.5):
            sides = {f"{s}.{n}": told[n] for s in SIDES for n in told if n not in SHARED}
            told = sides | {"rounds": 2, "seed": 0, "epochs": 5}
    if often(random, 0.6):
        told = altered(told, random, (*VALUES, float("inf"), float("nan"), {"test": 1}))
    content = as_json(told, random).encode("utf-8", "surrogatepass")
    return damaged(content, random) if often(random, 0.1) else content


def _pieces(body, random):
    """Cut a body as a network could, now and then short of its end."""
    cuts = sorted(random.randrange(len(body) + 1) for _ in range(random.choice((0, 0, 1, 5))))
    pieces: Pieces = [body[a:b] for a, b in zip((0, *cuts), (*cuts, len(body)), strict=True)]
    return [*pieces[:-1], None] if often(random, 0.05) else pieces


def enter(app, case):
    """Send the request; whatever comes back must be complete, guarded and one of few."""
    messages = asyncio.run(_answered(app, case))
    if case.kind != "http":
        if messages:
            raise Unmet(f"an answer to a {case.kind}")
        return False
    start, *rest = messages
    if start["type"] != "http.response.start" or any(m["type"] == start["type"] for m in rest):
        raise Unmet("an answer that does not begin once")
    status, headers = (
        start["status"],
        {n.decode(): v.decode("latin-1") for n, v in start["headers"]},
    )
    if status not in ALLOWED:
        raise Unmet(f"status {status}")
    if any(headers.get(name.lower()) != value for name, value in HEADERS.items()):
        raise Unmet("an answer without its guarding headers")
    body = b"".join(message.get("body", b"") for message in rest)
    if status >= 400 and body and case.method != "HEAD":
        fault = fault_of(json.loads(body)["error"])
        if fault:
            raise Unmet(fault)
    return bool(status == 200)


async def _answered(app, case):
    waiting, messages = list(case.pieces), []
    never = asyncio.Event()

    async def receive():
        if not waiting:
            await never.wait()
        piece = waiting.pop(0)
        if piece is None:
            waiting.append(None)
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message):
        messages.append(message)

    scope = {
        "type": case.kind,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": case.method,
        "scheme": "http",
        "path": case.path,
        "raw_path": case.path.encode("utf-8", "surrogatepass"),
        "query_string": b"",
        "root_path": "",
        "headers": [(n.encode("latin-1", "replace"), v.encode("utf-8")) for n, v in case.headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8014),
    }
    await app(scope, receive, send)
    return messages
