"""What the page asks, checked: sizes before anything is read, types and ranges before it is used.

Whatever is wrong becomes an `HTTPException` with one sentence and the fitting status, so that no
request can do more than be refused.
"""

from __future__ import annotations

import asyncio
import json
import math
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bakeoff.demo.playground import POINTS, Settings
from bakeoff.demo.preprocess import CANVAS
from bakeoff.models.mlp import ACTIVATIONS

DRAWING_BYTES = CANVAS * CANVAS
DRAWING_TEXT = 4 * -(-DRAWING_BYTES // 3)
LONGEST_QUESTION = 2 * DRAWING_TEXT + 1000
LONGEST_SETTINGS = 1000
BODY_SECONDS = 10.0

STEP_SIZE = (0.0001, 10.0)
BATCH_SIZE = (5, POINTS)
TEST_IMAGE = (0, 10**6)  # whether there is such a one is for the data to say
SEED = (0, 2**31 - 1)


@dataclass(frozen=True)
class Side:
    """One of the two digits: a drawing, or the number of one of MNIST's test images.

    Attributes:
        drawing: CANVAS² bytes, row by row, 0 for paper to 255 for ink; None if it is a test image.
        test: the test image's number, from 0; None if it is a drawing.
    """

    drawing: bytes | None = None
    test: int | None = None


def refuse(status: int, sentence: str) -> NoReturn:
    """End the request with a status and a sentence that says why."""
    raise HTTPException(status, sentence)


async def read_object(request: Request, longest: int) -> dict[str, Any]:
    """Return the JSON object in a request's body, read no further than it may be long."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        refuse(415, f"content type: got {kind[:50]!r}, expected application/json")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read(request, longest)
    except TimeoutError:
        refuse(408, f"body: did not arrive within {BODY_SECONDS:g} seconds")
    try:
        told = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        refuse(400, "body: got something else, expected JSON")
    if not isinstance(told, dict):
        refuse(400, f"body: got a {type(told).__name__}, expected a JSON object")
    return told


async def _read(request: Request, longest: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > longest:
            refuse(413, f"body: got more than {longest} bytes, expected no more")
    return bytes(body)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# ---- questions ---------------------------------------------------------------------------------


def sides(told: dict[str, Any]) -> tuple[Side | None, Side | None]:
    """Return the first and the second digit; None for one that is still missing.

    Args:
        told: {"first": side, "second": side}, each side null, {"drawing": base64 of CANVAS² bytes}
            or {"test": number}.
    """
    _known("question", told, ("first", "second"))
    return _side(told, "first"), _side(told, "second")


def _side(told: dict[str, Any], name: str) -> Side | None:
    match told.get(name):
        case None:
            return None
        case {"test": _, **rest} if not rest:
            return Side(test=_whole(told[name], "test", TEST_IMAGE))
        case {"drawing": str(text), **rest} if not rest:
            return Side(drawing=_drawing(name, text))
    refuse(400, f'{name}: expected null, {{"drawing": base64}} or {{"test": number}}')


def _drawing(name: str, text: str) -> bytes:
    if len(text) == DRAWING_TEXT:
        try:
            drawing = b64decode(text, validate=True)
        except ValueError:  # characters that are no base64, or not even ASCII
            drawing = b""
        if len(drawing) == DRAWING_BYTES:
            return drawing
    refuse(400, f"{name}: got no drawing, expected base64 of {CANVAS} times {CANVAS} bytes")


# ---- the playground ----------------------------------------------------------------------------


def settings(told: dict[str, Any]) -> Settings:
    """Return a playground's settings; each is needed."""
    names = ("layers", "width", "activation", "step_size", "batch_size", "rounds", "seed")
    _known("settings", told, names)
    activation = told.get("activation")
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        refuse(400, f"activation: expected one of {', '.join(ACTIVATIONS)}")
    return Settings(
        layers=_whole(told, "layers", (1, 5)),
        width=_whole(told, "width", (1, 64)),
        activation=activation,
        step_size=_number(told, "step_size", STEP_SIZE),
        batch_size=_whole(told, "batch_size", BATCH_SIZE),
        rounds=_whole(told, "rounds", (1, 9)),
        seed=_whole(told, "seed", SEED),
    )


def changes(told: dict[str, Any]) -> dict[str, Any]:
    """Return what is to change in a playground that trains: any of three things."""
    _known("changes", told, ("step_size", "batch_size", "paused"))
    found: dict[str, Any] = {}
    if "step_size" in told:
        found["step_size"] = _number(told, "step_size", STEP_SIZE)
    if "batch_size" in told:
        found["batch_size"] = _whole(told, "batch_size", BATCH_SIZE)
    if "paused" in told:
        if not isinstance(told["paused"], bool):
            refuse(400, "paused: expected true or false")
        found["paused"] = told["paused"]
    return found


def _known(where: str, told: dict[str, Any], names: Iterable[str]) -> None:
    if not told.keys() <= set(names):
        refuse(400, f"{where}: got other names than {', '.join(names)}, expected only these")


def _whole(told: dict[str, Any], name: str, limits: tuple[int, int]) -> int:
    value, (low, high) = told.get(name), limits
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        refuse(400, f"{name}: expected a whole number from {low} to {high}")
    return value


def _number(told: dict[str, Any], name: str, limits: tuple[float, float]) -> float:
    value, (low, high) = told.get(name), limits
    if not isinstance(value, int | float) or isinstance(value, bool):
        refuse(400, f"{name}: expected a number from {low:g} to {high:g}")
    # 1e999 is read as infinity, and a whole number may be too large for a float: both are outside.
    if not low <= value <= high or not math.isfinite(value):
        refuse(400, f"{name}: expected a number from {low:g} to {high:g}")
    return float(value)
