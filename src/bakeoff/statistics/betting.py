"""Confidence sequences for bounded means by betting: any shape, any number of looks.

The tests of `signflip` and `sequential` take it that a difference lies as likely above the true one
as below. Where failures are rare and heavy it does not, and they are too sure. Here nothing is
taken for granted but the range of the values (Waudby-Smith & Ramdas 2024, "Estimating means of
bounded random variables by betting", Journal of the Royal Statistical Society B 86).

**One bet.** Let every difference d lie in [-h, h], and have the mean θ given the past. A ticket
that costs h + θ and pays h + d is worth its price then. Whoever holds 1 and spends the share λ in
[0, 1] of it on tickets in every round holds after n rounds

    W_n(λ, θ) = Π_i (1 - λ + λ (h + d_i) / (h + θ)).

No factor is below 0 and, given the past, each has the mean 1, or less if the true mean is below θ:
wealth is a martingale, or a supermartingale. (It is the capital process of their section 4 with
bets λ/m on x = (h + d) / 2h.) Which λ wins fastest depends on the unknown mean and variance, so
wealth is shared out at the start, and a mean of supermartingales is one:

    M_n(θ) = Σ_λ w_λ W_n(λ, θ),    λ = 1, 1/2, ..., 1/32.

By Ville's inequality (1939) P(M_n >= 1/α at any n) <= α for every mean up to θ, so 1 / max M(θ) is
a p-value of "θ or less", at all looks at once. Bets on -d give that of "θ or more", and twice the
smaller one is two-sided: the hedged capital process, with half on either side.

**Inversion.** Every factor falls as θ grows, hence so do M_n(θ) and its maximum over n: what is
not excluded is an interval, the intersection of those of all looks, and p, interval and equivalence
(two one-sided tests at all looks) cannot contradict each other.

**It takes many rounds.** By the inequality of means M_n(0) <= (1 + mean / h)^n, whatever the
spread: below n = 156 a mean of 0.024 on [-1, 1] cannot reach 0.05. Bets of more than all
that one holds would, but a single round could then ruin the bettor below 0, and the proof with it.
So two thirds go to λ = 1, which is the best where the variance is small beside h · mean, and the
rest to what is best for larger variances.
"""

from __future__ import annotations

from math import ceil, exp, inf, log, log1p

import numpy as np

from bakeoff.statistics.describe import Array, Interval
from bakeoff.statistics.estimate import Estimate, moments, snapped
from bakeoff.statistics.signflip import snap

STAKES = 0.5 ** np.arange(6)
SHARES = np.array([10, 1, 1, 1, 1, 1]) / 15
LEAST = -1e6  # log p below which none is told from another


def log_wealth(paid: Array) -> Array:
    """Return log M_n, the evidence against a mean at most the tickets' price, after each round.

    Args:
        paid: (rounds, ...) float64, at least 0: what a ticket paid over what it cost.

    Returns:
        The same shape; 20 = exp(3.0) is the evidence that a one-sided alpha of 0.05 asks for.
    """
    stakes = STAKES.reshape(-1, *[1] * paid.ndim)
    with np.errstate(divide="ignore"):
        grown = np.log(1 - stakes + stakes * paid).cumsum(axis=1)
    most = grown.max(axis=0)
    return np.asarray(most + np.log(np.tensordot(SHARES, np.exp(grown - most), 1)))


def careful_rounds_to_reach(mean: float, reach: float, alpha: float, comparisons: int = 1) -> int:
    """Return the fewest rounds of a mean difference that can reach p <= alpha / comparisons.

    Args:
        mean: in size above 0, at most `reach`.
        reach: the largest size that a difference can have.
        alpha: of all comparisons.
        comparisons: how many there are.
    """
    return ceil((log(2 * comparisons) - log(alpha)) / log1p(abs(mean) / reach))


def careful_estimate(
    differences: Array, largest: Array, reach: float, *, alpha: float, margin: float | None
) -> Estimate:
    """Return one comparison's figures by betting (Waudby-Smith & Ramdas 2024).

    Args:
        differences: (rounds,) float64 in order of the rounds, within [-reach, reach], at least two.
        largest: (rounds,) float64, the magnitude of the values behind them.
        reach: the largest size that a difference can have.
        alpha: level of the interval.
        margin: equivalence margin in the values' unit, or None.
    """
    row, constant = snapped(differences, largest)
    # As far as the range goes: no difference is larger than it.
    edge = None if margin is None else min(float(snap(margin, largest[0])), reach * (1 - 1e-9))
    knots = np.array([0.0] if edge is None else [-edge, 0.0, edge])
    middle = len(knots) // 2
    below, above = (_log_p(side, reach, knots) for side in (row, -row))

    def interval(level: float, confidence: float) -> Interval:
        low, high = (
            sign * _least(sign * row, reach, level, knots, log_p)
            for sign, log_p in ((1, below), (-1, above))
        )
        if low > high:  # both exclude what lies between: the rounds have drifted
            low = high = (low + high) / 2
        return Interval(low, high, confidence)

    two_sided = interval(alpha / 2, 1 - alpha)
    return Estimate(
        **moments(row, constant=constant),
        p_value=min(1.0, 2 * exp(min(below[middle], above[middle]))),
        interval=two_sided,
        method="betting, hedged capital",
        drifted=two_sided.low == two_sided.high,
        equivalence_p=None if edge is None else exp(max(below[0], above[0])),
        equivalence_interval=None if edge is None else interval(alpha, 1 - 2 * alpha),
    )


def _log_p(row: Array, reach: float, thetas: Array) -> Array:
    """Return the logarithm of the one-sided p of "θ or less" for each θ: it grows with θ."""
    paid = np.maximum(reach + row, 0.0)[:, None] / (reach + thetas)
    return np.asarray(-np.maximum(log_wealth(paid).max(axis=0), 0.0))


def _least(row: Array, reach: float, level: float, knots: Array, log_p: Array) -> float:
    """Return the least θ that is not excluded, sought between the knots beside it."""
    from scipy.optimize import brentq  # here, as it takes a quarter of a second

    place = int((log_p <= log(level)).sum())
    excluded, possible = np.array([-reach, *knots, reach])[place : place + 2].tolist()

    def beyond(theta: float) -> float:
        at = -inf if theta == -reach else float(_log_p(row, reach, np.array([theta]))[0])
        return max(at, LEAST) - log(level)

    end = brentq(beyond, excluded, possible, xtol=1e-12)
    return float(min(max(end, np.nextafter(excluded, reach)), possible))
