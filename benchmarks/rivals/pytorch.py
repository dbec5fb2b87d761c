"""PyTorch as its tutorials write it, and what an expert writes for many small networks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from benchmarks.problem import LR, MOMENTUM, Problem, gather_epoch
from benchmarks.rivals import Run
from benchmarks.rivals.networks import torch_network

SGD = partial(torch.optim.SGD, lr=LR, momentum=MOMENTUM)


def _networks(problem: Problem) -> list[nn.Module]:
    """Return each round's network with the weights that everybody starts from."""
    starts = zip(*problem.start, strict=True)
    return [torch_network(problem.work.network, start) for start in starts]


def _loss(problem: Problem) -> nn.Module:
    return nn.MSELoss() if problem.work.network == "disk" else nn.CrossEntropyLoss()


# ---- one network after the other, each with its own optimiser ---------------------------------


def eager(
    problem: Problem,
    memory_format: torch.memory_format = torch.contiguous_format,
    compiled: Callable[..., Any] = lambda function: function,
) -> Run:
    """The loop of the tutorials; `compiled` makes something faster of a function."""
    networks, inputs = _networks(problem), list(problem.inputs)
    if inputs[0].ndim == 4:
        inputs = [x.contiguous(memory_format=memory_format) for x in inputs]
        networks = [n.to(memory_format=memory_format) for n in networks]  # type: ignore[call-overload]
    if problem.work.kind == "predict":
        predict = compiled(networks[0])
        # Of all at once: faster here than batches of a hundred.
        return torch.inference_mode()(lambda: predict(inputs[0]))
    parts = zip(networks, inputs, problem.targets, problem.rows, strict=True)
    trainers = [_trainer(*part, _loss(problem), compiled) for part in parts]
    return lambda: [train() for train in trainers]


def _trainer(
    network: nn.Module,
    inputs: torch.Tensor,
    targets: torch.Tensor,
    rows: torch.Tensor,
    loss: nn.Module,
    compiled: Callable[..., Any],
) -> Callable[[], float]:
    """Return what trains a network on its batches once; the mean loss."""
    loss_of_batch = compiled(lambda x, y: loss(network(x), y))
    optimizer = SGD(network.parameters())  # foreach or fused is PyTorch's choice

    def train() -> float:
        total = torch.zeros(())
        for batch in rows:
            optimizer.zero_grad()
            batch_loss = loss_of_batch(inputs[batch], targets[batch])
            batch_loss.backward()
            optimizer.step()
            total += batch_loss.detach()
        return float(total) / len(rows)

    return train


channels_last = partial(eager, memory_format=torch.channels_last)
"""Images channels-last in memory, which PyTorch's tuning guide advises for convolutions."""


def compiled(problem: Problem) -> Run:
    """The forward pass and the loss, and with them the backward pass, through torch.compile."""
    return eager(problem, compiled=torch.compile)


# ---- all networks in one call, their parameters stacked, and one fused optimiser --------------


def _together(
    problem: Problem, optimizer: torch.optim.Optimizer, losses_of: Callable[..., Any]
) -> Run:
    """Train all networks on their batches; `losses_of` sets gradients and returns losses (R,)."""

    def run() -> torch.Tensor:
        x, y = gather_epoch(problem, problem.rows)
        total = torch.zeros(problem.work.rounds)
        for xs, ys in zip(x, y, strict=True):
            losses = losses_of(xs, ys)
            optimizer.step()
            total += losses.detach()
        return total / len(x)

    return run


def vmap_grad(problem: Problem) -> Run:
    """One network's gradient, vectorised over stacked parameters, as torch.func gives it."""
    networks, loss = _networks(problem), _loss(problem)
    parameters, _ = stack_module_state(networks)
    optimizer = SGD(parameters.values(), fused=True)

    def loss_of_one(parameters: Any, x: torch.Tensor, y: torch.Tensor) -> Any:
        return loss(functional_call(networks[0], parameters, (x,)), y)

    vectorised = vmap(grad_and_value(loss_of_one))

    def losses_of(x: torch.Tensor, y: torch.Tensor) -> Any:
        gradients, losses = vectorised(parameters, x, y)
        for name, parameter in parameters.items():
            parameter.grad = gradients[name]
        return losses

    return _together(problem, optimizer, losses_of)


def stacked(problem: Problem) -> Run:
    """All rounds' layers as baddbmm on (R, ...) weights, PyTorch's autograd."""
    parameters = [start.clone().requires_grad_() for start in problem.start]
    optimizer = SGD(parameters, fused=True)
    *hidden, (last_weight, last_bias) = zip(parameters[::2], parameters[1::2], strict=True)

    def losses_of(x: torch.Tensor, y: torch.Tensor) -> Any:
        optimizer.zero_grad()
        for weight, bias in hidden:
            x = torch.baddbmm(bias.unsqueeze(1), x, weight.mT).tanh()
        outputs: Any = torch.baddbmm(last_bias.unsqueeze(1), x, last_weight.mT)
        losses = (outputs - y).square().mean((1, 2))
        losses.sum().backward()
        return losses

    return _together(problem, optimizer, losses_of)
