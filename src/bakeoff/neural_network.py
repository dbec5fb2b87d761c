"""One object that is built, trained, asked, saved and loaded, as in the paper.

    network = NeuralNetwork(seed=0)
    network.add(Linear(2, 25), Tanh(), Linear(25, 1))
    network.train(x, y, batch_size=50, epochs=100, training_step=0.1)
    network.accuracy(x_test, y_test)
    network.save("disk")

It trains with the mean squared error and plain gradient descent. For any other loss or optimiser,
write the loop: `bakeoff.nn` and `bakeoff.optim` are what stands under this front.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import bakeoff.autodiff  # noqa: F401 - first, as it says where torch is missing

# isort: split
import torch

from bakeoff import rng
from bakeoff.autodiff import Tensor, capture, no_grad
from bakeoff.checks import check_count, check_number
from bakeoff.errors import ArgumentError, DivergenceError, DTypeError, ModelFileError, ShapeError
from bakeoff.interop import load_network, model_path, save_network
from bakeoff.interop.torch_layers import evaluating
from bakeoff.nn import Loss, Module, MSELoss, Parameter, ReLU, Sequential, batch_last
from bakeoff.nn.activation import Differentiable
from bakeoff.nn.layout import turn_in
from bakeoff.nn.module import all_ours
from bakeoff.optim import SGD

__all__ = ["DeadReLUWarning", "NeuralNetwork"]

Array = Tensor | torch.Tensor


class DeadReLUWarning(UserWarning):
    """A network's output is zero for every sample, because a ReLU lets nothing through."""


