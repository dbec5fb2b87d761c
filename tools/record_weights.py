"""Train round 0 of the record's slim network, and write what docs/record.md shows of it.

    .venv/bin/python tools/record_weights.py [--picture]

Writes the weights that bakeoff ships, unless the picture is all that is asked for: of the round's
test pairs those that they answer wrongly. Needs matplotlib, of the extra "report".
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from safetensors.torch import load

from bakeoff import rng
from bakeoff.data import PairSets, draw_pair_sets, fit_standardiser, load_mnist
from bakeoff.interop.safetensors import save_weights
from bakeoff.models.record import SHIPPED, ZOOM, RecordEnsemble, fold_standardiser, shipped_record
from bakeoff.training.shipped.record import RECORD
from bakeoff.training.trainer import train_group

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "record-failures.png"


def round_0() -> PairSets:
    """Return the pairs of the study's round 0, grey values from 0 to 255."""
    streams = {name: rng.generator(RECORD.seed, 0, "data", name) for name in ("train", "test")}
    return draw_pair_sets(load_mnist(), RECORD.train_size, **streams)


def train() -> RecordEnsemble:
    """Return the slim network after round 0, made to take raw images."""
    (result,) = train_group(RECORD, RECORD.competitor("slim"), 0)
    network = RecordEnsemble(zoom=ZOOM)
    network.load_state_dict(load(result.weights or b""))
    fold_standardiser(network, fit_standardiser(round_0().train_input, per_feature=False))
    return network


def wrong_pairs(network: RecordEnsemble, pairs: PairSets) -> list[int]:
    """Return the places of the test pairs that the network answers wrongly."""
    parts = torch.split(pairs.test_input, 100)
    answers = torch.cat([network(part)["target"].argmax(-1).data for part in parts])
    return [i for i, (a, t) in enumerate(zip(answers, pairs.test_target, strict=True)) if a != t]


def draw(network: RecordEnsemble, pairs: PairSets, path: Path) -> None:
    """Draw the pairs that are answered wrongly, what they show and what they were taken for."""
    from matplotlib.figure import Figure

    wrong = wrong_pairs(network, pairs)
    figure = Figure(figsize=(1.5 * len(wrong), 3.4), layout="constrained")
    axes = figure.subplots(2, len(wrong), squeeze=False)
    for column, place in enumerate(wrong):
        outputs = network(pairs.test_input[place : place + 1])
        for row, name in enumerate(("first", "second")):
            axis = axes[row][column]
            axis.imshow(pairs.test_input[place, row], cmap="gray_r", vmin=0, vmax=255)
            axis.set_axis_off()
            shown, read = int(pairs.test_classes[place, row]), int(outputs[name].argmax(-1).data)
            axis.set_title(f"{shown}, read {read}" if shown != read else f"{shown}", fontsize=10)
    figure.savefig(path, dpi=80, metadata={"Software": None})


def main() -> None:
    """Train, write the weights, draw."""
    torch.set_num_threads(1)  # as a study's workers do: with more the last bits are others
    if sys.argv[1:] != ["--picture"]:
        save_weights(train(), SHIPPED)
    network, pairs = shipped_record(), round_0()
    draw(network, pairs, PICTURE)
    print(f"{SHIPPED}: {SHIPPED.stat().st_size} bytes, wrong: {len(wrong_pairs(network, pairs))}")


if __name__ == "__main__":
    main()
