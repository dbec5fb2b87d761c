"""Train the network that `bakeoff demo` brings along, and write it with its model card.

    python tools/train_demo_network.py --epochs 20

It learns from MNIST's training images alone. In each epoch they are paired anew, and half of them
are redrawn: turned, sheared, stretched, with thicker or thinner strokes, and framed as the demo
frames a drawing. The test images are used once, at the end, for the figure on the card.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch.nn.functional import affine_grid, grid_sample, max_pool2d

from bakeoff import rng
from bakeoff.data import fit_standardiser, load_mnist
from bakeoff.data.idx import read_idx
from bakeoff.data.mnist import EMBEDDED, SIDE, TRAIN_FILES
from bakeoff.data.pairing import deal_unequal_pairs
from bakeoff.demo.framing import frame
from bakeoff.demo.shipped import SHIPPED, save_shipped
from bakeoff.models import MODELS
from bakeoff.study.learner import MAIN, Learner
from bakeoff.study.recipe import Recipe
from bakeoff.study.trainer import epoch_rows

REDRAWN = 2 * SIDE  # rows and columns of the canvas on which a digit is redrawn
PIECE = 250


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
    """Give drawings (n, s, s), 0 to 1, sharper edges, and a third of them another pen."""
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


def main() -> None:
    """Read the options, train, measure, write."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--network", default="model2+digits-per-image")
    options.add_argument("--epochs", type=int, default=20)
    options.add_argument("--lr", type=float, default=0.05)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    torch.set_num_threads(1)
    mnist = load_mnist()
    raw = read_idx(EMBEDDED / f"{TRAIN_FILES[0]}.gz", (SIDE, SIDE))
    standardiser = fit_standardiser(mnist.train.images, per_feature=False)
    dealing = rng.generator(chosen.seed, 0, "data", "demo")
    drawing = rng.generator(chosen.seed, 0, "augment", "demo")
    order = rng.generator(chosen.seed, 0, "order", "demo")
    labels = mnist.train.labels
    # An epoch is the same number of pairs each time: any deck of MNIST's has more than these.
    count = 26_000
    inputs = torch.zeros(count, 2, 14, 14)
    classes = {k: torch.zeros(count, dtype=torch.int64) for k in (MAIN, "first", "second")}
    network = MODELS[chosen.network]().initialise(chosen.seed)
    learner = Learner(
        network,
        inputs,
        classes,
        Recipe(lr=chosen.lr, momentum=0.9, batch_size=100, epochs=chosen.epochs),
        {"first": 1.0, "second": 1.0},
    )
    for epoch in range(chosen.epochs):
        began = time.perf_counter()
        learner.optimizer.lr = chosen.lr * (1 - epoch / chosen.epochs)
        pairs = deal_unequal_pairs(labels, dealing)[:count]
        pictures = mnist.train.images.clone()
        redrawn = torch.rand(len(pictures), generator=drawing) < 0.5
        pictures[redrawn] = redraw(raw[redrawn], drawing)
        first, second = labels[pairs].unbind(1)
        learner.renew(
            standardiser(pictures[pairs]),
            {MAIN: (second > first).long(), "first": first, "second": second},
        )
        for rows in epoch_rows(count, [order], 100):
            learner.step(rows)
        ((loss, accuracy, others),) = learner.finish_epoch()
        told = ", ".join(f"{name} {value:.4f}" for name, value in others.items())
        print(
            f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {100 * accuracy:.2f} %, {told},"
            f" {time.perf_counter() - began:.1f} s",
            flush=True,
        )
    digits = mnist.test
    pairs = deal_unequal_pairs(digits.labels, rng.generator(chosen.seed, 0, "data", "demo test"))
    network.eval()
    outputs = network(standardiser(digits.images[pairs]))
    wanted = digits.labels[pairs]
    target = float((outputs[MAIN].data.argmax(1) == (wanted[:, 1] > wanted[:, 0])).float().mean())
    read = [
        (outputs[name].data.argmax(1) == wanted[:, i]).float()
        for i, name in enumerate(("first", "second"))
    ]
    card = {
        "task": "which of two handwritten digits, 14×14, is larger, and which digits they are",
        "trained_on": f"all 60,000 training images of MNIST, paired anew in each of"
        f" {chosen.epochs} epochs ({count:,} pairs an epoch), half of them redrawn at random",
        "test_pairs": len(pairs),
        "test_accuracy": round(target, 4),
        "test_digit_accuracy": round(float(torch.cat(read).mean()), 4),
        "not_for": "digits of other forms, letters, two equal digits",
    }
    print(card)
    path = next(shipped.path for shipped in SHIPPED if shipped.name == "model2, all of MNIST")
    save_shipped(path, network, chosen.network, standardiser, card)
    print(f"saved {path}")


if __name__ == "__main__":
    main()
