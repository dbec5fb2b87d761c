"""A CSV of anyone's numbers (round, competitor, value), read strictly into an array.

What is wrong is told with its line, never guessed: a missing value is not a diverged round (write
`nan` for that), a second value is not an average, and rounds that differ between competitors are
not pairs.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np

from bakeoff.errors import DataError
from bakeoff.files import read_text
from bakeoff.statistics.describe import LARGEST, Array

COLUMNS = ("round", "competitor", "value")
MOST_BYTES = 64 * 2**20
WHOLE = re.compile(r"[0-9]{1,9}")
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?|nan", re.IGNORECASE)
SHOWN = 40  # characters of a wrong cell that an error repeats


@dataclass(frozen=True, slots=True, eq=False)
class PairedValues:
    """A value of every competitor in every round.

    Attributes:
        rounds: round numbers in ascending order.
        names: competitors in order of appearance.
        values: (rounds, competitors) float64; NaN only where the file says nan.
    """

    rounds: tuple[int, ...]
    names: tuple[str, ...]
    values: Array


def read_table(path: str | Path) -> PairedValues:
    """Read a CSV file with the columns round, competitor and value.

    Args:
        path: UTF-8 text, comma-separated, with a header; at most 64 MiB. Columns in any order; a
            round is a whole number of at least 0, a value a decimal number or `nan`.

    Raises:
        DataError: for a file that cannot be read, other columns, an empty or non-numeric cell, two
            values of one competitor in one round, competitors without the same rounds, fewer than
            two competitors or rounds.
    """
    path = Path(path)
    cells: dict[tuple[int, str], float] = {}
    lines: dict[tuple[int, str], int] = {}
    for line, row in _rows(path):
        round_, competitor, value = _parse(path, line, row)
        key = round_, competitor
        if key in cells:
            raise DataError(
                f"{path}, line {line}: got a second value of {competitor!r} in round {round_} "
                f"(the first is on line {lines[key]}), expected one"
            )
        cells[key], lines[key] = value, line
    rounds = tuple(sorted({round_ for round_, _ in cells}))
    names = tuple(dict.fromkeys(name for _, name in cells))
    _check_paired(path, cells, rounds, names)
    values = np.array([[cells[round_, name] for name in names] for round_ in rounds])
    return PairedValues(rounds, names, values)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each row after the header with its line number, cells stripped of blanks."""
    text = read_text(path, MOST_BYTES, DataError, hint="name a CSV file")
    try:
        reader = csv.reader(StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        if sorted(header) != sorted(COLUMNS):
            raise DataError(
                f"{path}: got the columns {', '.join(map(_shown, header)) or 'none'}, "
                f"expected {', '.join(COLUMNS)} in the first line, separated by commas"
            )
        for row in reader:
            if not row:
                continue
            if len(row) != len(COLUMNS):
                raise DataError(f"{path}, line {reader.line_num}: got {len(row)} cells, expected 3")
            yield reader.line_num, dict(zip(header, map(str.strip, row), strict=True))
    except csv.Error as error:
        raise DataError(f"{path}: is not well-formed CSV ({error})") from None


def _parse(path: Path, line: int, row: dict[str, str]) -> tuple[int, str, float]:
    where = f"{path}, line {line}"
    for column in COLUMNS:
        if not row[column]:
            hint = "; write nan for a round that diverged" if column == "value" else ""
            raise DataError(f"{where}: the {column} is missing{hint}")
    if not WHOLE.fullmatch(row["round"]):
        raise DataError(f"{where}: got round {_shown(row['round'])}, expected 0, 1, 2 and so on")
    if not NUMBER.fullmatch(row["value"]):
        raise DataError(
            f"{where}: got value {_shown(row['value'])}, expected a number such as 0.863"
        )
    value = float(row["value"])
    if abs(value) > LARGEST:
        raise DataError(f"{where}: got value {_shown(row['value'])}, too large for a number")
    return int(row["round"]), row["competitor"], value


def _check_paired(
    path: Path, cells: dict[tuple[int, str], float], rounds: tuple[int, ...], names: tuple[str, ...]
) -> None:
    """Refuse what no paired comparison can be made of, naming the first gap."""
    if len(names) < 2:
        raise DataError(f"{path}: got {len(names)} competitors, expected at least 2 to compare")
    for name in names:
        missing = [round_ for round_ in rounds if (round_, name) not in cells]
        if missing:
            more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise DataError(
                f"{path}: unpaired data, {name!r} has no value in round {missing[0]}{more}, though "
                "another competitor has; expected every competitor in every round"
            )
    if len(rounds) < 2:
        raise DataError(f"{path}: got 1 round, expected at least 2")


def _shown(cell: str) -> str:
    return repr(cell if len(cell) <= SHOWN else cell[:SHOWN] + "...")
