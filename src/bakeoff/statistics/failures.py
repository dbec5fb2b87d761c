"""Failure as an outcome: rounds without a value, of one competitor of a pair or of both.

A competitor that fails in most rounds may still lead in the few that it survived, so its mean there
is no verdict. What decides instead is every round, in one of two ways:

- a failed round **counts as a value** that is known or declared, such as an accuracy of 0;
- or, where no value is the worst, a failed round is **lost** to one that finished, and all other
  rounds are won by the better value: the sign test (Arbuthnott 1710; Conover 1999, "Practical
  Nonparametric Statistics", section 3.4).

Whether one competitor fails more often than the other is a question of its own, told by the exact
sign test on the rounds in which one of them failed alone (McNemar 1947, Psychometrika 12).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr

from bakeoff.statistics.contrast import Contrast
from bakeoff.statistics.describe import Array
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.holm import holm
from bakeoff.statistics.sequential import anytime_difference

if TYPE_CHECKING:
    from bakeoff.statistics.verdict import Rules


@dataclass(frozen=True, slots=True)
class Failures:
    """What failed in one comparison, and what its other figures are.

    Attributes:
        failed: each competitor with the number of rounds in which it failed.
        rounds: how many there are in all.
        p_value: of failing alike, two-sided; None for an effect.
        corrected_p: over the declared comparisons, as a family of its own; None for an effect.
        counted_as: the value that a failed round counts as; None where it is lost.
        ahead: rounds that the upper and the lower side of a pair won, where a failed one is lost;
            None where it counts as a value, and for an effect.
        wins: the sign test's figures for them: its mean is the share won minus the share lost.
        finished: the difference where nothing failed; None below two such rounds.
    """

    failed: tuple[tuple[str, int], ...]
    rounds: int
    p_value: float | None
    corrected_p: float | None
    counted_as: float | None
    ahead: tuple[int, int] | None
    wins: Estimate | None
    finished: Estimate | None


def failing_alike(upper: Array, lower: Array, *, anytime: bool) -> float:
    """Return the p-value, two-sided, of no difference in how often two competitors fail.

    Args:
        upper: (rounds,) bool, in order, whether it failed.
        lower: the same of the other one.
        anytime: for a number of rounds that was not fixed beforehand.
    """
    alone = (upper.astype(np.int8) - lower.astype(np.int8))[upper != lower]
    if not len(alone):
        return 1.0
    if anytime:
        return anytime_difference(alone.astype(np.float64)).p_value
    fewer = min(int((alone > 0).sum()), int((alone < 0).sum()))
    return min(1.0, 2 * float(bdtr(fewer, len(alone), 0.5)))


def won(upper: Array, lower: Array, *, larger_is_better: bool) -> Array:
    """Return 1, -1 or 0 for each round that the upper side won, lost or tied.

    Args:
        upper: (rounds,) float64, NaN where it failed, which loses to any value.
        lower: the same of the other one.
        larger_is_better: which value wins.
    """
    worst = -np.inf if larger_is_better else np.inf
    a, b = (np.where(np.isnan(side), worst, side) for side in (upper, lower))
    ahead = (a > b).astype(np.float64) - (a < b)
    return np.asarray(ahead if larger_is_better else -ahead)


def failures_of(
    contrasts: list[Contrast],
    values: Array,
    names: Sequence[str],
    counts_as: float | None,
    found: list[Estimate | None],
    test: Callable[[list[Array], list[Array], list[Contrast]], list[Estimate | None]],
    rules: Rules,
    made: Sequence[NDArray[np.bool_]],
) -> list[Failures | None]:
    """Return what failed in each comparison, None where nothing did.

    `found` are the comparisons' figures, failed rounds counted as `counts_as` or left out; `test`
    gives those of rows of differences with the magnitudes and the contrasts behind them; `made` are
    the rounds that each comparison has.
    """
    column = dict(zip(names, values.T, strict=True))
    lost = {name: np.isnan(row) for name, row in column.items()}
    touched = [
        i for i, c in enumerate(contrasts) if any(lost[n][made[i]].any() for n, _ in c.weights)
    ]
    pairs = {i: [n for n, _ in contrasts[i].weights] for i in touched if contrasts[i].is_pair}
    anytime, larger = rules.anytime, rules.larger_is_better
    alike = {
        i: failing_alike(lost[a][made[i]], lost[b][made[i]], anytime=anytime)
        for i, (a, b) in pairs.items()
    }
    corrected = holm([alike.get(i, 1.0) for i in range(len(contrasts))])
    wins, finished = dict[int, tuple[Array, Estimate | None]](), [found[i] for i in touched]
    if counts_as is None:
        rows = [
            np.where(made[i], won(column[a], column[b], larger_is_better=larger), np.nan)
            for i, (a, b) in pairs.items()
        ]
        asked = [contrasts[i] for i in pairs]
        tested = zip(rows, test(rows, [np.ones(len(values))] * len(rows), asked), strict=True)
        wins = dict(zip(pairs, tested, strict=True))
    else:
        asked = [contrasts[i] for i in touched]
        rows = [np.where(made[i], contrasts[i].values(values, names), np.nan) for i in touched]
        finished = test(rows, [contrast.largest(values, names) for contrast in asked], asked)
    told: list[Failures | None] = [None] * len(contrasts)
    for i, where_all_finished in zip(touched, finished, strict=True):
        row, tested_wins = wins.get(i, (None, None))
        told[i] = Failures(
            failed=tuple((n, int(lost[n][made[i]].sum())) for n, _ in contrasts[i].weights),
            rounds=int(made[i].sum()),
            p_value=alike.get(i),
            corrected_p=float(corrected[i]) if i in alike else None,
            counted_as=counts_as,
            ahead=None if row is None else (int((row > 0).sum()), int((row < 0).sum())),
            wins=tested_wins,
            finished=where_all_finished,
        )
    return told
