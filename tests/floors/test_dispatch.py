"""At run time too: autodiff needs no autograd of torch, and none of its layers' kernels."""

import pytest
import torch
from torch.nn import functional

import bakeoff.autodiff as ad
from autodiff.walk import cases, is_real, normal
from bakeoff import nn, optim
from bakeoff.autodiff import Tensor, capture, grad
from floors.dispatch import ForbiddenKernel, Kernels, listed_torch, plain_torch


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.id)
def test_forward_and_backward_twice_use_listed_names_alone(case):
    args = case.draw(seed=10)
    inputs = [Tensor(x, requires_grad=True) if is_real(x) else x for x in args]
    with listed_torch() as kernels:
        out = case.run(*inputs)
        if out.requires_grad:
            cotangent = Tensor(normal_of(out))
            out.backward(cotangent, retain_graph=True)
            out.backward(cotangent, create_graph=True)
            for x in inputs:
                if isinstance(x, Tensor) and x.grad.requires_grad:
                    (x.grad * x.grad).sum().backward(retain_graph=True)
    assert kernels
    if out.requires_grad:
        assert out.data.grad_fn is None


def normal_of(out):
    return out.data.detach().clone().fill_(0.5)


def test_a_small_network_trains_on_plain_kernels():
    weights = [normal((4, 1, 3, 3), 1), normal((4,), 2), normal((2, 16), 3), normal((2,), 4)]
    parameters = [Tensor(w, requires_grad=True) for w in weights]
    images = Tensor(normal((1, 6, 6, 5), 5))
    losses = []
    with listed_torch() as kernels:
        for _ in range(3):
            w1, b1, w2, b2 = parameters
            x = ad.convolve(images, w1, b1, stride=(1, 1), padding=(0, 0))
            x = ad.max_pool(x, size=(2, 2), stride=(2, 2)).relu().flatten(0, 2)
            loss = -ad.affine(w2, x, b2).log_softmax(0)[0].mean()
            for parameter in parameters:
                parameter.zero_grad()
            loss.backward()
            for parameter in parameters:
                parameter.data.sub_(parameter.grad.data * 0.1)
            losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    assert "aten::addmm" in kernels
    assert not torch.is_inference_mode_enabled()


OPTIMISERS = [
    kind
    for kind in vars(optim).values()
    if isinstance(kind, type) and issubclass(kind, optim.Optimizer) and kind is not optim.Optimizer
]


@pytest.mark.parametrize("kind", OPTIMISERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("captured", [False, True])
def test_layers_losses_and_optimisers_use_listed_names_alone(kind, captured):
    images, classes = normal((6, 1, 6, 6), 1).float(), torch.tensor([0, 2, 1, 1, 0, 2])
    with listed_torch() as kernels:
        network = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(36, 3),
        ).initialise(seed=0)
        loss = nn.CrossEntropyLoss()
        optimiser = kind(network.parameters(), lr=0.01)

        def step(x, y):
            optimiser.zero_grad()
            out = loss(network(x), y)
            out.backward()
            optimiser.step()
            return out

        run = capture(step, images, classes) if captured else step
        losses = [run(images, classes).item() for _ in range(5)]
    assert losses[-1] < losses[0]
    assert "aten::addmm" in kernels


def test_grad_of_grad_on_plain_kernels():
    with plain_torch():
        assert grad(grad(lambda x: x.tanh().exp()))(Tensor(0.5)).item() != 0.0


# ---- it bites -------------------------------------------------------------------------------

IMAGES, WEIGHT = torch.ones(1, 1, 4, 4), torch.ones(1, 1, 2, 2)
MATRIX = torch.ones(2, 3)
TRACKED = torch.ones(3, requires_grad=True)


def stepped(optimiser):
    TRACKED.grad = torch.ones(3)
    optimiser.step()


