from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.statistics import signflip
from bakeoff.statistics.estimate import planned_estimates
from bakeoff.statistics.signflip import counted_p, sign_flip, snap, subset_sums

THOUSANDTHS = st.lists(st.integers(-60, 60), min_size=2, max_size=10)
ANY_ROUNDS = st.one_of(  # all worlds listed, or drawn
    st.lists(st.integers(-9, 9), min_size=2, max_size=9),
    st.lists(st.integers(-9, 9), min_size=21, max_size=30),
)
ALPHAS = st.sampled_from([0.01, 0.05, 0.1, 0.25, 0.5])


def flips_of(*rows, **options):
    return sign_flip(np.array(rows, dtype=np.float64), **options)


def brute_force_p(row, null):
    """The definition, in exact arithmetic: the share of sign patterns whose |sum| is as large."""
    centred = [Fraction(d) - Fraction(null) for d in row]
    observed = abs(sum(centred))
    sums = [
        abs(sum(s * d for s, d in zip(signs, centred, strict=True)))
        for signs in product((1, -1), repeat=len(row))
    ]
    return Fraction(sum(value >= observed for value in sums), len(sums))


def test_three_differences_worked_by_hand():
    # Differences 1, 2, 3. Up to a common sign there are four worlds, with sums 6, 4, 2, 0, so
    # p(0) = 1/4. Flipped and kept rounds have the means - and 2, 1 and 2.5, 2 and 2, 1.5 and 3.
    flips = flips_of([1, 2, 3])
    assert flips.exact
    assert flips.worlds == 4
    assert flips.p_value().tolist() == [0.25]
    assert sorted(flips.low[0]) == pytest.approx([-np.inf, 1, 1.5, 2])
    assert sorted(flips.high[0]) == pytest.approx([2, 2.5, 3, np.inf])
    assert flips.interval(0.25)[0] == pytest.approx([1, 3])
    assert flips.interval(0.5)[0] == pytest.approx([1.5, 2.5])
    assert flips.interval(0.05).tolist() == [[-np.inf, np.inf]]


@pytest.mark.parametrize(
    ("row", "p"),
    [
        ([1, 1, -1], 1),  # |sums| 1, 1, 1, 3
        ([0, 0, 5], 1),  # every world gives 5
        ([0, 0], 1),
        ([1, 1, 1, 1, 1], 1 / 16),
        ([2, 1, -1], 3 / 4),  # |sums| 2, 2, 0, 4
        ([23, -40, 17], 1),  # the sum is 0
    ],
)
def test_ties_worked_by_hand(row, p):
    for unit in (1.0, 0.001, 0.1, 7.0):
        assert flips_of(np.array(row) * unit).p_value().tolist() == [p]


def test_ties_of_decimals_are_ties():
    # 0.023 - 0.040 + 0.017 is 0 for people, and 3e-18 in floating point.
    row, p = [0.023, -0.040, 0.017], 1.0
    assert flips_of(row).p_value().tolist() == [p]


@given(THOUSANDTHS, st.integers(-60, 60))
def test_p_is_the_share_of_worlds_by_definition(row, null):
    flips = flips_of(np.array(row) / 1000, largest=1.0)
    exact = brute_force_p(row, null)
    assert flips.p_value(snap(null / 1000, 1.0))[0] == pytest.approx(float(exact), abs=1e-12)


