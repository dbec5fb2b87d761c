"""How many rounds, and how long, a question takes."""

from __future__ import annotations

import numpy as np
from attrs import frozen

from bakeoff.errors import ArgumentError
from bakeoff.study.results import StudyResults
from bakeoff.study.run import RunOptions, run_study
from bakeoff.study.spec import Study
from bakeoff.study.statistics.power import POWER, rounds_for_difference
from bakeoff.study.verdicts import questions
from bakeoff.study.workers import Pool

ASSUMED_STD = 0.02
"""Standard deviation of a round's difference where no round was seen: two percentage points, as
small networks on 1,000 pairs have (1.5 to 2 in the shipped studies)."""
FEWEST_SEEN = 5
TIMED_EPOCHS = 2


@frozen
class Spread:
    """How much a paired difference varies from round to round.

    Attributes:
        std: sample standard deviation, as a fraction.
        question: the comparison that it was seen in; "" if it is assumed or given.
        rounds: how many rounds were seen.
    """

    std: float
    question: str = ""
    rounds: int = 0


@frozen
class Needed:
    """What a question takes.

    Attributes:
        rounds: the fewest rounds that would show the difference with `power`.
        comparisons: how many questions the study asks; power is counted at Holm's first step.
        power: chance of a verdict.
        seconds: time of all these rounds of all competitors, on `workers` workers.
        workers: how many rounds are trained at a time.
    """

    rounds: int
    comparisons: int
    power: float
    seconds: float
    workers: int


def seen_spread(results: StudyResults) -> Spread:
    """Return the largest spread among a study's questions, or the assumed one.

    The largest, because a plan should do for every question; at least `FEWEST_SEEN` rounds, because
    fewer say little about a spread.

    Raises:
        ArgumentError: for rounds that are not independent.
    """
    if results.facts.resplit:
        raise ArgumentError(
            f"study {results.study.name!r}: its rounds cut one set of examples anew, so more rounds"
            " tell ever less; no number of rounds can be planned for a difference"
        )
    table, names = results.table(), results.study.competitor_names
    spreads = []
    for question in questions(results.study) if len(table) else ():
        row = question.values(table, names)
        row = row[~np.isnan(row)]
        if len(row) >= FEWEST_SEEN:
            spreads.append(Spread(float(row.std(ddof=1)), question.name, len(row)))
    return max(spreads, key=lambda spread: spread.std, default=Spread(ASSUMED_STD))


def seconds_a_round(
    study: Study, results: StudyResults, *, data_dir: str | None = None, pool: Pool | None = None
) -> float:
    """Return the seconds that one round of all competitors takes a single worker.

    Where a competitor has no round yet, one round of two epochs is trained and extrapolated;
    nothing of it is kept.

    Raises:
        BakeoffError: as `run_study`.
    """
    seen = {summary.name: summary.seconds.mean for summary in results.summaries()}
    unseen = [name for name in study.competitor_names if seen.get(name) is None]
    if unseen:
        short = study.with_recipe(epochs=TIMED_EPOCHS)
        options = RunOptions(
            rounds=range(1), only=tuple(unseen), data_dir=data_dir, repeat_first=False
        )
        for result in run_study(short, options, pool=pool).results.results:
            epochs = study.competitor(result.competitor).recipe.epochs
            seen[result.competitor] = result.seconds * epochs / TIMED_EPOCHS
    return sum(seconds for seconds in seen.values() if seconds is not None)


def rounds_needed(
    study: Study,
    difference: float,
    std: float,
    *,
    seconds: float,
    workers: int = 1,
    power: float = POWER,
) -> Needed:
    """Return how many rounds a true difference takes to be found, and how long.

    Args:
        study: the study; it must ask something.
        difference: the true difference to find, as a fraction, above 0.
        std: standard deviation of a round's paired difference, as a fraction.
        seconds: one round of all competitors.
        workers: rounds trained at a time.
        power: chance of a verdict.

    Raises:
        ArgumentError: for a difference that is not above 0, or a study without questions.
        StatisticsError: for other arguments outside their range.
    """
    if not difference > 0:
        raise ArgumentError(f"difference: got {difference}, expected above 0")
    comparisons = len(questions(study))
    if comparisons == 0:
        raise ArgumentError(
            f"study {study.name!r}: declares no comparison, so there is no difference to find"
        )
    rounds = rounds_for_difference(difference, std, comparisons=comparisons, power=power)
    return Needed(rounds, comparisons, power, rounds * seconds / workers, workers)
