"""What a number of rounds can show: power, the smallest difference in reach, rounds to plan.

For normal differences the sign-flip test has nearly the power of Student's paired t test (Hoeffding
1952, "The large-sample power of tests based on permutations of observations", Annals of
Mathematical Statistics 23), once one thing is allowed for: with few rounds its p takes few values,
so the level it really works at is below the one asked for. In simulations, differences said to be
found 80 times in 100 were found 77 to 82 times, and 73 to 75 times at one or two rounds above the
fewest that can decide anything.

`comparisons` is the number m of declared ones: power is counted at Holm's first step, alpha / m,
the strictest that any of them can meet.

**A spread that was seen** in few rounds is as often too small as too large, and a promise made of
it is kept 70 times in 100, not 80, at 6 rounds. So promises go by `spread_limit`: four times in
five the true spread is no larger, and the promised power then reached (Browne 1995, "On the use of
a pilot sample for sample size determination", Statistics in Medicine 14). That holds for any number
of rounds, so none is too many for it: the limit is 56 % above what 5 rounds showed, 14 % above what
30 did, 7 % above what 100 did.

**The anytime-valid test** stops at a time that no formula gives, so its power is counted over
simulated studies, always the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import ceil, inf, isfinite, log, log2, sqrt
from typing import Literal

import numpy as np
from scipy.special import chdtri, ndtr, stdtrit

from bakeoff.errors import StatisticsError
from bakeoff.statistics.describe import Array
from bakeoff.statistics.sequential import MOST_ROUNDS as MOST_ANYTIME_ROUNDS
from bakeoff.statistics.sequential import anytime_rounds_to_reach, log_evidence
from bakeoff.statistics.signflip import EXACT_ROUNDS, rejectable

POWER = 0.8
SURE = 0.8
MOST_ROUNDS = 1_000_000
SIMULATED = 4_000
SIMULATED_AT_ONCE = 2**20  # rounds of simulated studies held at a time


def t_power(effect: float, rounds: int, alpha: float) -> float:
    """Return the probability that a two-sided paired t test rejects at level alpha.

    T = (Z + effect·√n) / v, with v² a χ² over its n - 1 degrees of freedom: given v, both tails are
    normal, and v is integrated out over its quantiles.

    Args:
        effect: true mean difference over the differences' standard deviation (Cohen's d_z).
        rounds: n, at least 2.
        alpha: level, between 0 and 1.
    """
    # Not scipy's nct, which is NaN for an effect of 2 in 20 rounds at level 0.05, among others.
    shift = abs(effect) * rounds**0.5
    scale, weight = _chi_quantiles(rounds - 1)
    cut = -float(stdtrit(rounds - 1, alpha / 2)) * scale
    return min(1.0, float(weight @ (ndtr(shift - cut) + ndtr(-shift - cut))))


def sign_flip_power(effect: float, rounds: int, alpha: float) -> float:
    """Return the probability that the two-sided sign-flip test rejects at level alpha.

    Approximate: Student's at the attainable level. Exact for so few rounds that only differences
    of one sign reject: Φ(effect)^n + Φ(-effect)^n.

    Args:
        effect: true mean difference over the differences' standard deviation.
        rounds: n, at least 2.
        alpha: level, between 0 and 1.
    """
    level = attainable_level(rounds, alpha)
    if level == 0:
        return 0.0
    if level == 2.0 ** (1 - rounds):
        return float(ndtr(effect) ** rounds + ndtr(-effect) ** rounds)
    return t_power(effect, rounds, level)


@lru_cache(maxsize=64)
def _chi_quantiles(df: int) -> tuple[Array, Array]:
    """Return nodes and weights that average a smooth function of v = √(χ²_df / df)."""
    z, weight = _normal_nodes()
    return np.sqrt(chdtri(df, ndtr(-z)) / df), weight


@lru_cache(maxsize=1)
def _normal_nodes() -> tuple[Array, Array]:
    """Return Gauss-Legendre nodes over ±9 and weights that average over a standard normal."""
    nodes, weights = np.polynomial.legendre.leggauss(256)
    z = 9.0 * nodes
    return z, 9.0 * weights * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def attainable_level(rounds: int, alpha: float) -> float:
    """Return the largest p-value of the sign-flip test that is at most alpha; 0 if none is.

    Its p-values are multiples of 2^(1 - rounds); beyond 20 rounds the gap no longer matters.
    """
    if rounds > EXACT_ROUNDS:
        return alpha
    worlds = int(2 ** (rounds - 1))
    return rejectable(alpha, worlds) / worlds


def rounds_to_reach(alpha: float, comparisons: int = 1) -> int:
    """Return the fewest rounds at which the sign-flip test can reach p <= alpha / comparisons.

    All differences of one sign give the smallest p there is, 2^(1 - rounds).

    Raises:
        StatisticsError: for alpha outside (0, 1) or no comparison.
    """
    level = _first_step(alpha, comparisons)
    rounds = max(1, ceil(1 - log2(level)) - 1)
    while 2.0 ** (1 - rounds) > level:
        rounds += 1
    return rounds


def spread_limit(std: float, rounds: int, confidence: float = SURE) -> float:
    """Return the upper limit of a standard deviation at this confidence: s √(df / χ²).

    Args:
        std: s, the sample standard deviation of normal differences (ddof 1).
        rounds: of which it was seen, at least 2; df is one less.
        confidence: how often the true one is no larger; between 0 and 1.
    """
    return std * sqrt((rounds - 1) / chdtri(rounds - 1, confidence))


def detectable_difference(
    std: float,
    rounds: int,
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    power: float = POWER,
    test: Literal["sign-flip", "t"] = "sign-flip",
) -> float | None:
    """Return the smallest true difference that these rounds would have shown with this power.

    Args:
        std: standard deviation of the paired differences, in their unit.
        rounds: how many there are.
        alpha: family-wise level.
        comparisons: how many are declared.
        power: chance of a verdict, above alpha and below 1.
        test: the sign-flip test, or Student's t, which reaches any p with two rounds.

    Returns:
        The difference, in the unit of std; None if the rounds cannot reach a verdict at all.

    Raises:
        StatisticsError: for an argument outside its range.
    """
    _check_power(power, alpha)
    if not (isfinite(std) and std >= 0):
        raise StatisticsError(f"power: got standard deviation {std}, expected 0 or more")
    level = _first_step(alpha, comparisons)
    if rounds < 2 or (test == "sign-flip" and attainable_level(rounds, level) == 0):
        return None
    return _effect(t_power if test == "t" else sign_flip_power, rounds, level, power) * std


@lru_cache(maxsize=64)
def _effect(
    power_of: Callable[[float, int, float], float], rounds: int, level: float, power: float
) -> float:
    """Return the effect size that is found with this power."""
    from scipy.optimize import brentq  # here, as it takes a quarter of a second

    top = 1.0
    while power_of(top, rounds, level) < power:
        top *= 2
    return float(brentq(lambda d: power_of(d, rounds, level) - power, 0.0, top, xtol=1e-12))


def rounds_for_difference(
    difference: float,
    std: float,
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    power: float = POWER,
) -> int:
    """Return the fewest rounds that would show a true difference with this power.

    Args:
        difference: the true mean difference to find, not 0.
        std: standard deviation of the paired differences, in the same unit.
        alpha: family-wise level.
        comparisons: how many are declared.
        power: chance of a verdict, above alpha and below 1.

    Raises:
        StatisticsError: for an argument outside its range, or more than 1,000,000 rounds.
    """
    _check_power(power, alpha)
    effect = _planned_effect(difference, std)
    level = _first_step(alpha, comparisons)
    fewest = max(2, rounds_to_reach(alpha, comparisons))

    def enough(rounds: int) -> bool:
        return sign_flip_power(effect, rounds, level) >= power

    if effect == inf:
        return fewest
    # Below EXACT_ROUNDS the attainable level moves in steps, so each number is tried.
    for rounds in range(fewest, EXACT_ROUNDS + 1):
        if enough(rounds):
            return rounds
    low, high = max(fewest - 1, EXACT_ROUNDS), max(fewest, EXACT_ROUNDS + 1)
    while not enough(high):
        low, high = high, high * 2
        if low > MOST_ROUNDS:
            raise _too_small(effect, MOST_ROUNDS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def anytime_rounds_for_difference(
    difference: float,
    std: float,
    *,
    alpha: float = 0.05,
    comparisons: int = 1,
    power: float = POWER,
) -> int:
    """Return the fewest rounds after which the anytime-valid test would show a true difference.

    Counted over simulated studies of normal differences (see the module's docstring). Arguments and
    errors are those of `rounds_for_difference`, but for at most 10,000 rounds.
    """
    planned = rounds_for_difference(
        difference, std, alpha=alpha, comparisons=comparisons, power=power
    )
    effect, level = _planned_effect(difference, std), _first_step(alpha, comparisons)
    fewest = anytime_rounds_to_reach(alpha, comparisons)
    if effect == inf:
        return fewest
    rounds = max(planned, fewest)  # a test that allows looks asks for no fewer
    while rounds < MOST_ANYTIME_ROUNDS:
        rounds = min(3 * rounds, MOST_ANYTIME_ROUNDS)
        stops = np.sort(_stopping_rounds(effect, rounds, level))
        stop = stops[ceil(power * SIMULATED) - 1]
        if stop < inf:
            return int(stop)
    raise _too_small(effect, MOST_ANYTIME_ROUNDS)


def _stopping_rounds(effect: float, rounds: int, level: float) -> Array:
    """Return after how many rounds each simulated study is decided, infinite for never."""
    rng = np.random.Generator(np.random.PCG64(0))
    size = max(1, SIMULATED_AT_ONCE // rounds)
    stops = []
    for start in range(0, SIMULATED, size):
        normal = rng.standard_normal((min(size, SIMULATED - start), rounds)).T
        found = log_evidence(normal + effect) >= -log(level)
        stops.append(np.where(found.any(axis=0), found.argmax(axis=0) + 1.0, inf))
    return np.concatenate(stops)


def _planned_effect(difference: float, std: float) -> float:
    """Return the effect size to plan for, infinite without a spread."""
    if not (isfinite(difference) and difference != 0 and isfinite(std) and std >= 0):
        raise StatisticsError(
            f"plan: got difference {difference} and standard deviation {std}, "
            "expected a difference other than 0 and a standard deviation of 0 or more"
        )
    return inf if std == 0 else abs(difference) / std


def _too_small(effect: float, most: int) -> StatisticsError:
    return StatisticsError(
        f"plan: a difference of {effect:.2g} standard deviations needs more than {most:,} "
        "rounds; ask for a larger difference"
    )


def _first_step(alpha: float, comparisons: int) -> float:
    """Return Holm's first threshold, alpha / comparisons."""
    if not 0 < alpha < 1 or comparisons < 1:
        raise StatisticsError(
            f"power: got alpha {alpha} and {comparisons} comparisons, "
            "expected alpha between 0 and 1 and at least one comparison"
        )
    return alpha / comparisons


def _check_power(power: float, alpha: float) -> None:
    if not alpha < power < 1:
        raise StatisticsError(
            f"power: got {power}, expected a number above alpha ({alpha}) and below 1"
        )
