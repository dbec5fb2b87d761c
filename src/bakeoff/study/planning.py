"""How many rounds, and how long, a question takes."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from bakeoff.errors import ArgumentError, StatisticsError
from bakeoff.statistics.estimate import inflated
from bakeoff.statistics.power import (
    POWER,
    anytime_rounds_for_difference,
    detectable_difference,
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

    @property
    def low(self) -> float:
        """The lower end of its 80 % interval; the spread itself if it is assumed or given."""
        return spread_limit(self.seen, self.rounds, 0.1) if self.question else self.std

    @property
    def high(self) -> float:
        """The upper end, likewise."""
        return spread_limit(self.seen, self.rounds, 0.9) if self.question else self.std


@frozen
class Needed:
    """What a question takes.

    Attributes:
        rounds: the fewest rounds that would show the difference with `power`; no fewer than were
            planned.
        range: as many at either end of the spread's interval.
        comparisons: how many questions the study asks; power is counted at Holm's first step.
        first: the first of them.
        anytime: they will be judged by the anytime-valid test, as a pilot is among them.
        fresh: whether there was a pilot, none of whose rounds is among them.
        going_on: how many it takes by the anytime-valid test together with a pilot that is not
            among them; None without one, or for more than that test is counted for.
    """

    rounds: int
    range: tuple[int, int]
    comparisons: int
    first: int = 0
    anytime: bool = False
    fresh: bool = False
    going_on: int | None = None


def seen_spread(results: StudyResults) -> Spread:
    """Return the largest spread among a study's questions, or the assumed one.

    The largest, because a plan should do for every question; at least `FEWEST_SEEN` rounds, because
    fewer say little about a spread.

    Raises:
        ArgumentError: for rounds that are not independent, with the difference that they find.
    """
    ratio = results.judging.dependence.test_ratio
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
    spread = max(spreads, key=lambda spread: spread.std, default=Spread(ASSUMED_STD))
    if ratio is not None:
        std, asked = inflated(spread.std, spread.rounds, ratio), len(questions(results.study))
        found = detectable_difference(std, spread.rounds, comparisons=asked, test="t")
        told = "" if found is None else f"; these find {results.metric.shown.plain(found)}"
        raise ArgumentError(
            f"study {results.study.name!r}: its rounds cut one set of examples anew, so more rounds"
            f" tell ever less; no number of rounds can be planned for a difference{told}"
        )
    return spread


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
    spread: Spread,
    *,
    power: float = POWER,
    kept: StoredStudy | None = None,
) -> Needed:
    """Return how many rounds a true difference takes to be found.

    Rounds that were planned before the first look and are enough stay the plan. Others that stand
    are a pilot: it stays out where a study can draw other rounds, by another seed, which the
    planned test then judges; else the anytime-valid test judges all.

    Args:
        study: the study; it must ask something.
        difference: the true difference to find, as a fraction, above 0.
        spread: of a round's paired difference.
        power: chance of a verdict.
        kept: the study as a store holds it; None if it was never run.

    Raises:
        ArgumentError: for a difference that is not above 0, or a study without questions.
        StatisticsError: for other arguments outside their range.
    """
    if not difference > 0:
        raise ArgumentError(f"difference: got {difference}, expected above 0")
    asked = len(questions(study))
    if asked == 0:
        raise ArgumentError(
            f"study {study.name!r}: declares no comparison, so there is no difference to find"
        )
    planned = partial(rounds_for_difference, difference, comparisons=asked, power=power)
    low, rounds, high = map(planned, (spread.low, spread.std, spread.high))
    if kept is None:
        return Needed(rounds, (low, high), asked)
    so_far, going_on = spanned(kept.planned, kept.asked), None
    if so_far == kept.planned and rounds <= len(so_far):
        return Needed(len(so_far), (low, high), asked, so_far.start)

    def together(std: float) -> int:
        rounds = anytime_rounds_for_difference(difference, std, comparisons=asked, power=power)
        return max(len(so_far), rounds)

    if study.seeds:
        low, rounds, high = map(together, (spread.low, spread.std, spread.high))
        return Needed(rounds, (low, high), asked, so_far.start, anytime=True)
    with suppress(StatisticsError):
        going_on = together(spread.std)
    return Needed(rounds, (low, high), asked, fresh=True, going_on=going_on)
