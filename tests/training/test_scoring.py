import numpy as np
import pytest
import torch

from bakeoff.training.scoring import (
    classes_or_numbers,
    is_regression,
    is_yes_or_no,
    r_squared,
    scores,
    variances,
)


def test_accuracy_is_the_share_of_right_classes():
    answers = torch.tensor([[0, 1, 2, 2], [1, 1, 1, 1]])
    targets = torch.tensor([[0, 1, 2, 0], [0, 0, 0, 1]])
    assert scores(answers, targets) == [0.75, 0.25]


@pytest.mark.parametrize("k", [1, 3])
def test_r_squared_is_one_minus_error_over_variance(k):
    draw = torch.Generator().manual_seed(1)
    targets = 5 + torch.randn(2, 40, k, generator=draw)
    answers = targets + 0.3 * torch.randn(2, 40, k, generator=draw)
    pairs = zip(targets.double().numpy(), answers.double().numpy(), strict=True)
    for found, (y, said) in zip(scores(answers, targets), pairs, strict=True):
        unexplained = ((y - said) ** 2).sum() / ((y - y.mean(0)) ** 2).sum()
        assert found == pytest.approx(1 - unexplained, rel=1e-12)
    means = targets.mean(1, keepdim=True).expand_as(targets)
    assert scores(means, targets) == pytest.approx([0, 0], abs=1e-5)
    assert scores(targets, targets) == [1.0, 1.0]


def test_an_answer_that_is_no_number_gives_no_score():
    targets = torch.tensor([[[1.0], [2.0]]])
    (score,) = scores(torch.tensor([[[float("inf")], [0.0]]]), targets)
    assert not np.isfinite(score)


def test_the_kind_follows_the_targets():
    assert is_regression(torch.zeros(3, 1))
    assert not is_regression(torch.zeros(3, dtype=torch.int64))
    assert [is_yes_or_no(torch.zeros(3).to(t)) for t in (torch.bool, torch.int64)] == [True, False]
    assert classes_or_numbers(torch.tensor([False, True])).tolist() == [0, 1]
    assert scores(torch.tensor([[0, 1, 1]]), torch.tensor([[True, True, True]])) == [2 / 3]
    assert variances(torch.tensor([[[1.0], [3.0]]])) == [1.0]
    assert r_squared(0.25, 1.0) == 0.75
