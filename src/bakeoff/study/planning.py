"""How many rounds, and how long, a question takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from bakeoff.errors import ArgumentError
from bakeoff.statistics.power import (
    POWER,
    anytime_rounds_for_difference,
    rounds_for_difference,
    spread_limit,
)
from bakeoff.study.results import StudyResults
from bakeoff.study.run import RunOptions, run_study
from bakeoff.study.spec import Study
from bakeoff.study.store.stored_study import spanned
from bakeoff.study.verdicts import compared, questions
from bakeoff.study.workers import Pool

if TYPE_CHECKING:
    from bakeoff.study.store.stored_study import StoredStudy

ASSUMED_STD = 0.02
"""Standard deviation of a round's difference where no round was seen: two percentage points, as
small networks on 1,000 pairs have (1.5 to 2 in the shipped studies)."""
FEWEST_SEEN = 5


@frozen
class Spread:
    """How much a paired difference varies from round to round.

    Attributes:
        std: standard deviation to plan for, as a fraction: of one that was seen the upper limit.
        question: the comparison that it was seen in; "" if it is assumed or given.
        rounds: how many rounds were seen.
        seen: the sample standard deviation in them.
    """

    std: float
    question: str = ""
    rounds: int = 0
    seen: float = 0.0


@frozen
class Needed:
    """What a question takes.

    Attributes:
        rounds: the fewest rounds that would show the difference with `power`; no fewer than the
            study's runs have asked for so far.
        first: the first of them.
        anytime: they will be judged by the anytime-valid test, since they are not those that were
            planned before the first look.
        unseen: how many rounds would do that are planned before any look.
        comparisons: how many questions the study asks; power is counted at Holm's first step.
    """

    rounds: int
    first: int
    anytime: bool
    unseen: int
    comparisons: int


def seen_spread(results: StudyResults) -> Spread:
    """Return the largest spread among a study's questions, or the assumed one.

    The largest, because a plan should do for every question; at least `FEWEST_SEEN` rounds, because
    fewer say little about a spread.

    Raises:
        ArgumentError: for rounds that are not independent.
    """
    if results.judging.dependence.test_ratio is not None:
        raise ArgumentError(
            f"study {results.study.name!r}: its rounds cut one set of examples anew, so more rounds"
            " tell ever less; no number of rounds can be planned for a difference"
        )
    counts_as = results.failed_value()
    table, _ = compared(results, failed=np.nan if counts_as is None else counts_as)
    names = results.study.competitor_names
    spreads = []
    for question in questions(results.study) if len(table) else ():
        row = question.values(table, names)
        row = row[~np.isnan(row)]
        if len(row) >= FEWEST_SEEN:
            seen = float(row.std(ddof=1))
            limit = spread_limit(seen, len(row))
            spreads.append(Spread(limit, question.name, len(row), seen))
    return max(spreads, key=lambda spread: spread.std, default=Spread(ASSUMED_STD))


def seconds_a_round(
    study: Study, results: StudyResults, *, data_dir: str | None = None, pool: Pool | None = None
) -> float:
    """Return the seconds that one round of all competitors takes a single worker.

    Where a competitor has no round yet, one is made, of a network with fewer epochs, and the rest
    extrapolated; nothing of it is kept.

    Raises:
        BakeoffError: as `run_study`.
    """
    seen = {summary.name: summary.seconds.mean for summary in results.summaries()}
    unseen = [name for name in study.competitor_names if seen.get(name) is None]
    if unseen:
        short, shares = study.shortened()
        options = RunOptions(
            rounds=range(1), only=tuple(unseen), data_dir=data_dir, repeat_first=False
        )
        for result in run_study(short, options, pool=pool).results.results:
            seen[result.competitor] = result.seconds * shares[result.competitor]
    return sum(seconds for seconds in seen.values() if seconds is not None)


def rounds_needed(
    study: Study,
    difference: float,
    std: float,
    *,
    power: float = POWER,
    kept: StoredStudy | None = None,
) -> Needed:
    """Return how many rounds a true difference takes to be found.

    Rounds are counted for the test that `judge` will use on them: that of the plan if they are the
    ones that a study's first run asked for, else the anytime-valid one.

    Args:
        study: the study; it must ask something.
        difference: the true difference to find, as a fraction, above 0.
        std: standard deviation of a round's paired difference, as a fraction.
        power: chance of a verdict.
        kept: the study as a store holds it; None if it was never run.

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
    unseen = rounds = rounds_for_difference(difference, std, comparisons=comparisons, power=power)
    anytime, so_far = False, range(0)
    if kept is not None:
        so_far = spanned(kept.planned, kept.asked)
        anytime = so_far != kept.planned or unseen > len(so_far)
    if anytime:
        rounds = anytime_rounds_for_difference(
            difference, std, comparisons=comparisons, power=power
        )
    return Needed(max(rounds, len(so_far)), so_far.start, anytime, unseen, comparisons)
