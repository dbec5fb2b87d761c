"""`bakeoff data`: the pairs of digits that networks see, in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from bakeoff.cli import tell
from bakeoff.cli.options import DataFolder, Format

if TYPE_CHECKING:
    from rich.console import Console
    from torch import Tensor

    from bakeoff.data import PairSets

DARK = 96.0
"""The grey value, of 255, from which a pixel is drawn."""
BLOCKS = " ▀▄█"
PLAIN = " '.#"
"""What stands for two pixels, one above the other: none, the upper, the lower, both."""
GAP = "    "
TITLES = ("target 0: the first digit is larger", "target 1: the second digit is larger")


def data(
    *,
    pairs: Annotated[int, typer.Option(help="Sample pairs of each target.")] = 2,
    n: Annotated[
        int, typer.Option("--n", metavar="N", help="Pairs to draw for training, and for testing.")
    ] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the pairs.")] = 0,
    round: Annotated[int, typer.Option(help="The round, from 0, that draws them.")] = 0,
    data: DataFolder = None,
    format: Format = "text",
) -> None:
    """Show sample pairs of each target, and how often each digit and target occurs.

    They are what a study whose data are "pairs" draws in the same round from the same seed. Other
    kinds of data are not shown.

    For example: bakeoff data --pairs 4 --round 1
    """
    from bakeoff import rng
    from bakeoff.data import draw_pair_sets, load_mnist
    from bakeoff.errors import ArgumentError

    for name, value, least in (("pairs", pairs, 0), ("n", n, 1), ("round", round, 0)):
        if value < least:
            raise ArgumentError(f"--{name}: got {value}, expected at least {least}")
    sets = draw_pair_sets(
        load_mnist(data),
        n,
        train=rng.generator(seed, round, "data", "train"),
        test=rng.generator(seed, round, "data", "test"),
    )
    if format == "json":
        from bakeoff.study.document import to_json

        tell(to_json(_document(sets, pairs)), nl=False)
        return

    from bakeoff.cli.console import results_console

    console = results_console()
    _show_samples(console, sets, pairs)
    _show_balance(console, sets)


def _samples(sets: PairSets, target: int, pairs: int) -> tuple[Tensor, Tensor]:
    """Return the first training pairs of a target: images (k, 2, 14, 14) and digits (k, 2)."""
    chosen = (sets.train_target == target).nonzero().flatten()[:pairs]
    return sets.train_input[chosen], sets.train_classes[chosen]


def _counts(sets: PairSets) -> dict[str, dict[str, list[int]]]:
    """Return how often each digit and each target occurs, for each set."""
    return {
        name: {
            "digits": classes.flatten().bincount(minlength=10).tolist(),
            "targets": target.bincount(minlength=2).tolist(),
        }
        for name, classes, target in (
            ("train", sets.train_classes, sets.train_target),
            ("test", sets.test_classes, sets.test_target),
        )
    }


def _document(sets: PairSets, pairs: int) -> dict[str, object]:
    samples = []
    for target in (0, 1):
        images, digits = _samples(sets, target, pairs)
        samples += [
            {"target": target, "digits": digit, "images": image}
            for digit, image in zip(digits.tolist(), images.tolist(), strict=True)
        ]
    return {"counts": _counts(sets), "samples": samples}


def _show_samples(console: Console, sets: PairSets, pairs: int) -> None:
    marks = BLOCKS if _can_show(BLOCKS) else PLAIN
    for target, title in enumerate(TITLES):
        images, digits = _samples(sets, target, pairs)
        if len(images) == 0:
            continue
        console.print(title)
        drawn = [
            [*pair_lines(image, marks), f"{first:^14}{second:^15}"]
            for image, (first, second) in zip(images, digits.tolist(), strict=True)
        ]
        each_row = max(1, (console.width + len(GAP)) // (29 + len(GAP)))
        for start in range(0, len(drawn), each_row):
            for lines in zip(*drawn[start : start + each_row], strict=True):
                console.print(GAP.join(lines).rstrip(), soft_wrap=True)
            console.print()


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def pair_lines(pair: Tensor, marks: str = BLOCKS) -> list[str]:
    """Return two images side by side as lines of text, two rows of pixels to a line.

    Args:
        pair: (2, h, w) float32, grey values 0 to 255, h even.
        marks: what stands for no pixel, the upper, the lower one and both.
    """
    halves = [image_lines(image.tolist(), marks) for image in pair]
    return [f"{first} {second}" for first, second in zip(*halves, strict=True)]


def image_lines(image: Sequence[Sequence[float]], marks: str = BLOCKS) -> list[str]:
    """Return an image as lines of text; arguments as in `pair_lines`."""
    return [
        "".join(
            marks[(above >= DARK) + 2 * (below >= DARK)]
            for above, below in zip(image[row], image[row + 1], strict=True)
        )
        for row in range(0, len(image) - 1, 2)
    ]


def _show_balance(console: Console, sets: PairSets) -> None:
    from bakeoff.cli.tables import show_table
    from bakeoff.tables import REST, Table

    rows = []
    for name, counts in _counts(sets).items():
        total = sum(counts["targets"])
        shares = [f"{count:,} ({100 * count / total:.1f} %)" for count in counts["targets"]]
        rows.append(((name, *map(str, counts["digits"])), (name, f"{total:,}", *shares)))
    digits, targets = zip(*rows, strict=True)
    show_table(console, Table.of(("images of", *map(str, range(10))), digits, right=REST))
    console.print()
    show_table(console, Table.of(("pairs", "all", "target 0", "target 1"), targets, right=REST))
