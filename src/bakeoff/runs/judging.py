"""From a reading to verdicts: what its rounds share, which is asked where nothing tells it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bakeoff.errors import ArgumentError, DataError
from bakeoff.runs.reading import Reading
from bakeoff.runs.roles import TASKS
from bakeoff.statistics.analysis import Analysis, analyse
from bakeoff.statistics.contrast import against
from bakeoff.statistics.dependence import FRESH, Anytime, Dependence
from bakeoff.statistics.describe import clean_record
from bakeoff.statistics.tasks import analyse_tasks
from bakeoff.statistics.units import PLAIN, POINTS
from bakeoff.statistics.unpaired import Published, analyse_unpaired

SHARING = frozenset(("cv", "fold", "folds", "split", "splits"))
"""Words of a column that names rounds, by which these share examples."""


def judge(
    reading: Reading,
    *,
    baseline: str | None = None,
    margin: float | None = None,
    anytime: Anytime = False,
    points: bool = False,
    published: Published | None = None,
) -> Analysis:
    """Return the verdicts, and what was taken for what in their notes.

    Args:
        reading: what was read.
        baseline: the competitor with which all others are compared; all pairs if None.
        margin: differences smaller than this do not matter, in the values' unit.
        anytime: use the anytime-valid test, or the "careful" one, of points alone.
        points: tell differences of fractions in points.
        published: a number from a paper, in the values' unit, with which all are compared.

    Raises:
        ArgumentError: for a baseline that does not compete, or options that exclude each other.
        DataError: for points of values that are no fractions, a published number in another unit,
            or rounds that seem to share examples, of which nobody said what.
        StatisticsError: for a margin that is not above 0, or folds of another number of rounds.
    """
    names, source = reading.values.names, reading.rows.source
    tables = {task: each.values.values for task, each in (reading.tasks or {"": reading}).items()}
    if reading.rows.known.paired is False and reading.samples is None:
        raise DataError(
            f"{source}: {reading.rows.kind} measures one after the other, so that runs are no"
            " pairs; compare them --unpaired"
        )
    values = (reading.samples or tables).values()
    largest = float(np.nanmax(np.concatenate([each.ravel() for each in values]), initial=0))
    if points and largest > 1 and not reading.percent:
        raise DataError(
            f"{source}: --points: got a value of {largest:g}, expected fractions of at most"
            " 1; of percentages leave --points out: their differences are points as they stand"
        )
    if anytime == "careful" and not points:
        raise DataError(
            f"{source}: --careful: got values that nothing tells to be fractions, expected a range,"
            " 0 to 1; give --points if they are, write percentages with %, or leave --careful out"
        )
    shared = _shared(reading, anytime)
    unit, larger = POINTS if points else PLAIN, reading.larger_is_better
    if reading.samples is not None:
        pairs = [(c.upper, c.lower) for c in against(names, baseline)]
        if published is not None:
            if published.name in names:
                raise ArgumentError(
                    f"--against-published: {published.name!r} is a competitor of {source}; call"
                    " the paper's otherwise"
                )
            _check_unit(reading, published, largest, points)
            pairs = [(name, published.name) for name in names]
        analysis = analyse_unpaired(
            reading.samples,
            pairs,
            published=published,
            margin=margin,
            unit=unit,
            larger_is_better=larger,
        )
    else:
        counts_as = float(not larger) if points else None  # a share's worst
        options: dict[str, Any] = {"margin": margin, "mode": shared.mode(anytime=anytime)}
        options |= {"unit": unit, "larger_is_better": larger, "test_ratio": shared.test_ratio}
        asked = against(names, baseline)
        if reading.tasks:
            pairs, each = [(c.upper, c.lower) for c in asked], dict.fromkeys(tables, counts_as)
            analysis = analyse_tasks(tables, names, pairs, failure_counts_as=each, **options)
        else:
            analysis = analyse(tables[""], names, asked, failure_counts_as=counts_as, **options)
    independent = shared.test_ratio is None and not published
    clean = clean_record(analysis.summaries) if independent else ()
    pooled = [
        f"rounds of one {column.name} share what is peculiar to it, so the figures claim too much;"
        f" --task {column.name} tells the verdict on each, and one over all."
        for column in reading.roles.pair
        if column.words & TASKS and len(reading.roles.pair) > 1
    ]
    told = (f"read as {reading.told}.", *pooled, *shared.notes, *clean)
    notes = (*told, *analysis.notes, *reading.notes)
    return replace(analysis, notes=notes)


def _shared(reading: Reading, anytime: Anytime) -> Dependence:
    """Return what rounds share, and refuse what contradicts it."""
    columns = [column.name for column in reading.roles.pair if column.words & SHARING]
    if reading.dependence is None and columns:
        raise DataError(
            f"{reading.rows.source}: {columns[0]!r} says that rounds share examples, and judged as"
            " if they were independent they claim too much; give --folds 10 (or 10x10, ten folds"
            " drawn ten times), --train-size 800 --test-size 200 where each round cuts the same"
            " examples anew, or --fixed-test where all are tested on one set"
        )
    told = reading.dependence or FRESH
    if reading.samples is None:
        for each in reading.tasks.values() or [reading]:
            told.check(len(each.values.rounds), f"{each.rows.source}: --folds")
    elif anytime or told.test_ratio is not None:
        got = f"--{'careful' if anytime == 'careful' else 'anytime'}" if anytime else str(told)
        raise ArgumentError(f"{got}: no such test of unpaired rounds is known; leave it out")
    return told


def _check_unit(reading: Reading, published: Published, largest: float, points: bool) -> None:
    """Refuse a published percentage beside fractions, and a fraction beside percentages."""
    got = f"--against-published: got {published.mean * (100 if points else 1):g}"
    if not points and largest <= 1 < published.mean:
        raise DataError(
            f"{got} beside values of at most {largest:g} in {reading.rows.source}, expected their"
            " unit; give --points if it is a percentage, and they are fractions"
        )
    if points and published.mean <= 0.01 < largest:
        raise DataError(f"{got}, expected a percentage, as --points asks for")
