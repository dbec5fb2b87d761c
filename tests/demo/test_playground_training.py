from dataclasses import replace
from math import isnan

import pytest
import torch

from bakeoff.data import inside_disk
from bakeoff.demo.playground import SIDE, Duel, DuelSettings, PlaygroundTraining, Settings, grid
from bakeoff.models.mlp import ACTIVATIONS
from bakeoff.nn import count_parameters
from bakeoff.statistics.analysis import analyse

SETTINGS = Settings(
    layers=2, width=20, activation="tanh", step_size=0.05, batch_size=50, rounds=3, seed=0
)


def made(**changes):
    return PlaygroundTraining(replace(SETTINGS, **changes))


def trained(training, steps):
    for _ in range(steps):
        training.step()
    return training.progress()


def test_it_learns_the_disk():
    training = made()
    begun = training.progress()
    assert begun.epoch == 0
    assert max(begun.test_error) > 0.2
    progress = trained(training, 800)
    assert progress.epoch == 40
    assert progress.finite
    assert max(progress.test_error) < 0.06
    fields = training.fields().view(3, SIDE, SIDE)
    wanted = inside_disk(grid()).view(SIDE, SIDE) == 1
    assert ((fields >= 128) == wanted).double().mean() > 0.93


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_network_is_the_one_that_was_asked_for(activation):
    training = made(activation=activation, layers=4, width=7, rounds=1)
    network = training._learner.network
    assert [type(layer) for layer in network.layers[1:-1:2]] == [ACTIVATIONS[activation]] * 4
    assert count_parameters(network) == 3 * 7 + 3 * 8 * 7 + 8


def test_rounds_differ_and_seeds_repeat():
    one, other = made(), made()
    assert trained(one, 30) == trained(other, 30)
    assert len(set(one.progress().loss)) == 3
    assert trained(made(seed=1), 30) != one.progress()


def test_the_step_size_changes_at_once_without_a_new_plan():
    training = made()
    training.step()
    plans = dict(training._learner._steps)
    training.step_size = 0.0
    training.step()  # the momentum is multiplied by the step size, so nothing moves
    still = training.progress().loss
    assert training.step_size == 0.0
    assert trained(training, 5).loss == still
    assert training._learner._steps == plans


def test_the_batch_changes_at_once():
    training = made()
    trained(training, 3)
    training.batch_size = 7
    progress = trained(training, 10)
    assert progress.epoch == pytest.approx((3 * 50 + 10 * 7) / 1000)
    assert len(training._learner._steps) == 1, "plans of batches that are gone take no memory"


def test_each_point_is_seen_once_an_epoch():
    training = made(batch_size=250)
    rows = torch.cat([training._next_rows() for _ in range(4)], 1)
    assert torch.equal(rows.sort(1).values, torch.arange(1000).expand(3, -1))
    assert not torch.equal(rows[0], rows[1])


def test_what_diverges_is_told_and_can_be_drawn():
    training = made(step_size=10.0)
    assert not trained(training, 200).finite
    assert training.fields().shape == (3, SIDE * SIDE)


def test_the_grid_runs_row_by_row_from_above():
    points = grid()
    assert points.shape == (SIDE * SIDE, 2)
    assert points[0].tolist() == pytest.approx([0.5 / SIDE, 1 - 0.5 / SIDE])
    assert points[1, 0] > points[0, 0]
    assert points[-1].tolist() == pytest.approx([1 - 0.5 / SIDE, 0.5 / SIDE])


def test_a_units_map_is_what_it_answers():
    training = made(activation="relu", rounds=1, width=5)
    trained(training, 20)
    weight, bias = (p.data[0] for p in next(iter(training._network.layers)).parameters())
    said = (training._grid[0] @ weight.T + bias.flatten()).relu().T
    said = said / said.amax(1, keepdim=True).clamp(min=1e-9)
    assert said.max() == 1
    assert (training.neurons(1) / 127.5 - 1 - said).abs().max() < 0.006
    assert torch.equal(training.neurons(5), training.neurons(2)), "of fewer layers, the last"


# ---- a duel ------------------------------------------------------------------------------------

LEFT = replace(SETTINGS, rounds=1, batch_size=100, width=8)


def fought(right, rounds, epochs):
    duel, seen = Duel(DuelSettings((LEFT, right), rounds, epochs)), {}
    while len(duel.accuracies) < rounds:
        seen.setdefault(len(duel.accuracies), set()).add(duel._verdict)
        duel.step()
    return duel, seen | {rounds: {duel.frame()["verdict"]}}


def test_both_sides_of_a_round_train_on_what_that_round_has_in_lockstep():
    right = replace(LEFT, batch_size=250, step_size=0.1)
    duel, _ = fought(right, 3, 2)
    for side, settings in enumerate((LEFT, right)):
        together = PlaygroundTraining(replace(settings, rounds=3))
        wanted = trained(together, 2 * 1000 // settings.batch_size).test_error
        assert [1 - row[side] for row in duel.accuracies] == pytest.approx(wanted)
        assert [pair[side][2] for pair in duel.frame()["errors"]] == pytest.approx(wanted)


def test_the_verdict_is_the_anytime_valid_one_of_the_rounds_that_are_over():
    duel, seen = fought(replace(LEFT, step_size=0.0001), 8, 5)
    assert seen[0] == {""}
    names = ("left", "right")
    for n in (1, 2, 7, 8):
        assert seen[n] == {str(analyse(duel.accuracies[:n], names, [names], mode="anytime"))}
    assert duel.frame()["state"] == "finished"
    assert "left is better than right by" in seen[8].pop()


def test_a_side_that_diverges_has_failed():
    duel, seen = fought(replace(LEFT, step_size=10.0, layers=3, activation="relu"), 2, 4)
    assert [(a > 0.4, isnan(b)) for a, b in duel.accuracies] == [(True, True)] * 2
    assert "right in 2" in seen[2].pop()
