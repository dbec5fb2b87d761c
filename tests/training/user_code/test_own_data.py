"""Users' own data: declared, drawn, looked at, and trained on."""

import sys

import attrs
import numpy as np
import pytest
import torch

from bakeoff.errors import StudyError
from bakeoff.rng import stream_seed
from bakeoff.study.run import Listener, RunOptions, run_study
from bakeoff.training.data_sets import ACCURACY, R_SQUARED
from bakeoff.training.data_spec import form_of
from bakeoff.training.fit_check import choose
from bakeoff.training.keys import keys_of
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.user_code.data import check_repeats, draw_own, load_make_round
from bakeoff.training.user_code.validate_round import checked
from records import auxiliary, scored
from trainers import train_with

MODULE = '''
import itertools

import numpy as np
import torch

from bakeoff.data import fresh, resplit

SET = torch.rand(50, 3, generator=torch.Generator().manual_seed(1))
CALLS = itertools.count()


@fresh
def classes(generator, train_size, test_size):
    """Three classes, from numpy."""
    draw = np.random.default_rng(generator.initial_seed())
    x = draw.normal(size=(train_size + test_size, 4))
    y = np.argmax(x[:, :3], 1)
    return x[:train_size], y[:train_size], x[train_size:], y[train_size:]


@resplit
def numbers(generator):
    x = SET[torch.randperm(50, generator=generator)]
    y = x[:, 0] - 2 * x[:, 1] + 3
    return x[:30], y[:30], x[30:], y[30:]


@fresh
def named(generator):
    """A main target of two numbers, and a class beside it."""
    x = torch.rand(50, 3, generator=generator)
    y = {"target": x[:, :2] * 2, "big": (x.sum(1) > 1.5).long()}
    return x[:30], {k: v[:30] for k, v in y.items()}, x[30:], {k: v[30:] for k, v in y.items()}


def silent(generator):
    return numbers(generator)


def odd(generator):
    return numbers(generator)


odd.rounds = "often"


@fresh
def fails(generator):
    raise ValueError("not today")


@fresh
def elsewhere(generator):
    x = torch.rand(50, 3) + next(CALLS)
    return x[:30], x[:30, 0], x[30:], x[30:, 0]


@fresh
def never(generator):
    return SET[:30], SET[:30, 0], SET[30:], SET[30:, 0]


@fresh
def globally(generator):
    x = torch.rand(50, 3)
    return x[:30], x[:30, 0], x[30:], x[30:, 0]
'''

NETS = """
import torch
from torch import nn


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden, self.target, self.big = nn.Linear(3, 8), nn.Linear(8, 2), nn.Linear(8, 2)

    def forward(self, x):
        hidden = torch.tanh(self.hidden(x))
        return {"target": self.target(hidden), "big": self.big(hidden)}
"""


@pytest.fixture(autouse=True)
def modules(own_folder):
    (own_folder / "mydata.py").write_text(MODULE)
    (own_folder / "mynets.py").write_text(NETS)
    return own_folder


def study_of(function, *competitors, **recipe):
    recipe = {"batch_size": 10, "epochs": 4, "lr": 0.05, "rounds_per_group": 1, **recipe}
    return NetworkStudy(
        "s",
        "Which?",
        competitors or [NetworkCompetitor("a")],
        train_size=30,
        test_size=20,
        seed=3,
        data=f"mydata:{function}",
    ).with_recipe(Recipe(**recipe))


def trainer_of(choices, **options):
    return train_with({name: choice.trainer for name, choice in choices.items()}, **options)


def mlp(inputs=3, outputs=1, name="mlp", **options):
    return NetworkCompetitor(
        name, network="mlp", options={"inputs": inputs, "outputs": outputs, **options}
    )


# ---- what a function declares and gives --------------------------------------------------------


def test_the_form_is_found_by_drawing():
    form = form_of(study_of("classes"))
    assert (form.shape, form.facts) == ((4,), {})
    target = form.targets["target"]
    assert (target.size, target.numbers, target.at_least) == (3, False, True)
    form = form_of(study_of("numbers"))
    assert (form.shape, form.facts) == ((3,), {"metric": "r2", "rounds": "resplit"})
    assert (form.targets["target"].size, form.targets["target"].numbers) == (1, True)
    form = form_of(study_of("named"))
    assert form.targets.keys() == {"target", "big"}
    assert form.facts == {"metric": "r2"}


