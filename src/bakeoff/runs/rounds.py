"""From rows and roles to an array: a value of every competitor in every round.

What is missing is named with its place, never guessed: a value that isn't there is not a failure
(`nan` says that), a second one is no average, and rounds that differ between competitors are no
pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isinf, isnan, nan

import numpy as np

from bakeoff.errors import ArgumentError, DataError
from bakeoff.runs.cells import Column
from bakeoff.runs.roles import BY, Asked, Roles, listed
from bakeoff.runs.rows import Rows
from bakeoff.statistics.describe import Array
from bakeoff.statistics.units import count

SUMMARIES = re.compile("average|avg|mean|median|overall|sd|sem|std|stddev|sum|total")


@dataclass(frozen=True, slots=True, eq=False)
class PairedValues:
    """A value of every competitor in every round.

    Attributes:
        rounds: their labels; in order of size where all are numbers, of the alphabet elsewhere.
        names: competitors in order of appearance.
        values: (rounds, competitors) float64; NaN where one failed.
    """

    rounds: tuple[str, ...]
    names: tuple[str, ...]
    values: Array


@dataclass(frozen=True, slots=True)
class Entry:
    """One competitor's value in one round; None where none is written; a curve, by steps."""

    where: str
    name: str
    round: tuple[str, ...]
    value: float | tuple[float, ...] | None
    step: float = 0.0


def entries_of(rows: Rows, roles: Roles) -> list[Entry]:
    """Return what the rows say of each competitor and round.

    Raises:
        DataError: for a missing label, or a value that is no number.
    """
    rounds = _rounds(rows, roles)
    labels = roles.steps.labels if roles.steps else ["0"] * len(rounds)
    steps = [float((label or "-inf").replace(",", ".")) for label in labels]
    entries = []
    for column in roles.values:
        names = _names(rows, roles.by) if roles.by else [column.name] * len(rounds)
        for row, name, round_, value, step in zip(
            rows.rows, names, rounds, column.numbers, steps, strict=True
        ):
            # Where a failed run's curve broke off is no result.
            lost = (nan,) * len(value) if isinstance(value, tuple) else nan
            told = lost if row.status == "failed" else value
            entries.append(Entry(row.where, name, round_, told, step))
    return entries


def _names(rows: Rows, by: Sequence[Column]) -> list[str]:
    """Return each row's competitor: its label, or "lr=0.1, width=8" of parameters."""
    if len(by) == 1 and (
        by[0].words & BY or not (by[0].numeric or {"True", "False"} & {*by[0].known})
    ):
        return _labels(rows, by[0])
    told = [[f"{column.short}={label}" for label in _labels(rows, column)] for column in by]
    return [", ".join(parts) for parts in zip(*told, strict=True)]


def _rounds(rows: Rows, roles: Roles) -> list[tuple[str, ...]]:
    if not roles.pair:
        return [(str(number),) for number in range(len(rows.rows))]
    for column in roles.pair:
        for row, label in zip(rows.rows, column.labels, strict=True):
            if label is not None and SUMMARIES.fullmatch(label.lower()):
                raise DataError(
                    f"{rows.source}, {row.where}: {column.name} {label!r} is a summary, no round;"
                    " leave that line out"
                )
    return list(zip(*(_labels(rows, column) for column in roles.pair), strict=True))


def _labels(rows: Rows, column: Column) -> list[str]:
    found = []
    for row, label in zip(rows.rows, column.labels, strict=True):
        if label is None:
            raise DataError(f"{rows.source}, {row.where}: the {column.name} is missing")
        found.append(label)
    return found


# ---- one value a run ----------------------------------------------------------------------------


def one_a_run(
    source: str,
    entries: Sequence[Entry],
    roles: Roles,
    asked: Asked,
    larger: bool | None,
    notes: list[str],
) -> list[Entry]:
    """Return one entry a run, of a curve what `--take` asks for.

    Raises:
        ArgumentError: for a `--take` that is not known, or cannot tell which value is best.
        DataError: for a curve of which nothing is asked.
    """
    runs: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for entry in entries:
        runs.setdefault((entry.name, entry.round), []).append(entry)
    curves = any(isinstance(entry.value, tuple) and len(entry.value) > 1 for entry in entries)
    if not curves and (roles.steps is None or all(len(run) == 1 for run in runs.values())):
        return [
            replace(entry, value=entry.value[0]) if isinstance(entry.value, tuple) else entry
            for entry in entries
        ]
    if asked.take is None and roles.steps is None:
        name = roles.values[0].name
        notes.append(f"of a run's values of {name}, the last counts; --take best or mean:20 else.")
    elif asked.take is None:
        by = f" by {roles.steps.name}" if roles.steps else ""
        raise DataError(
            f"{source}: each run has several values of {roles.values[0].name}{by}; give --take"
            " last, --take best, or --take mean:20 for the mean of the last 20"
        )
    return [_taken(source, run, asked.take or "last", larger, notes) for run in runs.values()]


