"""Rows of results as another tool wrote them, before it is known what they are rounds of."""

from __future__ import annotations

import codecs
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from bakeoff.errors import DataError
from bakeoff.files import read_at_most
from bakeoff.statistics.dependence import Dependence

Cell = str | float | bool | None | tuple[float, ...]
"""A text file's cells are texts, and None where nothing is written; a tuple is a curve."""
Status = Literal["finished", "unfinished", "failed"]
Run = tuple[str, str, Mapping[str, Cell], Mapping[str, Cell]]
"""Where a run is, a tool's word for its status, its parameters, its numbers."""

OTHERS = {
    b"\x1f\x8b": "compressed; unpack it first",
    b"PK\x03\x04": "a zip archive; unpack it first, and call a workbook .xlsx",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save it as .xlsx or CSV",
}
"""What a file is by its first bytes, and what to do."""
MOST_BYTES = 64 * 2**20
EXACT = 2**53  # beyond, a whole number is a label that a float would change


@dataclass(frozen=True, slots=True)
class Row:
    """What was written of one run, or of one step of it.

    Attributes:
        where: its place in the source, for a sentence: "line 7", "folder h8/version_0".
        cells: by the column's name; a number in a text is left a text.
        status: of the run, where the source tells it.
    """

    where: str
    cells: Mapping[str, Cell]
    status: Status = "finished"


@dataclass(frozen=True, slots=True)
class Known:
    """What a kind of source says of its columns, so that nobody needs to be asked.

    Attributes:
        by: the columns that name the competitor.
        pair: the columns that name the round.
        value: the column that holds the value.
        larger_is_better: of the value.
        paired: whether rounds of one label belong together; False for times measured in turn.
        parameters: columns that are known to be parameters of a run.
        metrics: columns that are known to be numbers that a run gave.
    """

    by: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    value: str | None = None
    larger_is_better: bool | None = None
    paired: bool | None = None
    parameters: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """All that was read from a source.

    Attributes:
        kind: what it was taken for: "table", "folder of runs", "MLflow".
        source: its path, the start of every sentence about it.
        rows: in the order of the source.
        known: what the kind of source says of its columns.
        decimal_commas: whether the source may write 0,861 for 0.861.
        hint: what to do where no column has a role that is needed.
    """

    kind: str
    source: str
    rows: tuple[Row, ...]
    known: Known = field(default_factory=Known)
    decimal_commas: bool = False
    hint: str = ""

    @property
    def names(self) -> list[str]:
        """Of all columns, in order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row.cells))


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user says of a table; columns by name, with commas between several.

    Attributes:
        by: the columns that name the competitor.
        pair: the columns that name the round.
        value: the column of the value; several are the competitors of a wide table.
        but: the competitor is named by all parameters except these.
        take: what of a curve counts: "last", "best" or "mean:20", the mean of the last 20.
        common: whether rounds that a competitor lacks are left out.
        mean_duplicates: whether several values of a competitor in a round are averaged.
        failed_as: what a run without a number counts as; NaN for a failure.
        lower_is_better: None to go by the column's name.
        pattern: how folders are named, such as "{method}_seed{seed}".
        study: the one of a store, or its experiment.
        unpaired: whether the rounds of different competitors have nothing in common.
        dependence: what the rounds share.
        fewest: how many competitors there must be.
        task: the columns that name the data set or environment that a row is of.
    """

    by: str | None = None
    pair: str | None = None
    value: str | None = None
    but: str | None = None
    take: str | None = None
    common: bool = False
    mean_duplicates: bool = False
    failed_as: float | None = None
    lower_is_better: bool | None = None
    pattern: str | None = None
    study: str | None = None
    unpaired: bool = False
    dependence: Dependence | None = None
    fewest: int = 2
    task: str | None = None


