import pytest
import torch

from bakeoff.disk import DiskRecipe, train_rounds
from bakeoff.disk.history import snapshot_epochs, train_history
from bakeoff.errors import ArgumentError
from bakeoff.report.disk_page import disk_page
from bakeoff.report.page import render
from bakeoff.study.machine import Machine

RECIPE = DiskRecipe(points=100, epochs=4, group=2)
MACHINE = Machine(cpu="c", torch="2", python="3", bakeoff="0")


@pytest.fixture(scope="module")
def history():
    return train_history(RECIPE, seed=1, rounds=3)


def test_looking_on_changes_no_round(history):
    plain = train_rounds(RECIPE, seed=1, rounds=3)
    assert history.test_errors.shape == (4, 3)
    assert history.test_errors[-1].tolist() == [r.test_error for r in plain]
    assert history.train_errors[-1].tolist() == [r.train_error for r in plain]


def test_the_trained_network_is_the_first_rounds(history):
    wrong = (history.inside != history.predicted).double().mean()
    assert float(wrong) == pytest.approx(float(history.test_errors[-1, 0]))
    assert history.fields.shape == (len(history.snapshots), 100, 100)
    assert not torch.equal(history.fields[0], history.fields[-1])


@pytest.mark.parametrize("epochs", [1, 2, 5, 6, 7, 250, 1000])
def test_snapshots_go_from_the_first_epoch_to_the_last(epochs):
    found = snapshot_epochs(epochs)
    assert (found[0], found[-1]) == (1, epochs)
    assert list(found) == sorted(set(found))
    assert len(found) <= 6


def test_rounds_below_one_are_refused():
    with pytest.raises(ArgumentError, match="rounds"):
        train_history(RECIPE, seed=0, rounds=0)


def test_the_page_tells_errors_and_how_to_make_it_again(history):
    page = disk_page(history, MACHINE)
    assert [s.name for s in page.sections] == ["boundary", "epochs", "rounds", "making"]
    mean = 100 * float(history.test_errors[-1].mean())
    assert f"{mean:.2f}" in page.verdict
    assert page.question.endswith(f"learns it from {history.recipe.points} points.")
    assert page.sections[-1].code == "bakeoff report disk --rounds 3 --epochs 4 --seed 1"
    table = page.sections[2].tables[0]
    assert table.columns[1].values == tuple((100 * history.test_errors[-1]).tolist())
    assert "epoch 4" in render(page)
