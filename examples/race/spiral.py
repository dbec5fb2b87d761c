"""A torch script with a loop of its own: tell two spirals apart, and write metrics.json."""

import argparse
import json
from pathlib import Path

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--activation", choices=["Tanh", "ReLU", "Sigmoid"], default="Tanh")
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--out", type=Path, default=Path())
chosen = parser.parse_args()

torch.manual_seed(chosen.seed)
torch.set_num_threads(1)  # bakeoff runs as many of these at a time as there are cores


def spirals(count):
    """Return points (count, 2) of two spirals, and which one each is on (count, 1)."""
    side = torch.randint(2, (count, 1)).float()
    turn = 4 * torch.rand(count, 1) + 1
    points = torch.cat([turn * torch.cos(turn), turn * torch.sin(turn)], 1) * (2 * side - 1)
    return points + 0.2 * torch.randn(count, 2), side


train_x, train_y = spirals(200)
test_x, test_y = spirals(1000)
network = nn.Sequential(nn.Linear(2, 20), getattr(nn, chosen.activation)(), nn.Linear(20, 1))
optimizer = torch.optim.Adam(network.parameters(), lr=0.03)
for _ in range(chosen.epochs):
    optimizer.zero_grad()
    nn.functional.binary_cross_entropy_with_logits(network(train_x), train_y).backward()
    optimizer.step()

with torch.no_grad():
    accuracy = ((network(test_x) > 0) == (test_y > 0)).float().mean().item()
(chosen.out / "metrics.json").write_text(json.dumps({"test": {"accuracy": accuracy}}))
