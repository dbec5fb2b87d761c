"""From rows and roles to an array: a value of every competitor in every round.

What is missing is named with its place, never guessed: a value that isn't there is not a failure
(`nan` says that), a second one is no average, and rounds that differ between competitors are no
pairs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isinf, isnan, nan

import numpy as np

from bakeoff.errors import ArgumentError, DataError
from bakeoff.runs.cells import NUMBER, Column
from bakeoff.runs.roles import BY, TASKS, Roles, listed
from bakeoff.runs.rows import Asked, Row, Rows
from bakeoff.statistics.describe import Array
from bakeoff.statistics.units import count

TAKE = re.compile("last|best|mean:([1-9][0-9]{0,6})")
Labels = tuple[str, ...]
Key = tuple[str, Labels]  # a competitor, and a round by its labels


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
    """What a row says of one competitor in one round; None where nothing is written; a curve."""

    row: Row
    value: float | tuple[float, ...] | None
    step: float = 0.0


class Rounds:
    """What a source says of each competitor and round.

    Args:
        rows, roles, asked: as of `Reading`.
        larger: whether larger values are better; None if nothing tells it.
        unfinished: where runs stand that did not come to an end.

    Attributes:
        notes: what a reader must know, a sentence each.

    Raises:
        ArgumentError: for a `--take` that is not known, or cannot tell which value is best.
        DataError: for a missing label, a value that is no number, or a curve of which nothing is
            asked.
    """

    def __init__(
        self, rows: Rows, roles: Roles, asked: Asked, larger: bool | None, unfinished: Labels = ()
    ) -> None:
        self.source, self.roles, self.asked, self.larger = rows.source, roles, asked, larger
        self.unfinished, left_out = unfinished, count(len(unfinished), "unfinished run")
        self.notes = [f"{left_out} left out."] if unfinished else []
        self.cells: dict[Key, list[Entry]] = {}
        rounds = list(zip(*(column.rounds for column in roles.pair), strict=True))
        rounds = rounds or [(str(number),) for number in range(len(rows.rows))]
        labels = roles.steps.labels if roles.steps else ["0"] * len(rounds)
        steps = [float((label or "-inf").replace(",", ".")) for label in labels]
        for column in roles.values:
            names = _names(roles.by) or [column.name] * len(rounds)
            for row, name, round_, value, step in zip(
                rows.rows, names, rounds, column.numbers, steps, strict=True
            ):
                told = value[0] if isinstance(value, tuple) and len(value) == 1 else value
                if row.status == "failed":  # where its curve broke off is no result
                    told = (nan,) * len(told) if isinstance(told, tuple) else nan
                self.cells.setdefault((name, round_), []).append(Entry(row, told, step))
        self._take()

    # ---- one value a run ----

    def _take(self) -> None:
        """Leave one entry of a curve, by what `--take` asks for."""
        steps, take, name = self.roles.steps, self.asked.take, self.roles.values[0].name
        if take is not None and not TAKE.fullmatch(take):
            raise ArgumentError(f"--take: got {take!r}, expected last, best or mean:20")
        lists = any(isinstance(each.value, tuple) for run in self.cells.values() for each in run)
        if not (lists or (steps and any(len(run) > 1 for run in self.cells.values()))):
            if take not in (None, "last", "best", "mean:1"):
                raise DataError(f"{self.source}: --take {take}: each run has one value of {name}")
            return
        if take is None and steps:
            raise DataError(
                f"{self.source}: each run has several values of {name} by {steps.name}; give --take"
                " last, --take best, or --take mean:20 for the mean of the last 20"
            )
        if take is None:
            self.notes.append(
                f"of a run's values of {name}, the last counts; --take best or mean:20 else."
            )
        elif take == "best":
            self.notes.append(
                "each run's best value is chosen by the values compared, and so is too good."
            )
        self.cells = {key: [self._taken(key, run)] for key, run in self.cells.items()}

    def _taken(self, key: Key, run: Sequence[Entry]) -> Entry:
        """Return what is asked for of one run's curve."""
        take, row = self.asked.take or "last", run[-1].row
        told = {entry.step: entry.value for entry in run if entry.value is not None}
        if len(told) < sum(entry.value is not None for entry in run):
            raise DataError(
                f"{self.source}, {row.where}: a second value of {key[0]!r} at one step of round"
                f" {', '.join(key[1])}, expected one"
            )
        curve: list[float] = []
        for _, value in sorted(told.items(), key=lambda each: each[0]):
            curve += value if isinstance(value, tuple) else [value]
        if not curve:
            return Entry(row, None)
        if take != "best":
            last = TAKE.fullmatch(take) or [take, None]
            part = curve[-int(last[1] or 1) :]
            if len(part) < int(last[1] or 1):
                raise DataError(
                    f"{self.source}, {row.where}: got {count(len(part), 'value')} of {key[0]!r},"
                    f" expected at least {last[1]}, as --take {take} says"
                )
            return Entry(row, sum(part) / len(part))
        if self.larger is None:
            raise ArgumentError(
                "--take best: say which is; give --lower-is-better or --higher-is-better"
            )
        numbers = [value for value in curve if not isnan(value)] or [nan]
        return Entry(row, max(numbers) if self.larger else min(numbers))

    # ---- every competitor in every round ----

    def paired(self) -> PairedValues:
        """Return the values, a row a round.

        Raises:
            DataError: for a second value of a competitor in a round, one that is missing,
                competitors without the same rounds, fewer than two competitors or rounds.
        """
        values = self._values()
        names = tuple(dict.fromkeys(name for name, _ in values))
        rounds = self._common(values, names)
        if len(rounds) < 2:
            raise DataError(
                f"{self.source}: got {count(len(rounds), 'round')}, expected at least 2"
            )
        kept = self._counted({(name, r): values[name, r] for r in rounds for name in names})
        array = np.array([*kept.values()]).reshape(len(rounds), len(names))
        return PairedValues(tuple(map(", ".join, rounds)), names, array)

    def unpaired(self) -> dict[str, Array]:
        """Return each competitor's values, (rounds,) float64.

        Raises:
            DataError: for too few competitors, or a value that is missing or not the only one.
        """
        values = self._values()
        found: dict[str, list[float]] = {name: [] for name, _ in values}
        for (name, _), value in self._counted(values).items():
            found[name].append(value)
        return {name: np.array(row, dtype=float) for name, row in found.items()}

    def _values(self) -> dict[Key, float | None]:
        """Return the one value of each competitor in each round; None if it may lack it."""
        cells = self.cells
        if self.asked.unpaired and not self.roles.by:  # a wide table's empty cells are no runs
            cells = {k: run for k, run in cells.items() if any(e.value is not None for e in run)}
        if (names := len({name for name, _ in cells})) < self.asked.fewest:
            raise DataError(
                f"{self.source}: got {names} competitors, expected at least 2 to compare"
            )
        values = {key: self._value(key, same) for key, same in cells.items()}
        self.notes += [f"{hint}." for hint in _alike({name: None for name, _ in cells})]
        if repeated := sum(len(same) > 1 for same in cells.values()):
            self.notes.append(
                f"{count(repeated, 'value')} of a competitor in a round are means of several."
            )
        return values

    def _value(self, key: Key, same: Sequence[Entry]) -> float | None:
        asked, of = self.asked, f"of {key[0]!r} in round {', '.join(key[1])}"
        if len(same) > 1 and not asked.mean_duplicates:
            told = {c.name: {str(e.row.cells.get(c.name)) for e in same} for c in self.roles.others}
            differing = [
                c.name for c in self.roles.others if len(told[c.name]) > 1 and not c.unique
            ]
            hint = f"; they differ in {listed(differing, 'and')}" if differing else ""
            tasks = [c.name for c in self.roles.others if c.name in differing and c.words & TASKS]
            task = f"--task {tasks[0]}, or with " if tasks else ""
            raise DataError(
                f"{self.source}, {same[1].row.where}: got a second value {of} (the first:"
                f" {same[0].row.where}), expected one{hint}; name the columns that tell runs apart"
                f" with {task}--by or --pair, or give --mean-duplicates"
            )
        numbers = []
        for entry in same:
            value = nan if entry.value is None else float(entry.value)  # type: ignore[arg-type]
            if asked.failed_as is None and (entry.value is None or isinf(value)):
                if entry.value is None and asked.common:
                    return None
                what = "is missing" if entry.value is None else f"is {value}"
                common = ", or --common to leave such rounds out" if entry.value is None else ""
                raise DataError(
                    f"{self.source}, {entry.row.where}: the value {of} {what}; write nan for a run"
                    " that failed, or give --failed-as nan if all of these did, or --failed-as"
                    f" NUMBER for what one counts as{common}"
                )
            numbers.append(nan if isinf(value) else value)
        return sum(numbers) / len(numbers)

    def _common(self, values: Mapping[Key, float | None], names: Labels) -> list[Labels]:
        """Return the rounds that all competitors have: all of them, unless `--common` is given."""
        every = dict.fromkeys(round_ for _, round_ in values)
        rounds = sorted(every, key=_sizes(every))
        lacking = {r: [n for n in names if values.get((n, r)) is None] for r in rounds}
        left_out = [r for r in rounds if lacking[r]]
        if left_out and not self.asked.common:
            first, name = left_out[0], lacking[left_out[0]][0]
            others = sum(name in lacking[r] for r in rounds) - 1
            pair = ", ".join(column.name for column in self.roles.pair)
            why = "".join(f"; {each}" for each in _alike(names))
            if self.unfinished:
                why += f"; unfinished, and so left out: {listed(self.unfinished, 'and')}"
            raise DataError(
                f"{self.source}: unpaired data, {name!r} has no value in round {', '.join(first)}"
                f"{f' and {others} more' if others else ''}, though another competitor has;"
                f" expected every competitor in every round{pair and f', by {pair}'}; give --common"
                " to compare the rounds that all have, or --unpaired if rounds have nothing in"
                f" common{why}"
            )
        if left_out:
            told = listed([", ".join(r) for r in left_out], "and")
            self.notes.append(
                f"{len(left_out)} of {count(len(rounds), 'round')} left out, which a competitor"
                f" lacks: {told}; if it lacks them for what happened in them, the figures mislead."
            )
        return [r for r in rounds if not lacking[r]]

    def _counted(self, values: Mapping[Key, float | None]) -> dict[Key, float]:
        """Return what is there, with what `--failed-as` says in place of a number."""
        numbers = {key: value for key, value in values.items() if value is not None}
        failed, counts_as = [k for k in numbers if isnan(numbers[k])], self.asked.failed_as
        if failed and counts_as is not None and not isnan(counts_as):
            self.notes.append(
                f"{count(len(failed), 'run')} without a number"
                f" count{'s' * (len(failed) == 1)} as {counts_as:g}."
            )
            numbers |= dict.fromkeys(failed, counts_as)
        return numbers