@dataclass(frozen=True)
class Source:
    """A file or folder that readers look at; a file is read once, as it may be a pipe."""

    path: Path
    study: str | None = None
    """Of a store, the study or experiment asked for."""

    @property
    def ending(self) -> str:
        """The path's ending, such as ".csv", in small letters."""
        return self.path.suffix.lower()

    @cached_property
    def content(self) -> bytes:
        """The file's bytes; a folder, or more than `MOST_BYTES`, raises a DataError."""
        try:
            return read_at_most(self.path, MOST_BYTES)
        except OSError as fault:
            raise DataError(
                f"{self.path}: cannot be read ({fault.strerror}); name a file or folder of results"
            ) from fault

    @cached_property
    def text(self) -> str:
        """The file as text, of UTF-8 or UTF-16 with a byte order mark; else a DataError."""
        marked = self.content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        try:
            text = self.content.decode("utf-16" if marked else "utf-8-sig")
        except UnicodeDecodeError as fault:
            if kind := next(
                (k for start, k in OTHERS.items() if self.content.startswith(start)), ""
            ):
                raise DataError(f"{self.path}: is {kind}") from fault
            raise DataError(
                f"{self.path}: byte {fault.start} is not {'UTF-16' if marked else 'UTF-8'}; save it"
                " as UTF-8 text"
            ) from fault
        if text.count("\0") * 4 > len(text):  # of another encoding, or no text
            raise DataError(f"{self.path}: is not text; name a file or folder of results")
        return text

    @cached_property
    def json(self) -> Any:
        """What the file holds as JSON; None if it is a folder or not JSON."""
        try:
            text = self.text
        except DataError:
            return None
        return parse_json(text, str(self.path))


@contextmanager
def sound(path: Path, what: str) -> Iterator[None]:
    """Make a DataError of whatever a damaged file does to another's reader."""
    try:
        yield
    except DataError:
        raise
    except Exception as fault:
        told = f"{type(fault).__name__}: {fault}"
        raise DataError(f"{path}: is not a sound {what} ({told})") from fault


def unzipped(source: Source) -> zipfile.ZipFile:
    """Return a zip archive; more than `MOST_BYTES` once unpacked raise a ValueError."""
    parts = zipfile.ZipFile(io.BytesIO(source.content))
    if sum(part.file_size for part in parts.infolist()) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES:,} bytes")
    return parts


def parse_json(text: str, where: str) -> Any:
    """Return what JSON text holds, NaN too; None if it is none.

    Raises:
        DataError: for a name that stands twice in one object.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            raise DataError(f"{where}: {twice!r} stands twice in one object, expected it once")
        return found

    try:
        return json.loads(text, object_pairs_hook=once)
    except DataError:
        raise
    except (ValueError, RecursionError):
        return None


def flat(told: Mapping[str, Any], prefix: str = "") -> dict[str, Cell]:
    """Return nested values by dotted names: {"optimizer": {"lr": 0.1}} as {"optimizer.lr": 0.1}.

    A list of numbers is a curve; anything else that is no cell is told as text.
    """
    found: dict[str, Cell] = {}
    for name, value in told.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = as_cell(value)
    return found


def as_cell(value: Any) -> Cell:
    """Return a value of another library as a cell."""
    if value is None or isinstance(value, str | float | bool):
        return value
    if isinstance(value, int):
        return float(value) if abs(value) < EXACT else str(value)
    if isinstance(value, list | tuple) and value and all(type(v) in (int, float) for v in value):
        return tuple(map(float, value))
    return str(value)


STATUSES: dict[Status, str] = {
    "finished": "complete completed done finished ok success succeeded terminated",
    "unfinished": "interrupted paused pending preempted pruned running scheduled waiting",
    "failed": "crashed diverged error errored fail failed killed timeout timed_out",
}


def status_of(word: Cell) -> Status | None:
    """Return the status that a tool's word for it means; None for a word of no tool."""
    told = str(word).rpartition(".")[2].lower()
    return next((status for status, words in STATUSES.items() if told in words.split()), None)


def rows_of_runs(kind: str, source: Path, runs: Iterable[Run], known: Known | None = None) -> Rows:
    """Return a row a run of a tool's; one that has no number is not finished."""
    rows, parameters, metrics = [], dict[str, None](), dict[str, None]()
    for where, word, told, numbers in runs:
        measured = [n for n, cell in numbers.items() if isinstance(cell, tuple | float)]
        status = status_of(word) or "unfinished"
        status = "unfinished" if status == "finished" and not measured else status
        rows.append(Row(where, {**told, **numbers}, status))
        parameters |= dict.fromkeys(told)
        metrics |= dict.fromkeys(measured)
    known = replace(known or Known(), parameters=(*parameters,), metrics=(*metrics,))
    return Rows(kind, str(source), tuple(rows), known)
