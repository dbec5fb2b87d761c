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
comparisons; and where these are pairs of few competitors, the sums of each competitor's values are
enough, from which any pair's are a subtraction.

**Convention.** The interval is closed, and 0 lies outside exactly when p <= alpha.

**Ties.** Accuracies tie often, and whether two sums are equal must not hang on a last bit.
Each difference is therefore rounded to a whole multiple of a power of two, 2^-40 of the values of
its own round: far finer than any accuracy, and a loss that exploded in one round coarsens no other.
Sums are exact: differences of very unlike sizes are cut into limbs that are summed one by one. The
rounding moves no mean by more than half its rounds' mean step, so a threshold within one such step
of θ ties with it, and each is widened by one. As a gift, results are the same bits in any order of
summation, on any machine.

**Small p beyond 20 rounds.** Drawn worlds can't tell p below 1 / (resamples + 1), which a
correction for thousands of comparisons asks for. Where they give at most `REFINED`, p is counted
instead, in a dynamic programme. Let the sum be positive: a world counts when Σ_J d <= 0, that is,
when a random subset of all |d| sums to at most the sum N of the |d| of negative sign. Distributions
of such sums on a grid of `CELLS` cells up to N take one addition a round. Every |d| is rounded so
that more worlds count, never fewer, so that p errs to the safe side. So does Hoeffding's bound
(1963, Theorem 2), 2 exp(-(Σd)² / 2Σd²), taken for p where it is at most `BOUNDED`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array

