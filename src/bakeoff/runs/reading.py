"""Any results, read into an array: readers by the kind of source, then the columns' roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path

import numpy as np

from bakeoff.errors import ArgumentError, DataError
from bakeoff.runs import folder, instruments, stores, table
from bakeoff.runs.cells import Column, columns_of, words_of
from bakeoff.runs.roles import SHARES, SMALLER, Roles, asked_of, listed
from bakeoff.runs.rounds import PairedValues, Rounds
from bakeoff.runs.rows import Asked, Row, Rows, Source, status_of
from bakeoff.statistics.dependence import Dependence
from bakeoff.statistics.describe import Array
from bakeoff.statistics.tasks import by_task

NOTHING_ASKED = Asked()
LARGE = 10.0  # among accuracies, a percentage


@dataclass(frozen=True, slots=True)
class Reading:
    """What results were taken for.

    Attributes:
        rows: of runs that came to an end.
        roles: the columns' ones.
        values: a value of every competitor in every round.
        samples: instead, each competitor's values, (rounds,) float64, if rounds are unpaired.
        larger_is_better: of the value; a note says so if nothing told it.
        dependence: what the rounds share; None if nobody told it.
        notes: what a reader must know, a sentence each.
        tasks: what is told of each task, by its name; the rest is that of the first one then.
        task: the columns that name it.
    """

    rows: Rows
    roles: Roles
    values: PairedValues
    samples: Mapping[str, Array] | None
    larger_is_better: bool
    dependence: Dependence | None
    notes: tuple[str, ...]
    tasks: Mapping[str, Reading] = field(default_factory=dict)
    task: str = ""

    @property
    def told(self) -> str:
        """Which column was taken for what, in a line."""
        better = "larger" if self.larger_is_better else "smaller"
        return f"{self.task and f'task: {self.task}; '}{self.roles.told}, {better} is better"

    @property
    def percent(self) -> bool:
        """Whether the values were written as percentages; they are fractions here."""
        return self.roles.values[0].percent


READERS: tuple[Callable[[Source], Rows | None], ...] = (
    stores.mlflow_rows,
    folder.folder_rows,
    stores.sqlite_rows,
    instruments.timed_rows,
    instruments.array_rows,
    table.parquet_rows,
    table.excel_rows,
    table.record_rows,
    table.json_line_rows,
    table.text_rows,
)
"""In the order in which they are asked. Each returns None of a source that is none of its own; the
last takes what no other does. For what is damaged, huge or read in two ways they raise a DataError,
and without the library that reads it a MissingExtraError."""


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
    """Arrange the rows of one or several sources, as `read` does; a DataError too."""
    if [len(source.rows) for source in sources if source.kind == "JSON lines"] == [1]:
        raise DataError(f"{sources[0].source}: {table.NO_RECORDS}")
    return arrange(_together([_known(rows) for rows in sources]), asked)


def read_rows(path: Path, asked: Asked = NOTHING_ASKED) -> Rows:
    """Return a file's or folder's rows by the first reader that it fits.

    Raises:
        ArgumentError: for an option that the reader has not.
        DataError: for what cannot be read, or holds no rows.
    """
    source = Source(path, asked.study)
    try:
        rows = next(rows for reader in READERS if (rows := reader(source)))
    except RecursionError:  # from Python 3.12 on JSON's reader goes deeper than its users may
        raise DataError(f"{path}: is nested too deeply, expected a table") from None
    if not rows.rows:
        raise DataError(f"{path}: holds no rows, expected some, as a {rows.kind}")
    if asked.study and rows.kind not in {"MLflow", "Optuna"}:
        raise ArgumentError(f"{path}: --study is for a store, and this was read as a {rows.kind}")
    return folder.apply_pattern(rows, asked.pattern) if asked.pattern else rows


def arrange(rows: Rows, asked: Asked) -> Reading:
    """Give columns their roles, and values their places; a DataError or ArgumentError as `read`."""
    if asked.task is not None:
        return _arrange_tasks(rows, asked)
    kept = tuple(row for row in rows.rows if row.status != "unfinished")
    if not kept:
        raise DataError(f"{rows.source}: holds no finished run")
    unfinished = tuple(row.where for row in rows.rows if row.status == "unfinished")
    rows = replace(rows, rows=kept)
    roles = Roles(rows, asked)
    if len({column.percent for column in roles.values}) > 1:
        raise DataError(f"{rows.source}: some columns are percentages, some not; write all alike")
    larger = roles.larger_is_better if asked.lower_is_better is None else not asked.lower_is_better
    rounds = Rounds(rows, roles, asked, larger, unfinished)
    for column in roles.values:
        _check_scale(column)
    samples = rounds.unpaired() if asked.unpaired else None
    values = rounds.paired() if samples is None else PairedValues((), (*samples,), np.empty((0, 0)))
    notes = rounds.notes
    if larger is None:
        notes.append(_assumed(rows.source))
    larger = larger is not False
    return Reading(rows, roles, values, samples, larger, asked.dependence, tuple(notes))


def _arrange_tasks(rows: Rows, asked: Asked) -> Reading:
    """Read each task's rows alone, and see that all are of the same competitors."""
    if asked.unpaired:
        raise ArgumentError("--task: goes with rounds that are pairs; leave --unpaired out")
    columns = asked_of(rows.source, columns_of(rows), "--task", asked.task)
    names, parts, tasks = [c.name for c in columns], dict[str, list[Row]](), dict[str, Reading]()
    for row, *labels in zip(rows.rows, *(c.written for c in columns), strict=True):
        own = {name: cell for name, cell in row.cells.items() if name not in names}
        parts.setdefault(", ".join(labels), []).append(replace(row, cells=own))
    for task, part in parts.items():
        of = replace(rows, source=f"{rows.source}, {task}", rows=tuple(part))
        found = arrange(of, replace(asked, task=None))
        first, values = tasks.get(next(iter(parts)), found), found.values
        known = first.values.names
        alike = (found.told, found.percent) == (first.told, first.percent)
        if not alike or {*known} != {*values.names}:
            who = "; ".join(f"{listed(r.values.names, 'and')} by {r.told}" for r in (first, found))
            raise DataError(
                f"{of.source}: is read otherwise than another task: {who}; expected the same"
                " competitors on every task; name their columns with --by, --pair and --value"
            )
        table = values.values[:, [values.names.index(name) for name in known]]
        tasks[task] = replace(found, values=replace(values, names=known, values=table))
    notes = by_task({task: reading.notes for task, reading in tasks.items()})
    return replace(first, rows=rows, notes=notes, tasks=tasks, task=", ".join(names))


def _check_scale(column: Column) -> None:
    """Refuse what seems to be fractions beside percentages; a few small percentages are none."""
    told = [cell if isinstance(cell, tuple) else (cell,) for cell in column.numbers]
    numbers = [abs(number) for each in told for number in each if number]
    small, large = [n for n in numbers if n <= 1], [n for n in numbers if isfinite(n) and n > LARGE]
    if column.words & SHARES and not column.percent and large and len(small) * 4 >= len(numbers):
        raise DataError(
            f"{column.rows.source}: {column.name!r} holds {small[0]:g} and {large[0]:g}, a fraction"
            " and a percentage, as it seems; write all alike, percentages with %"
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


def _known(rows: Rows) -> Rows:
    """Take a table's columns of states, parameters and splits for what a tool meant by them."""
    rows = instruments.with_splits(rows)
    names = rows.names
    for name in names:
        states = [status_of(row.cells.get(name)) for row in rows.rows]
        if name.lower() in {"state", "status"} and all(states):
            told = [{n: c for n, c in row.cells.items() if n != name} for row in rows.rows]
            zipped = zip(rows.rows, told, states, strict=True)
            rows = replace(rows, rows=tuple(Row(r.where, t, s or r.status) for r, t, s in zipped))
            break
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