def _taken(
    source: str, run: Sequence[Entry], take: str, larger: bool | None, notes: list[str]
) -> Entry:
    """Return what is asked for of one run's curve."""
    steps = [entry.step for entry in run if entry.value is not None]
    if len(set(steps)) < len(steps):
        raise DataError(
            f"{source}, {run[-1].where}: a second value of {run[0].name!r} at one step of round"
            f" {', '.join(run[0].round)}, expected one"
        )
    curve: list[float] = []
    for entry in sorted(run, key=lambda entry: entry.step):
        if entry.value is not None:
            curve += entry.value if isinstance(entry.value, tuple) else (entry.value,)
    last = re.fullmatch(r"last|mean:([1-9][0-9]{0,6})", take)
    if not curve:
        return replace(run[-1], value=None)
    if last:
        part = curve[-int(last[1] or 1) :]
        if len(part) < int(last[1] or 1):
            raise DataError(
                f"{source}, {run[-1].where}: got {count(len(part), 'value')} of {run[0].name!r},"
                f" expected at least {last[1]}, as --take {take} says"
            )
        return replace(run[-1], value=sum(part) / len(part))
    if take != "best":
        raise ArgumentError(f"--take: got {take!r}, expected last, best or mean:20")
    if larger is None:
        raise ArgumentError(
            "--take best: say which is; give --lower-is-better or --higher-is-better"
        )
    note = "each run's best value is chosen by the values compared, and so is too good."
    if note not in notes:
        notes.append(note)
    finite = [value for value in curve if not isnan(value)] or [nan]
    return replace(run[-1], value=max(finite) if larger else min(finite))


# ---- every competitor in every round ------------------------------------------------------------


def paired(
    source: str, entries: Sequence[Entry], roles: Roles, asked: Asked, notes: list[str]
) -> PairedValues:
    """Return the entries' values, a row a round.

    Raises:
        DataError: for a second value of a competitor in a round, one that is missing, competitors
            without the same rounds, fewer than two competitors or rounds.
    """
    cells: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for entry in entries:
        cells.setdefault((entry.name, entry.round), []).append(entry)
    names = tuple(dict.fromkeys(name for name, _ in cells))
    every = dict.fromkeys(round_ for _, round_ in cells)
    if len(names) < 2:
        raise DataError(f"{source}: got {len(names)} competitors, expected at least 2 to compare")
    values = {key: _value(source, same, roles, asked) for key, same in cells.items()}
    rounds = sorted(every, key=_sizes(every))
    rounds = _common(source, values, names, rounds, roles, asked, notes)
    if len(rounds) < 2:
        raise DataError(f"{source}: got {count(len(rounds), 'round')}, expected at least 2")
    repeated = sum(len(same) > 1 for same in cells.values())
    if repeated:
        notes.append(f"{count(repeated, 'value')} of a competitor in a round are means of several.")
    array = np.array([[values[name, round_] for name in names] for round_ in rounds], dtype=float)
    if asked.failed_as is not None and not isnan(asked.failed_as) and np.isnan(array).any():
        failed = count(int(np.isnan(array).sum()), "run")
        notes.append(f"{failed} without a number count as {asked.failed_as:g}.")
        array[np.isnan(array)] = asked.failed_as
    return PairedValues(tuple(", ".join(round_) for round_ in rounds), names, array)


