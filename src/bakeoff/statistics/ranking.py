"""Who may be the best, and which ranks each competitor may have.

**The set that may be the best.** Of K competitors, i is left out if some j is better than it with
p <= alpha / (K - 1), p being the pair's own, two-sided, by whichever test the mode uses. With a
probability of at least 1 - alpha the set holds the best. For let b be it: it is left out only if
one of its K - 1 rivals, none of which is better, seems so, each with a probability of at most
alpha / (K - 1); the union bound adds these up to alpha. No other competitor need stay, so there is
nothing to correct over i (Gupta 1965, "On some multiple decision (selection and ranking) rules",
Technometrics 7; Hsu 1984, "Constrained simultaneous confidence intervals for multiple comparisons
with the best", Annals of Statistics 12).

**Ranks.** Holm's correction over all K (K - 1) / 2 pairs says who is surely better than whom. Then
the rank lies between 1 + the number that are surely better and K - the number that are surely
worse, for all competitors at once (Al Mohamad, Goeman & van Zwet 2022, "Simultaneous confidence
intervals for ranks with application to ranking institutions", Biometrics 78). No pair's p is
multiplied by less than K - 1, so that whoever may be the best may have rank 1. The other way round
it need not hold, as ranks promise more: of all competitors, not of the best alone.

**Looks at any time.** The p of "j is not better than i" is 2 / max M⁺, with the bets upwards alone
(see `sequential`). If d is symmetric about some θ <= 0 and no likelier farther from it, then given
|d| a minus is at least as likely as a plus, such a bet wins nothing on average, and M⁺ is a
supermartingale: Ville's inequality holds for one direction without a search over θ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bakeoff.statistics.describe import Array, Summary
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.failures import won
from bakeoff.statistics.holm import holm
from bakeoff.statistics.sequential import directed_p
from bakeoff.statistics.signflip import snap
from bakeoff.statistics.units import percent
from bakeoff.statistics.verdict import Comparison, Rules

LISTED = 10
"""Competitors that a sentence names one by one."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one competitor stands among all.

    Attributes:
        name: the competitor.
        mean: of its rounds, a failed one counted as the study says; None without any value.
        first: the best rank that it may have, from 1.
        last: the worst rank that it may have.
        may_be_best: whether it is in the set that may be the best.
    """

    name: str
    mean: float | None
    first: int
    last: int
    may_be_best: bool


def may_be_best(better: Array, alpha: float) -> NDArray[np.bool_]:
    """Return whether each competitor may be the best, (K,) bool, as the module's docstring says.

    Args:
        better: (K, K) float64; the p-value of the pair where the row's competitor is ahead of the
            column's, 1 elsewhere.
        alpha: the largest probability that the set lacks the best.
    """
    left = (better > alpha / max(1, len(better) - 1)).all(axis=0)
    return np.asarray(left if left.any() else ~left)  # a circle leaves nobody, and proves nothing


def rank_intervals(better: Array, alpha: float) -> NDArray[np.int64]:
    """Return the first and the last rank that each competitor may have, (K, 2) int64.

    Args:
        better: as of `may_be_best`.
        alpha: the largest probability that any of the intervals lacks the true rank.
    """
    size, (rows, columns) = len(better), np.triu_indices(len(better), 1)
    p = np.minimum(better, better.T)[rows, columns]
    sure = np.zeros((size, size), dtype=np.bool_)
    sure[rows, columns] = np.maximum(holm(p), p * (size - 1)) <= alpha
    ahead = (sure | sure.T) & (better < better.T)
    return np.stack([1 + ahead.sum(axis=0), size - ahead.sum(axis=1)], axis=1)


def standings(
    names: Sequence[str], means: Array, better: Array, rules: Rules
) -> tuple[Standing, ...]:
    """Return where each competitor stands; nothing of fewer than two.

    Those that may be the best come first, and then the better mean.

    Args:
        names: the competitors.
        means: (K,) float64, NaN where there is none.
        better: as of `may_be_best`.
        rules: what the analysis goes by.
    """
    if len(names) < 2:
        return ()
    ranks, best = rank_intervals(better, rules.alpha), may_be_best(better, rules.alpha)
    sign = -1 if rules.larger_is_better else 1
    found = [
        Standing(name, None if np.isnan(mean) else float(mean), int(first), int(last), bool(top))
        for name, mean, (first, last), top in zip(names, means, ranks, best, strict=True)
    ]
    found.sort(key=lambda s: (not s.may_be_best, s.mean is None, sign * (s.mean or 0.0)))
    return tuple(found)


def ranking(
    drafts: Sequence[Comparison],
    counted: Array,
    made: NDArray[np.bool_],
    summaries: Sequence[Summary],
    rules: Rules,
    test: Callable[[list[Array], list[Array]], list[Estimate | None]],
) -> tuple[Standing, ...]:
    """Return where each competitor with a round stands; pairs that nobody asked for are read too.

    Args:
        drafts: the comparisons that were asked for.
        counted: (rounds, competitors) float64, failed rounds as they count; NaN where one has no
            value.
        made: (rounds, competitors) bool, which rounds were made.
        summaries: of the competitors.
        rules: what the analysis goes by.
        test: gives the figures of rows of differences with the magnitudes behind them.
    """
    there = np.flatnonzero(made.any(axis=0))
    counted, made, known = counted[:, there], made[:, there], [summaries[int(i)] for i in there]
    names, still = [s.name for s in known], [s.constant for s in known]
    directed = rules.anytime and not rules.careful
    better = pairs_among(() if directed else drafts, names, rules)
    for a, b in combinations(range(len(names)), 2):
        if still[a] and still[b]:  # copies, however often they are run
            better[a, b] = better[b, a] = 1.0
    pairs = [(int(a), int(b)) for a, b in np.argwhere(np.isnan(np.triu(better)))]
    rows, sizes = pair_rows(counted, made, pairs, rules)
    if directed and pairs:
        for (a, b), found in zip(pairs, directed_p(np.array(rows))[-1], strict=True):
            better[a, b], better[b, a] = found
    else:
        for (a, b), estimate in zip(pairs, test(rows, sizes), strict=True):
            _enter(better, a, b, estimate, upwards=True)
    means = [c[m & ~np.isnan(c)] for c, m in zip(counted.T, made.T, strict=True)]
    return standings(
        names, np.array([m.mean() if len(m) else np.nan for m in means]), better, rules
    )


def pairs_among(drafts: Sequence[Comparison], names: Sequence[str], rules: Rules) -> Array:
    """Return the matrix of `may_be_best` from the pairs among comparisons, NaN where none is."""
    better, place = np.full((len(names), len(names)), np.nan), {n: i for i, n in enumerate(names)}
    np.fill_diagonal(better, 1.0)
    for draft in drafts:
        sides = [place[name] for name, _ in draft.contrast.weights if name in place]
        if draft.contrast.is_pair and len(sides) == 2:
            wins = draft.failures.wins if draft.failures else None
            upwards = wins is not None or rules.larger_is_better
            estimate = None if draft.copies else wins or draft.estimate
            _enter(better, sides[0], sides[1], estimate, upwards=upwards)
    return better


def _enter(better: Array, a: int, b: int, found: Estimate | None, *, upwards: bool) -> None:
    """Enter the p-value of a minus b on the side of whoever is ahead."""
    better[a, b] = better[b, a] = 1.0
    if found is not None and found.mean:
        ahead, behind = (a, b) if (found.mean > 0) == upwards else (b, a)
        better[ahead, behind] = found.p_value


def pair_rows(
    counted: Array, made: NDArray[np.bool_], pairs: Sequence[tuple[int, int]], rules: Rules
) -> tuple[list[Array], list[Array]]:
    """Return each pair's difference in every round, above 0 where the first is ahead, and its size.

    Where a failed round has no value, it is who won the round. NaN where one was not made.
    """
    sign, rows, sizes = 1.0 if rules.larger_is_better else -1.0, [], []
    for a, b in pairs:
        both = made[:, a] & made[:, b]
        one, other = counted[:, a], counted[:, b]
        size = np.maximum(np.abs(one), np.abs(other))
        if np.isnan(size[both]).any():
            row = won(one, other, larger_is_better=rules.larger_is_better)
            size = np.ones(len(row))
        else:
            row = snap(sign * (one - other), np.where(both, size, 1.0))
        rows.append(np.where(both, row, np.nan))
        sizes.append(np.where(both, size, np.nan))
    return rows, sizes


def best_in_words(found: Sequence[Standing], alpha: float) -> str:
    """Return a sentence on the set that may be the best; "" of fewer than three competitors."""
    best, among = [s.name for s in found if s.may_be_best], f"{len(found)} competitors"
    if len(found) < 3:
        return ""
    if len(best) == len(found):
        return f"Any of the {among} may be the best."
    sure = f"({percent(1 - alpha)} confidence)"
    if len(best) == 1:
        return f"{best[0]} is the best of {among} {sure}."
    more = [f"one of {len(best) - LISTED} more"] * (len(best) > LISTED)
    *names, last = [*best[:LISTED], *more]
    return f"The best of {among} is {', '.join(names)} or {last} {sure}."
