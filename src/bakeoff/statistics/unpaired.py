"""Competitors whose rounds are not pairs: labels permuted, or a number from a paper.

**Permutation of labels** (Fisher 1935; Pitman 1937, "Significance tests which may be applied to
samples from any populations"). Were θ the true difference, n values less θ and the m others would
come from one distribution, and any n of the n + m might as well have been the first. A relabelling
exchanges k values A of the first side with k values B of the second; the difference of means is
then at least the observed one exactly when

    θ >= mean of A - mean of B,

and at most the observed one when θ <= that. So each relabelling has one threshold, as a world of
the sign-flip test has (see `signflip`): p(θ) is twice the smaller of the shares on either side, and
the ends of the interval {θ: p(θ) > alpha} are two of the sorted thresholds. All are listed where
they are at most `LISTED`, and drawn otherwise. Both sides are taken to spread alike; where they do
not, and have unlike numbers of rounds, p errs either way, so Welch's test stands beside.

**A published number** has a mean, a deviation and a number of rounds, and nothing to permute: it is
judged by Welch's t test (1947, "The generalization of 'Student's' problem when several different
population variances are involved", Biometrika 34), which takes values to be normal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, combinations, count
from math import comb, inf

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr

from bakeoff.errors import StatisticsError
from bakeoff.statistics.analysis import Analysis, check_options, concluded, contrasts_of
from bakeoff.statistics.describe import Array, Interval, Summary, describe, t_interval
from bakeoff.statistics.estimate import Estimate, student_t
from bakeoff.statistics.looks import Looks, improvement
from bakeoff.statistics.power import detectable_difference, spread_limit
from bakeoff.statistics.ranking import pairs_among, standings
from bakeoff.statistics.signflip import RESAMPLES, grid_step, rejectable, snap
from bakeoff.statistics.units import PLAIN, Unit, p_text
from bakeoff.statistics.verdict import Comparison, Rules

LISTED = 200_000
BLOCK_ROWS = 4_096  # relabellings summed at a time
NUMBER = r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,2})?)"
PUBLISHED = rf"\s*(.+?)\s*=\s*{NUMBER}\s*(?:±|\+/?-)\s*{NUMBER}\s*,\s*n\s*=\s*([0-9]{{1,9}})\s*"
SURVIVORS = (
    "failed rounds are left out, which favours whoever fails where it is hard; say what one counts"
    " as."
)


@dataclass(frozen=True, slots=True)
class Published:
    """What a paper tells of a competitor.

    Attributes:
        name: the competitor.
        mean: of its rounds.
        std: their sample standard deviation.
        rounds: how many.
    """

    name: str
    mean: float
    std: float
    rounds: int

    @classmethod
    def parse(cls, text: str) -> Published:
        """Return what "NAME=86.6±1.3,n=30" says; +- or +/- will do for ±.

        Raises:
            StatisticsError: for another form, fewer than 2 rounds, or no deviation above 0.
        """
        found = re.fullmatch(PUBLISHED, text)
        if not found or float(found[3]) <= 0 or int(found[4]) < 2:
            raise StatisticsError(
                f"published: got {text!r}, expected NAME=MEAN±STD,n=ROUNDS such as"
                " 'theirs=86.6±1.3,n=30', with the standard deviation of 2 rounds or more"
            )
        return cls(found[1], float(found[2]), float(found[3]), int(found[4]))

    def scaled(self, factor: float) -> Published:
        """Return it in another unit."""
        return replace(self, mean=self.mean * factor, std=self.std * factor)


def analyse_unpaired(
    samples: Mapping[str, ArrayLike],
    comparisons: Sequence[tuple[str, str]],
    *,
    published: Published | None = None,
    alpha: float = 0.05,
    margin: float | None = None,
    seed: int = 0,
    unit: Unit = PLAIN,
    larger_is_better: bool = True,
    resamples: int = RESAMPLES,
) -> Analysis:
    """Analyse competitors whose rounds have nothing to do with one another.

    Args:
        samples: each competitor's values, (rounds,) float64 of any number of rounds; NaN where a
            round failed, which enters no figure and is counted.
        comparisons: pairs (a, b) for a minus b. Holm's correction runs over them.
        published: a further competitor, b in comparisons, in the samples' unit.
        alpha: largest share of studies with a false verdict; also one minus the intervals' level.
        margin: differences smaller than this do not matter; in the values' unit.
        seed: of the relabellings drawn where there are more than `LISTED`.
        unit: how differences are shown.
        larger_is_better: False for losses, errors and times.
        resamples: how many relabellings are drawn.

    Raises:
        StatisticsError: for values, names or options that contradict each other or lie outside
            their range.
    """
    known = {name: describe(row, name, confidence=1 - alpha) for name, row in samples.items()}
    rows = {name: np.asarray(row, dtype=np.float64) for name, row in samples.items()}
    rows = {name: row[~np.isnan(row)] for name, row in rows.items()}
    names = [*samples, *([published.name] if published else [])]
    check_options(len(names), names, alpha, margin, "planned")
    if published:
        known[published.name] = _summary(published, alpha)
    contrasts, rules = contrasts_of(comparisons), Rules(alpha, len(comparisons), larger_is_better)
    marks = cache(partial(relabellings, seed=seed, resamples=resamples))
    drafts = []
    for contrast in contrasts:
        sides = known[contrast.upper], known[contrast.lower]
        shape, estimate, looks = (sides[0].rounds, sides[1].rounds), None, None
        if min(shape) > 1 and published and published.name == contrast.lower:
            estimate = _welch(*sides, alpha, margin)
        elif min(shape) > 1:
            both = rows[contrast.upper], rows[contrast.lower]
            estimate = unpaired_difference(*both, marks(*shape), alpha=alpha, margin=margin)
            looks = Looks(None, None, None, improvement(*both, rules))
        draft = Comparison(
            contrast,
            dropped=sum(side.failed for side in sides),
            estimate=estimate,
            detectable=_detectable(estimate, rules),
            rounds_to_reach=_rounds_to_reach(estimate, rules),
            copies=all(side.constant for side in sides),
            looks=looks,
            notes=_notes(contrast.name, estimate, alpha),
        )
        drafts.append(draft)
    told, summaries = _general_notes(published, unit), tuple(known.values())
    told += (SURVIVORS,) * any(draft.dropped for draft in drafts)
    better = pairs_among(drafts, names, rules)
    means = np.array([np.nan if s.mean is None else s.mean for s in summaries])
    return concluded(
        *(drafts, summaries, rules, unit),
        margin=margin,
        mode="unpaired",
        seed=seed,
        notes=told,
        ranks=() if np.isnan(better).any() else standings(names, means, better, rules),
    )


def relabellings(
    first: int, second: int, *, seed: int = 0, resamples: int = RESAMPLES
) -> NDArray[np.int8]:
    """Return (N, first + second) rows that mark with 1 who is labelled as of the first side.

    The observed labels are the first row. All that there are, if no more than `LISTED`; else the
    observed ones and as many as are drawn.
    """
    rounds, all_there_are = first + second, comb(first + second, first)
    if all_there_are <= LISTED:
        chosen = np.fromiter(chain.from_iterable(combinations(range(rounds), first)), np.intp)
        marks = np.zeros((all_there_are, rounds), dtype=np.int8)
        np.put_along_axis(marks, chosen.reshape(-1, first), 1, axis=1)
        return marks
    marks = np.zeros((resamples + 1, rounds), dtype=np.int8)
    marks[:, :first] = 1
    np.random.Generator(np.random.PCG64(seed)).permuted(marks[1:], axis=1, out=marks[1:])
    return marks


def unpaired_difference(
    first: Array,
    second: Array,
    marks: NDArray[np.int8],
    *,
    alpha: float = 0.05,
    margin: float | None = None,
) -> Estimate:
    """Return the figures of one side's mean minus the other's.

    Args:
        first: (n,) float64, finite, at least two.
        second: (m,) float64, likewise.
        marks: as of `relabellings` of n and m.
        alpha: one minus the interval's level.
        margin: equivalence margin in the values' unit, or None.
    """
    largest, size, worlds = np.abs([*first, *second]).max(), len(first), len(marks)
    pooled, step = snap([*first, *second], largest), float(grid_step(largest))
    starts = range(0, worlds, BLOCK_ROWS)
    sums = np.concatenate([marks[start : start + BLOCK_ROWS] @ pooled for start in starts])
    exchanged = size - marks[:, :size].sum(axis=1)
    moved = exchanged > 0
    always = int(np.count_nonzero(~moved))  # the observed difference, which counts whatever θ is
    thresholds = np.sort((pooled[:size].sum() - sums[moved]) / exchanged[moved])

    def at_most(theta: float) -> float:
        """Return p of a true difference of at most theta, against a larger one."""
        return (always + int(np.count_nonzero(thresholds - step <= theta))) / worlds

    def at_least(theta: float) -> float:
        """Return p of a true difference of at least theta, against a smaller one."""
        return (always + int(np.count_nonzero(thresholds + step >= theta))) / worlds

    def interval(level: float) -> Interval:
        """Return the interval outside of which either p is at most `level`."""
        place = rejectable(level, worlds) - always
        if place < 0:
            return Interval(-inf, inf, 1 - 2 * level)
        low, high = float(thresholds[place]) - step, float(thresholds[-1 - place]) + step
        return Interval(low, high, 1 - 2 * level)

    listed = worlds == comb(len(pooled), size)
    return replace(
        _welch(describe(first), describe(second), alpha, margin),
        p_value=min(1.0, 2 * min(at_most(0.0), at_least(0.0))),
        interval=interval(alpha / 2),
        method="permutation of labels, exact" if listed else "permutation of labels, drawn",
        equivalence_p=None if margin is None else max(at_most(-margin), at_least(margin)),
        equivalence_interval=None if margin is None else interval(alpha),
    )


def _welch(first: Summary, second: Summary, alpha: float, margin: float | None) -> Estimate:
    """Return Welch's t test of two sides; without any spread it claims no difference."""
    (a, std_a, n), (b, std_b, m) = (
        (side.mean or 0.0, side.std or 0.0, side.rounds) for side in (first, second)
    )
    parts = std_a**2 / n, std_b**2 / m
    mean, error, spread = a - b, sum(parts) ** 0.5, (std_a**2 + std_b**2) ** 0.5
    share = parts[0] / sum(parts) if error else 0.5
    df = 1 / (share**2 / (n - 1) + (1 - share) ** 2 / (m - 1))

    tested = student_t(mean, error, df, alpha) if error else None
    beyond, inner = 1.0, Interval(-inf, inf, 1 - 2 * alpha)
    if error:
        inner = t_interval(mean, error, df, 1 - 2 * alpha)
    if error and margin is not None:
        beyond = float(stdtr(df, max(-margin - mean, mean - margin) / error))
    return Estimate(
        rounds=min(n, m),
        mean=mean,
        std=spread,
        effect_size=mean / (spread / 2**0.5) if error else None,
        p_value=tested.p_value if tested else 1.0,
        interval=tested.interval if tested else Interval(-inf, inf, 1 - alpha),
        method="Welch's t",
        student=tested,
        apart=(n, m),
        equivalence_p=None if margin is None else beyond,
        equivalence_interval=None if margin is None else inner,
    )


