import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bakeoff.training.tune.choice import (
    choose,
    counted,
    error_of_difference,
    is_tied,
    run_around,
    standard_error,
)

NAN = float("nan")
PLACES = (-2, -1, 0, 1, 2)
EPOCHS = (25,) * 5


def chosen(*rounds, places=PLACES, epochs=EPOCHS):
    """Return the best place, the tied places and the chosen one."""
    choice = choose(np.array(rounds), places, epochs)
    return (
        places[choice.best],
        tuple(places[setting] for setting in choice.tied),
        places[choice.chosen],
    )


def test_the_middle_of_the_tied_is_chosen_not_the_highest():
    told = chosen([0.5, 0.80, 0.84, 0.82, 0.3], [0.5, 0.83, 0.79, 0.82, 0.3])
    assert told == (1, (-1, 0, 1), 0)


@given(st.integers(2, 40), st.floats(1e-3, 1))
def test_a_difference_in_one_round_alone_is_a_tie(rounds, difference):
    differences = np.zeros(rounds)
    differences[0] = difference
    assert is_tied(differences)
    differences[1] = difference / 10
    assert not is_tied(differences)


def test_two_rounds_borrow_the_spread_of_the_whole_table():
    """The last two agree on both rounds by chance; the others say how far rounds are apart."""
    table = [[0.50, 0.60, 0.79, 0.80, 0.3], [0.68, 0.80, 0.76, 0.763, 0.2]]
    assert chosen(*table)[1:] == ((-1, 0, 1), 0)
    enough = [table[0], table[1]] * 2 + table[:1]  # five rounds know by themselves
    assert chosen(*enough)[1] == (1,)
    assert chosen(*enough[:4])[1] != (1,)


def test_the_error_of_a_difference_is_that_of_the_two_way_analysis():
    table = np.array([[1.0, 2.0, 4.0], [2.0, 3.0, 2.0]])
    # Residuals: rows' means 7/3, columns' means 3/2, 5/2, 3; grand mean 7/3; squares sum to 3.
    assert error_of_difference(table) == pytest.approx((2 * (3 / 2) / 2) ** 0.5)
    assert error_of_difference(table[:, :1]) == 0.0


def test_of_two_middles_the_lower_is_chosen():
    assert chosen([0.5, 0.8, 0.8, 0.8, 0.8], [0.5, 0.8, 0.8, 0.8, 0.8])[2] == 0
    assert chosen([0.5, 0.6, 0.8, 0.8, 0.5], [0.5, 0.6, 0.8, 0.8, 0.5]) == (0, (0, 1), 0)


def test_ties_are_paired():
    """The rounds differ much, the settings in each round hardly: the pairs tell them apart."""
    rounds = [[base, base + 0.01, base + 0.02, base, base] for base in (0.2, 0.5, 0.8)]
    assert chosen(*rounds) == (0, (0,), 0)


def test_a_gap_ends_the_run_of_tied_places():
    assert chosen([0.8, 0.5, 0.8, 0.8, 0.8], [0.8, 0.5, 0.8, 0.8, 0.8]) == (0, (-2, 0, 1, 2), 1)


def test_a_setting_that_diverged_once_is_not_chosen_however_good_it_was():
    assert chosen([0.5, 0.6, 0.7, 0.99, NAN], [0.5, 0.6, 0.7, NAN, NAN]) == (0, (0,), 0)


def test_where_all_diverge_the_least_often_wins_and_at_last_the_present_one():
    first, second = [NAN, 0.6, NAN, NAN, NAN], [0.5, 0.6, NAN, NAN, NAN]
    assert chosen(first, second, [NAN] * 5) == (-1, (-1,), -1)
    assert chosen([NAN] * 5, [NAN] * 5)[0] == 0


def test_of_tied_settings_those_of_the_fewest_epochs_count():
    places, epochs = (0, 1, 2, 0, 1, 2), (5, 5, 5, 9, 9, 9)
    rounds = [[0.7, 0.80, 0.7, 0.6, 0.79, 0.81], [0.7, 0.80, 0.7, 0.6, 0.79, 0.79]]
    choice = choose(np.array(rounds), places, epochs)
    assert choice == type(choice)(best=1, tied=(1, 5), chosen=1)
    rounds = [[0.7, 0.7, 0.7, 0.6, 0.79, 0.81], [0.7, 0.7, 0.7, 0.6, 0.79, 0.81]]
    assert choose(np.array(rounds), places, epochs).chosen == 5


def test_the_standard_error():
    assert standard_error(np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx((5 / 3) ** 0.5 / 2)


def in_steps(least):
    """Accuracies in steps of 1/64, in which sums are exact."""
    return st.integers(least, 64).map(lambda n: NAN if n < 0 else n / 64)


tables = st.integers(2, 6).flatmap(
    lambda rounds: arrays(np.float64, (rounds, 5), elements=in_steps(-8))
)
whole_tables = st.integers(2, 6).flatmap(
    lambda rounds: arrays(np.float64, (rounds, 5), elements=in_steps(0))
)


@given(tables)
def test_what_is_chosen_diverged_least_and_is_tied_with_the_best(table):
    choice = choose(table, PLACES, EPOCHS)
    assert {choice.best, choice.chosen} <= set(choice.tied)
    diverged = np.isnan(table).sum(0)
    eligible = [s for s in range(5) if diverged[s] == diverged.min()]
    assert set(choice.tied) <= set(eligible)
    means = np.nan_to_num(table).mean(0)
    assert means[choice.best] == max(means[s] for s in eligible)
    low, high = sorted((choice.best, choice.chosen))
    assert set(range(low, high + 1)) <= set(choice.tied)


@given(tables, st.permutations(range(5)))
def test_the_order_of_the_columns_means_nothing(table, order):
    choice = choose(table, PLACES, EPOCHS)
    turned = choose(table[:, order], [PLACES[s] for s in order], EPOCHS)
    assert order[turned.chosen] == choice.chosen
    assert {order[s] for s in turned.tied} == set(choice.tied)


@given(whole_tables, st.data())
def test_a_hard_round_is_hard_for_all(table, data):
    shift = data.draw(arrays(np.float64, (len(table), 1), elements=in_steps(0)))
    assert choose(table + shift, PLACES, EPOCHS) == choose(table, PLACES, EPOCHS)


@given(st.sets(st.integers(-9, 9), min_size=1), st.data())
def test_a_run_is_unbroken_and_ends_at_gaps(places, data):
    place = data.draw(st.sampled_from(sorted(places)))
    run = run_around(place, places)
    assert place in run
    assert set(run) <= places
    assert not {run[0] - 1, run[-1] + 1} & places


def test_a_diverged_round_counts_no_better_than_the_worst_r2():
    assert counted(np.array([[0.5, np.nan], [-3.0, 0.1]])).tolist() == [[0.5, -3.0], [-3.0, 0.1]]
    assert counted(np.array([[0.5, np.nan]])).tolist() == [[0.5, 0.0]]
