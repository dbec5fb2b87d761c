"""Ten steps with every optimiser and every schedule agree with PyTorch, to 1e-8."""

import math

import pytest

from nn.arrays import close
from nn.namesakes import OPTIMISERS, SCHEDULES, Rule
from nn.networks import NETWORKS, train_twins

NETWORK = NETWORKS["features"]
# Better, worse, equal, not a number: what a plateau must tell apart.
FIGURES = [1.0, 0.8, 0.79995, 0.85, 0.7, 0.7, -0.1, math.nan, -0.1, -0.2, -0.15, 3.0]


@pytest.mark.parametrize("rule", OPTIMISERS, ids=str)
def test_ten_steps_agree(rule):
    train_twins(NETWORK, rule.ours, rule.theirs)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=str)
def test_ten_steps_with_a_schedule_agree(schedule):
    momentum = {"momentum": 0.7} if schedule.with_optimiser in ("SGD", "RMSprop") else {}
    rule = Rule(schedule.with_optimiser, {"lr": 0.1, **momentum})
    made = []

    def make(optimizer, kind):
        made.append(getattr(schedule, kind)(optimizer))
        return optimizer

    def after(i, ours, theirs):
        figure = [FIGURES[i]] if schedule.name == "ReduceLROnPlateau" else []
        for each in made:
            each.step(*figure)
        group = theirs.param_groups[0]
        close(made[0].get_last_lr(), made[1].get_last_lr(), 1e-14, f"lr after step {i}")
        close(ours.lr, group["lr"], 1e-14, f"lr after step {i}")
        if "betas" in group:
            close(ours.betas, group["betas"], 1e-14, f"betas after step {i}")
        else:
            close(ours.momentum, group["momentum"], 1e-14, f"momentum after step {i}")

    train_twins(
        NETWORK,
        lambda parameters: make(rule.ours(parameters), "ours"),
        lambda parameters: make(rule.theirs(parameters), "theirs"),
        steps=schedule.arguments.get("total_steps", 10),
        after=after,
    )
