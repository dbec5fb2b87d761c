import numpy as np
import pytest

from bakeoff.statistics.simulation import (
    KINDS,
    TAILS,
    pair_differences,
    simulate,
    tailed_differences,
)


@pytest.mark.parametrize("kind", KINDS)
def test_simulated_competitors_are_equal_in_truth(kind):
    values = simulate(kind, 400, 50, np.random.default_rng(0))
    assert values.shape == (400, 50, 6)
    means = values.mean(axis=(0, 1))
    assert np.ptp(means) < 0.0006  # the standard error is 0.00008
    differences = pair_differences(values)
    assert differences.shape == (400 * 15, 50)
    np.testing.assert_array_equal(differences[0], values[0, :, 1] - values[0, :, 0])
    np.testing.assert_array_equal(differences[-1], values[-1, :, 5] - values[-1, :, 4])
    ties = (np.rint(differences * 1e6) == 0).mean()
    assert ties > 0.05 if kind == "tied" else ties < 0.01


def test_unlike_competitors_are_normal_and_skewed_by_turns():
    values = simulate("unlike", 400, 50, np.random.default_rng(0))
    own = values - values.mean(axis=2, keepdims=True)
    skewness = [float((x**3).mean() / (x**2).mean() ** 1.5) for x in own.reshape(-1, 6).T]
    assert all(even > odd + 0.3 for even, odd in zip(skewness[::2], skewness[1::2], strict=True))


@pytest.mark.parametrize("kind", TAILS)
def test_differences_with_a_long_tail_are_0_in_truth(kind):
    differences = tailed_differences(kind, 400, 500, np.random.default_rng(0))
    assert differences.shape == (400, 500)
    assert abs(differences.mean()) < 0.02 * differences.std()
    assert ((differences - differences.mean()) ** 3).mean() < -1.5 * differences.std() ** 3
