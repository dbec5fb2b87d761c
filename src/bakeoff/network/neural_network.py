"""One object that is built, trained, asked, saved and loaded, as in the report.

    network = NeuralNetwork(seed=0)
    network.add(Linear(2, 25), Tanh(), Linear(25, 1))
    network.train(x, y, batch_size=50, epochs=100, training_step=0.1)
    network.accuracy(x_test, y_test)
    network.save("disk")

It trains with the mean squared error and plain gradient descent. For any other loss or optimiser,
write the loop: `bakeoff.nn` and `bakeoff.optim` are what stands under this front.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import torch

from bakeoff import rng
from bakeoff.autodiff import no_grad
from bakeoff.autodiff.tensor import Tensor
from bakeoff.errors import ArgumentError, ModelFileError, ShapeError
from bakeoff.interop import load_network, model_path, save_network
from bakeoff.interop.modes import evaluating
from bakeoff.network import checks
from bakeoff.network.dead import DeadReLUWarning, dead_relu
from bakeoff.network.training import Training, progress
from bakeoff.nn import Module, MSELoss, Parameter, Sequential
from bakeoff.nn.custom import Differentiable
from bakeoff.optim import SGD

Array = Tensor | torch.Tensor


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
        checks.check_samples("forward: x", given.data, self.dtype)
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
        target = _array(y)
        checks.check_dtype("backward: y", target, output.dtype)
        checks.check_targets("backward: y", target.shape, output.shape)
        checks.check_finite("backward: y", target)
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
        x, y = _array(x), _array(y)
        checks.check_training_arguments(batch_size, epochs, training_step, grad_accumulate)
        self._check_training_set(x, y)
        optimizer = SGD(self._trained(bias), lr=training_step)
        training = Training(self.layers, self._loss, optimizer, max(grad_accumulate, 1))
        self.layers.train()
        losses = []
        with progress(epochs, verbose) as show:
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

    def _trained(self, bias: bool) -> list[Parameter]:
        trained = [
            parameter
            for name, parameter in self.layers.named_parameters()
            if bias or name.rpartition(".")[2] != "bias"
        ]
        if not trained:
            raise ArgumentError(
                "NeuralNetwork.train: got a network with nothing to train, expected weights; add a"
                " layer such as Linear(2, 25)"
            )
        return trained

    def _check_training_set(self, x: torch.Tensor, y: torch.Tensor) -> None:
        for name, data in (("x", x), ("y", y)):
            checks.check_samples(f"train: {name}", data, self.dtype)
            checks.check_finite(f"train: {name}", data)
        if len(x) != len(y):
            raise ShapeError(
                f"NeuralNetwork.train: got {len(x)} samples x and {len(y)} targets y, expected as"
                " many of each"
            )
        one = self._outputs(x[:1], 1)
        checks.check_targets("train: y", y.shape, torch.Size((len(x), *one.shape[1:])))

    def _warn_if_dead(self, x: torch.Tensor, output: torch.Tensor) -> None:
        """Warn, once in the network's life, if the output is zero because of a dead ReLU."""
        if self._warned or bool(output.any()):
            return
        name = dead_relu(self.layers, x)
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
        x = _array(x)
        checks.check_samples("predict: x", x, self.dtype)
        checks.check_whole("predict: batch_size", batch_size, 1)
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
        target, output = _array(y), self.predict(x)
        classes = output.shape[-1]
        if output.ndim == 2 and classes > 1 and target.shape == output.shape[:1]:
            checks.check_classes(target, classes)
            return _share(output.argmax(-1) == target)
        checks.check_targets("accuracy: y", target.shape, output.shape)
        checks.check_finite("accuracy: y", target)
        if classes > 1:
            return _share(output.argmax(-1) == target.argmax(-1))
        checks.check_truth(target)
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
