"""Epochs of gradient descent, with the gradients of several batches taken together if wanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch

from bakeoff.autodiff.plan import capture
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import DivergenceError
from bakeoff.nn import Loss, Sequential, batch_last
from bakeoff.nn.layout import turn_in
from bakeoff.nn.module import all_ours
from bakeoff.optim import SGD


class Training:
    """A network in training: each kind of update is captured once and replayed.

    With a user's layer in it every update runs on the tape, to the same bits.

    Args:
        layers: the network.
        loss: the mean over a batch.
        optimizer: of the network's parameters.
        accumulate: batches an update, at least 1; what an epoch has left over updates too.
    """

    def __init__(self, layers: Sequential, loss: Loss, optimizer: SGD, accumulate: int) -> None:
        self.layers = layers
        self.loss = loss
        self.optimizer = optimizer
        self.accumulate = accumulate
        self._updates: dict[tuple[int, ...], Callable[..., tuple[Tensor, ...]]] = {}

    def epoch(self, x: torch.Tensor, y: torch.Tensor, batches: Sequence[torch.Tensor]) -> float:
        """Train once on every batch; an epoch that fails leaves no trace.

        Args:
            x: (N, ...), the inputs.
            y: (N, ...), the targets.
            batches: which samples each batch holds, (n,) int64.

        Returns:
            The mean loss of all samples, each as it was before its batch's update.

        Raises:
            DivergenceError: if that mean is not finite; parameters and buffers are as before.
        """
        before = self.layers.state_dict()
        total = 0.0
        try:
            for first in range(0, len(batches), self.accumulate):
                total += self._update(x, y, batches[first : first + self.accumulate])
            mean = total / sum(len(rows) for rows in batches)
            if not math.isfinite(mean):
                raise DivergenceError(
                    f"NeuralNetwork.train: got a loss of {mean}, expected a finite one; the network"
                    f" is back where the epoch began, so lower"
                    f" training_step={self.optimizer.lr:g}"
                )
        except Exception:
            self.layers.load_state_dict(before)
            raise
        finally:
            self.layers.zero_grad()
        return mean

    def _update(self, x: torch.Tensor, y: torch.Tensor, group: Sequence[torch.Tensor]) -> float:
        """Update once by the mean gradient of a group of batches; return their summed loss."""
        data = [part for rows in group for part in (x[rows], y[rows])]
        sizes = tuple(len(rows) for rows in group)
        if sizes not in self._updates:
            self._updates[sizes] = self._captured(data)
        losses = self._updates[sizes](*data)
        return sum(float(loss) * n for loss, n in zip(losses, sizes, strict=True))

    def _captured(self, data: Sequence[torch.Tensor]) -> Callable[..., tuple[Tensor, ...]]:
        """Return the update as a plan; one that runs a user's layer stays on the tape."""
        if all_ours(self.layers, self.loss):
            return capture(self.step, *data)
        return lambda *data: self.step(*map(Tensor, data))

    def step(self, *data: Tensor) -> tuple[Tensor, ...]:
        """Update once, given the inputs and targets of each batch in turn; return their losses."""
        self.layers.zero_grad()
        batches = list(zip(data[::2], data[1::2], strict=True))
        samples = sum(len(x) for x, _ in batches)
        losses = []
        for x, y in batches:
            with batch_last():
                value: Tensor = self.loss(self.layers(turn_in(x, None)), turn_in(y, None))
            # The mean over the group is the sum of the batches' means, each times its share.
            (value if len(batches) == 1 else value * (len(x) / samples)).backward()
            losses.append(value)
        self.optimizer.step()
        return tuple(losses)


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
