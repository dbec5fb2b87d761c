"""Train the network that `bakeoff demo` brings along, and write it with its model card.

    python tools/train_demo_network.py

It learns from MNIST's training images alone. In each epoch they are paired anew, and half of them
are redrawn: turned, sheared, stretched, with thicker or thinner strokes, and framed as the demo
frames a drawing. The test images are used once, at the end, for the figure on the card.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from torch.nn.functional import affine_grid, grid_sample, max_pool2d

from bakeoff import rng
from bakeoff.data import Standardiser, fit_standardiser, load_mnist
from bakeoff.data.idx import read_idx
from bakeoff.data.mnist import EMBEDDED, SIDE, TRAIN_FILES
from bakeoff.data.pairs import deal_unequal_pairs
from bakeoff.demo.framing import frame
from bakeoff.demo.shipped import SHIPPED, save_shipped
from bakeoff.models import MODELS
from bakeoff.nn import Module
from bakeoff.study.recipe import Recipe
from bakeoff.study.training.learner import MAIN, Learner
from bakeoff.study.training.trainer import epoch_rows

REDRAWN = 2 * SIDE  # rows and columns of the canvas on which a digit is redrawn
PIECE = 250
PAIRS = 26_000  # an epoch: any deck of MNIST's training images has more
BATCH = 100


def redraw(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return images (n, 28, 28) uint8 drawn a little otherwise and framed, (n, 14, 14) float32."""
    pieces = [_redraw(piece.float(), generator) for piece in images.split(PIECE)]
    return torch.cat(pieces)


