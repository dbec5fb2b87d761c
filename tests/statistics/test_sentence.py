import numpy as np
import pytest

from bakeoff.statistics.contrast import Contrast, pair
from bakeoff.statistics.describe import Interval
from bakeoff.statistics.estimate import Estimate
from bakeoff.statistics.sentence import sentence
from bakeoff.statistics.units import PLAIN, POINTS
from bakeoff.statistics.verdict import Comparison, Equivalence, Rules, Verdict, decide

MINUS = "\u2212"
EFFECT = Contrast(
    "s=yes x d=yes",
    (("a", 1.0), ("b", -1.0), ("c", -1.0), ("d", 1.0)),
    "the effect of s (yes against no) under d=yes",
    "under d=no",
    "interaction",
)


def comparison(
    mean,
    low,
    high,
    corrected_p,
    *,
    contrast=None,
    p=None,
    rounds=30,
    reach=10,
    equivalence=None,
    detectable=None,
    **changes,
):
    estimate = Estimate(
        rounds=rounds,
        mean=mean,
        std=abs(mean),
        effect_size=1.0,
        p_value=corrected_p if p is None else p,
        interval=Interval(low, high, 0.95),
        method="sign-flip, drawn",
        drifted=changes.pop("drifted", False),
    )
    return Comparison(
        contrast=contrast or pair("model2", "model1"),
        dropped=changes.pop("dropped", 0),
        estimate=estimate,
        corrected_p=corrected_p,
        equivalence=equivalence,
        detectable=detectable,
        rounds_to_reach=reach,
        copies=changes.pop("copies", False),
    )


def say(found, *, comparisons=15, unit=POINTS, larger_is_better=True, anytime=False):
    import dataclasses

    rules = Rules(0.05, comparisons, larger_is_better, anytime)
    return sentence(dataclasses.replace(found, verdict=decide(found, rules)), rules, unit)


def test_better():
    assert say(comparison(0.0143, 0.009, 0.020, 0.0003)) == (
        "model2 is better than model1 by 1.43 points "
        "(95 % interval 0.9 to 2.0; corrected p = 0.0003; 30 rounds)."
    )


def test_worse_is_told_in_its_own_direction():
    assert say(comparison(-0.0143, -0.020, -0.009, 0.0003)) == (
        "model2 is worse than model1 by 1.43 points "
        "(95 % interval 0.9 to 2.0; corrected p = 0.0003; 30 rounds)."
    )


def test_one_comparison_needs_no_correction():
    assert "; p = 0.0003; 30 rounds)" in say(comparison(0.0143, 0.009, 0.02, 0.0003), comparisons=1)


def test_a_loss_is_better_when_lower():
    found = comparison(-0.143, -0.20, -0.09, 0.0003)
    assert say(found, unit=PLAIN, larger_is_better=False).startswith(
        "model2 is better than model1, lower by 0.14 (95 % interval 0.09 to 0.20;"
    )


def test_an_end_beside_which_nothing_shows_still_leaves_out_0():
    words = "(95 % interval above 0 to 3.3e+11; corrected p = 0.002; 30 rounds)."
    assert say(comparison(1e11, 0.01, 333333333334, 0.002), unit=PLAIN).endswith(words)
    assert say(comparison(-1e11, -333333333334, -0.01, 0.002), unit=PLAIN).endswith(words)
    decided_alone = comparison(-1e11, -333333333334, -0.01, 0.2, p=0.002)
    assert f"interval {MINUS}3.3e+11 to below 0;" in say(decided_alone, unit=PLAIN)
    assert f"interval {MINUS}3.3e+11 to 0;" in say(
        comparison(-1e11, -333333333334, 0.01, 0.2), unit=PLAIN
    )


def test_equivalent():
    within = Equivalence(0.005, 0.001, 0.012, Interval(-0.002, 0.003, 0.9))
    assert say(comparison(0.0005, -0.004, 0.006, 0.4, equivalence=within)) == (
        "model2 and model1 are equivalent within 0.5 points: model2 minus model1 is 0.05 points "
        f"(90 % interval {MINUS}0.20 to 0.30; corrected p of a larger one = 0.012; 30 rounds)."
    )


def test_a_real_difference_within_the_margin_is_equivalent_and_said_to_be_real():
    within = Equivalence(0.005, 0.001, 0.012, Interval(0.001, 0.003, 0.9))
    assert say(comparison(0.002, 0.0005, 0.0035, 0.01, equivalence=within)).endswith(
        "; that is not 0 (corrected p = 0.01), but smaller than matters."
    )