class NeuralNetwork:
    """Layers in order, trained with the mean squared error by gradient descent.

    Whatever goes in or comes out has the samples along its first axis.

    Args:
        *layers: as for `add`.
        seed: of the first weights, the order of the samples and the dropout masks; any integer.

    Attributes:
        layers: the layers, a `Sequential`.
        seed: as given.
        epochs: how many epochs the network has been trained for so far.
    """

    def __init__(self, *layers: Module | Differentiable, seed: int = 0) -> None:
        self.layers = Sequential()
        self.seed = seed
        self.epochs = 0
        self._loss = MSELoss()
        self._warned = False
        self.add(*layers)

    def add(self, *layers: Module | Differentiable) -> Self:
        """Append layers, draw those of their weights that are not drawn yet, and return self.

        Raises:
            DTypeError: for anything but a layer; then none is added.
        """
        known = {id(module) for _, module in self.layers.named_modules()}
        self.layers.add(*layers)
        for name, parameter in self.layers.named_parameters():
            if not parameter.ready:
                parameter.draw([rng.generator(self.seed, 0, "init", name)])
        for name, module in self.layers.named_modules():
            if id(module) not in known:
                module.set_streams([rng.generator(self.seed, 0, "dropout", name)])
        return self

    def parameters(self) -> Iterator[Parameter]:
        """Yield the weights and biases, layer by layer."""
        return self.layers.parameters()

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of weights, inputs and outputs."""
        parameter = next(self.parameters(), None)
        return torch.float32 if parameter is None else parameter.dtype

    # ---- one step by hand -------------------------------------------------------------------

    def forward(self, x: Array) -> Tensor:
        """Return the output for x, remembering the way there for `backward`.

        Args:
            x: (N, ...) of the network's dtype, N at least 1.

        Returns:
            (N, ...), a Tensor.

        Raises:
            DTypeError: for another dtype.
            ShapeError: for no samples, or samples that do not fit the first layer.
        """
        given = x if isinstance(x, Tensor) else Tensor(x)
        _checked("forward: x", given, self.dtype, finite=False)
        output: Tensor = self.layers(given)
        self._warn_if_dead(given.data, output.data)
        return output

    def backward(self, output: Tensor, y: Array) -> float:
        """Add the gradient of the mean squared error to every parameter's `grad`.

        Args:
            output: (N, ...), what `forward` returned.
            y: the targets, of the output's shape and dtype, finite.

        Returns:
            The loss, the mean over all elements of (output - y)².

        Raises:
            DTypeError, ShapeError, ArgumentError: for other targets; no gradient is added then.
            GraphError: if `output` does not come from `forward`, or was used already.
        """
        target = _checked("backward: y", y, output.dtype, output.shape)
        loss: Tensor = self._loss(output, target)
        loss.backward()
        return float(loss)

    # ---- training ---------------------------------------------------------------------------

    def train(
        self,
        x: Array,
        y: Array,
        batch_size: int,
        epochs: int,
        training_step: float = 0.01,
        grad_accumulate: int = 0,
        bias: bool = True,
        *,
        verbose: bool = False,
    ) -> list[float]:
        """Train on samples x and targets y, in batches drawn in a new random order each epoch.

        Args:
            x: (N, ...) of the network's dtype, finite.
            y: (N, ...) of the output's shape and dtype, finite.
            batch_size: samples a batch, at least 1; the last batch of an epoch may be smaller.
            epochs: passes over the samples, at least 1.
            training_step: step size of the gradient descent, above 0.
            grad_accumulate: update every so many batches, by the mean of their gradients, each
                batch weighed by its samples; what is left at an epoch's end updates then. 0 and 1
                update after every batch.
            bias: whether biases are trained; if not, they stay as they are.
            verbose: show a progress bar with the loss.

        Returns:
            The mean loss of each epoch, taken as it was while training.

        Raises:
            DTypeError, ShapeError, ArgumentError: for what cannot be trained on, before any update.
            DivergenceError: if the loss leaves the finite numbers; the network is then as it was
                when the epoch began.
        """
        check_count("NeuralNetwork.train", "batch_size", batch_size)
        check_count("NeuralNetwork.train", "epochs", epochs)
        check_count("NeuralNetwork.train", "grad_accumulate", grad_accumulate, least=0)
        check_number("NeuralNetwork.train", "training_step", training_step, above=0, below=math.inf)
        x = _checked("train: x", x, self.dtype)
        y = _checked("train: y", y, self.dtype)
        if len(x) != len(y):
            raise ShapeError(
                f"NeuralNetwork.train: got {len(x)} samples x and {len(y)} targets y, expected as"
                " many of each"
            )
        one = self._outputs(x[:1], 1)
        _checked("train: y", y, self.dtype, torch.Size((len(x), *one.shape[1:])))
        named = self.layers.named_parameters()
        trained = [p for name, p in named if bias or name.rpartition(".")[2] != "bias"]
        if not trained:
            raise ArgumentError(
                "NeuralNetwork.train: got a network with nothing to train, expected weights; add a"
                " layer such as Linear(2, 25)"
            )
        optimizer = SGD(trained, lr=training_step)
        training = Training(self.layers, self._loss, optimizer, max(grad_accumulate, 1))
        self.layers.train()
        losses = []
        with _progress(epochs, verbose) as show:
            for _ in range(epochs):
                # An order of its own for each epoch: after loading, training goes on as it would.
                order = rng.generator(self.seed, 0, "order", f"epoch {self.epochs}")
                shuffled = torch.randperm(len(x), generator=order)
                batches = shuffled.split(batch_size)  # type: ignore[no-untyped-call]
                losses.append(training.epoch(x, y, batches))
                self.epochs += 1
                show(losses[-1])
                # One batch tells whether the whole is worth a look.
                self._warn_if_dead(x, self._outputs(x[batches[-1]], batch_size))
        return losses

    def _warn_if_dead(self, x: torch.Tensor, output: torch.Tensor) -> None:
        """Warn, once in the network's life, if the output is zero because of a dead ReLU."""
        if self._warned or bool(output.any()):
            return
        name = _dead_relu(self.layers, x)
        if name is not None:
            self._warned = True
            warnings.warn(
                f"the output is zero for all {len(x)} samples: ReLU {name!r} lets nothing through"
                " and can no longer learn; start anew with a lower training_step or another seed",
                DeadReLUWarning,
                stacklevel=3,
            )

    # ---- asking -----------------------------------------------------------------------------

    def predict(self, x: Array, batch_size: int = 1000) -> torch.Tensor:
        """Return the output for x in evaluation mode, remembering nothing.

        Args:
            x: (N, ...) of the network's dtype, N at least 1.
            batch_size: samples computed at a time, at least 1; it bounds the memory needed.

        Returns:
            (N, ...), a torch tensor.

        Raises:
            DTypeError, ShapeError, ArgumentError: as `forward`, and for a batch size below 1.
        """
        x = _checked("predict: x", x, self.dtype, finite=False)
        check_count("NeuralNetwork.predict", "batch_size", batch_size)
        output = self._outputs(x, batch_size)
        self._warn_if_dead(x, output)
        return output

    def _outputs(self, x: torch.Tensor, batch_size: int) -> torch.Tensor:
        with no_grad(), evaluating(self.layers):
            batches = x.split(batch_size)  # type: ignore[no-untyped-call]
            return torch.cat([self.layers(batch).data for batch in batches])

    def accuracy(self, x: Array, y: Array) -> float:
        """Return the share of samples whose predicted label is the target's, from 0 to 1.

        Of one output the label is whether it is at least 1/2; of several, which is the largest.

        Args:
            x: (N, ...), as for `predict`.
            y: (N, 1) of 0 and 1 for one output; for C outputs (N, C), largest at the right class,
                or the classes themselves, (N,) int64.

        Raises:
            DTypeError, ShapeError, ArgumentError: as `predict`, and for other targets.
        """
        output = self.predict(x)
        classes = output.shape[-1]
        if output.ndim == 2 and classes > 1 and _array(y).shape == output.shape[:1]:
            wanted = _checked("accuracy: y", y, torch.int64, output.shape[:1])
            low, high = int(wanted.min()), int(wanted.max())
            if low < 0 or high >= classes:
                raise ArgumentError(
                    f"NeuralNetwork.accuracy: y: got class {low if low < 0 else high}, expected 0"
                    f" to {classes - 1}"
                )
            return _share(output.argmax(-1) == wanted)
        target = _checked("accuracy: y", y, None, output.shape)
        if classes > 1:
            return _share(output.argmax(-1) == target.argmax(-1))
        if not bool(((target == 0) | (target == 1)).all()):
            raise ArgumentError(
                "NeuralNetwork.accuracy: y: got other targets than 0 and 1, expected those of a"
                " network with one output"
            )
        return _share((output >= 0.5) == (target == 1))

    # ---- files ------------------------------------------------------------------------------

    def save(self, name: str, folder: str | os.PathLike[str] = "models") -> Path:
        """Write the network to `folder/name.safetensors` and return that path.

        The file holds the layers, their weights, the seed and the number of epochs. The same
        network gives the same bytes at each save.

        Raises:
            ModelFileError: for a name that could lead out of the folder, a layer that could not be
                loaded again, or a file that cannot be written; an older file then stays.
        """
        path = model_path(name, folder)
        save_network(self.layers, path, {"seed": self.seed, "epochs": self.epochs})
        return path

    @classmethod
    def load(cls, name: str, folder: str | os.PathLike[str] = "models") -> Self:
        """Return the network that `save` wrote to `folder/name.safetensors`.

        Nothing in the file can run code. A layer class that is not bakeoff's must have been
        imported by the program.

        Raises:
            ModelFileError: for a bad name, or a file that is missing, damaged or not a network's.
        """
        return cls.load_file(model_path(name, folder))

    @classmethod
    def load_file(cls, path: str | os.PathLike[str]) -> Self:
        """Return the network in a file of any name; otherwise as `load`.

        Raises:
            ModelFileError: for a file that is missing, damaged or not a network's.
        """
        layers, notes = load_network(path)
        match notes:
            case {"seed": int(seed), "epochs": int(epochs)} if isinstance(layers, Sequential):
                made = cls(*layers, seed=seed)
                made.epochs = epochs
                return made
        raise ModelFileError(
            f"{path}: holds another network, expected one written by NeuralNetwork.save"
        )

    def __repr__(self) -> str:
        return repr(self.layers).replace("Sequential", "NeuralNetwork", 1)


