"""The sign-flip test of paired differences, and the interval that inverts it, from one product.

Were the true difference θ, each d_i - θ would be as likely to carry a plus as a minus (symmetry
about θ), so flipping signs at will gives equally likely worlds. The p-value of θ is the share of
worlds whose |sum| is at least the one observed (Fisher 1935, *The Design of Experiments*, §21).

**No search for the interval.** Let J be the rounds whose sign is flipped. For θ below the mean,
|Σ s_i (d_i - θ)| >= Σ (d_i - θ) holds exactly when

    θ >= mean of d over J    or    θ >= mean of d over the other rounds.

(Write Σ s_i (d_i - θ) as Σ (d_i - θ) - 2 Σ_J (d_i - θ): it reaches the observed sum when
Σ_J (d_i - θ) <= 0, and its negative when the same holds of the others.) So each world has a
threshold, the lower of two subset means, and starts to count when θ passes it; above the mean
mirror the argument with the higher of the two. p(θ) is a step function that rises to 1 at the mean
and falls again, and the 1 - alpha interval {θ: p(θ) > alpha} has two order statistics of the
thresholds as its ends. All subset sums are one matrix product, shared by any number of
comparisons.

**Convention.** The interval is closed, and 0 lies outside exactly when p <= alpha.

**Ties.** Accuracies tie often, and whether two sums are equal must not hang on a last bit.
Differences are therefore rounded to whole multiples of a power of two, 2^-40 of the largest value:
far finer than any accuracy, yet coarse enough that the sums of up to 4,096 rounds are exact. That
moves no mean by more than half a step, so a threshold within a step of θ ties with it, and each is
widened by one. As a gift, results are the same bits in any order of summation, on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bakeoff.errors import StatisticsError
from bakeoff.study.statistics.describe import Array

EXACT_ROUNDS = 20  # 2^19 worlds, up to a common sign, are still listed one by one
RESAMPLES = 99_999  # beyond: drawn worlds, so that p is a multiple of 1e-5
GRID_BITS = 40
SMALLEST_EXPONENT = -1022  # of a float64 that multiplies without loss
BLOCK_ROWS = 1_024  # worlds held as a matrix at once: small enough for the cache


@dataclass(frozen=True)
class SignFlip:
    """The thresholds of m comparisons over N worlds, which answer every question about them.

    Attributes:
        differences: (m, rounds) float64, rounded to the grid that the module's docstring names.
        mean: (m,) float64, the mean differences.
        low: (m, N) float64; for θ up to the mean, a world counts from this θ on. The unflipped
            world is among them with -inf.
        high: (m, N) float64; for θ from the mean up, a world counts to this θ; +inf likewise.
        exact: all worlds were listed; otherwise they were drawn.
        step: (m,) float64, the step of each comparison's grid.
    """

    differences: Array
    mean: Array
    low: Array
    high: Array
    exact: bool
    step: Array

    @property
    def worlds(self) -> int:
        """N, 2^(rounds-1) when exact (a world and its mirror count alike), else resamples + 1."""
        return int(self.low.shape[-1])

    def p_value(self, null: ArrayLike = 0.0) -> Array:
        """Return the (m,) two-sided p-values of a true difference of `null`, one or (m,) numbers.

        Exact, or (1 + count) / (1 + resamples), which is valid too (Phipson & Smyth 2010).
        """
        theta = np.broadcast_to(np.asarray(null, dtype=np.float64), self.mean.shape)
        below = np.count_nonzero(self.low <= theta[:, None], axis=-1)
        above = np.count_nonzero(self.high >= theta[:, None], axis=-1)
        share: Array = np.where(self.mean >= theta, below, above) / self.worlds
        return share

    def p_greater(self, null: ArrayLike) -> Array:
        """Return the (m,) one-sided p-values of "at most `null`" against "greater".

        A world and its mirror lie on either side, so it is half the two-sided p where the mean
        exceeds `null`; elsewhere its complement, at least a half, is reported.
        """
        half = self.p_value(null) / 2
        return np.where(self.mean > np.asarray(null), half, 1 - half)

    def p_less(self, null: ArrayLike) -> Array:
        """Return the (m,) one-sided p-values of "at least `null`" against "less"."""
        half = self.p_value(null) / 2
        return np.where(self.mean < np.asarray(null), half, 1 - half)

    def interval(self, alpha: float) -> Array:
        """Return the (m, 2) ends of {θ: p(θ) > alpha}, infinite where N worlds are too few."""
        index = rejectable(alpha, self.worlds)
        low = np.partition(self.low, index, axis=-1)[:, index]
        high = np.partition(self.high, self.worlds - 1 - index, axis=-1)[:, -1 - index]
        return np.stack([low, high], axis=-1)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Whether all differences of a comparison are equal, to a step of the grid; (m,) bool."""
        return np.asarray(np.ptp(self.differences, axis=-1) <= self.step)