def _summary(told: Published, alpha: float) -> Summary:
    error = told.std / told.rounds**0.5
    interval = t_interval(told.mean, error, told.rounds - 1, 1 - alpha)
    return Summary(told.name, told.rounds, 0, told.mean, told.std, interval, constant=False)


def _detectable(estimate: Estimate | None, rules: Rules) -> float | None:
    """Return what a t test would find in as many pairs as have this standard error."""
    if estimate is None or estimate.student is None or _rounds_to_reach(estimate, rules) > 2:
        return None
    low, high = estimate.student.interval.low, estimate.student.interval.high
    error = (high - low) / 2 / t_interval(0, 1, estimate.student.df, 1 - rules.alpha).high
    rounds = round((estimate.std / error) ** 2)
    std = spread_limit(estimate.std, rounds)
    asked = rules.comparisons
    return detectable_difference(std, rounds, alpha=rules.alpha, comparisons=asked, test="t")


def _rounds_to_reach(estimate: Estimate | None, rules: Rules) -> int:
    """Return how many rounds of each side can reach a verdict; 2 where these can."""
    level = rules.alpha / rules.comparisons
    if estimate is None or estimate.apart is None or estimate.method == "Welch's t":
        return 2
    if 2 / comb(sum(estimate.apart), estimate.apart[0]) <= level:
        return 2
    return next(rounds for rounds in count(2) if 2 / comb(2 * rounds, rounds) <= level)


def _notes(name: str, estimate: Estimate | None, alpha: float) -> tuple[str, ...]:
    """Return a note where Welch's test, which allows for unlike spreads, lies across alpha."""
    if estimate is None or estimate.student is None:
        return ()
    welch, permuted = estimate.student.p_value, estimate.p_value
    if (welch <= alpha) == (permuted <= alpha):
        return ()
    note = (
        f"Welch's t test of {name}, which allows for unlike spreads, gives"
        f" p {p_text(welch, alpha)}, the permutation of labels p {p_text(permuted, alpha)}."
    )
    return (note,)


def _general_notes(published: Published | None, unit: Unit) -> tuple[str, ...]:
    apart = (
        "rounds are unpaired: what chance gave both sides alike is not taken away, and without"
        " a difference they are taken to spread alike."
    )
    if published is None:
        return (apart,)
    note = (
        f"{published.name} is a published mean, and proves less: the paper's rounds are not"
        f" paired with yours, {unit.plain(published.std)} is taken as the standard deviation"
        f" of its {published.rounds} rounds, and values are taken to be normal (Welch's t test)."
    )
    return (note,)