def test_undecided_says_what_would_have_been_found():
    assert say(comparison(0.003, -0.002, 0.008, 0.3, detectable=0.0112)) == (
        "Undecided between model2 and model1: model2 minus model1 is 0.30 points "
        f"(95 % interval {MINUS}0.2 to 0.8; corrected p = 0.3; 30 rounds); "
        "a true difference of 1.1 points would have been found at least 4 times in 5."
    )


def test_undecided_with_a_margin_says_that_equivalence_is_not_shown():
    within = Equivalence(0.005, 0.2, 1.0, Interval(-0.002, 0.008, 0.9))
    assert "; equivalence within 0.5 points is not shown either." in say(
        comparison(0.003, -0.002, 0.008, 0.3, equivalence=within)
    )


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (
            comparison(0.01, -np.inf, np.inf, 1.0, rounds=5),
            "; 5 rounds cannot reach p = 0.05 over 15 comparisons, 10 can.",
        ),
        (
            comparison(0.01, 0.001, 0.02, 0.3, p=0.02),
            "; the interval alone leaves out 0, but not after correction for 15 comparisons.",
        ),
        (
            comparison(0.01, 0.01, 0.01, 0.0001, copies=True),
            "; every round gave the same values, as copies of a single round would.",
        ),
        (
            comparison(0.01, 0.01, 0.01, 0.0001, drifted=True),
            "; no single difference agrees with all looks, so the rounds have drifted.",
        ),
    ],
)
def test_undecided_says_why(found, reason):
    text = say(found)
    assert text.startswith("Undecided between model2 and model1: ")
    assert text.endswith(reason)


def test_an_unbounded_interval_is_called_so():
    assert "(95 % interval unbounded; " in say(comparison(0.01, -np.inf, np.inf, 1.0, rounds=5))


def test_rounds_left_out_are_in_the_sentence():
    assert "; 28 rounds, 2 left out as failed)" in say(
        comparison(0.0143, 0.009, 0.02, 0.0003, rounds=28, dropped=2)
    )


def test_an_interaction_is_larger_or_smaller():
    assert say(comparison(0.0143, 0.009, 0.02, 0.0003, contrast=EFFECT)).startswith(
        "The effect of s (yes against no) under d=yes is larger than under d=no by 1.43 points ("
    )
    within = Equivalence(0.005, 0.001, 0.012, Interval(-0.002, 0.003, 0.9))
    assert say(
        comparison(0.0005, -0.004, 0.006, 0.4, contrast=EFFECT, equivalence=within)
    ).startswith("The effect of s (yes against no) under d=yes and under d=no are equivalent")
    assert "is smaller than under d=no by 1.43 points" in say(
        comparison(-0.0143, -0.02, -0.009, 0.0003, contrast=EFFECT)
    )
    assert "the difference of the two effects is 0.30 points" in say(
        comparison(0.003, -0.002, 0.008, 0.3, contrast=EFFECT)
    )


def test_anytime_intervals_are_named():
    assert "(95 % anytime-valid interval 0.9 to 2.0; " in say(
        comparison(0.0143, 0.009, 0.02, 0.0003), anytime=True
    )


@pytest.mark.parametrize(
    ("corrected", "interval", "verdict"),
    [
        (0.05, Interval(0.1, 0.2, 0.95), Verdict.BETTER),
        (0.0501, Interval(0.1, 0.2, 0.95), Verdict.UNDECIDED),
        (0.05, Interval(-0.2, -0.1, 0.95), Verdict.WORSE),
    ],
)
def test_alpha_itself_still_decides(corrected, interval, verdict):
    found = comparison(0.15, interval.low, interval.high, corrected)
    assert decide(found, Rules(0.05, 3)) is verdict


def test_equivalence_needs_both_its_p_and_its_interval():
    rules = Rules(0.05, 3)
    outside = Equivalence(0.5, 0.001, 0.001, Interval(0.6, 0.7, 0.9))
    assert decide(comparison(0.65, 0.5, 0.8, 0.001, equivalence=outside), rules) is Verdict.BETTER
    unsure = Equivalence(0.5, 0.04, 0.06, Interval(-0.1, 0.1, 0.9))
    found = comparison(0.0, -0.1, 0.1, 0.9, equivalence=unsure)
    assert decide(found, rules) is Verdict.UNDECIDED
