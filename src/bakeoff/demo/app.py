"""The demo's application: one static page, and the few questions that it asks."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import torch
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from bakeoff.data import Digits, load_mnist
from bakeoff.data.mnist import EMBEDDED
from bakeoff.demo import requests
from bakeoff.demo.networks import PairReader
from bakeoff.demo.preprocess import CANVAS, frame, is_blank
from bakeoff.demo.sessions import MOST_SESSIONS, Session, Sessions
from bakeoff.errors import BakeoffError

STATIC = Path(__file__).with_name("static")
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
LOOK_SECONDS = 0.05
BEAT_SECONDS = 1.0


def make_app(networks: Sequence[PairReader], sessions: Sessions) -> Starlette:
    """Return the application, without the guard; the networks answer in the page's order."""
    demo = _Demo(networks, sessions)
    files = {path.name: path for path in STATIC.iterdir() if path.suffix in TYPES}
    pages = [
        Route(f"/{name}", _file(path), methods=["GET"]) for name, path in sorted(files.items())
    ]
    app = Starlette(
        routes=[
            Route("/", _file(files["index.html"]), methods=["GET"]),
            *pages,
            Route("/networks", demo.tell_networks),
            Route("/pair", demo.draw_pair),
            Route("/answer", demo.answer, methods=["POST"]),
            Route("/playground", demo.begin, methods=["POST"]),
            Route("/playground/{name}", demo.change, methods=["POST"]),
        ],
        exception_handlers={
            HTTPException: _refused,
            ClientDisconnect: _hung_up,
            BakeoffError: _failed,
            Exception: _failed,
        },
    )
    app.router.redirect_slashes = False  # an address is one of these, or none
    return app


class _Demo:
    def __init__(self, networks: Sequence[PairReader], sessions: Sessions) -> None:
        self._networks = networks
        self._sessions = sessions
        self._digits = load_mnist(EMBEDDED).test
        # Many answers at once would each take longer, and none be first.
        self._turn = asyncio.Lock()

    async def tell_networks(self, request: Request) -> Response:
        return JSONResponse(
            [
                {
                    "name": network.name,
                    "origin": network.origin,
                    "parameters": network.parameters,
                    "card": dict(network.card),
                }
                for network in self._networks
            ]
        )

    # ---- which is larger? ---------------------------------------------------------------------

    async def draw_pair(self, request: Request) -> Response:
        """Draw two unequal test digits."""
        first, second = _unequal(self._digits)
        return JSONResponse([_test_image(self._digits, one) for one in (first, second)])

    async def answer(self, request: Request) -> Response:
        """Frame both digits and, if both are there, let every network answer."""
        told = await requests.read_object(request, requests.LONGEST_QUESTION)
        async with self._turn:
            return JSONResponse(await run_in_threadpool(self._answers, requests.sides(told)))

    def _answers(
        self, both: tuple[requests.Side | None, requests.Side | None]
    ) -> dict[str, object]:
        torch.set_num_threads(1)  # each thread has a number of its own
        pictures = [_picture(self._digits.images, side) for side in both]
        first, second = pictures
        answers = None
        if first is not None and second is not None:
            pair = torch.stack([first, second])
            found = [network.answer(pair) for network in self._networks]
            answers = [{"larger": a.larger, "digits": a.digits} for a in found]
        return {
            "pictures": [None if p is None else p.flatten().tolist() for p in pictures],
            "answers": answers,
        }

    # ---- the playground -----------------------------------------------------------------------

    async def begin(self, request: Request) -> Response:
        """Start a training and stream its frames, a line of JSON each, until someone hangs up."""
        settings = requests.settings(await requests.read_object(request, requests.LONGEST_SETTINGS))
        session = self._sessions.begin(settings)
        if session is None:
            requests.refuse(
                503, f"playground: {MOST_SESSIONS} trainings run already; close another page"
            )
        return _Frames(session)

    async def change(self, request: Request) -> Response:
        """Change a training that runs."""
        told = await requests.read_object(request, requests.LONGEST_SETTINGS)
        session = self._sessions.find(request.path_params["name"])
        if session is None:
            requests.refuse(404, "playground: no such training runs")
        session.change(requests.changes(told, session.changeable))
        return JSONResponse({})


class _Frames(StreamingResponse):
    """A session's frames; the session ends with the connection, however that ends."""

    def __init__(self, session: Session) -> None:
        super().__init__(_lines(session), media_type="application/x-ndjson")
        self._session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._session.end()


async def _lines(session: Session) -> AsyncIterator[str]:
    """Yield each frame that is new when the reader is ready, and now and then an empty line.

    The empty lines are how a hung-up connection is noticed while nothing trains.
    """
    seen, waited = 0, 0.0
    while True:
        over = session.is_over  # asked first: what it publishes before its end is still sent
        seen, frame = session.latest(seen)
        if frame is not None:
            yield json.dumps(frame, allow_nan=False) + "\n"
            waited = 0.0
        elif over:
            return
        else:
            if waited >= BEAT_SECONDS:
                yield "\n"
                waited = 0.0
            await asyncio.sleep(LOOK_SECONDS)
            waited += LOOK_SECONDS


# ---- helpers -----------------------------------------------------------------------------------


def _unequal(digits: Digits) -> tuple[int, int]:
    """Draw the numbers of two images of different digits."""
    while True:
        first, second = (secrets.randbelow(len(digits.labels)) for _ in range(2))
        if digits.labels[first] != digits.labels[second]:
            return first, second


def _test_image(digits: Digits, number: int) -> dict[str, object]:
    return {
        "test": number,
        "label": int(digits.labels[number]),
        "picture": digits.images[number].flatten().tolist(),
    }


def _picture(images: torch.Tensor, side: requests.Side | None) -> torch.Tensor | None:
    """Return a side as (14, 14) float32, 0 to 255; None if there is nothing on it."""
    if side is None:
        return None
    if side.test is not None:
        if side.test >= len(images):
            requests.refuse(400, f"test: expected the number of one of {len(images)} test images")
        return images[side.test]
    assert side.drawing is not None  # noqa: S101 - one of the two is there
    canvas = torch.tensor(list(side.drawing), dtype=torch.uint8).view(1, CANVAS, CANVAS)
    return None if is_blank(canvas)[0] else frame(canvas)[0]


def _file(path: Path) -> Response:
    return Response(path.read_bytes(), media_type=TYPES[path.suffix])


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for these
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


async def _hung_up(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # to nobody


async def _failed(request: Request, error: Exception) -> Response:
    told = str(error) if isinstance(error, BakeoffError) else "a defect of bakeoff; it goes on"
    return JSONResponse({"error": told}, 500)
