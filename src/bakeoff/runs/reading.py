"""Any results, read into an array: readers by the kind of source, then the columns' roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bakeoff.errors import ArgumentError, DataError
from bakeoff.runs import folder, instruments, stores, table
from bakeoff.runs.cells import words_of
from bakeoff.runs.roles import SMALLER, Asked, Roles, find_roles
from bakeoff.runs.rounds import PairedValues, entries_of, one_a_run, paired, unpaired
from bakeoff.runs.rows import Row, Rows, Source, status_of
from bakeoff.statistics.describe import Array
from bakeoff.statistics.units import count

NOTHING_ASKED = Asked()


@dataclass(frozen=True, slots=True)
class Reading:
    """What results were taken for.

    Attributes:
        values: a value of every competitor in every round.
        samples: instead, each competitor's values, (rounds,) float64, if rounds are unpaired.
        told: which column was taken for what, in a line.
        larger_is_better: of the value; a note says so if nothing told it.
        source: where they were read.
        kind: of the source, such as "table".
        roles: the columns behind `told`.
        percent: whether the values were written as percentages; they are fractions here.
        paired: see `Known`.
        dependence: see `Known`.
        notes: what a reader must know, a sentence each.
    """

    values: PairedValues
    samples: Mapping[str, Array] | None
    told: str
    larger_is_better: bool
    source: str
    kind: str
    roles: Roles
    percent: bool
    paired: bool | None
    dependence: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of source.

    Attributes:
        kind: what it is called.
        fits: tells whether a source is its own; sees folders and any file, and raises nothing but a
            DataError.
        read: reads it.
    """

    kind: str
    fits: Callable[[Source], bool]
    read: Callable[[Source], Rows]


def _ends(*endings: str) -> Callable[[Source], bool]:
    return lambda source: source.path.suffix.lower() in endings


READERS = (
    Reader("MLflow", stores.is_mlflow, stores.mlflow_rows),
    Reader("folder of runs", folder.is_folder, folder.folder_rows),
    Reader("store", stores.is_sqlite, stores.sqlite_rows),
    Reader("times", instruments.is_timed, instruments.timed_rows),
    Reader("scikit-learn cv_results_", instruments.is_cv_results, instruments.cv_results_rows),
    Reader("arrays", _ends(".npy", ".npz"), instruments.array_rows),
    Reader("parquet", _ends(".parquet", ".pq"), table.parquet_rows),
    Reader("Excel", _ends(".xlsx", ".xlsm"), table.excel_rows),
    Reader("JSON records", table.is_records, table.record_rows),
    Reader("JSON lines", table.is_json_lines, table.json_line_rows),
    Reader("table", lambda source: True, table.text_rows),
)
"""In the order in which they are asked; the last takes what no other does."""


def read(paths: Sequence[str | Path], asked: Asked = NOTHING_ASKED) -> Reading:
    """Read any results: a value of every competitor in every round.

    Args:
        paths: files or folders; of several, the column "file" says where a row is from.
        asked: what the user says of them.

    Raises:
        ArgumentError: for an option that names no column, or makes no sense.
        DataError: for what cannot be read, can be read in two ways, or lacks a value.
    """
    return take_together([read_rows(Path(path), asked) for path in paths], asked)


def take_together(sources: Sequence[Rows], asked: Asked) -> Reading:
    """Arrange the rows of one or several sources; arguments and errors as of `read`."""
    return arrange(_together([_with_known(_with_status(rows)) for rows in sources]), asked)


def read_rows(path: Path, asked: Asked = NOTHING_ASKED) -> Rows:
    """Return a file's or folder's rows by the first reader that it fits.

    Raises:
        ArgumentError: for an option that the reader has not.
        DataError: for what cannot be read, or holds no rows.
    """
    source = Source(path, asked.study)
    rows = next(reader for reader in READERS if reader.fits(source)).read(source)
    if not rows.rows:
        raise DataError(f"{path}: holds no rows, expected some, as a {rows.kind}")
    if asked.study and rows.kind not in {"MLflow", "Optuna"}:
        raise ArgumentError(f"{path}: --study is for a store, and this was read as a {rows.kind}")
    return folder.apply_pattern(rows, asked.pattern) if asked.pattern else rows


