"""What a column's cells mean: a label each, or a number each, never a guess between two numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import inf, isnan, nan

from bakeoff.errors import DataError
from bakeoff.runs.rows import Cell, Row, Rows
from bakeoff.statistics.describe import LARGEST

NUMBER = re.compile(r"([+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]{1,3})?) ?(%?)")
WHOLE = re.compile(r"([+-]?[0-9]+)([.,]0*)?")
WORDS = {"nan": nan, "inf": inf, "+inf": inf, "-inf": -inf, "infinity": inf, "-infinity": -inf}
MISSING = frozenset(("", "-", "?", "#n/a", "<na>", "n/a", "na", "none", "null", "missing"))
NO_LABEL = MISSING - {"none"} | {"nan"}  # a parameter may be none
SUMMARIES = re.compile(
    r"(average|avg|mean|median|mittelwert|moyenne|overall|sd|sem|std|stddev|sum|total|μ|σ)\b\W*"
    r"(\(.*\)|std)?\W*"
)
SPREAD = re.compile(r"[0-9. ]+ *(±|\+/?-|\(|\[)")
THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
SHOWN = 40  # characters of a wrong cell that an error repeats


@dataclass(frozen=True, eq=False)
class Column:
    """A column of some rows, which need not all have it; `name` is its heading."""

    rows: Rows
    name: str

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """One a row."""
        return tuple(row.cells.get(self.name) for row in self.rows.rows)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its name's words, see `words_of`."""
        return words_of(self.name)

    def may(self, role: frozenset[str]) -> bool:
        """Tell whether its name speaks of the role, and it holds no measurements."""
        known = [label for label in self.known if not SUMMARIES.fullmatch(label.lower())]
        return bool(self.words & role) and (all(map(WHOLE.fullmatch, known)) or not self.numeric)

    @property
    def running(self) -> bool:
        """Whether it numbers the rows, in any order."""
        if not (self.unique and self.whole and None not in self.labels):
            return False
        numbers = [float(label.replace(",", ".")) for label in self.known]
        return max(numbers) - min(numbers) == len(numbers) - 1

    @property
    def short(self) -> str:
        """Its name without what a tool puts before all parameters or metrics."""
        return re.split(r"[./]|^params?_", self.name)[-1]

    @property
    def nameless(self) -> bool:
        """Whether nobody named it, as happens to an index."""
        return bool(re.fullmatch(r"column [0-9]+|Unnamed: [0-9]+|index|level_[0-9]", self.name))

    @property
    def headless(self) -> bool:
        """Whether its name is a number or date, as where the first line holds no names."""
        return bool(NUMBER.fullmatch(self.name) or re.match(r"[0-9]{4}-[0-9]", self.name))

    @property
    def varies(self) -> bool:
        """Whether its cells differ."""
        return len(set(self.code)) > 1

    @property
    def unique(self) -> bool:
        """Whether no two rows are alike in it."""
        return len(set(self.code)) == len(self.code)

    @cached_property
    def code(self) -> tuple[int, ...]:
        """A number for each label, which tells rows apart whatever the labels are."""
        numbers = {label: number for number, label in enumerate(dict.fromkeys(self.labels))}
        return tuple(numbers[label] for label in self.labels)

    @cached_property
    def labels(self) -> tuple[str | None, ...]:
        """Each cell as a label; None where nothing is written."""
        return tuple(_label(cell) for cell in self.cells)

    @property
    def written(self) -> list[str]:
        """The labels; a missing one raises a DataError."""
        for row, label in zip(self.rows.rows, self.labels, strict=True):
            if label is None:
                raise DataError(f"{self.rows.source}, {row.where}: the {self.name} is missing")
        return [label for label in self.labels if label is not None]

    @property
    def rounds(self) -> list[str]:
        """The labels as rounds are called; a summary's or a missing one raises a DataError."""
        for row, label in zip(self.rows.rows, self.labels, strict=True):
            if label is not None and SUMMARIES.fullmatch(label.lower()):
                raise DataError(
                    f"{self.rows.source}, {row.where}: {self.name} {label!r} is a summary, no"
                    " round; leave that line out"
                )
        # A seed is the same one as 0 and as 0.0.
        return [WHOLE.sub(r"\1", label) if self.whole else label for label in self.written]

    @cached_property
    def known(self) -> tuple[str, ...]:
        """The labels that there are, each once, in order."""
        return tuple(dict.fromkeys(label for label in self.labels if label is not None))

    @cached_property
    def numeric(self) -> bool:
        """Whether it holds numbers, by at least half of what is written in it."""
        written = [cell for cell in self.cells if _label(cell) is not None or cell in WORDS]
        return sum(map(looks_numeric, written)) * 2 >= len(written) > 0

    @cached_property
    def whole(self) -> bool:
        """Whether all of its labels are whole numbers."""
        return all(map(WHOLE.fullmatch, self.known))

    @cached_property
    def percent(self) -> bool:
        """Whether its numbers are percentages."""
        return any(isinstance(cell, str) and cell.endswith("%") for cell in self.cells)

    @cached_property
    def numbers(self) -> tuple[float | tuple[float, ...] | None, ...]:
        """Each cell as a number or curve; percentages as fractions; None where none is written.

        Raises:
            DataError: for a cell that is no number, or may be one of two.
        """
        texts = [cell for cell in self.cells if isinstance(cell, str) and NUMBER.fullmatch(cell)]
        marks = {mark for mark in ".," for cell in texts if mark in cell}
        marked = [cell.split("%")[0].strip() for cell in texts if set(cell) & set(".,")]
        if len(marks) > 1:
            point, comma = (next(cell for cell in marked if mark in cell) for mark in ".,")
            raise DataError(
                f"{self.rows.source}: {self.name!r} holds {point!r} and {comma!r}, decimal points"
                " and commas; write all numbers alike"
            )
        alone = marks == {","} or (marks == {"."} and self.rows.decimal_commas)
        if alone and all(map(THOUSANDS.fullmatch, marked)):
            raise DataError(
                f"{self.rows.source}: {self.name!r} holds {marked[0]!r}, which may be a fraction or"
                " thousands; write numbers with a decimal point, and thousands without a mark"
            )
        return tuple(map(self._number, self.rows.rows, self.cells))

    def _number(self, row: Row, cell: Cell) -> float | tuple[float, ...] | None:
        if cell is None or isinstance(cell, tuple | float):
            return cell
        text = str(cell)
        if text.lower() in MISSING:
            return None
        shown = text if len(text) <= SHOWN else text[:SHOWN] + "..."
        at = f"{self.rows.source}, {row.where}: got {self.name} {shown!r}"
        found = NUMBER.fullmatch(text)
        if found and bool(found[2]) == self.percent:
            # Not by a division, which would round: 86.1 % is 0.861.
            number = float(Decimal(found[1].replace(",", ".")).scaleb(-2 if self.percent else 0))
            if abs(number) > LARGEST:
                raise DataError(f"{at}, too large; write nan for a run that overflowed")
            return number
        if text.lower() in WORDS:
            return WORDS[text.lower()]
        hint = "a number with % like the others" if found else "a number such as 0.863"
        if SPREAD.match(text):
            hint = "one number; a mean with its spread holds no rounds: give each run a row"
        raise DataError(f"{at}, expected {hint}")