def _array(x: Array) -> torch.Tensor:
    return x.data if isinstance(x, Tensor) else Tensor(x).data


def _share(right: torch.Tensor) -> float:
    return int(right.sum()) / right.numel()


def _checked(
    where: str,
    data: Array,
    dtype: torch.dtype | None,
    shape: torch.Size | None = None,
    *,
    finite: bool = True,
) -> torch.Tensor:
    """Return samples, or targets of the output's shape, refused in a sentence unless they fit."""
    x, where = _array(data), f"NeuralNetwork.{where}"
    if dtype not in (None, x.dtype):
        raise DTypeError(f"{where}: got {x.dtype}, expected {dtype}; convert with .to({dtype})")
    if shape is None and (x.ndim < 2 or len(x) == 0):
        raise ShapeError(
            f"{where}: got shape {tuple(x.shape)}, expected (N, ...), at least one sample along the"
            " first axis"
        )
    if shape not in (None, x.shape):
        raise ShapeError(
            f"{where}: got shape {tuple(x.shape)}, expected {tuple(shape)}, the shape of the output"
        )
    if finite and not bool(torch.isfinite(x).all()):
        first = int(torch.isfinite(x.reshape(len(x), -1)).all(1).int().argmin())
        raise ArgumentError(
            f"{where}: got NaN or infinity in sample {first}, expected finite numbers"
        )
    return x