def _names(by: Sequence[Column]) -> list[str]:
    """Return each row's competitor: its label, or "lr=0.1, width=8" of parameters."""
    if len(by) == 1 and (
        by[0].words & BY or not (by[0].numeric or {"True", "False"} & {*by[0].known})
    ):
        return by[0].written
    told = [[f"{column.short}={label}" for label in column.written] for column in by]
    return [", ".join(parts) for parts in zip(*told, strict=True)]


def _alike(names: Iterable[str]) -> list[str]:
    """Say which competitors' names differ in nothing but how they are written."""
    same: dict[str, list[str]] = {}
    for name in names:
        parts = re.split("([=, ])", "".join(filter(str.isprintable, name)).casefold())
        told = [repr(float(p)) if NUMBER.fullmatch(p) and "%" not in p else p for p in parts]
        same.setdefault("".join(told), []).append(name)
    return [
        f"{' and '.join(map(repr, several))} are taken for different competitors; write them alike"
        " if they are one"
        for several in same.values()
        if len(several) > 1
    ]


def _sizes(rounds: Iterable[Labels]) -> Callable[[Labels], tuple[tuple[float, str], ...]]:
    """Return a key to sort rounds by: labels as numbers in a place where all are, else as text."""
    plain = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")
    numeric = [all(map(plain.fullmatch, labels)) for labels in zip(*rounds, strict=True)]
    return lambda round_: tuple(
        (float(label) if number else 0.0, label)
        for label, number in zip(round_, numeric, strict=True)
    )