def columns_of(rows: Rows) -> list[Column]:
    """Return the columns of some rows."""
    return [Column(rows, name) for name in rows.names]


def _label(cell: Cell) -> str | None:
    if isinstance(cell, float):
        return None if isnan(cell) else repr(cell).removesuffix(".0")
    if cell is None or isinstance(cell, tuple) or str(cell).lower() in NO_LABEL:
        return None
    return str(cell)


def alike(columns: Sequence[Column]) -> list[Column]:
    """Return the first of all columns that tell the rows apart alike."""
    return list({column.code: column for column in reversed(columns)}.values())[::-1]


def determines(columns: Sequence[Column], column: Column) -> bool:
    """Tell whether rows that are alike in some columns are alike in another."""
    keys = list(zip(*(c.labels for c in columns), strict=True))
    return len(set(zip(keys, column.labels, strict=True))) == len(set(keys))


def looks_numeric(cell: Cell) -> bool:
    """Tell whether a cell is a number or curve, or was meant to be one."""
    if isinstance(cell, str):
        return bool(NUMBER.fullmatch(cell) or SPREAD.match(cell) or cell.lower() in WORDS)
    return isinstance(cell, float | tuple)


def words_of(name: str) -> frozenset[str]:
    """Return the words of a name: of "metrics.testAcc1" metrics, test, acc and acc1."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    return frozenset(re.findall("[a-z]+", apart) + re.findall("[a-z]+[0-9]+", apart))