def arrange(rows: Rows, asked: Asked) -> Reading:
    """Give a source's columns their roles, and its values their places.

    Raises:
        ArgumentError: see `read`.
        DataError: see `read`.
    """
    kept = tuple(row for row in rows.rows if row.status != "unfinished")
    notes = []
    if len(kept) < len(rows.rows):
        notes.append(f"{count(len(rows.rows) - len(kept), 'unfinished run')} left out.")
    if not kept:
        raise DataError(f"{rows.source}: holds no finished run")
    rows = replace(rows, rows=kept)
    roles = find_roles(rows, asked)
    if len({column.percent for column in roles.values}) > 1:
        raise DataError(f"{rows.source}: some columns are percentages, some not; write all alike")
    larger = roles.larger_is_better if asked.lower_is_better is None else not asked.lower_is_better
    entries = one_a_run(rows.source, entries_of(rows, roles), roles, asked, larger, notes)
    samples = None
    if asked.unpaired:
        samples = unpaired(rows.source, entries, roles, asked)
        values = PairedValues((), tuple(samples), np.empty((0, len(samples))))
    else:
        values = paired(rows.source, entries, roles, asked, notes)
    if larger is None:
        notes.append(_assumed(rows.source))
    better = "smaller" if larger is False else "larger"
    return Reading(
        values=values,
        samples=samples,
        told=f"{roles.told}, {better} is better",
        larger_is_better=larger is not False,
        source=rows.source,
        kind=rows.kind,
        roles=roles,
        percent=any(column.percent for column in roles.values),
        paired=rows.known.paired,
        dependence=rows.known.dependence,
        notes=tuple(notes),
    )


def _assumed(source: str) -> str:
    """Return a note on the direction of a file's values, if its name speaks of no losses."""
    named = sorted(words_of(Path(source).stem) & SMALLER)
    if named:
        raise ArgumentError(
            f"{source}: its name speaks of {named[0]}, and nothing says which values are better;"
            " give --lower-is-better or --higher-is-better"
        )
    return "higher values are taken as better; give --lower-is-better for losses, errors or times."


def _with_status(rows: Rows) -> Rows:
    """Take a table's column of states, such as FINISHED and FAILED, for what they are."""
    for name in dict.fromkeys(name for row in rows.rows for name in row.cells):
        if name.lower() in ("state", "status"):
            found = [status_of(row.cells.get(name)) for row in rows.rows]
            if all(found):
                told = tuple(
                    Row(row.where, {k: v for k, v in row.cells.items() if k != name}, status)
                    for row, status in zip(rows.rows, found, strict=True)
                    if status
                )
                return replace(rows, rows=told)
    return rows


def _with_known(rows: Rows) -> Rows:
    """Take the columns that MLflow, Optuna and scikit-learn call parameters for what they are."""
    names = dict.fromkeys(name for row in rows.rows for name in row.cells)
    parameters = tuple(name for name in names if re.match(r"params?[._]", name))
    if rows.known.parameters or not parameters:
        return rows
    metrics = tuple(name for name in names if name.startswith("metrics."))
    return replace(rows, known=replace(rows.known, parameters=parameters, metrics=metrics))


def _together(sources: Sequence[Rows]) -> Rows:
    """Return the rows of several sources as those of one."""
    first, *more = sources
    if not more:
        return first
    rows = tuple(
        Row(
            f"{source.source}, {row.where}",
            {"file": Path(source.source).stem, **row.cells},
            row.status,
        )
        for source in sources
        for row in source.rows
    )
    names = ", ".join(source.source for source in sources)
    commas = any(source.decimal_commas for source in sources)
    return replace(first, source=names, rows=rows, decimal_commas=commas)
