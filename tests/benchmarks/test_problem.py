"""What every rival is given."""

from dataclasses import replace

import pytest
import torch

from bakeoff.errors import StudyError
from benchmarks.problem import gather_epoch, make_problem, our_network
from benchmarks.works import FIT, Work

DISK = Work("w", "", "train", "disk", (), rounds=3, batch=4, steps=2, width=5)


def test_it_is_the_same_each_time_and_differs_between_rounds():
    one, other = make_problem(DISK), make_problem(DISK)
    for name in ("inputs", "targets", "rows"):
        assert torch.equal(getattr(one, name), getattr(other, name))
        assert not torch.equal(getattr(one, name)[0], getattr(one, name)[1])
    for a, b in zip(one.start, other.start, strict=True):
        assert torch.equal(a, b)
        assert not torch.equal(a[0], a[1])


def test_the_rows_are_a_shuffled_part_of_the_examples():
    rows = make_problem(DISK).rows
    assert rows.shape == (3, 2, 4)
    for round_ in rows:
        assert len(set(round_.flatten().tolist())) == 8
        assert 0 <= int(round_.min()) <= int(round_.max()) < 1000


def test_a_batch_larger_than_the_data_draws_more_data():
    problem = make_problem(replace(DISK, rounds=1, batch=1000, steps=3))
    assert problem.inputs.shape == (1, 3000, 2)
    assert sorted(problem.rows.flatten().tolist()) == list(range(3000))


def test_gathering_an_epoch_takes_each_rounds_own_examples():
    problem = make_problem(DISK)
    x, y = gather_epoch(problem, problem.rows)
    assert (x.shape, y.shape) == ((2, 3, 4, 2), (2, 3, 4, 1))
    for step in range(2):
        for r in range(3):
            assert torch.equal(x[step, r], problem.inputs[r][problem.rows[r, step]])
            assert torch.equal(y[step, r], problem.targets[r][problem.rows[r, step]])


def test_a_fit_sees_all_examples_in_order_in_each_epoch():
    epochs = make_problem(FIT).epochs()
    assert len(epochs) == FIT.units == 10
    for rows in epochs:
        assert rows.flatten().tolist() == list(range(1000))


def test_a_network_that_is_not_there_is_named():
    with pytest.raises(StudyError, match="model99"):
        our_network(replace(DISK, network="model99"))
