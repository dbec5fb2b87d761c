"""What of the rounds themselves speaks against what a test takes for granted, in a sentence each.

That they are independent (`following_rounds`, `balanced_rounds`, `repeated_rounds`), and that
differences are as likely above the true one as below (`skewed_differences`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, pdtrc

from bakeoff.statistics.describe import Array
from bakeoff.statistics.signflip import snap
from bakeoff.statistics.units import ROUNDING

CHANCE = 1e-4  # below it, no chance is believed in
ORDERS = 99  # random orders of the rounds: a note on their order is wrong once in so many + 1
RANK = 1e-12  # columns up to this share of the largest are rounding
FLIPS, RARELY = 99, 0.05  # signs drawn for `skewed_differences`, and how often it is wrong
FEWER, LARGE = 39, 2**20  # signs that do for so many numbers
FEW = 8  # comparisons whose rounds are looked at one by one
FEWEST_SKEWED = 8
FEWEST_BLOCKS, FOLDS = 3, (3, 4, 5, 10, 20)  # usual numbers of folds
TINY = 1e-300
Order = NDArray[np.int64]


def following_rounds(differences: Array, names: Sequence[str], *, seed: int = 0) -> tuple[str, ...]:
    """Return a note if differences follow one another more than those of independent rounds would.

    Independent rounds are as likely in any order. So the largest lag-1 autocorrelation among the
    comparisons is set beside that of random orders of the rounds, the same for all comparisons
    (Wald and Wolfowitz 1943, "An exact test for randomness in the non-parametric case based on
    serial correlation", Annals of Mathematical Statistics 14; the maximum as in Westfall and Young
    1993). Of analyses of independent rounds at most 1 in 100 has a note.

    Args:
        differences: (comparisons, rounds) float64 in order of the rounds, NaN where a round has
            none; each with two values or more that differ.
        names: of the comparisons.
        seed: of the random orders.
    """
    if not names:
        return ()
    centred = np.nan_to_num(differences - np.nanmean(differences, axis=1, keepdims=True))
    rounds = centred.T / np.linalg.norm(centred, axis=1)
    columns, weights = rounds, np.eye(len(names))
    if len(names) > FEW:  # pairs of few competitors take few columns
        from scipy.linalg import qr  # here, as it takes a third of a second

        columns, weights, order = qr(rounds, mode="economic", pivoting=True)
        rank = int((np.abs(np.diag(weights)) > RANK * abs(weights[0, 0])).sum())
        columns, weights = columns[:, :rank], weights[:rank, np.argsort(order)]

    def lagged(order: Array) -> Array:
        return np.asarray(((order[:-1].T @ order[1:] @ weights) * weights).sum(axis=0))

    seen = lagged(columns)
    largest = int(seen.argmax())
    if not _unusual(seen[largest], lambda order: lagged(columns[order]).max(), len(columns), seed):
        return ()
    note = (
        f"the differences of {names[largest]} follow one another: from one round to the next they"
        f" correlate by {seen[largest]:.2f}, as in none of {ORDERS} random orders of the"
        " rounds, so the figures, which take rounds to be independent, may claim too much; check"
        " that each round has a seed of its own and takes nothing over from the last one, or that"
        " the values were not sorted."
    )
    return (note,)


def balanced_rounds(values: Array, *, seed: int = 0) -> tuple[str, ...]:
    """Return a note if blocks of rounds average more alike than those of independent rounds would.

    A set that is cut into k folds is tested whole in every k rounds, so that their mean hardly
    moves, while each round shares its training examples with all others. How small the variance
    between blocks of k is, is told by the F test of an analysis of variance; the smallest p-value
    among competitors, and usual numbers of folds that divide the number of rounds, is set beside
    that of random orders of the rounds. Of analyses of independent rounds at most 1 in 100 has a
    note.

    Args:
        values: (rounds, competitors) float64 in order of the rounds; no note where one failed.
        seed: of the random orders.
    """
    rounds = len(values)
    blocks = [k for k in FOLDS if rounds % k == 0 and rounds >= FEWEST_BLOCKS * k]
    if not blocks:
        return ()
    centred = values - values.mean(axis=0)
    spread = (centred**2).sum(axis=0)
    moving = spread > ROUNDING * (values**2).sum(axis=0)  # NaN is neither
    if not moving.any():
        return ()
    scaled = centred[:, moving] / np.sqrt(spread[moving])

    def evenness(rows: Array) -> list[float]:
        """Return minus the logarithm of the least p-value of each block length."""
        found = []
        for k in blocks:
            many = rounds // k
            between = (rows.reshape(many, k, -1).sum(axis=1) ** 2).sum(axis=0) / k
            p_value = betainc((many - 1) / 2, (rounds - many) / 2, between).min()
            found.append(-float(np.log(max(p_value, TINY))))
        return found

    seen = evenness(scaled)
    if not _unusual(max(seen), lambda order: max(evenness(scaled[order])), rounds, seed):
        return ()
    k = blocks[int(np.argmax(seen))]
    note = (
        f"every {k} rounds average more alike than those of {ORDERS} random orders, as do the"
        f" {k} folds of one set of examples, whose rounds are not independent, so the figures may"
        f" claim too much; if they are folds, say so: folds {k}x{rounds // k}."
    )
    return (note,)


def _unusual(seen: float, of: Callable[[Order], float], rounds: int, seed: int) -> bool:
    """Tell whether none of so many random orders of the rounds reaches what is seen."""
    orders = np.random.Generator(np.random.PCG64(seed))
    return all(of(orders.permutation(rounds)) < seen - ROUNDING for _ in range(ORDERS))


def repeated_rounds(values: Array) -> tuple[str, ...]:
    """Return a note if more rounds have the values of another one than chance explains.

    Whether a round's values are those of another is asked of each two rounds. Were they drawn
    apart, the first competitor's values and its difference to another would tie independently,
    as often as among the rounds that differ; or, where rounds hardly move all alike, the values of
    the two. The likelier counts, and of several competitors the one that ties least.

    Args:
        values: (rounds, competitors) float64, NaN where one failed.
    """
    rows = values[~np.isnan(values).any(axis=1)]
    unlike = np.unique(rows, axis=0)
    repeated, pairs = len(rows) - len(unlike), len(unlike) * (len(unlike) - 1) / 2
    if repeated < 3:
        return ()
    largest = float(np.abs(unlike).max())

    def tied(column: Array) -> float:
        """Return the share of pairs that tie, were there one more that does."""
        counts = np.unique(snap(column, largest), return_counts=True)[1]
        return float((counts * (counts - 1)).sum() / 2 + 1) / (pairs + 1)

    first = unlike[:, 0]
    chances = [
        tied(first) * max(tied(other), tied(other - first))
        for other in unlike.T[1:]
        if np.ptp(snap(other - first, largest)) > 0  # those of one difference have a note
    ]
    expected = min(chances, default=1.0) * len(rows) * (len(rows) - 1) / 2
    if pdtrc(repeated - 1, expected) > CHANCE:
        return ()
    note = (
        f"{len(rows)} rounds hold only {len(unlike)} different ones, too few for chance: a copied"
        " round proves nothing, so the figures claim too much; check the file, or that each round"
        " has a seed of its own."
    )
    return (note,)


def skewed_differences(
    differences: Array, names: Sequence[str], *, seed: int = 0
) -> tuple[str, ...]:
    """Return a note if differences lie less evenly about their mean than symmetric ones would.

    The largest distance of mean and median among the comparisons, over the mean distance from the
    median (Miao, Gel & Gastwirth 2006, "A new test of symmetry about an unknown median"), is set
    beside that with random signs, the same for all comparisons. Of analyses of symmetric rounds
    about 1 in 20 has a note.

    Args:
        differences: (comparisons, rounds) float64, NaN where a round has none; in each two values
            or more that differ.
        names: of the comparisons.
        seed: of the random signs.
    """
    if not names or differences.shape[1] < FEWEST_SKEWED:
        return ()
    signs, rounds = np.random.Generator(np.random.PCG64(seed)), differences.shape[1]
    missing, half = bool(np.isnan(differences).any()), rounds // 2

    def skewness(rows: Array) -> Array:
        if missing:
            middle = np.asarray(np.nanmedian(rows, axis=-1))
            mean = np.nanmean(rows, axis=-1)
            spread = np.nanmean(np.abs(rows - middle[..., None]), axis=-1)
        else:  # the rows are put in the order that tells both, at a third of the time
            rows.partition((half - 1 + rounds % 2, half), axis=-1)
            below, above = rows[..., :half].sum(axis=-1), rows[..., -half:].sum(axis=-1)
            middle = rows[..., half - 1 + rounds % 2 : half + 1].mean(axis=-1)
            mean, spread = (below + above + rounds % 2 * middle) / rounds, (above - below) / rounds
        return np.asarray(np.abs(mean - middle) / np.maximum(spread, TINY))

    gaps = np.diff(np.unique(differences[~np.isnan(differences)]))
    step = gaps[gaps > ROUNDING * np.nanmax(np.abs(differences))].min(initial=np.inf)
    if np.isfinite(step):  # ties, as of few examples, would hide where the middle is
        differences = differences + step * signs.uniform(-0.5, 0.5, differences.shape)
    seen = skewness(differences.copy())
    largest, reached = int(seen.argmax()), 0
    centred = differences - np.nanmean(differences, axis=1, keepdims=True)
    flips = FLIPS if differences.size < LARGE else FEWER
    at_once = max(1, LARGE // 16 // differences.size)
    for start in range(0, flips, at_once):
        drawn = signs.choice((-1.0, 1.0), (min(at_once, flips - start), 1, rounds))
        found = skewness(centred * drawn).max(axis=-1)
        reached += int((found >= seen[largest] - ROUNDING).sum())
        if reached + 1 > RARELY * (flips + 1):
            return ()
    told = (
        f"the differences of {names[largest]} have a longer tail to one side than symmetric ones,"
        " for which the test is, so p and interval may be too sure; of accuracies and other"
        " fractions the careful test takes no shape for granted."
    )
    return (told,)
