"""Named errors: each says where it happened, what was got, what was expected and what to do.

Every error that bakeoff raises on purpose is a `BakeoffError` and also the built-in type that a
Python user would catch in its place, so `except ValueError` keeps working. The command line turns
a `BakeoffError` into one sentence on stderr and a non-zero exit code; anything else is a defect.
"""

from __future__ import annotations

LONGEST = 1000  # characters of a sentence; what a hostile file put into it may be any number


class BakeoffError(Exception):
    """Base of all errors raised on purpose; its message is one sentence meant for the user."""

    def __str__(self) -> str:
        """Return the sentence as `printable` makes it."""
        return printable(super().__str__())


def printable(text: str) -> str:
    """Return text that a terminal can show in one line, whoever wrote it.

    What would break the line or drive the terminal is shown as Python writes it in a literal; the
    middle of a text of more than `LONGEST` characters is left out.
    """
    if not text.isprintable():
        text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 305]} ... {text[-300:]}"


class ShapeError(BakeoffError, ValueError):
    """An array has a shape that the operation or layer cannot take."""


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