def _redraw(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    n = len(images)

    def uniform(low: float, high: float) -> torch.Tensor:
        return torch.empty(n).uniform_(low, high, generator=generator)

    turn, shear, tall, wide = (
        uniform(-0.25, 0.25),
        uniform(-0.25, 0.25),
        *(uniform(0.95, 1.3) for _ in range(2)),
    )
    zero = torch.zeros(n)
    rotation = torch.stack(
        [torch.cos(turn), -torch.sin(turn), torch.sin(turn), torch.cos(turn)], -1
    ).view(n, 2, 2)
    stretch = torch.stack([wide, shear, zero, tall], -1).view(n, 2, 2)
    matrix = torch.cat([rotation @ stretch, torch.zeros(n, 2, 1)], -1)
    field = affine_grid(matrix, [n, 1, REDRAWN, REDRAWN], align_corners=False)
    drawn = grid_sample(images[:, None], field, mode="bilinear", align_corners=False)[:, 0]
    return frame((255 * _penned(drawn / 255, uniform(0, 1), uniform(0.3, 0.65))).to(torch.uint8))


def _penned(drawn: torch.Tensor, pen: torch.Tensor, edge: torch.Tensor) -> torch.Tensor:
    """Give drawings (n, s, s), 0 to 1, sharper edges, and more than half of them another pen."""
    drawn = (4 * (drawn - edge[:, None, None]) + 0.5).clamp(0, 1)
    thicker = max_pool2d(drawn, 3, stride=1, padding=1)
    thickest = max_pool2d(drawn, 5, stride=1, padding=2)
    thinner = -max_pool2d(-drawn, 3, stride=1, padding=1)
    # A stroke that would be lost with a thinner pen keeps its own.
    kept = thinner.sum((1, 2)) > 0.3 * drawn.sum((1, 2))
    choices = [(0.0, 0.3, thinner), (0.3, 0.45, thicker), (0.45, 0.6, thickest)]
    chosen = drawn.clone()
    for low, high, other in choices:
        here = (pen >= low) & (pen < high) & (kept | (low > 0))
        chosen[here] = other[here]
    return chosen


class Drawer:
    """Draws the pairs of each epoch.

    Args:
        seed: of all that is random.
    """

    def __init__(self, seed: int) -> None:
        self.digits = load_mnist(EMBEDDED).train
        self.standardiser = fit_standardiser(self.digits.images, per_feature=False)
        self._raw = read_idx(EMBEDDED / f"{TRAIN_FILES[0]}.gz", (SIDE, SIDE))
        self._dealing = rng.generator(seed, 0, "data", "demo")
        self._drawing = rng.generator(seed, 0, "augment", "demo")

    def draw(self) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return standardised inputs (PAIRS, 2, 14, 14) and labels (PAIRS,) by name."""
        pairs = deal_unequal_pairs(self.digits.labels, self._dealing)[:PAIRS]
        images = self.digits.images.clone()
        redrawn = torch.rand(len(images), generator=self._drawing) < 0.5
        images[redrawn] = redraw(self._raw[redrawn], self._drawing)
        first, second = self.digits.labels[pairs].unbind(1)
        labels = {MAIN: (second > first).long(), "first": first, "second": second}
        return self.standardiser(images[pairs]), labels


def train(network: Module, drawer: Drawer, epochs: int, lr: float, seed: int) -> None:
    """Train a network that is drawn already, the step size falling in a line to 0."""
    order = rng.generator(seed, 0, "order", "demo")
    recipe = Recipe(lr=lr, momentum=0.9, batch_size=BATCH, epochs=epochs)
    learner: Learner | None = None
    for epoch in range(epochs):
        began = time.perf_counter()
        inputs, labels = drawer.draw()
        if learner is None:
            learner = Learner(network, inputs, labels, recipe, {"first": 1.0, "second": 1.0})
        learner.renew(inputs, labels)
        learner.optimizer.lr = lr * (1 - epoch / epochs)
        for rows in epoch_rows(PAIRS, [order], BATCH):
            learner.step(rows)
        ((loss, accuracy, others),) = learner.finish_epoch()
        told = ", ".join(f"{name} {value:.4f}" for name, value in others.items())
        seconds = time.perf_counter() - began
        print(
            f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {100 * accuracy:.2f} %, {told},"
            f" {seconds:.1f} s",
            flush=True,
        )


def measure(network: Module, standardiser: Standardiser, seed: int) -> dict[str, float | int]:
    """Return the figures of the model card, on pairs of test images."""
    digits = load_mnist(EMBEDDED).test
    pairs = deal_unequal_pairs(digits.labels, rng.generator(seed, 0, "data", "demo test"))
    outputs = network.eval()(standardiser(digits.images[pairs]))
    wanted = digits.labels[pairs]
    larger = outputs[MAIN].data.argmax(1) == (wanted[:, 1] > wanted[:, 0])
    read = torch.stack([outputs[name].data.argmax(1) for name in ("first", "second")], 1) == wanted
    return {
        "test_pairs": len(pairs),
        "test_accuracy": round(float(larger.float().mean()), 4),
        "test_digit_accuracy": round(float(read.float().mean()), 4),
    }


def main() -> None:
    """Read the options, train, measure, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--network", default="model2+digits-per-image")
    options.add_argument("--epochs", type=int, default=16)
    options.add_argument("--lr", type=float, default=0.05)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--out", type=Path, default=SHIPPED[-1].path)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    network = MODELS[chosen.network]().initialise(chosen.seed)
    drawer = Drawer(chosen.seed)
    train(network, drawer, chosen.epochs, chosen.lr, chosen.seed)
    figures = measure(network, drawer.standardiser, chosen.seed)
    card = figures | {
        "task": "which of two handwritten digits, 14×14, is larger, and which digits they are",
        "trained_on": f"all 60,000 training images of MNIST, paired anew in each of"
        f" {chosen.epochs} epochs ({PAIRS:,} pairs an epoch), half of them redrawn at random",
        "not_for": "digits of other forms, letters, two equal digits",
    }
    save_shipped(chosen.out, network, chosen.network, drawer.standardiser, card)
    print(f"saved {chosen.out}: {figures}")


if __name__ == "__main__":
    main()