def unpaired(source: str, entries: Sequence[Entry], roles: Roles, asked: Asked) -> dict[str, Array]:
    """Return each competitor's values, (rounds,) float64; a wide table's empty cells are no runs.

    Raises:
        DataError: for too few competitors, or a value that is missing or not the only one.
    """
    cells: dict[tuple[str, tuple[str, ...]], list[Entry]] = {}
    for entry in entries:
        cells.setdefault((entry.name, entry.round), []).append(entry)
    found: dict[str, list[float]] = {}
    for (name, _), same in cells.items():
        if roles.by or any(entry.value is not None for entry in same):
            value = _value(source, same, roles, asked)
            found.setdefault(name, []).extend([] if value is None else [value])
    if len(found) < asked.fewest:
        raise DataError(f"{source}: got {len(found)} competitors, expected at least 2 to compare")
    counted = nan if asked.failed_as is None else asked.failed_as
    arrays = {name: np.array(row, dtype=float) for name, row in found.items()}
    return {name: np.where(np.isnan(row), counted, row) for name, row in arrays.items()}


def _value(source: str, same: Sequence[Entry], roles: Roles, asked: Asked) -> float | None:
    """Return the one value of a competitor in a round; None if it has none and may lack it."""
    first = same[0]
    of = f"of {first.name!r} in round {', '.join(first.round)}"
    if len(same) > 1 and not asked.mean_duplicates:
        differing = [c.name for c in roles.others if _differs(c, same) and not c.unique]
        hint = f"; they differ in {listed(differing, 'and')}" if differing else ""
        raise DataError(
            f"{source}, {same[1].where}: got a second value {of} (the first is on {first.where}),"
            f" expected one{hint}; name the columns that tell runs apart with --by or --pair, or"
            " give --mean-duplicates"
        )
    numbers = []
    for entry in same:
        value = entry.value
        if value is None and asked.common and asked.failed_as is None:
            return None
        if value is None or (isinstance(value, float) and isinf(value)):
            if asked.failed_as is None:
                what = "is missing" if value is None else f"is {value}"
                common = ", or --common to leave such rounds out" if value is None else ""
                raise DataError(
                    f"{source}, {entry.where}: the value {of} {what}; write nan for a run that"
                    " failed, or give --failed-as nan if all of these did, or --failed-as NUMBER"
                    f" for what one counts as{common}"
                )
            value = nan
        numbers.append(float(value))  # type: ignore[arg-type]
    return sum(numbers) / len(numbers)


def _differs(column: Column, same: Sequence[Entry]) -> bool:
    places = {entry.where for entry in same}
    labelled = zip(column.places, column.labels, strict=True)
    return len({label for place, label in labelled if place in places}) > 1


def _common(
    source: str,
    values: Mapping[tuple[str, tuple[str, ...]], float | None],
    names: Sequence[str],
    rounds: Sequence[tuple[str, ...]],
    roles: Roles,
    asked: Asked,
    notes: list[str],
) -> list[tuple[str, ...]]:
    """Return the rounds that all competitors have: all of them, unless `--common` is given."""
    kept = [r for r in rounds if all(values.get((name, r)) is not None for name in names)]
    left_out = [", ".join(r) for r in rounds if r not in set(kept)]
    if left_out and not asked.common:
        first = next(r for r in rounds if ", ".join(r) == left_out[0])
        name = next(name for name in names if (name, first) not in values)
        lacking = sum((name, r) not in values for r in rounds)
        more = f" and {lacking - 1} more" if lacking > 1 else ""
        pair = ", ".join(column.name for column in roles.pair)
        raise DataError(
            f"{source}: unpaired data, {name!r} has no value in round {left_out[0]}{more}, though"
            " another competitor has; expected every competitor in every round"
            f"{pair and f', by {pair}'}; give --common to compare the rounds that all have, or"
            " --unpaired if rounds have nothing in common"
        )
    if left_out:
        notes.append(
            f"{len(left_out)} of {count(len(rounds), 'round')} left out, which a competitor lacks:"
            f" {listed(left_out, 'and')}; if it lacks them for what happened in them, the figures"
            " mislead."
        )
    return kept


def _sizes(
    rounds: Iterable[tuple[str, ...]],
) -> Callable[[tuple[str, ...]], tuple[tuple[float, str], ...]]:
    """Return a key to sort rounds by: labels as numbers in a place where all are, else as text."""
    plain = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
    numeric = [all(map(plain.fullmatch, labels)) for labels in zip(*rounds, strict=True)]
    return lambda round_: tuple(
        (float(label) if number else 0.0, label)
        for label, number in zip(round_, numeric, strict=True)
    )
