"""Anytime-valid p-values and intervals: look after every round, stop when you like.

A planned test is right once, at the planned number of rounds. Here the evidence against "the true
difference is θ" is the wealth of a bettor who cannot grow rich at *any* time in an honest world.

**One bet.** Let x = d - θ be symmetric about 0 given the past: given its size |x|, its sign is a
fair coin. Whoever holds 1 and bets the share tanh(u) of it on the sign, at even odds, holds

    1 + tanh(u x / s) = exp(u x / s) / cosh(u x / s)

after the round, for any u and any scale s that is known before the sign is. tanh is odd, so the two
signs' outcomes average to 1: wealth is a martingale, exactly (an e-test of symmetry: Vovk & Wang
2024, "Nonparametric e-tests of symmetry", New England Journal of Statistics in Data Science 2; the
bound exp(u²/2) in the place of cosh(u) is de la Peña's, 1999, Annals of Probability 27). Let s be
the root mean square of the x so far, this one included, as their sizes may be known:

    W_n(u) = Π_i (1 + tanh(u x_i / s_i)),    s_i² = (x_1² + ... + x_i²) / i.

So the method is the same in any unit.

**A mixture of bets.** Which u wins fastest depends on the unknown difference, so the wealth is
shared out among some at the start, each on both signs:

    M_n = Σ_u w_u (W_n(u) + W_n(-u)) / 2,    u = 1/32, 1/16, ..., 4.

A mean of martingales is one. By Ville's inequality (1939) P(M_n >= 1/α at any n) <= α: 1 / max M is
a p-value and {θ: max M(θ) < 1/α} an interval, both valid at every look at once (Howard, Ramdas,
McAuliffe & Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences", Annals
of Statistics 49). Large u decide clear differences in few rounds (7 at least, for one comparison at
5 %), small ones find small differences; the smallest three get half a share, as they rarely help.

Unlike the planned test this one minds the order of rounds: it is that of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array, Interval, finite_row, t_interval

SMALLEST_BET = 1 / 32  # u of the first; each further one is twice the one before
SHARES = np.array([1, 1, 1, 2, 2, 2, 2, 2]) / 13
MOST_ROUNDS = 10_000
SMALLEST_SPREAD = 1e-280
BLOCK = 512  # rounds after which shares are weighed anew: 2**±BLOCK are floats
LEAST_SHARE = 1e-300
WHOLE = 2**16  # differences whose evidence is found at once
LOOKS = 16
CUTS = 16


@dataclass(frozen=True, slots=True)
class AnytimeDifference:
    """What the rounds so far say about one difference, however often one has looked.

    Attributes:
        p_value: of no difference, two-sided.
        interval: the confidence sequence so far: 0 lies outside exactly when p <= alpha.
        p_beyond: of a difference as large as the margin or larger, on either side; 1 without one.
        drifted: no single difference agrees with all looks, so the rounds are not symmetric about
            one; the interval is then the one point that agrees best.
    """

    p_value: float
    interval: Interval
    p_beyond: float
    drifted: bool


def log_evidence(centred: Array, *, upwards: bool = False) -> Array:
    """Return log M_n, the evidence against symmetry about 0, after each round.

    Args:
        centred: (rounds, ...) float64, the differences minus the θ in question.
        upwards: bet on plus alone: M⁺_n = Σ_u w_u W_n(u).

    Returns:
        The same shape; 20 = exp(3.0) is the evidence that alpha = 0.05 asks for.
    """
    n = np.arange(1, len(centred) + 1).reshape(-1, *[1] * (centred.ndim - 1))
    spread = np.cumsum(centred * centred, axis=0)
    # Squares below this are no differences at all; the bet on them is 0.
    some = spread > SMALLEST_SPREAD
    scaled = np.where(some, centred / np.sqrt(np.where(some, spread, 1.0) / n), 0.0)
    shares = np.append(SHARES, 0 * SHARES) if upwards else np.tile(SHARES / 2, 2)
    held = np.multiply.outer(shares, np.ones(centred.shape[1:]))
    evidence, before = np.empty_like(scaled), np.zeros(centred.shape[1:])
    for start in range(0, len(centred), BLOCK):
        grown = np.cumprod(_factors(scaled[start : start + BLOCK]), axis=1)
        total = np.einsum("u...,un...->n...", held, grown)
        total = np.maximum(total, LEAST_SHARE)
        evidence[start : start + BLOCK] = before + np.log(total)
        before = evidence[start : start + BLOCK][-1]
        held = np.maximum(held * grown[:, -1] / total[-1], LEAST_SHARE)
    return evidence


def directed_p(differences: Array) -> Array:
    """Return the p-values of "not above 0" and "not below 0", twice 1 / max M⁺, after each round.

    Args:
        differences: (comparisons, rounds) float64; NaN where one lacks a round, which is left out.

    Returns:
        (rounds, comparisons, 2) float64; that of the direction with less evidence is 1. Rounds that
        one lacks are moved behind the others, where they change nothing.
    """
    order = np.argsort(np.isnan(differences), axis=1, kind="stable")
    rows = np.nan_to_num(np.take_along_axis(differences, order, 1))
    rows = np.ldexp(rows, -np.frexp(np.abs(rows).max(axis=1, keepdims=True, initial=0))[1])
    found = [
        log_evidence(np.stack([part, -part], axis=2), upwards=True)
        for part in np.array_split(rows.T, rows.size // WHOLE + 1, axis=1)
    ]
    most = np.maximum.accumulate(np.concatenate(found, axis=1))
    p = np.minimum(2 * np.exp(-np.maximum(most, 0.0)), 1.0)
    return np.where(most > most[:, :, ::-1], p, 1.0)


def share_that_decides(
    row: Array, drawn: NDArray[np.int64], evidence: float, margin: float | None = None
) -> float:
    """Return the share of continuations of some rounds that decide before they end.

    They are drawn from the rounds seen, and shifted to whichever end of the 80 % interval of their
    mean is in favour: away from 0 for a difference, towards it for one within the margin.

    Args:
        row: (n,) float64, the differences of at least two rounds.
        drawn: (further rounds, continuations) int64, which of the n is drawn.
        evidence: M⁺ that decides.
        margin: equivalence margin in the differences' unit, or None.
    """
    size, row = float(np.abs(row).max()) or 1.0, row if row.mean() > 0 else -row
    n, row, mean = len(row), row / size, float(row.mean()) / size
    ends = t_interval(mean, float(row.std(ddof=1)) / n**0.5, n - 1, 0.8)
    seen = np.repeat(row[:, None], drawn.shape[1], axis=1)

    def going_on(towards: float) -> Array:
        return np.concatenate([seen, row[drawn] - mean + towards])

    decided = (log_evidence(going_on(ends.high), upwards=True) >= log(evidence)).any(axis=0)
    if margin is not None:
        calm, edge = going_on(max(ends.low, 0.0)), margin / size
        sides = [log_evidence(calm + side).max(axis=0) for side in (edge, -edge)]
        decided |= np.minimum(*sides) >= log(evidence / 2)
    return float(decided.mean())


def _factors(scaled: Array) -> Array:
    """Return 1 + tanh(u x) for each u, then for each -u: (bets, rounds, ...)."""
    # 1 + tanh(y) = 2 / (1 + q) with q = exp(-2y), and twice the u squares q.
    q = np.exp(np.clip(-2 * SMALLEST_BET * scaled, -5.0, 5.0))
    won = np.empty((2 * len(SHARES), *scaled.shape))
    for bet in range(len(SHARES)):
        q = q * q if bet else q
        np.divide(2.0, 1.0 + q, out=won[bet])
        np.multiply(q, won[bet], out=won[len(SHARES) + bet])
    return won


def anytime_rounds_to_reach(alpha: float, comparisons: int = 1) -> int:
    """Return the fewest rounds that can reach p <= alpha / comparisons: those of equal differences.

    Raises:
        StatisticsError: for alpha outside (0, 1), no comparison, or more than 10,000 rounds.
    """
    if not 0 < alpha < 1 or comparisons < 1:
        raise StatisticsError(
            f"anytime-valid test: got alpha {alpha} and {comparisons} comparisons, "
            "expected alpha between 0 and 1 and at least one comparison"
        )
    reached = log_evidence(np.ones(MOST_ROUNDS)) >= log(comparisons) - log(alpha)
    if not reached.any():
        raise StatisticsError(
            f"anytime-valid test: so many comparisons need over {MOST_ROUNDS:,} rounds"
        )
    return int(reached.argmax()) + 1


def anytime_difference(
    differences: ArrayLike, *, alpha: float = 0.05, margin: float | None = None
) -> AnytimeDifference:
    """Analyse the rounds so far of one paired difference.

    Args:
        differences: (rounds,) float64 in order of the rounds, finite, at least one.
        alpha: one minus the interval's level.
        margin: above 0, in the differences' unit, to test differences as large as it or larger.

    Raises:
        StatisticsError: for no difference, another shape, or a value not finite.
    """
    row = finite_row(differences, "anytime-valid test", 1)
    if (row == row[0]).all():
        return _of_equal_rounds(float(row[0]), len(row), alpha, margin)
    shift = -int(np.frexp(np.abs(row).max())[1])  # keeps squares of any unit in range
    row, edge = np.ldexp(row, shift), inf if margin is None else float(np.ldexp(margin, shift))
    grid = _grid(row, [0.0] if margin is None else [0.0, -edge, edge])
    p_grid = _p_values(row, grid)
    p_beyond = float(p_grid[np.abs(grid) >= edge].max(initial=0.0)) if margin else 1.0
    possible = np.flatnonzero(p_grid > alpha)
    if len(possible):
        low, high = _ends(row, grid, [int(possible[0]), int(possible[-1])], alpha)
    else:
        best = int(p_grid.argmax())
        around = grid[max(best - 1, 0) : best + 2]
        near = np.linspace(around[0], around[-1], 65)
        low = high = float(near[_p_values(row, near).argmax()])
    interval = Interval(float(np.ldexp(low, -shift)), float(np.ldexp(high, -shift)), 1 - alpha)
    p_value = _hull_p(grid, p_grid, 0.0)
    return AnytimeDifference(p_value, interval, p_beyond, drifted=len(possible) == 0)


def _of_equal_rounds(
    value: float, rounds: int, alpha: float, margin: float | None
) -> AnytimeDifference:
    """Return the analysis of rounds that all gave `value`: it, or nothing, is excluded."""
    elsewhere = float(_p_values(np.ones(rounds), np.zeros(1))[0])
    low, high = (value, value) if elsewhere <= alpha else (-inf, inf)
    within = margin is not None and abs(value) < margin
    return AnytimeDifference(
        1.0 if value == 0 else elsewhere,
        Interval(low, high, 1 - alpha),
        elsewhere if within else 1.0,
        drifted=False,
    )


def _grid(row: Array, points: Sequence[float]) -> Array:
    """Return sorted candidates for θ, dense wherever some look would put its interval.

    A late outlier widens the last look's interval, never an earlier one's: hence every scale.
    """
    n = len(row)
    looks = np.unique(np.geomspace(1, n, LOOKS).astype(int))
    means = np.cumsum(row)[looks - 1] / looks
    errors = np.array([row[:look].std() / look**0.5 for look in looks])
    near = means[:, None] + errors[:, None] * np.linspace(-6, 6, 13)
    far = 2.0 ** np.arange(-10, 41)
    return np.unique(np.concatenate([near.ravel(), far, -far, points]))


def _p_values(row: Array, thetas: Array) -> Array:
    """Return 1 / max M(θ), at most 1, for each θ of a one-dimensional array."""
    parts = [
        log_evidence(row[:, None] - part).max(axis=0)
        for part in np.array_split(thetas, len(thetas) // 64 + 1)
    ]
    return np.asarray(np.exp(-np.maximum(np.concatenate(parts), 0.0)))


def _hull_p(grid: Array, p_grid: Array, theta: float) -> float:
    """Return the largest p that keeps `theta`, a grid point, within the hull of what is possible.

    It is p(θ) itself wherever p falls off on both sides of its maximum, as it does in practice; the
    hull makes sure that p and interval never contradict each other.
    """
    return float(min(p_grid[grid <= theta].max(), p_grid[grid >= theta].max()))


def _ends(row: Array, grid: Array, outermost: list[int], alpha: float) -> tuple[float, float]:
    """Return the ends of the possible θ, beyond the outermost ones of the grid, cut in eighths."""
    beyond = np.array([-inf, *grid, inf])[[outermost[0], outermost[1] + 2]]
    possible, excluded = grid[outermost], np.where(np.isfinite(beyond), beyond, 0.0)
    for _ in range(CUTS):
        steps = possible + (excluded - possible) * np.arange(9)[:, None] / 8
        steps[-1] = excluded
        inside = _p_values(row, steps[1:-1].ravel()).reshape(7, 2) > alpha
        cut = np.where(inside.all(0), 7, inside.argmin(0))
        possible, excluded = steps[cut, [0, 1]], steps[cut + 1, [0, 1]]
    low, high = np.where(np.isfinite(beyond), possible, beyond).tolist()
    return low, high