def test_arrays_become_tensors_of_the_usual_types():
    data = draw_own(study_of("classes"), 0)
    assert data.train_input.dtype == data.test_input.dtype == torch.float32
    assert data.train_labels["target"].dtype == torch.int64
    data = draw_own(study_of("numbers"), 0)
    assert data.train_labels["target"].shape == (30, 1)
    assert data.test_labels["target"].dtype == torch.float32


def test_pytorchs_global_generator_starts_from_the_round_and_is_given_back():
    before = torch.get_rng_state()
    one = check_repeats(study_of("globally"), 0)
    assert torch.equal(torch.get_rng_state(), before)
    assert not torch.equal(one.train_input, draw_own(study_of("globally"), 1).train_input)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("silent", "got no declaration, expected @bakeoff.data.fresh above the function if each"),
        ("odd", "got rounds = 'often', expected @bakeoff.data.fresh"),
        ("nubmers", "mydata has no 'nubmers' .did you mean 'numbers'.*expected a function that"),
        ("fails", "round 0: mydata:fails failed: ValueError: not today .mydata.py, line"),
        ("elsewhere", "got other data from the same generator when called twice"),
        ("never", "got the same data for the rounds 0 and 1"),
    ],
)
def test_what_draws_no_rounds_is_one_sentence(function, words):
    with pytest.raises(StudyError, match=words) as raised:
        form_of(study_of(function))
    assert "\n" not in str(raised.value)


def test_a_missing_module_is_named_as_data():
    with pytest.raises(StudyError, match="data 'mydta:numbers': found no module 'mydta'"):
        load_make_round("mydta:numbers")


X, Y = torch.zeros(30, 3), torch.arange(30) % 3
X2, Y2 = torch.zeros(20, 3), torch.arange(20) % 3
NAN = torch.full((20, 3), float("nan"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "got NoneType, expected the four train_input, train_target, test_input, test_t"),
        ((X, Y, X2), "got 3 parts, expected the four"),
        (
            (X, X2, Y, Y2),
            r"test_input: got shape \(30,\), expected .*train_target, test_input, .* in this order",
        ),
        ((X, Y, NAN, Y2), "test_input: got 60 values that are infinite or not a number"),
        ((X, Y, "x", Y2), "test_input: got str, expected a tensor or an array of numbers"),
        ((X, Y, X2, Y2 == 1), "got classes to train on and yes or no to test on, expected one"),
        (
            (X, Y == 1, X2, (Y2 == 1)[:, None]),
            r"torch.bool of shape \(20, 1\), expected classes, or",
        ),
        ((X, Y, X2 + 0j, Y2), "test_input: got torch.complex64, .*write .real"),
        ((X[:, 0], Y, X2, Y2), r"train_input: got shape \(30,\), expected \(n, \.\.\.\)"),
        ((X, Y, X2[:, :2], Y2), r"examples of the shapes \(3,\) and \(2,\), expected one shape"),
        ((X, Y[:29], X2, Y2), "got 30 training examples and 29 targets"),
        ((X[:29], Y[:29], X2, Y2), "study's train_size is 30.*write train_size = 29 in the study"),
        ((X, Y, X2[:9], Y2[:9]), "study's test_size is 20.*write test_size = 9 in the study"),
        ((X, Y - 1, X2, Y2), "got class -1, expected 0 to 255"),
        ((X, Y + 300, X2, Y2), "got class 302, expected 0 to 255; numbers to predict are floating"),
        (
            (X, Y[:0], X2, Y2),
            r"torch.int64 of shape \(0,\), expected classes, or yes or no, \(n,\)",
        ),
        ((X, Y[:0].float(), X2, Y2), r"got shape \(0, 1\), expected \(n,\) or \(n, k\)"),
        ((X[:0], Y, X2, Y2), r"train_input: got shape \(0, 3\), expected \(n, \.\.\.\)"),
        (
            (X, Y.view(30, 1), X2, Y2),
            r"torch.int64 of shape \(30, 1\), expected classes, or yes or",
        ),
        ((X, Y, X2, Y2.float()), "got classes to train on and 1 numbers each to test on"),
        ((X, torch.rand(30, 2, 2), X2, Y2), r"got shape \(30, 2, 2\), expected \(n,\) or \(n, k\)"),
        ((X, Y.float(), X2, Y2.float()), "got whole numbers from 0 to 2 as floating point"),
        ((X, 2.0 * (Y > 0) - 1, X2, 2.0 * (Y2 > 0) - 1), "got whole numbers from -1 to 1 as flo"),
        ((X, Y.float(), X2, torch.ones(20)), "got test targets that are all .1.0., expected diff"),
        ((X, {"main": Y}, X2, Y2), "train_target: got main, expected a target 'target'"),
        (
            (X, {"target": Y, "b": Y}, X2, Y2),
            "got the training targets target, b and the test targets target",
        ),
    ],
)
def test_what_is_no_round_is_one_sentence(given, words):
    with pytest.raises(StudyError, match=words) as raised:
        checked("data 'd', round 0", given, {"train_size": 30, "test_size": 20})
    assert str(raised.value).startswith("data 'd', round 0")
    assert "\n" not in str(raised.value)


