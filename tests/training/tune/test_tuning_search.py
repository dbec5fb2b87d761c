from collections import Counter

import attrs
import peaks
import pytest
from hypothesis import given
from hypothesis import strategies as st
from peaks import peaked, study_of

from bakeoff.errors import ArgumentError, StudyError
from bakeoff.study.metric import Metric
from bakeoff.study.run import Listener
from bakeoff.training.data_sets import R_SQUARED
from bakeoff.training.tune.evidence import tuning_document
from bakeoff.training.tune.grid import FURTHEST
from bakeoff.training.tune.search import TuneOptions, tune_study, widened
from trainers import fakes

NEAR = study_of(peaked("a", -1), peaked("b", 1, lr=0.5))


def tune(study=NEAR, store=None, workers=1, listeners=None, **options):
    more = {} if listeners is None else {"listeners": listeners}
    return tune_study(
        study,
        TuneOptions(**({"prepare": peaks.prepare, "rounds": 3} | options)),
        store=store,
        pools=lambda: peaks.threads(workers),
        **more,
    )


def steps(tuning):
    return {c.name: c.recipe.lr for c in tuning.tuned_study().competitors}


def test_each_competitor_gets_its_best_step_size():
    tuning = tune()
    assert steps(tuning) == {"a": 0.01, "b": 1.0}
    assert tuning.places == range(-2, 3)
    tuned = tuning.tuned_study()
    assert (tuned.name, tuned.seed, tuned.rounds, tuned.data) == ("s.tuned", 3, 30, "pairs")
    assert {c.recipe.epochs for c in tuned.competitors} == {4}
    assert tuning.notes() == ()
    assert tuning.seconds == 2 * 5 * 3 * 0.25
    assert list(tuning.machines.values()) == [30]


def test_one_at_the_edge_widens_the_grid_for_all(tmp_path):
    trained = Counter()

    def listeners(candidates):
        return Listener(on_results=lambda results: trained.update(r.competitor[0] for r in results))

    tuning = tune(study_of(peaked("a", -4), peaked("b", 1)), listeners=listeners)
    assert steps(tuning) == {"a": 0.02 / 16, "b": 0.04}
    assert tuning.places == range(-5, 3)
    assert trained == {"a": 8 * 3, "b": 8 * 3}
    for tuned in tuning.tuned:
        assert [t.setting.place for t in tuned.trials] == list(tuning.places)


def test_a_best_step_size_beyond_the_grids_end_is_told():
    tuning = tune(study_of(peaked("a", 9), peaked("b", 0)))
    assert tuning.places == range(-2, 7), "64 times the middle, as docs/tuning.md has it"
    assert tuning.notes() == ("a: its best step size is the largest tried, so look further.",)


def test_divergence_is_a_loss_and_not_a_crash():
    tuning = tune(study_of(peaked("a", 2, diverges_at=0.04), peaked("b", 0)))
    assert steps(tuning) == {"a": 0.02, "b": 0.02}
    assert [trial.diverged for trial in tuning.tuned[0].trials] == [0, 0, 0, 3, 3]
    assert tuning.tuned[0].trials[-1].mean == 0
    told = tuning_document(tuning, "command")["competitors"][0]
    assert told["tried"][-1]["accuracies"] == [None] * 3
    assert [trial["chosen"] for trial in told["tried"]] == [False, False, True, False, False]
    assert [trial["tied"] for trial in told["tried"]] == [
        place in tuning.tuned[0].choice.tied for place in range(5)
    ]
    assert told["tried"][2]["tied"], "it was chosen among the tied"
    assert not told["tried"][4]["tied"], "it diverged"
    nothing = tune(study_of(peaked("a", 0, diverges_at=0.0)))
    assert nothing.notes() == ("a: every round diverged at every step size tried.",)
    assert steps(nothing) == {"a": 0.02}


