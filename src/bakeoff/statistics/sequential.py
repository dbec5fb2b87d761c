"""Anytime-valid p-values and intervals: look after every round, stop when you like.

A planned test is right once, at the planned number of rounds. Here the evidence against "the true
difference is θ" is a betting score that an honest world cannot drive high at *any* time.

**One bet.** Let x = d - θ be symmetric about 0 given the past. For any λ

    E exp(λx - λ²x²/2) <= 1,

because the sign of x is a fair coin given |x|, and cosh(u) <= exp(u²/2) (de la Peña 1999, "A
general class of exponential inequalities for martingales and ratios", Annals of Probability 27). So
exp(λ S_n - λ² V_n / 2), with S_n = Σ x_i and V_n = Σ x_i², is a supermartingale that starts at 1.

**A mixture of bets.** Averaged over λ ~ N(0, ρ²) it is one still, in closed form:

    M_n = (1 + ρ²V_n)^(-1/2) · exp( ρ² S_n² / (2 (1 + ρ²V_n)) ).

By Ville's inequality P(M_n >= 1/α at any n) <= α: 1 / max M is a p-value and {θ: max M(θ) < 1/α} an
interval, both valid at every look at once (Howard, Ramdas, McAuliffe & Sekhon 2021, "Time-uniform,
nonparametric, nonasymptotic confidence sequences", Annals of Statistics 49).

**The scale ρ** must suit differences of unknown size. The score grows by factors, the n-th being
M_n / M_(n-1); each needs only that ρ is known before the *sign* of x_n is. So we let ρ follow the
differences' mean square, that of round n included:

    ρ_n² = c · n / V_n,   c = 1/5.

That makes the method the same in any unit, and each factor's expectation is still at most 1, since
M_n / M_(n-1) at a fixed ρ is an average of bets on x_n, weighted by how well they did before.
c = 1/5 decides soonest at about 30 rounds; half or twice as much costs 2 rounds. In simulations it
needed no more rounds than the best fixed ρ.

Unlike the planned test this one minds the order of rounds: it is that of their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, log

import numpy as np
from numpy.typing import ArrayLike

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array, Interval, finite_row

SCALE = 0.2
MOST_ROUNDS = 10_000
SMALLEST_SPREAD = 1e-280
LOOKS = 32
BISECTIONS = 48


@dataclass(frozen=True, slots=True)
class AnytimeDifference:
    """What the rounds so far say about one difference, however often one has looked.

    Attributes:
        p_value: of no difference, two-sided.
        interval: the confidence sequence so far: 0 lies outside exactly when p <= alpha.
        p_nulls: p-values of the further differences asked for.
        drifted: no single difference agrees with all looks, so the rounds are not symmetric about
            one; the interval is then the one point that agrees best.
    """

    p_value: float
    interval: Interval
    p_nulls: tuple[float, ...]
    drifted: bool


def log_evidence(centred: Array) -> Array:
    """Return log M_n, the evidence against symmetry about 0, after each round.

    Args:
        centred: (rounds, ...) float64, the differences minus the θ in question.

    Returns:
        The same shape; 20 = exp(3.0) is the evidence that alpha = 0.05 asks for.
    """
    total = np.cumsum(centred, axis=0)
    spread = np.cumsum(centred * centred, axis=0)
    n = np.arange(1, len(centred) + 1).reshape(-1, *[1] * (centred.ndim - 1))
    # Squares below this are no differences at all; the bet on them is 0.
    rho2 = np.where(spread > SMALLEST_SPREAD, SCALE * n / np.maximum(spread, SMALLEST_SPREAD), 0.0)
    grown = _log_mixture(total, spread, rho2)
    grown[1:] -= _log_mixture(total[:-1], spread[:-1], rho2[1:])
    return np.asarray(np.cumsum(grown, axis=0), dtype=np.float64)


def _log_mixture(total: Array, spread: Array, rho2: Array) -> Array:
    """Return log M for sums `total`, sums of squares `spread` and the mixture's ρ²."""
    scaled = 1 + rho2 * spread
    return np.asarray(rho2 * total * total / (2 * scaled) - np.log(scaled) / 2)


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
    differences: ArrayLike, *, alpha: float = 0.05, nulls: Sequence[float] = ()
) -> AnytimeDifference:
    """Analyse the rounds so far of one paired difference.

    Args:
        differences: (rounds,) float64 in order of the rounds, finite, at least one.
        alpha: one minus the interval's level.
        nulls: further true differences θ to test, each two-sided.

    Raises:
        StatisticsError: for no difference, another shape, or a value not finite.
    """
    row = finite_row(differences, "anytime-valid test", 1)
    if (row == row[0]).all():
        return _of_equal_rounds(float(row[0]), len(row), alpha, nulls)
    shift = -int(np.frexp(np.abs(row).max())[1])  # keeps squares of any unit in range
    row, points = np.ldexp(row, shift), np.ldexp(np.array([0.0, *nulls]), shift)
    grid = _grid(row, points)
    p_grid = _p_values(row, grid)
    p_zero, *p_nulls = (_hull_p(grid, p_grid, theta) for theta in points)
    possible = np.flatnonzero(p_grid > alpha)
    if len(possible):
        low = _boundary(row, grid, int(possible[0]), -1, alpha)
        high = _boundary(row, grid, int(possible[-1]), +1, alpha)
    else:
        low = high = float(grid[p_grid.argmax()])
    interval = Interval(float(np.ldexp(low, -shift)), float(np.ldexp(high, -shift)), 1 - alpha)
    return AnytimeDifference(p_zero, interval, tuple(p_nulls), drifted=len(possible) == 0)


def _of_equal_rounds(
    value: float, rounds: int, alpha: float, nulls: Sequence[float]
) -> AnytimeDifference:
    """Return the analysis of rounds that all gave `value`: it, or nothing, is excluded."""
    elsewhere = float(_p_values(np.ones(rounds), np.zeros(1))[0])
    low, high = (value, value) if elsewhere <= alpha else (-inf, inf)
    p_zero, *p_nulls = (1.0 if theta == value else elsewhere for theta in (0.0, *nulls))
    return AnytimeDifference(p_zero, Interval(low, high, 1 - alpha), tuple(p_nulls), False)


def _grid(row: Array, points: Array) -> Array:
    """Return sorted candidates for θ, dense wherever some look would put its interval.

    A late outlier widens the last look's interval, never an earlier one's: hence every scale.
    """
    n = len(row)
    looks = np.unique(np.geomspace(1, n, LOOKS).astype(int))
    means = np.cumsum(row)[looks - 1] / looks
    errors = np.array([row[:look].std() / look**0.5 for look in looks])
    near = means[:, None] + errors[:, None] * np.linspace(-6, 6, 25)
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


def _boundary(row: Array, grid: Array, index: int, direction: int, alpha: float) -> float:
    """Return the end of the possible θ beyond grid[index], by bisection towards its neighbour."""
    if not 0 <= index + direction < len(grid):
        return direction * inf
    possible, excluded = float(grid[index]), float(grid[index + direction])
    for _ in range(BISECTIONS):
        middle = (possible + excluded) / 2
        if _p_values(row, np.array([middle]))[0] > alpha:
            possible = middle
        else:
            excluded = middle
    return possible
