"""Named errors: each says where it happened, what was got, what was expected and what to do.

Every error that bakeoff raises on purpose is a `BakeoffError` and also the built-in type that a
Python user would catch in its place, so `except ValueError` keeps working. The command line turns
a `BakeoffError` into one sentence on stderr and a non-zero exit code; anything else is a defect.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 1000  # characters of a sentence; what a hostile file put into it may be any number


class BakeoffError(Exception):
    """Base of all errors raised on purpose; its message is one sentence meant for the user."""

    def __str__(self) -> str:
        """Return the sentence as `printable` makes it."""
        return printable(super().__str__())


def printable(text: str) -> str:
    """Return text that a terminal can show in one line, whoever wrote it.

    It is made `visible`; the middle of a text of more than `LONGEST` characters is left out.
    """
    text = visible(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 305]} ... {text[-300:]}"


def visible(text: str, *, lines: bool = False, escape: Callable[[str], str] = ascii) -> str:
    """Return text whose characters all show, wherever it is written and whoever wrote it.

    A character that drives a terminal, turns the direction of writing, breaks the line or cannot be
    seen is written as Python writes it in a literal: all that `str.isprintable` refuses, lone
    surrogates too, which no file can hold.

    Args:
        text: any.
        lines: whether it may have lines, so that their ends stay.
        escape: writes a character as a literal, in quotes; `json.dumps` for JSON.
    """

    def shown(character: re.Match[str]) -> str:
        return character[0] if character[0].isprintable() else escape(character[0])[1:-1]

    return re.sub(r"[^ -~\n]" if lines else r"[^ -~]", shown, text)


class ShapeError(BakeoffError, ValueError):
    """An array has a shape that the operation or layer cannot take.

    Attributes:
        layer: the innermost module in whose `forward` it was raised; "" outside of modules.
    """

    layer: str = ""


class DTypeError(BakeoffError, TypeError):
    """An array or argument has a type that the operation or layer cannot take."""


class ArgumentError(BakeoffError, ValueError):
    """An argument has a value outside its range."""


class GraphError(BakeoffError, RuntimeError):
    """A backward pass was asked for that the recorded graph cannot give."""


class GradientError(BakeoffError, AssertionError):
    """A derivative rule disagrees with finite differences."""


class PlanError(BakeoffError, RuntimeError):
    """A step cannot be captured as a plan, or a plan is replayed on what it was not made for."""


class DataError(BakeoffError, ValueError):
    """A data file or data set is not what its format or its user promises."""


class OutputError(BakeoffError, OSError):
    """A file cannot be written."""


class ModelFileError(BakeoffError, ValueError):
    """A model file cannot be read or written, or is not what it should be."""


class InteropError(BakeoffError, ValueError):
    """A network cannot be carried into another tool, or out of it."""


class DivergenceError(BakeoffError, ArithmeticError):
    """Training left the finite numbers."""


class MissingExtraError(BakeoffError, ImportError):
    """A package is needed that bakeoff does not install unless asked to."""


NO_TORCH = (
    "networks are trained with torch, which is not installed; install it with pip"
    " install 'bakeoff[torch]'"
)


class StudyError(BakeoffError, ValueError):
    """A study, competitor or recipe is unknown or contradicts itself."""


class StoreError(BakeoffError, RuntimeError):
    """A result store cannot be read or written."""


class StatisticsError(BakeoffError, ValueError):
    """Numbers do not allow the analysis asked for."""


def nearest(name: str, known: list[str]) -> str:
    """Return " (did you mean 'x'?)" for the known name nearest to `name`, or ""."""
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""
