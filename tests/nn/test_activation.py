"""Activations: the softmax's axes, values at the extremes, kinks."""

import pytest
import torch

from bakeoff import nn
from bakeoff.autodiff import Tensor
from bakeoff.errors import DTypeError, ShapeError
from bakeoff.nn import BCEWithLogitsLoss, LeakyReLU, LogSoftmax, ReLU, Sequential, Softmax
from nn.arrays import draw


@pytest.mark.parametrize("dim", [0, 1, 2, -1])
def test_the_softmax_sums_to_one_along_the_axis_that_its_giver_means(dim):
    total = Softmax(dim)(draw((3, 4, 5))).data.sum(dim)
    torch.testing.assert_close(total, torch.ones_like(total))


def test_it_means_the_same_axis_inside_a_network():
    x = draw((3, 4))
    assert torch.equal(Sequential(Softmax(1))(x).data, Softmax(-1)(x).data)


def test_an_axis_that_is_not_there_is_refused():
    with pytest.raises(ShapeError, match=r"Softmax\(dim=2\): got a batch of shape \(3, 4\)"):
        Softmax(2)(draw((3, 4)))
    with pytest.raises(ShapeError, match=r"LogSoftmax\(dim=-3\): .* expected one with an axis -3"):
        LogSoftmax(-3)(draw((3, 4)))


def test_large_numbers_do_not_overflow():
    x = torch.tensor([[1000.0, 0.0, -1000.0]])
    assert Softmax(1)(x).data.tolist() == [[1.0, 0.0, 0.0]]
    assert LogSoftmax(1)(x).data.tolist() == [[0.0, -1000.0, -2000.0]]
    for kind in (nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.LogSigmoid):
        ours, theirs = Tensor(x, requires_grad=True), x.clone().requires_grad_()
        kind()(ours).sum().backward()
        with torch.enable_grad():
            getattr(torch.nn, kind.__name__)()(theirs).sum().backward()
        torch.testing.assert_close(ours.grad.data, theirs.grad)
    losses = BCEWithLogitsLoss(reduction="none")(x, torch.tensor([[0.0, 0.5, 0.0]]))
    torch.testing.assert_close(losses.data, torch.tensor([[1000.0, 0.6931472, 0.0]]))


@pytest.mark.parametrize(("layer", "slope"), [(ReLU(), 0.0), (LeakyReLU(0.25), 0.25)])
def test_the_slope_at_the_kink(layer, slope):
    x = Tensor(torch.zeros(1, 1), requires_grad=True)
    layer(x).sum().backward()
    assert float(x.grad) == slope


@pytest.mark.parametrize("kind", [nn.GELU, nn.Softsign, nn.Hardtanh, nn.GLU])
def test_whole_numbers_are_refused(kind):
    with pytest.raises(DTypeError, match=r"expected a floating-point dtype"):
        kind()(torch.ones(2, 2, dtype=torch.int64))


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match=r"GLU.*expected an even length along axis -1"):
        nn.GLU()(torch.ones(2, 3))
    with pytest.raises(ShapeError, match=r"PReLU.*expected \(N, 3, \.\.\.\)"):
        nn.PReLU(3).initialise()(torch.ones(4, 2))
    with pytest.raises(ShapeError, match=r"PReLU"):
        nn.PReLU(3).initialise()(torch.ones(3))