EXACT_ROUNDS = 20  # 2^19 worlds, up to a common sign, are still listed one by one
RESAMPLES = 99_999  # beyond: drawn worlds, so that p is a multiple of 1e-5
REFINED = 1e-3  # a drawn p up to here is counted on a grid
CELLS = 2**14
BOUNDED = 1e-9  # thousands of comparisons stay decided
HALVED = 512  # additions after which shares are halved, all at once: 2**HALVED is a float
GRID_BITS = 40
LIMB = 2.0**40
WIDEST = 2.0**-400  # of the largest step; finer steps than that are none
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
        step: (m, rounds) float64, what each difference was rounded to multiples of.
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

    def p_value(self, null: ArrayLike = 0.0, alpha: float = 0.05) -> Array:
        """Return the (m,) two-sided p-values of a true difference of `null`, one or (m,) numbers.

        Exact, or (1 + count) / (1 + resamples), which is valid too (Phipson & Smyth 2010). Drawn
        ones of at most `REFINED` and `alpha` are counted on a grid, and stay so small: whether p is
        at most alpha is told by the drawn worlds, as by the interval.
        """
        theta = np.broadcast_to(np.asarray(null, dtype=np.float64), self.mean.shape)
        below = np.count_nonzero(self.low <= theta[:, None], axis=-1)
        above = np.count_nonzero(self.high >= theta[:, None], axis=-1)
        share: Array = np.where(self.mean >= theta, below, above) / self.worlds
        cut = min(REFINED, alpha)
        for row in () if self.exact else np.flatnonzero(share <= cut):
            share[row] = min(cut, counted_p(self.differences[row] - theta[row]))
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
        place = self.worlds - 1 - index
        return np.array(  # row by row, as each is copied
            [
                (np.partition(low, index)[index], np.partition(high, place)[place])
                for low, high in zip(self.low, self.high, strict=True)
            ]
        )

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Whether all differences of a comparison are equal, to a step of the grid; (m,) bool."""
        half = self.step / 2
        return np.asarray(
            (self.differences - half).max(axis=-1) <= (self.differences + half).min(axis=-1)
        )


@dataclass(frozen=True)
class SubsetSums:
    """Sums of K competitors' values, and of the grid's steps at them, over the rounds of N worlds.

    Attributes:
        flipped: (K, N) float64, over the rounds whose sign a world flips, rounded once.
        others: (K, N) float64, over the other rounds.
        steps: (K, N) float64, over the flipped rounds; the step, (1, 1), where all are alike.
        all_steps: (K,) float64, over all rounds.
        count: (N,) float64, how many rounds a world flips.
        rounds: how many there are.
    """

    flipped: Array
    others: Array
    steps: Array
    all_steps: Array
    count: Array
    rounds: int

    def blocks(self, upper: Array, lower: Array) -> Iterator[Block]:
        """Yield the means of pairs of competitors, told by their (m,) places."""
        all_steps = (self.all_steps[upper] + self.all_steps[lower])[:, None]
        for start in range(0, len(self.count), BLOCK_ROWS):
            here = slice(start, start + BLOCK_ROWS)
            count, rest = self.count[here], self.rounds - self.count[here]
            means = [self.flipped[upper, here], self.others[upper, here]]
            means[0] -= self.flipped[lower, here]
            means[1] -= self.others[lower, here]
            means[0] /= count
            means[1] /= rest
            slack = others_slack = 2 * self.steps
            if self.steps.size > 1:
                steps = self.steps[upper, here] + self.steps[lower, here]
                slack, others_slack = steps / count, (all_steps - steps) / rest
            yield count, means[0], means[1], slack, others_slack


def subset_sums(values: Array, *, seed: int = 0, resamples: int = RESAMPLES) -> SubsetSums:
    """Return the sums of competitors' values that tell `sign_flip` those of any pair's differences.

    Args:
        values: (K, rounds) float64, finite.
        seed: as of `sign_flip`.
        resamples: as of `sign_flip`.
    """
    coarse, rounds = _steps(values, np.abs(values)), values.shape[1]
    fine = np.maximum(coarse * 2.0 ** (GRID_BITS - 53), 2.0**SMALLEST_EXPONENT)
    limbs = _limbs(np.rint(values / fine) * fine, fine)
    found, alike = [], bool((coarse == coarse[0, 0]).all())
    for flips in _worlds(rounds, resamples, seed):
        # Sums of a limb are exact, and so is what they leave of its total.
        parts = [limb @ flips.T for limb in limbs]
        rest = [limb.sum(axis=1)[:, None] - part for limb, part in zip(limbs, parts, strict=True)]
        steps = coarse[:1, :0] if alike else coarse @ flips.T
        found.append((sum(parts), sum(rest), steps, flips.sum(axis=1)[None]))
    flipped, others, steps, count = (np.concatenate(p, axis=1) for p in zip(*found, strict=True))
    steps = coarse[:1, :1] if alike else steps
    return SubsetSums(flipped, others, steps, coarse.sum(axis=1), count[0], rounds)


def counted_p(differences: Array) -> float:
    """Return the sign-flip test's two-sided p of no difference, counted on a grid.

    Args:
        differences: (rounds,) float64, finite.

    Returns:
        p, the exact one or a little more (see the module's docstring).
    """
    signed = differences if differences.sum() >= 0 else -differences
    negative = -signed[signed < 0]
    if negative.sum() >= signed.sum() + negative.sum():
        return 1.0
    if not len(negative):  # only subsets of zeros sum to nothing
        return min(1.0, 2.0 ** (1 - int((signed > 0).sum())))
    unit = signed / np.abs(signed).max()  # its squares neither vanish nor overflow
    if (bound := 2 * float(np.exp(-(unit.sum() ** 2) / (2 * (unit**2).sum())))) <= BOUNDED:
        return bound
    cell = float(negative.sum()) / CELLS
    below = np.ceil(negative / cell)
    sizes = np.sort(np.concatenate([below, np.floor(signed[signed > 0] / cell)]))
    # Two halves have sums of less reach than the whole, and so fewer cells to add.
    one, other = (_subset_shares(half, int(below.sum()) + 1) for half in (sizes[::2], sizes[1::2]))
    return min(1.0, 2 * float((one * np.cumsum(other)[::-1]).sum()))


def _subset_shares(sizes: Array, cells: int) -> Array:
    """Return how large a share of the subsets of ascending sizes has each sum below `cells`."""
    shares, joined, end = np.zeros(cells), np.zeros(cells), 1
    shares[0] = 1.0
    for number, size in enumerate(sizes, 1):
        here = int(min(size, cells))
        end = min(end + here, cells)
        joined[:here] = shares[:here]
        np.add(shares[here:end], shares[: end - here], out=joined[here:end])
        shares, joined = joined, shares
        if number % HALVED == 0:
            shares *= 2.0**-HALVED
    return shares * 2.0 ** -(len(sizes) % HALVED)


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
    pairs: tuple[SubsetSums, Array, Array] | None = None,
) -> SignFlip:
    """Run the sign-flip test on m comparisons that share their rounds.

    Args:
        differences: (m, rounds) float64, finite; at least one round.
        seed: of the drawn worlds; no matter up to `EXACT_ROUNDS` rounds.
        resamples: how many worlds are drawn beyond `EXACT_ROUNDS` rounds, at least 1.
        largest: (m, rounds) or a shape that broadcasts to it, the magnitude that rounding is
            relative to: that of the values whose differences these are. Default: each difference's
            own, or the comparison's median one if that is larger.
        pairs: of differences of competitors, a faster way: the sums of the competitors' values, and
            the places there, (m,), of either side.

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
    step = _steps(differences, largest)
    rounded = np.rint(differences / step) * step
    if pairs is None:
        blocks = _blocks(rounded, step, _worlds(rounds, resamples, seed))
    else:
        blocks = pairs[0].blocks(*pairs[1:])
    worlds = 2 ** (rounds - 1) if exact else resamples + 1
    low, high = _thresholds(blocks, (len(differences), worlds), rounds)
    mean = sum(limb.sum(axis=1) for limb in _limbs(rounded, step)) / rounds
    return SignFlip(rounded, np.asarray(mean), low, high, exact, step)


def _steps(differences: Array, largest: ArrayLike | None) -> Array:
    """Return the (m, rounds) powers of two that differences are rounded to multiples of."""
    if largest is None:
        sizes = np.abs(differences)
        top = np.maximum(sizes, np.median(sizes, axis=1, keepdims=True))
    else:
        top = np.broadcast_to(np.asarray(largest, dtype=np.float64), differences.shape)
    # Values of 0 have no size, and need no step of their own.
    most = top.max(axis=1, keepdims=True)
    least = np.where(top > 0, top, np.inf).min(axis=1, keepdims=True)
    step = grid_step(np.where(top > 0, top, np.minimum(least, most)))
    return np.asarray(np.maximum(step, step.max(axis=1, keepdims=True) * WIDEST))


def _limbs(differences: Array, step: Array) -> list[Array]:
    """Cut multiples of `step` into parts whose sums are exact, the largest first.

    Most differences are of one limb: themselves.
    """
    size = step.min(axis=1, keepdims=True)
    limbs, rest = [], differences
    while (np.abs(rest).max(axis=1) * rest.shape[1] > 2.0**53 * size[:, 0]).any():
        size = size * LIMB
        high = np.rint(rest / size) * size
        limbs.append(rest - high)
        rest = high
    return [rest, *reversed(limbs)]


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


# Of some worlds: how many rounds each flips, (rows,); the mean differences, (m, rows), over these
# and over the others; and the mean steps of the grid over these and over the others.
Block = tuple[Array, Array, Array, Array, Array]


def _thresholds(
    blocks: Iterator[Block], shape: tuple[int, int], rounds: int
) -> tuple[Array, Array]:
    """Return (m, worlds) lower and upper thresholds."""
    low, high, start = np.empty(shape), np.empty(shape), 0
    with np.errstate(invalid="ignore", divide="ignore"):
        for count, flips, others, slack, others_slack in blocks:
            here = slice(start, start + len(count))
            start += len(count)
            if slack is others_slack:  # the usual case, in fewer steps to the same bits
                np.subtract(np.minimum(flips, others), slack, out=low[:, here])
                np.add(np.maximum(flips, others), slack, out=high[:, here])
            else:
                np.minimum(flips - slack, others - others_slack, out=low[:, here])
                np.maximum(flips + slack, others + others_slack, out=high[:, here])
            # Flipping no sign, or all, gives the observed world: it counts whatever θ is.
            observed = here.start + np.flatnonzero((count == 0) | (count == rounds))
            low[:, observed] = -np.inf
            high[:, observed] = np.inf
    return low, high


def _blocks(differences: Array, step: Array, worlds: Iterator[Array]) -> Iterator[Block]:
    """Yield the means over worlds, each a row that holds 1 where a sign is flipped."""
    limbs, rounds = _limbs(differences, step), differences.shape[1]
    alike = bool((step == step[:, :1]).all())
    for flipped in worlds:
        count = flipped.sum(axis=1)
        slack = others_slack = step[:, :1]
        if not alike:
            slack = step @ flipped.T / count
            others_slack = step @ (1 - flipped).T / (rounds - count)
        yield count, *_means(limbs, flipped, count), slack, others_slack


def _means(limbs: list[Array], chosen: Array, count: Array) -> tuple[Array, Array]:
    """Return the (m, rows) means over the rounds that each row marks with 1, and over the others.

    Sums of a limb are exact, and so is what they leave of its total.
    """
    sums = limbs[0] @ chosen.T
    others = limbs[0].sum(axis=1, keepdims=True) - sums
    for limb in limbs[1:]:
        part = limb @ chosen.T
        sums += part
        others += limb.sum(axis=1, keepdims=True) - part
    sums /= count
    others /= limbs[0].shape[1] - count
    return sums, others


def _worlds(rounds: int, resamples: int, seed: int) -> Iterator[Array]:
    """Yield all worlds of few rounds, or those that are drawn of many."""
    return _all_worlds(rounds) if rounds <= EXACT_ROUNDS else _drawn_worlds(rounds, resamples, seed)


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
    for coins in _coins(rounds, resamples, seed):
        yield np.unpackbits(coins, axis=1, count=rounds).astype(np.float64)


@lru_cache(maxsize=1)
def _coins(rounds: int, resamples: int, seed: int) -> tuple[NDArray[np.uint8], ...]:
    """Return fair coins in blocks, eight in a byte: many comparisons take the same ones."""
    coins, starts = np.random.Generator(np.random.PCG64(seed)), range(0, resamples, BLOCK_ROWS)
    sizes = [(min(BLOCK_ROWS, resamples - start), rounds) for start in starts]
    return tuple(np.packbits(coins.integers(0, 2, size, np.int8), axis=1) for size in sizes)
