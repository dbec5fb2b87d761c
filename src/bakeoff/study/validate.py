"""Results that come from a file: what they must be before anything is calculated from them.

A file may have been damaged, or made by anyone, and neither JSON nor SQLite hold a value to a type.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

from bakeoff.errors import BakeoffError, DataError
from bakeoff.files import read_text
from bakeoff.study.results import StudyResults

MOST_BYTES = 2**30
"""Of a JSON file: a thousand times the results of a study of thirty rounds."""


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


def check_rounds(results: StudyResults) -> None:
    """Make sure that rounds may be those of their study.

    Raises:
        DataError: with the first round that cannot be.
    """
    for record in results.results:
        results.study.check_record(record)
