"""Results that come from a file: what they must be before anything is calculated from them.

A file may have been damaged, or made by anyone, and neither JSON nor SQLite hold a value to a type.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from bakeoff.errors import BakeoffError, DataError
from bakeoff.reading import read_text
from bakeoff.study.checks import is_number, is_whole
from bakeoff.study.result import RoundResult
from bakeoff.study.results import StudyResults

MOST_BYTES = 2**30
"""Of a JSON file: a thousand times the results of a study of thirty rounds."""
LARGEST_ROUND = 10**9
"""One above the largest number that a round can have."""

MOST_PARAMETERS = 10**15
"""One above the largest number of parameters that a round can tell."""


def parsed(text: str) -> Any:
    """Return what JSON text says; it knows no NaN.

    Raises:
        DataError: for anything else.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except (TypeError, ValueError) as error:
        raise DataError(f"is not JSON ({error})") from error
    except RecursionError:
        raise DataError("is nested too deeply") from None


def read_json(path: Path, error: type[BakeoffError]) -> Any:
    """Return what a JSON file says.

    Raises:
        BakeoffError: of the kind asked for, if it cannot be read, is too large or not JSON.
    """
    text = read_text(path, MOST_BYTES, error)
    try:
        return parsed(text)
    except DataError as fault:
        raise error(f"{path}: {fault}") from fault


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON's")


def check_result(result: RoundResult) -> None:
    """Make sure that a round's fields are of the types and lengths that `RoundResult` tells.

    Raises:
        DataError: with the first field that is not.
    """
    whole, diverged = is_whole(0), result.diverged
    for name, holds in (
        ("round", whole(result.round) and result.round < LARGEST_ROUND),
        ("seed", is_whole()(result.seed)),
        ("parameters", whole(result.parameters) and result.parameters < MOST_PARAMETERS),
        ("train_loss", _is_curve(result.train_loss)),
        ("train_accuracy", _is_curve(result.train_accuracy)),
        ("test_accuracy", _is_curve(result.test_accuracy)),
        ("auxiliary", all(isinstance(n, str) and _is_curve(c) for n, c in result.auxiliary)),
        ("seconds", is_number(result.seconds) and result.seconds >= 0),
        ("predictions", isinstance(result.predictions, bytes)),
        ("weights", isinstance(result.weights, bytes | None)),
        ("diverged", diverged is None or is_whole(1)(diverged.epoch)),
        ("diverged", diverged is None or _are_numbers(diverged.last_finite)),
    ):
        if not holds:
            raise DataError(f"{name} is not what a round has there")
    if diverged is None and not (result.train_accuracy and result.test_accuracy):
        raise DataError("it has no accuracy, though it did not diverge")


def check_epochs(results: StudyResults) -> None:
    """Make sure that rounds, but for diverged ones, have the epochs of their recipe.

    Raises:
        DataError: with the first round that has others.
    """
    expected = {
        each.name: (each.recipe.epochs, each.recipe.epochs, len(each.recipe.evaluated_epochs()))
        for each in results.study.competitors
    }
    for one in results.results:
        curves = len(one.train_loss), len(one.train_accuracy), len(one.test_accuracy)
        if one.diverged is None and curves != expected[one.competitor]:
            raise DataError(
                f"round {one.round} of {one.competitor!r} has other epochs than its recipe"
            )


def _is_curve(values: Iterable[object]) -> bool:
    return all(map(is_number, values))


def _are_numbers(pairs: Iterable[tuple[object, object]]) -> bool:
    return all(isinstance(name, str) and is_number(value) for name, value in pairs)
