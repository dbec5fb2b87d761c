"""What the page asks, checked: sizes before anything is read, types and ranges before it is used.

Whatever is wrong becomes an `HTTPException` with one sentence and the fitting status, so that no
request can do more than be refused.
"""

from __future__ import annotations

import asyncio
import contextlib
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, NoReturn

from starlette.exceptions import HTTPException
from starlette.requests import Request

from bakeoff.demo.playground import POINTS, SIDES, DuelSettings, Settings
from bakeoff.demo.preprocess import CANVAS
from bakeoff.errors import DataError
from bakeoff.files import parse_json
from bakeoff.models.mlp import ACTIVATIONS

DRAWING_BYTES = CANVAS * CANVAS
DRAWING_TEXT = 4 * -(-DRAWING_BYTES // 3)
LONGEST_QUESTION = 2 * DRAWING_TEXT + 1000
LONGEST_SETTINGS = 1000
BODY_SECONDS = 10.0
SHARED = ("rounds", "epochs", "seed")  # of both sides of a duel

LIMITS: MappingProxyType[str, tuple[float, float]] = MappingProxyType(
    {
        "layers": (1, 5),
        "width": (1, 64),
        "step_size": (0.0001, 10.0),
        "batch_size": (5, POINTS),
        "rounds": (1, 9),
        "seed": (0, 2**31 - 1),
        "epochs": (1, 200),
        "neurons": (0, 5),
        "test": (0, 10**6),  # whether there is such an image is for the data to say
    }
)
"""The numbers that may be asked for, from and to; whole ones where these are whole."""


@dataclass(frozen=True)
class Side:
    """One of the two digits: a drawing, or the number of one of MNIST's test images."""

    drawing: bytes | None = None  # CANVAS² bytes, row by row, 0 for paper to 255 for ink
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
        told = parse_json(body)
    except DataError:
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


# ---- questions ---------------------------------------------------------------------------------


def sides(told: dict[str, Any]) -> tuple[Side | None, Side | None]:
    """Return the first and the second digit; None for one that is still missing.

    Args:
        told: {"first": side, "second": side}, each side null, {"drawing": base64 of CANVAS² bytes}
            or {"test": number}.
    """
    _check_names("question", told, ("first", "second"))
    return _side(told, "first"), _side(told, "second")


def _side(told: dict[str, Any], name: str) -> Side | None:
    match told.get(name):
        case None:
            return None
        case {"test": number, **rest} if not rest:
            return Side(test=_checked("test", number))
        case {"drawing": str(text), **rest} if not rest:
            return Side(drawing=_drawing(name, text))
    refuse(400, f'{name}: expected null, {{"drawing": base64}} or {{"test": number}}')


def _drawing(name: str, text: str) -> bytes:
    drawing = b""
    if len(text) == DRAWING_TEXT:
        with contextlib.suppress(ValueError):  # characters that are no base64, or not even ASCII
            drawing = b64decode(text, validate=True)
    if len(drawing) != DRAWING_BYTES:
        refuse(400, f"{name}: got no drawing, expected base64 of {CANVAS} times {CANVAS} bytes")
    return drawing


# ---- the playground ----------------------------------------------------------------------------


def settings(told: dict[str, Any]) -> Settings | DuelSettings:
    """Return a playground's settings, or a duel's if a name is of a side, "left.width"."""
    own = [field.name for field in fields(Settings)]
    sides = [f"{side}.{name}" for side in SIDES for name in own if name not in SHARED]
    duel = any("." in name for name in told)
    names = [*sides, *SHARED] if duel else own
    _check_names("settings", told, names)
    found = {name: _checked(name, told.get(name)) for name in names}
    if not duel:
        return Settings(**found)
    left, right = (
        Settings(**{n: found[n if n in SHARED else f"{side}.{n}"] for n in own} | {"rounds": 1})
        for side in SIDES
    )
    return DuelSettings((left, right), found["rounds"], found["epochs"])


def changes(told: dict[str, Any], changeable: Sequence[str]) -> dict[str, Any]:
    """Return what is to change in a playground that trains, all of it changeable, or "paused"."""
    _check_names("changes", told, (*changeable, "paused"))
    return {name: _checked(name, value) for name, value in told.items()}


def _check_names(where: str, told: dict[str, Any], names: Sequence[str]) -> None:
    if not told.keys() <= set(names):
        refuse(400, f"{where}: got other names than {', '.join(names)}, expected only these")


def _checked(name: str, value: Any) -> Any:
    """Return a value of that name if it is of its kind and in its range."""
    kind_of = name.rpartition(".")[2]  # "left.width" is a width
    if kind_of == "activation":
        if not isinstance(value, str) or value not in ACTIVATIONS:
            refuse(400, f"{name}: expected one of {', '.join(ACTIVATIONS)}")
        return value
    if name == "paused":
        if not isinstance(value, bool):
            refuse(400, "paused: expected true or false")
        return value
    low, high = LIMITS[kind_of]
    kind = int if isinstance(low, int) else float
    fits = isinstance(value, int | kind) and not isinstance(value, bool)
    if not fits or not low <= value <= high:  # infinity, which 1e999 is read as, and NaN do not
        words = "whole number" if kind is int else "number"
        refuse(400, f"{name}: expected a {words} from {low:.10g} to {high:.10g}")
    return kind(value)
