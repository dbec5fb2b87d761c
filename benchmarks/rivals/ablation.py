"""Models 1 and 2 over many rounds as a plain PyTorch script: the whole command's rival.

    python -m benchmarks.rivals.ablation --rounds 30 --json losses.json [--workers 2]

One round after the other with PyTorch's default threads, or in worker processes of one thread
each. Data, order, first weights and recipe are those of `bakeoff run`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
from pathlib import Path
from typing import Any

import torch
from torch import nn

from bakeoff import rng
from bakeoff.models import MODELS
from benchmarks.problem import LR, MOMENTUM, SEED, draw
from benchmarks.rivals.networks import torch_network

NETWORKS = ("model1", "model2")
EPOCHS = 25
BATCH = 50


def train_round(name: str, round_: int) -> dict[str, Any]:
    """Train one network for one round, testing after each epoch; the mean loss of each epoch."""
    data, order = draw("pairs", 1000, round_), rng.generator(SEED, round_, "order")
    train_target, test_target = data.train_labels["target"], data.test_labels["target"]
    network = torch_network(name, [*MODELS[name]().initialise(SEED, round_).state_dict().values()])
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=MOMENTUM)
    losses = []
    for _ in range(EPOCHS):
        total, right = torch.zeros(()), torch.zeros(())
        for rows in torch.randperm(1000, generator=order).view(-1, BATCH):
            x, y = data.train_input[rows], train_target[rows]
            optimizer.zero_grad()
            outputs = network(x)
            loss = loss_of(outputs, y)
            loss.backward()
            optimizer.step()
            total += loss.detach()
            right += (outputs.detach().argmax(1) == y).sum()
        with torch.inference_mode():
            predicted = network(data.test_input).argmax(1)
            (predicted == test_target).float().mean().item()
        losses.append(float(total) / (1000 // BATCH))
    return {"round": round_, "curves": {"train_loss": losses}}


def main() -> None:
    """Train all rounds and write their losses as `bakeoff run --json` tells them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    tasks = [(name, r) for r in range(arguments.rounds) for name in NETWORKS]
    if arguments.workers:
        context = multiprocessing.get_context("spawn")
        with context.Pool(arguments.workers, torch.set_num_threads, (1,)) as pool:
            rounds = pool.starmap(train_round, tasks, chunksize=1)
    else:
        rounds = [train_round(*task) for task in tasks]
    competitors = [{"name": n, "rounds": rounds[i::2]} for i, n in enumerate(NETWORKS)]
    arguments.json.write_text(json.dumps({"competitors": competitors}))


if __name__ == "__main__":
    main()