FORBIDDEN = {
    "conv2d": lambda: torch.conv2d(IMAGES, WEIGHT),
    "functional conv2d": lambda: functional.conv2d(IMAGES, WEIGHT),
    "conv_transpose": lambda: functional.conv_transpose2d(IMAGES, WEIGHT),
    "max_pool2d": lambda: functional.max_pool2d(IMAGES, 2),
    "avg_pool2d": lambda: functional.avg_pool2d(IMAGES, 2),
    "adaptive": lambda: functional.adaptive_avg_pool2d(IMAGES, 1),
    "unfold": lambda: functional.unfold(IMAGES, 2),
    "batch_norm": lambda: functional.batch_norm(IMAGES, None, None, training=True),
    "layer_norm": lambda: functional.layer_norm(MATRIX, [3]),
    "group_norm": lambda: functional.group_norm(IMAGES, 1),
    "norm": MATRIX.norm,
    "linear": lambda: functional.linear(MATRIX, MATRIX),
    "relu": lambda: torch.relu(MATRIX),
    "relu method": MATRIX.relu,
    "relu in place": lambda: MATRIX.clone().relu_(),
    "leaky_relu": lambda: functional.leaky_relu(MATRIX),
    "elu": lambda: functional.elu(MATRIX),
    "gelu": lambda: functional.gelu(MATRIX),
    "silu": lambda: functional.silu(MATRIX),
    "softplus": lambda: functional.softplus(MATRIX),
    "hardtanh": lambda: functional.hardtanh(MATRIX),
    "softmax": lambda: MATRIX.softmax(0),
    "log_softmax": lambda: torch.log_softmax(MATRIX, 0),
    "dropout": lambda: functional.dropout(MATRIX, 0.0),
    "torch dropout": lambda: torch.dropout(MATRIX, 0.0, True),
    "cross_entropy": lambda: functional.cross_entropy(MATRIX, torch.tensor([0, 1])),
    "mse_loss": lambda: functional.mse_loss(MATRIX, MATRIX),
    "one_hot": lambda: functional.one_hot(torch.tensor([0, 1])),
    "embedding": lambda: functional.embedding(torch.tensor([0, 1]), MATRIX),
    "foreach": lambda: torch._foreach_add([MATRIX], 1.0),
    "a layer": lambda: torch.nn.Linear(3, 2)(MATRIX),
    "an optimiser": lambda: stepped(torch.optim.SGD([TRACKED], lr=0.1, foreach=True)),
    "attention": lambda: functional.scaled_dot_product_attention(IMAGES, IMAGES, IMAGES),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_it_refuses(name):
    with pytest.raises(ForbiddenKernel), plain_torch():
        FORBIDDEN[name]()


def test_it_refuses_torchs_own_backward():
    with pytest.raises(ForbiddenKernel, match="backward"), plain_torch(), torch.enable_grad():
        TRACKED.tanh().sum().backward()


def test_it_refuses_kernels_that_no_function_names():
    """What reaches a kernel past torch's Python functions is seen one level below."""
    for call in (
        lambda: torch.ops.aten.relu.default(MATRIX),
        lambda: torch.ops.aten._softmax.default(MATRIX, 0, False),
        lambda: torch.ops.aten.tanh_backward.default(MATRIX, MATRIX),
        lambda: torch.ops.aten.native_dropout.default(MATRIX, 0.5, True),
        lambda: torch.ops.aten.max_pool2d_with_indices.default(IMAGES, [2, 2]),
        lambda: torch.ops.aten.native_batch_norm.default(
            IMAGES, None, None, None, None, True, 0, 1
        ),
    ):
        with pytest.raises(ForbiddenKernel, match="torch ran the kernel aten::"), Kernels():
            call()


@pytest.mark.parametrize(
    "call",
    [
        MATRIX.mean,
        lambda: torch.var(MATRIX),
        lambda: torch.linalg.inv(torch.eye(2)),
        lambda: torch.einsum("ij->ji", MATRIX),
        lambda: MATRIX.cumprod(0),
    ],
)
def test_what_is_not_listed_is_refused_where_asked(call):
    with plain_torch():
        call()
    with pytest.raises(ForbiddenKernel, match="is not listed"), listed_torch():
        call()


def test_everything_is_as_before_afterwards():
    with pytest.raises(ForbiddenKernel), plain_torch():
        torch.relu(MATRIX)
    assert torch.is_grad_enabled()
    torch.relu(MATRIX)


def test_normal_numbers_are_no_norm():
    with listed_torch() as kernels:
        torch.empty(3).normal_(generator=torch.Generator().manual_seed(0))
    assert "aten::normal_" in kernels
