# %% [markdown]
# # Project 2: a framework, and a disk
#
# A small deep-learning framework on PyTorch's tensor operations alone: no `torch.nn`, no
# `torch.autograd`, no `torch.optim`. Its task is that of Branca et al. (2021): which points lie
# inside a disk?

# %%
import torch

import bakeoff as bo
from bakeoff import nn, optim

data = bo.generate_disk_sets(1000, seed=0)
network = nn.Sequential(
    nn.Linear(2, 25), nn.Tanh(), nn.Linear(25, 25), nn.Tanh(), nn.Linear(25, 1)
).initialise(seed=0)
optimizer = optim.SGD(network.parameters(), lr=0.1, momentum=0.9)
loss_of = nn.MSELoss()


def step(x, y):
    """Train on one batch; the tape remembers, `backward` walks it back."""
    optimizer.zero_grad()
    loss = loss_of(network(x), y)
    loss.backward()
    optimizer.step()
    return loss


# %% [markdown]
# The step is captured once and replayed, to the same bits, without building the graph again:

# %%
plan = bo.capture(step, data.train_input[:50], data.train_target[:50])
order = torch.Generator().manual_seed(0)
for epoch in range(1, 41):
    for rows in torch.randperm(1000, generator=order).split(50):
        loss = plan(data.train_input[rows], data.train_target[rows])
    if epoch % 10 == 0:
        print(f"epoch {epoch}: loss of the last batch {float(loss.data):.3f}")

# %% [markdown]
# What it says everywhere in the square, a character a point:

# %%
at = torch.linspace(0, 1, 41)
grid = torch.cartesian_prod(at[::2].flip(0), at).flip(1)
with bo.no_grad():
    inside = network(bo.Tensor(grid)).data.reshape(21, 41) > 0.5
print("\n".join("".join("#" if each else "." for each in row) for row in inside))

# %% [markdown]
# Tanh or ReLU? Not by one network each, but by a study of eight rounds:

# %%
from bakeoff.training.studies import DISK

run = bo.run(DISK.with_recipe(epochs=10), rounds=8)
run

# %% [markdown]
# [The framework in ten minutes](../../docs/framework.md), and
# [how backward works](../../docs/backward.md).