@given(THOUSANDTHS)
def test_p_is_that_of_scipy(row):
    theirs = stats.permutation_test(
        (np.array(row),), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert flips_of(row).p_value()[0] == pytest.approx(theirs.pvalue, abs=1e-12)


@given(THOUSANDTHS)
def test_one_sided_p_is_that_of_scipy_in_the_direction_of_the_mean(row):
    assume(sum(row) > 0)
    greater = stats.permutation_test(
        (np.array(row),),
        np.mean,
        permutation_type="samples",
        n_resamples=np.inf,
        alternative="greater",
    )
    assert flips_of(row).p_greater(0.0)[0] == pytest.approx(greater.pvalue, abs=1e-12)
    assert flips_of(row).p_less(0.0)[0] >= 0.5
    mirrored = flips_of([-d for d in row])
    assert mirrored.p_less(0.0)[0] == pytest.approx(greater.pvalue, abs=1e-12)


@given(ANY_ROUNDS, ALPHAS, st.integers(0, 5))
@example([1] * 30, 0.05, 0)
@example([0] * 30, 0.05, 0)
def test_p_and_interval_never_contradict_each_other(row, alpha, seed):
    flips = flips_of(np.array(row) / 1000, seed=seed, resamples=199)
    low, high = flips.interval(alpha)[0]
    assert low <= flips.mean[0] <= high
    thresholds = np.unique(np.concatenate([flips.low[0], flips.high[0], [0.0]]))
    for theta in thresholds[np.isfinite(thresholds)][:: len(thresholds) // 25 + 1]:
        for near in (np.nextafter(theta, -1), theta, np.nextafter(theta, 1)):
            outside = not low <= near <= high
            assert outside == (flips.p_value(near)[0] <= alpha)
    if np.isfinite(low):
        assert flips.p_value(low)[0] > alpha >= flips.p_value(np.nextafter(low, -1))[0]
        assert flips.p_value(high)[0] > alpha >= flips.p_value(np.nextafter(high, 1))[0]


@given(THOUSANDTHS, st.randoms(use_true_random=False))
def test_the_order_of_rounds_does_not_matter_to_the_last_bit(row, random):
    values = (np.array(row) / 1000).tolist()
    shuffled = random.sample(values, len(values))
    a, b = flips_of(values), flips_of(shuffled)
    assert a.p_value()[0] == b.p_value()[0]
    assert a.interval(0.1).tolist() == b.interval(0.1).tolist()


@given(ANY_ROUNDS)
def test_swapping_the_competitors_mirrors_everything(row):
    a = flips_of(row, resamples=199)
    b = flips_of([-d for d in row], resamples=199)
    assert a.p_value()[0] == b.p_value()[0]
    assert a.interval(0.1)[0].tolist() == (-b.interval(0.1)[0][::-1]).tolist()


@given(ANY_ROUNDS, st.integers(-500, 500), st.floats(0.001, 1000))
def test_shift_and_scale_carry_over(row, shift, scale):
    base = flips_of(row, resamples=199)
    moved = flips_of((np.array(row) + shift) * scale, resamples=199)
    assert moved.p_value(shift * scale)[0] == base.p_value()[0]
    expected = (base.interval(0.1)[0] + shift) * scale
    size = scale * (abs(shift) + 10)
    np.testing.assert_allclose(moved.interval(0.1)[0], expected, rtol=0, atol=1e-10 * size)


def test_differences_that_tie_as_decimals_tie():
    # In floating point 0.86 - 0.85 and 0.31 - 0.3 differ in the last digits.
    first = np.array([0.86, 0.31, 0.76, 0.51, 0.12, 0.47])
    second = np.array([0.85, 0.30, 0.75, 0.50, 0.11, 0.46])
    assert len(set(first - second)) > 1
    flips = flips_of(first - second, largest=1.0)
    assert flips.constant.tolist() == [True]
    assert flips.p_value().tolist() == [1 / 32]
    assert np.ptp(flips.interval(0.05)) < 1e-11


def test_worlds_are_drawn_beyond_twenty_rounds_and_agree_with_all_of_them():
    row = np.random.default_rng(3).normal(0.4, 1, 20)
    exact = flips_of(row)
    assert exact.exact
    assert exact.worlds == 2**19
    longer = np.append(row, 0.0)  # a round without a difference changes no sum
    drawn = flips_of(longer, seed=1)
    assert not drawn.exact
    assert drawn.worlds == 100_000
    p = exact.p_value()[0]
    assert drawn.p_value()[0] == pytest.approx(p, abs=4 * (p * (1 - p) / 99_999) ** 0.5)


def test_drawn_worlds_may_be_the_observed_one_or_its_mirror(monkeypatch):
    monkeypatch.setattr(signflip, "EXACT_ROUNDS", 1)
    flips = flips_of([1, 2, 3], resamples=20_000)
    assert not flips.exact
    assert flips.p_value()[0] == pytest.approx(0.25, abs=0.015)
    assert flips.interval(0.2).tolist() == [[-np.inf, np.inf]]
    assert flips.interval(0.3)[0] == pytest.approx([1, 3])
    assert flips_of([1, 2, 3], resamples=1).worlds == 2


@given(st.floats(1e-6, 0.999), st.integers(1, 10_000))
def test_as_many_worlds_are_rejectable_as_alpha_allows(alpha, worlds):
    count = signflip.rejectable(alpha, worlds)
    assert count / worlds <= alpha < (count + 1) / worlds


def test_a_drawn_p_counts_the_observed_world():
    flips = flips_of(np.arange(1, 31), resamples=99)
    assert flips.p_value().tolist() == [1 / 100]


def test_the_seed_draws_the_worlds():
    row = np.random.default_rng(0).normal(0.3, 1, 30)
    assert flips_of(row, seed=1).low.tolist() == flips_of(row, seed=1).low.tolist()
    assert flips_of(row, seed=1).low.tolist() != flips_of(row, seed=2).low.tolist()


def test_comparisons_do_not_touch_each_other():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(3, 25)) * [[1], [1e-9], [1e12]]
    together = sign_flip(rows, resamples=199)
    for index, row in enumerate(rows):
        alone = flips_of(row, resamples=199)
        assert together.p_value()[index] == alone.p_value()[0]
        assert together.interval(0.05)[index].tolist() == alone.interval(0.05)[0].tolist()


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_units_work(scale):
    flips = flips_of(np.array([1, 2, 3]) * scale)
    assert flips.p_value().tolist() == [0.25]
    assert flips.interval(0.25)[0] == pytest.approx(np.array([1, 3]) * scale, rel=1e-9)


def test_the_global_random_state_is_not_touched():
    before = np.random.get_state()[1].tolist()
    flips_of(np.arange(30), resamples=9)
    assert np.random.get_state()[1].tolist() == before


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([1.0, 2.0], {}, "shape"),
        ([[]], {}, "at least one round"),
        ([[1.0, np.nan]], {}, "finite"),
        ([[1.0, 2.0]], {"resamples": 0}, "at least 1"),
    ],
)
def test_what_cannot_be_flipped_is_refused(rows, options, message):
    with pytest.raises(StatisticsError, match=message):
        sign_flip(np.array(rows), **options)


