"""One epoch of gradient descent, with the gradients of several batches taken together if wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DivergenceError
from bakeoff.nn import Loss, Sequential, batch_last
from bakeoff.nn.layout import turn_in
from bakeoff.optim import SGD


def train_epoch(
    layers: Sequential,
    loss: Loss,
    optimizer: SGD,
    x: torch.Tensor,
    y: torch.Tensor,
    batches: Sequence[torch.Tensor],
    accumulate: int,
) -> float:
    """Train once on every batch; an epoch that fails leaves no trace.

    Args:
        layers: the network.
        loss: the mean over a batch.
        optimizer: of the network's parameters.
        x: (N, ...), the inputs.
        y: (N, ...), the targets.
        batches: which samples each batch holds, (n,) int64.
        accumulate: batches an update, at least 1; what is left over updates too.

    Returns:
        The mean loss of all samples, each as it was before its batch's update.

    Raises:
        DivergenceError: if that mean is not finite; parameters and buffers are as before.
    """
    before = layers.state_dict()
    total = torch.zeros((), dtype=torch.float64)
    try:
        for first in range(0, len(batches), accumulate):
            total += update(layers, loss, optimizer, x, y, batches[first : first + accumulate])
        mean = float(total) / sum(len(rows) for rows in batches)
        if not math.isfinite(mean):
            raise DivergenceError(
                f"NeuralNetwork.train: got a loss of {mean}, expected a finite one; the network is"
                f" back where the epoch began, so lower training_step={optimizer.lr:g}"
            )
    except Exception:
        layers.load_state_dict(before)
        raise
    finally:
        layers.zero_grad()
    return mean


def update(
    layers: Sequential,
    loss: Loss,
    optimizer: SGD,
    x: torch.Tensor,
    y: torch.Tensor,
    group: Sequence[torch.Tensor],
) -> torch.Tensor:
    """Update once by the mean gradient of a group of batches; return their summed loss, float64."""
    layers.zero_grad()
    samples = sum(len(rows) for rows in group)
    total = torch.zeros((), dtype=torch.float64)
    for rows in group:
        with batch_last():
            value = loss(layers(_turned(x[rows])), _turned(y[rows]))
        # The mean over the group is the sum of the batches' means, each times its share.
        (value if len(group) == 1 else value * (len(rows) / samples)).backward()
        total += value.data.double() * len(rows)
    optimizer.step()
    return total


def _turned(x: torch.Tensor) -> Tensor:
    return turn_in(Tensor(x), None)


@contextmanager
def progress(epochs: int, verbose: bool) -> Iterator[Callable[[float], None]]:
    """Give a function to call with each epoch's loss: it moves a bar on stderr, or does nothing."""
    if not verbose:
        yield lambda loss: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    loss_column = TextColumn("loss {task.fields[loss]}")
    with Progress(
        TextColumn("epoch"),
        MofNCompleteColumn(),
        BarColumn(),
        loss_column,
        console=Console(stderr=True),
    ) as bar:
        task = bar.add_task("epochs", total=epochs, loss="-")
        yield lambda loss: bar.update(task, advance=1, loss=f"{loss:.5f}")