# ---- networks on them --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "competitor", "words"),
    [
        ("numbers", mlp(outputs=2), r"got \(3, 2\), expected numbers of shape \(3, 1\)"),
        ("numbers", mlp(inputs=4), r"a batch of shape \(3, 3\) failed"),
        ("classes", mlp(4, 2), r"expected logits of shape \(3, C\), C being at least 3"),
        ("numbers", NetworkCompetitor("model1"), r"a batch of shape \(3, 3\) failed"),
        ("named", NetworkCompetitor("disk"), r"a batch of shape \(3, 3\) failed"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(function, competitor, words):
    with pytest.raises(StudyError, match=words):
        choose(study_of(function, competitor))


def test_a_network_may_have_more_classes_than_were_seen():
    assert choose(study_of("classes", mlp(4, 5)))["mlp"].trainer == "bakeoff"


@pytest.mark.parametrize(("function", "competitor"), [("numbers", mlp()), ("classes", mlp(4, 3))])
def test_both_trainers_agree(function, competitor):
    study = study_of(function, competitor)
    (competitor,) = study.competitors
    found = {}
    for asked in ("bakeoff", "torch"):
        (found[asked],) = trainer_of(choose(study, asked))(study, competitor, 1, None)
    ours, theirs = found.values()
    assert theirs.curve("train_loss") == pytest.approx(ours.curve("train_loss"), abs=1e-4)
    assert scored(theirs, "test") == pytest.approx(scored(ours, "test"), abs=1e-3)
    assert scored(theirs, "train") == pytest.approx(scored(ours, "train"), abs=1e-3)
    assert ours.curve("train_loss")[-1] < ours.curve("train_loss")[0]


def test_a_regression_is_scored_by_r_squared_and_keeps_its_answers():
    study = study_of("numbers", mlp(), epochs=30)
    train = trainer_of(choose(study))
    (result,) = train(study, study.competitors[0], 0, None)
    assert scored(result, "test")[-1] > 0.9
    assert scored(result, "train")[0] < scored(result, "train")[-1] <= 1
    said = np.frombuffer(result.attachment("predictions"), "<f4")
    y = draw_own(study, 0).test_labels["target"].flatten().double().numpy()
    unexplained = ((y - said) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert scored(result, "test")[-1] == pytest.approx(1 - unexplained, rel=1e-9)
    # Running means: with no step taken, loss and R² are those of the training targets.
    still = study_of("numbers", mlp(), epochs=1, lr=1e-12)
    (result,) = train(still, still.competitors[0], 0, None)
    y = draw_own(still, 0).train_labels["target"].double()
    variance = float((y - y.mean()).square().mean())
    assert scored(result, "train")[0] == pytest.approx(1 - result.curve("train_loss")[0] / variance)


@pytest.mark.parametrize(("function", "competitor"), [("numbers", mlp()), ("classes", mlp(4, 3))])
def test_rounds_in_lockstep_are_those_of_rounds_alone(function, competitor):
    alone, both = study_of(function, competitor), study_of(function, competitor, rounds_per_group=2)
    (one,) = trainer_of(choose(alone))(alone, alone.competitors[0], 1, None)
    _, two = trainer_of(choose(both))(both, both.competitors[0], 0, None)
    assert (one.round, two.round) == (1, 1)
    assert two.curve("train_loss") == pytest.approx(one.curve("train_loss"), abs=1e-5)
    assert scored(two, "test") == pytest.approx(scored(one, "test"), abs=1e-5)
    tape = trainer_of(choose(both), plan=False)(both, both.competitors[0], 0, None)[1]
    assert attrs.evolve(tape, seconds=0.0) == attrs.evolve(two, seconds=0.0)


@pytest.mark.parametrize("asked", ["bakeoff", "torch"])
def test_auxiliary_targets_may_be_of_another_kind(asked):
    competitor = NetworkCompetitor("both", network="mynets:Both", loss_weights={"big": 0.5})
    study = study_of("named", competitor)
    (result,) = trainer_of(choose(study, asked))(study, study.competitors[0], 0, None)
    curve = auxiliary(result)["big"]
    assert curve[-1] < curve[0] < 1.0
    assert scored(result, "test")[-1] > scored(result, "test")[0]
    assert len(result.attachment("predictions")) == 20 * 2 * 4


@pytest.mark.parametrize("asked", ["bakeoff", "torch"])
def test_a_step_that_diverges_after_the_last_loss_ends_the_round(asked):
    """One step an epoch: its loss is finite, and what it leaves is not."""
    study = study_of("numbers", mlp(layers=0), batch_size=30, epochs=3, lr=1e38, momentum=0.0)
    (result,) = trainer_of(choose(study, asked))(study, study.competitors[0], 0, None)
    assert not result.finished
    assert result.fact("diverged_in_epoch") == 1
    assert {curve for _, curve in result.curves} == {()}
    assert result.attachment("predictions") is None


@pytest.mark.parametrize("asked", ["bakeoff", "torch"])
def test_a_class_that_a_later_round_has_is_told(asked, modules):
    growing = f"""
@fresh
def growing(generator):
    x = torch.rand(50, 3, generator=generator)
    y = torch.arange(50) % (2 if generator.initial_seed() == {stream_seed(3, 0, "data")} else 5)
    return x[:30], y[:30], x[30:], y[30:]
"""
    (modules / "mydata.py").write_text(MODULE + growing)
    study = study_of("growing", mlp(3, 2))
    train = trainer_of(choose(study, asked))
    train(study, study.competitors[0], 0, None)
    with pytest.raises(StudyError, match="output 'target': has 2 classes, expected at least 5"):
        train(study, study.competitors[0], 1, None)


# ---- keys and runs -----------------------------------------------------------------------------


def test_the_module_and_the_data_are_part_of_the_key(modules):
    study = study_of("numbers", mlp())
    form = form_of(study)
    (key,) = keys_of(study, form=form).values()
    assert key.data == form.digest
    assert len(form.digest) == 32
    assert '"facts":{"metric":"r2","rounds":"resplit"}' in key.training
    # A table that the module reads: other data, with the module as it was.
    sys.modules["mydata"].SET += 1
    (other,) = keys_of(study, form=form_of(study)).values()
    assert (other.sources, other.training) == (key.sources, key.training)
    assert other.data != key.data
    (modules / "mydata.py").write_text(MODULE + "\nchanged = True\n")
    assert keys_of(study, form=form)["mlp"].sources != key.sources


def test_a_run_tells_of_code_before_it_runs_any(modules):
    """And refuses to stop early, which dependent rounds do not allow, before any training."""
    told = []
    study = study_of("numbers", mlp(name="wide"), mlp(name="linear", layers=0))
    sys.modules.pop("mydata", None)
    listener = Listener(on_code=lambda files: told.append((files, "mydata" in sys.modules)))
    with pytest.raises(StudyError, match="until decided: got data 'mydata:numbers', whose rounds"):
        run_study(study, RunOptions(until_decided=True), listener=listener)
    assert told == [({"mydata:numbers": modules / "mydata.py"}, False)]


def test_a_metric_is_shown_in_its_unit_and_begins_a_heading_with_a_capital_letter():
    assert (ACCURACY.title, ACCURACY.name) == ("Accuracy", "test accuracy")
    assert R_SQUARED.title == R_SQUARED.short == "R²"
    assert (ACCURACY.show(0.86349), R_SQUARED.show(0.86349)) == ("86.3 %", "0.863")
    assert (ACCURACY.scaled(0.5), R_SQUARED.scaled(0.5)) == (50.0, 0.5)


def test_whole_numbers_are_classes_or_numbers_as_their_shape_says():
    def kind(train, test):
        target = checked("d", (X, train, X2, test), {"train_size": 30, "test_size": 20})
        return target.train_labels["target"].dtype

    assert kind(Y.float().unsqueeze(1), Y2.float().unsqueeze(1)) == torch.float32
    assert kind(Y - 0.5, Y2 - 0.5) == torch.float32
    assert kind(Y, Y2) == torch.int64
