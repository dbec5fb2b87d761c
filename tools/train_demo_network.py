"""Train the network that `bakeoff demo` brings along, and write it with its model card.

    python tools/train_demo_network.py

It learns from MNIST's training images alone. In each epoch they are paired anew, and half of them
are redrawn: turned, sheared, stretched, with thicker or thinner strokes, and framed as the demo
frames a drawing. The test images are used once, at the end, for the figure on the card.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.nn.functional import affine_grid, grid_sample, max_pool2d

from bakeoff import rng
from bakeoff.data import Digits, Standardiser, fit_standardiser, load_mnist
from bakeoff.data.idx import read_idx
from bakeoff.data.mnist import EMBEDDED, SIDE, TRAIN_FILES
from bakeoff.data.pairs import deal_unequal_pairs
from bakeoff.demo.networks import SHIPPED, save_shipped
from bakeoff.demo.preprocess import frame
from bakeoff.models import MODELS
from bakeoff.nn import Module
from bakeoff.training.learner import MAIN, Learner
from bakeoff.training.recipe import Recipe
from bakeoff.training.trainer import epoch_rows

REDRAWN = 2 * SIDE  # rows and columns of the canvas on which a digit is redrawn
PIECE = 250
PAIRS = 26_000  # an epoch: any deck of MNIST's training images has more
BATCH = 100
NETWORK = "model2+digits-per-image"
EPOCHS, LR, SEED = 16, 0.05, 0


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


def epochs_of_pairs(
    digits: Digits, standardiser: Standardiser
) -> Iterator[tuple[torch.Tensor, dict[str, torch.Tensor]]]:
    """Yield for each epoch standardised inputs (PAIRS, 2, 14, 14) and labels (PAIRS,) by name."""
    raw = read_idx(EMBEDDED / f"{TRAIN_FILES[0]}.gz", (SIDE, SIDE))
    dealing = rng.generator(SEED, 0, "data", "demo")
    drawing = rng.generator(SEED, 0, "augment", "demo")
    for _ in range(EPOCHS):
        pairs = deal_unequal_pairs(digits.labels, dealing)[:PAIRS]
        images = digits.images.clone()
        redrawn = torch.rand(len(images), generator=drawing) < 0.5
        images[redrawn] = redraw(raw[redrawn], drawing)
        first, second = digits.labels[pairs].unbind(1)
        labels = {MAIN: (second > first).long(), "first": first, "second": second}
        yield standardiser(images[pairs]), labels


def train(network: Module, digits: Digits, standardiser: Standardiser) -> None:
    """Train a network that is drawn already, the step size falling in a line to 0."""
    order = rng.generator(SEED, 0, "order", "demo")
    recipe = Recipe(lr=LR, momentum=0.9, batch_size=BATCH, epochs=EPOCHS)
    learner: Learner | None = None
    for epoch, (inputs, labels) in enumerate(epochs_of_pairs(digits, standardiser)):
        if learner is None:
            learner = Learner(network, inputs, labels, recipe, {"first": 1.0, "second": 1.0})
        learner.renew(inputs, labels)
        learner.optimizer.lr = LR * (1 - epoch / EPOCHS)
        for rows in epoch_rows(PAIRS, [order], BATCH):
            learner.step(rows)
        ((loss, accuracy, others),) = learner.finish_epoch()
        told = ", ".join(f"{name} {value:.4f}" for name, value in others.items())
        print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {100 * accuracy:.2f} %, {told}")


def measure(network: Module, standardiser: Standardiser) -> dict[str, float | int]:
    """Return the figures of the model card, on pairs of test images."""
    digits = load_mnist(EMBEDDED).test
    pairs = deal_unequal_pairs(digits.labels, rng.generator(SEED, 0, "data", "demo test"))
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
    """Train, measure, write."""
    torch.set_num_threads(1)
    network = MODELS[NETWORK]().initialise(SEED)
    digits = load_mnist(EMBEDDED).train
    standardiser = fit_standardiser(digits.images, per_feature=False)
    train(network, digits, standardiser)
    figures = measure(network, standardiser)
    card = figures | {
        "task": "which of two handwritten digits, 14×14, is larger, and which digits they are",
        "trained_on": f"all 60,000 training images of MNIST, paired anew in each of {EPOCHS} epochs"
        f" ({PAIRS:,} pairs an epoch), half of them redrawn at random",
        "not_for": "digits of other forms, letters, two equal digits",
    }
    *_, file = SHIPPED.values()
    save_shipped(file, network, NETWORK, standardiser, card)
    print(f"saved {file}: {figures}")


if __name__ == "__main__":
    main()
