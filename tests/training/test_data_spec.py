"""What outputs are scored against: their sizes, and targets to try a loss on."""

import pytest
import torch

from bakeoff.autodiff import Tensor
from bakeoff.training.data_spec import Target


@pytest.mark.parametrize(
    ("target", "words", "dtype"),
    [
        (Target(3), "logits of shape (5, 3)", torch.int64),
        (
            Target(3, yes_or_no=True),
            "logits of shape (5, 3), or numbers of shape (5, 1)",
            torch.int64,
        ),
        (Target(3, numbers=True), "numbers of shape (5, 3)", torch.float32),
        (Target(3, at_least=True), "logits of shape (5, C), C being at least 3", torch.int64),
    ],
)
def test_a_target_says_what_it_needs_and_gives_an_example(target, words, dtype):
    assert target.expected(5) == words
    example = target.example(5, 3)
    assert example.dtype == dtype
    assert example.shape == ((5, 3) if target.numbers else (5,))
    assert not example.any()


def test_what_is_yes_or_no_may_be_one_number():
    target = Target.of(torch.tensor([True, False]), torch.tensor([True]))
    assert target == Target(2, yes_or_no=True)
    assert [target.fits(torch.zeros(5, size), 5) for size in (1, 2, 3)] == [True, True, False]
    assert not Target(2).fits(torch.zeros(5, 1), 5)
    assert torch.equal(target.example(5, 1), torch.zeros(5, 1))
    assert target.example(5, 2).dtype == torch.int64


def test_an_output_fits_by_its_shape():
    for out in (torch.zeros(5, 3), Tensor(torch.zeros(5, 3))):
        assert Target(3).fits(out, 5)
        assert Target(3, numbers=True).fits(out, 5)
        assert not Target(3).fits(out, 4)
        assert not Target(2).fits(out, 5)
        assert Target(2, at_least=True).fits(out, 5)
        assert not Target(4, at_least=True).fits(out, 5)
    for out in (torch.zeros(5), torch.zeros(5, 3, 1), [[0.0] * 3] * 5):
        assert not Target(3).fits(out, 5)