def test_nothing_is_trained_twice_and_workers_mean_nothing(tmp_path):
    study = study_of(peaked("a", -4), peaked("b", 1))
    first = tune(study, store=tmp_path / "store", workers=3)
    assert tune(study, workers=1) == first

    def standing(candidates):
        return Listener(on_results=lambda results: pytest.fail("trained again"))

    assert tune(study, store=tmp_path / "store", listeners=standing) == first


def test_epochs_may_be_chosen_or_only_tuned_with():
    shorter = tune(epochs=2)
    assert {t.chosen.setting.epochs for t in shorter.tuned} == {2}
    assert {c.recipe.epochs for c in shorter.tuned_study().competitors} == {4}
    # The made-up trainer gains up to 6 epochs, by the same in every round.
    chosen = tune(choose_epochs=(9, 2, 6))
    assert {c.recipe.epochs for c in chosen.tuned_study().competitors} == {6}
    assert steps(chosen) == steps(shorter)
    assert [t.setting.epochs for t in chosen.tuned[0].trials] == [2] * 5 + [6] * 5 + [9] * 5


def test_only_what_was_tuned_is_in_the_tuned_study():
    tuning = tune(only=("b",))
    assert steps(tuning) == {"b": 1.0}
    with pytest.raises(StudyError, match="no competitor 'c'"):
        tune(only=("c",))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"rounds": 1}, "tuning rounds: got 1, expected at least 2"),
        ({"epochs": 0}, "tuning epochs: got 0, expected at least 1"),
        ({"choose_epochs": (3, -1)}, "tuning epochs: got -1, expected at least 1"),
        ({"epochs": 3, "choose_epochs": (4,)}, "expected one of them"),
    ],
)
def test_options_are_checked(options, sentence):
    with pytest.raises(ArgumentError, match=sentence):
        TuneOptions(**options)


@given(st.integers(-FURTHEST, 0), st.integers(0, FURTHEST), st.data())
def test_a_grid_grows_by_a_place_where_a_best_is_and_no_further_than_the_end(low, high, data):
    places = range(low, high + 1)
    bests = data.draw(st.lists(st.sampled_from(places), min_size=1))
    wider = widened(places, bests)
    assert set(places) <= set(wider) <= set(range(-FURTHEST, FURTHEST + 1))
    assert (wider[0] < low) == (low in bests and low > -FURTHEST)
    assert (wider[-1] > high) == (high in bests and high < FURTHEST)
    assert len(wider) <= len(places) + 2


def test_data_of_ones_own_are_tuned_on_what_is_held_out_by_their_own_score(tmp_path, monkeypatch):
    """R² of numbers, where it may be below 0 everywhere, and not the study's first metric."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "tuned_numbers.py").write_text(
        "import torch\nfrom bakeoff.data import fresh\n\n@fresh\ndef make(generator):\n"
        "    x = torch.rand(30, 2, generator=generator)\n"
        "    return x[:20], x[:20], x[20:], x[20:]\n"
    )

    def train(study, competitor, group, data_dir):
        assert study.held_out
        made = [peaks.result(study, competitor, r) for r in competitor.recipe.rounds_of(group)]
        scores = [{"test_r2": one.score("test_accuracy") - 9} for one in made]
        return tuple(
            attrs.evolve(one, scores=score, curves={}) if one.finished else one
            for one, score in zip(made, scores, strict=True)
        )

    study = study_of(
        *(peaked("a", -1), peaked("b", 3, diverges_at=0.05)),
        data="tuned_numbers:make",
        train_size=20,
        test_size=10,
        metrics=[Metric("loss", "lower", score="train_loss")],
    )
    tuning = tune(study, prepare=fakes(train))
    assert steps(tuning) == {"a": 0.01, "b": 0.04}
    assert tuning.metric == R_SQUARED
    assert tuning.tuned[0].best.mean == pytest.approx(0.9 - 9 + 0.001 + 0.0004)
    assert tuning.data not in ("embedded", "generated")
    assert tuning.study.metrics == study.metrics
