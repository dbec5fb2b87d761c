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

import torch
from torch import nn

from bakeoff import rng
from bakeoff.models import MODELS
from benchmarks.problem import LR, MOMENTUM, SEED, pair_sets
from benchmarks.rivals.networks import torch_network

NETWORKS = ("model1", "model2")
EPOCHS = 25
BATCH = 50
Task = tuple[str, int]


def train_round(task: Task) -> list[float]:
    """Train one network for one round, testing after each epoch; the mean loss of each epoch."""
    name, round_ = task
    sets = pair_sets(1000, round_)
    network = started(name, round_)
    loss_of, order = nn.CrossEntropyLoss(), rng.generator(SEED, round_, "order")
    optimizer = torch.optim.SGD(network.parameters(), lr=LR, momentum=MOMENTUM)
    losses = []
    for _ in range(EPOCHS):
        total, right = torch.zeros(()), torch.zeros(())
        for rows in torch.randperm(1000, generator=order).view(-1, BATCH):
            x, y = sets.train_input[rows], sets.train_target[rows]
            optimizer.zero_grad()
            outputs = network(x)
            loss = loss_of(outputs, y)
            loss.backward()
            optimizer.step()
            total += loss.detach()
            right += (outputs.detach().argmax(1) == y).sum()
        with torch.inference_mode():
            predicted = network(sets.test_input).argmax(1)
            (predicted == sets.test_target).float().mean().item()
        losses.append(float(total) / (1000 // BATCH))
    return losses


def started(name: str, round_: int) -> nn.Module:
    """Return a network with the weights that `bakeoff run` gives it in that round."""
    network = torch_network(name)
    ours = MODELS[name]().initialise(SEED, round_)
    with torch.no_grad():
        parameters = (p.data for _, p in ours.named_parameters())
        for parameter, start in zip(network.parameters(), parameters, strict=True):
            parameter.copy_(start)
    return network


def main() -> None:
    """Train all rounds and write the losses, {network: [round: [epoch: loss]]}."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    arguments = parser.parse_args()
    tasks = [(name, r) for r in range(arguments.rounds) for name in NETWORKS]
    if arguments.workers:
        context = multiprocessing.get_context("spawn")
        with context.Pool(arguments.workers, torch.set_num_threads, (1,)) as pool:
            losses = pool.map(train_round, tasks, chunksize=1)
    else:
        losses = [train_round(task) for task in tasks]
    found: dict[str, list[list[float]]] = {name: [] for name in NETWORKS}
    for (name, _), curve in zip(tasks, losses, strict=True):
        found[name].append(curve)
    arguments.json.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