# ---- training -----------------------------------------------------------------------------------


class Training:
    """A network in training: each kind of update is captured once and replayed.

    With a user's layer in it every update runs on the tape, to the same bits. An update takes the
    gradients of `accumulate` batches together; what an epoch has left over updates too.
    """

    def __init__(self, layers: Sequential, loss: Loss, optimizer: SGD, accumulate: int) -> None:
        self.layers, self.loss, self.optimizer = layers, loss, optimizer
        self.accumulate = accumulate
        self._updates: dict[tuple[int, ...], Callable[..., tuple[Tensor, ...]]] = {}

    def epoch(self, x: torch.Tensor, y: torch.Tensor, batches: Sequence[torch.Tensor]) -> float:
        """Train once on every batch, given which samples each holds; return the mean loss."""
        before, total = self.layers.state_dict(), 0.0
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
def _progress(epochs: int, verbose: bool) -> Iterator[Callable[[float], None]]:
    """Give a function to call with each epoch's loss: it moves a bar on stderr, or does nothing."""
    if not verbose:
        yield lambda loss: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress

    columns = "epoch", MofNCompleteColumn(), BarColumn(), "loss {task.fields[loss]}"
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("epochs", total=epochs, loss="-")
        yield lambda loss: bar.update(task, advance=1, loss=f"{loss:.5f}")


# ---- dead ReLUs ---------------------------------------------------------------------------------


def _dead_relu(layers: Sequential, x: torch.Tensor) -> str | None:
    """Return the name of the first ReLU that lets nothing of x, (N, ...), through, or None.

    Inputs of a ReLU that are all exactly zero prove nothing, so no ReLU is blamed for them.
    """
    with no_grad(), evaluating(layers), batch_last():
        hidden = turn_in(Tensor(x), None)
        for name, layer in _flat(layers):
            if isinstance(layer, ReLU) and not bool((hidden.data > 0).any()):
                return name if bool(hidden.data.any()) else None
            hidden = layer(hidden)
    return None


def _flat(layers: Sequential, prefix: str = "") -> Iterator[tuple[str, Module]]:
    """Yield (dotted name, layer), looking into containers made of layers alone."""
    for name, layer in layers.named_children():
        if isinstance(layer, Sequential):
            yield from _flat(layer, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", layer