def rejectable(alpha: float, worlds: int) -> int:
    """Return the largest count with count / worlds <= alpha, compared as floats, as p is.

    Args:
        alpha: a level, between 0 and 1.
        worlds: how many worlds there are, at least 1.
    """
    count = int(alpha * worlds)
    while (count + 1) / worlds <= alpha:
        count += 1
    while count / worlds > alpha:
        count -= 1
    return count


def sign_flip(
    differences: Array,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    largest: ArrayLike | None = None,
) -> SignFlip:
    """Run the sign-flip test on m comparisons that share their rounds.

    Args:
        differences: (m, rounds) float64, finite; at least one round.
        seed: of the drawn worlds; no matter up to `EXACT_ROUNDS` rounds.
        resamples: how many worlds are drawn beyond `EXACT_ROUNDS` rounds, at least 1.
        largest: (m,) or one number, the magnitude that rounding is relative to: that of the values
            whose differences these are. Default: each comparison's largest difference.

    Raises:
        StatisticsError: for another shape, no round, a value that is not finite, resamples < 1.
    """
    if differences.ndim != 2 or differences.shape[1] == 0 or not np.isfinite(differences).all():
        raise StatisticsError(
            f"sign-flip test: got differences of shape {differences.shape}, "
            "expected finite ones, (comparisons, rounds) with at least one round"
        )
    if resamples < 1:
        raise StatisticsError(f"sign-flip test: got {resamples} resamples, expected at least 1")
    rounds = differences.shape[1]
    exact = rounds <= EXACT_ROUNDS
    top = np.abs(differences).max(axis=1) if largest is None else np.asarray(largest)
    step = grid_step(np.broadcast_to(top, len(differences)))
    column = step[:, None]
    units = np.rint(differences / column)
    blocks = _all_worlds(rounds) if exact else _drawn_worlds(rounds, resamples, seed)
    low, high = _thresholds(units, blocks, 2 ** (rounds - 1) if exact else resamples + 1)
    low -= 1
    low *= column
    high += 1
    high *= column
    return SignFlip(units * column, units.sum(axis=1) / rounds * step, low, high, exact, step)


def snap(differences: ArrayLike, largest: ArrayLike) -> Array:
    """Return differences rounded to the test's grid, 2^-40 of the values' largest magnitude.

    Args:
        differences: float64, finite, of any shape.
        largest: the magnitude of the values whose differences these are, a shape that broadcasts.

    Returns:
        float64, the shape of the differences.
    """
    step = grid_step(np.asarray(largest))
    return np.asarray(np.rint(np.asarray(differences) / step) * step)


def grid_step(largest: Array) -> Array:
    """Return the power of two that is the grid's step for values up to `largest`.

    Args:
        largest: float64, of any shape.

    Returns:
        float64, the same shape.
    """
    exponent = np.maximum(np.frexp(largest)[1] - GRID_BITS, SMALLEST_EXPONENT)
    return np.asarray(np.ldexp(1.0, exponent), dtype=np.float64)


def _thresholds(units: Array, blocks: Iterator[Array], worlds: int) -> tuple[Array, Array]:
    """Return (m, worlds) lower and upper thresholds; blocks hold 1 where a sign is flipped."""
    comparisons, rounds = units.shape
    total = units.sum(axis=1, keepdims=True)
    low = np.empty((comparisons, worlds))
    high = np.empty((comparisons, worlds))
    start = 0
    for flipped in blocks:
        here = slice(start, start + len(flipped))
        start += len(flipped)
        count = flipped.sum(axis=1)
        sums = units @ flipped.T
        lower, upper = low[:, here], high[:, here]
        with np.errstate(invalid="ignore", divide="ignore"):
            np.subtract(total, sums, out=upper)
            np.divide(upper, rounds - count, out=upper)
            np.divide(sums, count, out=sums)
        np.minimum(sums, upper, out=lower)
        np.maximum(sums, upper, out=upper)
        # Flipping no sign, or all, gives the observed world: it counts whatever θ is.
        observed = (count == 0) | (count == rounds)
        lower[:, observed] = -np.inf
        upper[:, observed] = np.inf
    return low, high


def _all_worlds(rounds: int) -> Iterator[Array]:
    """Yield blocks (rows, rounds) of all flips that leave the last round's sign alone.

    The other half are their mirrors, whose |sum| is the same. Row r flips the bits of r, so the
    first row is the observed world.
    """
    worlds = 2 ** (rounds - 1)
    for start in range(0, worlds, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, worlds))[:, None]
        yield (rows >> np.arange(rounds) & 1).astype(np.float64)


def _drawn_worlds(rounds: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yield the observed world, then blocks of worlds drawn with fair coins."""
    yield np.zeros((1, rounds))
    coins = np.random.Generator(np.random.PCG64(seed))
    for start in range(0, resamples, BLOCK_ROWS):
        rows = min(BLOCK_ROWS, resamples - start)
        yield coins.integers(0, 2, size=(rows, rounds), dtype=np.int8).astype(np.float64)
