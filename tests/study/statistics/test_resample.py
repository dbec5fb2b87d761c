import numpy as np
import pytest
from scipy import stats

from bakeoff.errors import StatisticsError
from bakeoff.study.statistics.resample import corrected_resampled_t


def test_three_resamples_worked_by_hand():
    # 1, 2, 3 with a test set half the training set's size: variance of the mean (1/3 + 1/2) · 1.
    result = corrected_resampled_t([1.0, 2.0, 3.0], test_over_train=0.5)
    assert result.statistic == pytest.approx(2 / (5 / 6) ** 0.5)
    assert result.p_value == pytest.approx(2 * stats.t.sf(2 / (5 / 6) ** 0.5, 2))
    half = 4.302652729911 * (5 / 6) ** 0.5
    assert (result.interval.low, result.interval.high) == pytest.approx((2 - half, 2 + half))


def test_without_overlap_it_is_students_test():
    row = np.random.default_rng(0).normal(1, 1, 12)
    ours = corrected_resampled_t(row, test_over_train=0)
    assert ours.p_value == pytest.approx(stats.ttest_1samp(row, 0).pvalue)


@pytest.mark.parametrize(
    ("row", "ratio"),
    [([1.0], 0.1), ([1.0, np.nan], 0.1), ([1.0, 1.0], 0.1), ([1.0, 2.0], -1), ([1.0, 2.0], np.inf)],
)
def test_what_it_cannot_take_is_refused(row, ratio):
    with pytest.raises(StatisticsError, match="corrected resampled t"):
        corrected_resampled_t(row, test_over_train=ratio)