@given(st.lists(st.integers(-60, 60), min_size=2, max_size=11).filter(any))
def test_a_counted_p_is_the_exact_one_or_a_little_more(row):
    exact = float(brute_force_p(row, 0))
    counted = counted_p(np.array(row, dtype=np.float64))
    assert exact * (1 - 1e-9) <= counted <= min(1.0, 1.05 * exact + 2.0 ** (2 - len(row)))


def test_p_beyond_what_drawn_worlds_tell_is_counted():
    # Thirty differences of one sign: two of 2^30 worlds are as far out.
    row = 0.01 + 0.001 * np.arange(30)
    assert flips_of(row).p_value()[0] == pytest.approx(2.0**-29)
    assert flips_of(-row).p_value()[0] == pytest.approx(2.0**-29)
    mixed = np.array([*row[:29], -0.0001])
    assert flips_of(mixed).p_value()[0] == pytest.approx(2.0**-28)


@pytest.mark.parametrize("unit", [1.0, 1e-200, 1e200])
def test_a_p_below_all_that_matters_is_a_bound(unit):
    # Ties of one size: the smaller side of 2^80 worlds is binomial.
    row = unit * np.array([1.0] * 76 + [-1.0] * 4)
    exact = 2 * stats.binom.cdf(4, 80, 0.5)
    assert counted_p(row) == pytest.approx(2 * np.exp(-(72**2) / 160))
    assert exact < counted_p(row) < 1e-9


def test_one_exploded_loss_coarsens_no_other_difference():
    # Nine small differences of one sign and a huge one: of 2^10 worlds the two extreme ones count.
    row = [0.02, 0.021, 0.022, 0.023, 1e12, 0.025, 0.026, 0.027, 0.028, 0.03]
    for signs in (1, -1):
        assert flips_of(signs * np.array(row)).p_value()[0] == 2 / 2**10


def test_a_constant_difference_shows_no_grain_of_the_grid():
    (found,) = planned_estimates(flips_of([0.883 - 0.873] * 10, largest=0.9), alpha=0.05)
    assert (
        f"{found.interval.low:.12f} {found.interval.high:.12f}" == "0.010000000000 0.010000000000"
    )


@pytest.mark.parametrize("rounds", [2, 7, 30])
@pytest.mark.parametrize("shape", ["accuracies", "losses", "exploded"])
def test_sums_of_values_tell_what_sums_of_differences_do(rounds, shape):
    rng = np.random.default_rng([rounds, len(shape)])
    values = np.round(0.5 + 0.01 * rng.standard_normal((4, rounds)), 3)  # of two binades; ties
    if shape != "accuracies":
        values = np.exp(rng.standard_normal((4, rounds)))
    if shape == "exploded":
        values[1, 1] = 1e9
    upper, lower = np.triu_indices(4, 1)
    largest = np.maximum(np.abs(values[upper]), np.abs(values[lower]))
    options = {"seed": 3, "resamples": 999}
    plain = sign_flip(values[upper] - values[lower], largest=largest, **options)
    sums = subset_sums(values, **options)
    faster = sign_flip(
        values[upper] - values[lower], largest=largest, pairs=(sums, upper, lower), **options
    )
    assert (faster.p_value() == plain.p_value()).all()
    width = 2 * signflip.grid_step(largest).max(axis=1)[:, None]
    for mine, theirs in ((faster.low, plain.low), (faster.high, plain.high)):
        apart = np.subtract(mine, theirs, out=np.zeros_like(mine), where=mine != theirs)
        assert (np.abs(apart) <= width).all()
