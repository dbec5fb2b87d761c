import pickle
import tomllib

import pytest
import torch

from bakeoff import rng
from bakeoff.errors import StudyError
from bakeoff.study.noise import noise_study
from bakeoff.study.run import Listener, RunOptions
from bakeoff.study.workers import LocalPool
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s",
    "Which?",
    [
        NetworkCompetitor("disk", recipe=Recipe(epochs=1)),
        NetworkCompetitor("mlp", options={"inputs": 2, "outputs": 2}, recipe=Recipe(epochs=1)),
    ],
    data="disk",
    train_size=20,
    test_size=20,
)


def run_and_count_threads(experiment):
    records = experiment.run(range(experiment.rounds_per_group))
    return records, (torch.get_num_threads(), torch.get_num_interop_threads())


def test_an_experiment_holds_its_own_competitor_alone_and_makes_whole_groups():
    made = STUDY.prepare(RunOptions(), Listener())
    assert {name: one.study.competitor_names for name, one in made.items()} == {
        "disk": ("disk",),
        "mlp": ("mlp",),
    }
    assert made["disk"].key != made["mlp"].key
    records = made["disk"].run(range(10, 20))
    assert [(r.competitor, r.round) for r in records] == [("disk", r) for r in range(10, 20)]


def test_a_worker_computes_in_one_thread():
    one = STUDY.prepare(RunOptions(), Listener())["disk"]
    pool = LocalPool(1)
    try:
        records, threads = pool.submit(run_and_count_threads, one).result()
    finally:
        pool.stop()
    assert threads == (1, 1)
    assert len(records) == 10


def bits(record):
    return record.curves, record.attachment("predictions")


def test_what_is_held_is_as_in_the_worlds_first_round_and_the_rest_as_in_its_own():
    study = noise_study(STUDY.only(["mlp"]), worlds=2, redraws=5)
    made = study.prepare(RunOptions(), Listener())
    rounds = {name: one.run(range(10)) for name, one in made.items()}
    for source in ("data", "init", "order"):
        held = rounds[f"mlp.{source}"]
        assert [(r.round, r.seed) for r in held] == [(r, 0) for r in range(10)]
        for r in range(10):
            same = bits(held[r]) == bits(rounds["mlp"][r])
            assert same == (r % 5 == 0), (source, r)
        assert len({str(bits(r)) for r in held}) > 2


@pytest.mark.parametrize("source", ["data", "init", "order", "dropout"])
def test_a_held_seed_moves_one_purpose_alone(source):
    competitor = NetworkCompetitor("disk", redraw=[source], world=4)
    seed = rng.Held(3)
    seed.round_of = competitor.round_of
    for purpose in rng.PURPOSES:
        for round_ in range(8):
            own = round_ if purpose == source else round_ - round_ % 4
            assert rng.stream_seed(seed, round_, purpose, "x") == rng.stream_seed(
                3, own, purpose, "x"
            )
    again = pickle.loads(pickle.dumps(seed))
    assert (again, rng.stream_seed(again, 5, "init")) == (3, rng.stream_seed(seed, 5, "init"))


TASKS = """
name = "s"
question = "Which?"
comparisons = [["gentle", "quick"]]
train_size = 20
test_size = 30
recipe = { epochs = 1 }
[[tasks]]
name = "small"
data = "digits"
[[tasks]]
name = "large"
data = "digits-28"
test_size = 10
options = { side = 28 }
recipe = { epochs = 2 }
[[competitors]]
name = "quick"
network = "digit"
[[competitors]]
name = "gentle"
network = "digit"
recipe = { lr = 0.001 }
"""


def read(text):
    return NetworkStudy.from_toml(tomllib.loads(text), "s.toml")


def test_each_task_has_its_data_sizes_options_and_recipe():
    study = read(TASKS)
    assert read(study.to_toml()) == study
    assert study.data_sets == ("digits", "digits-28")
    made = study.prepare(RunOptions(), Listener())
    small, large = made["gentle@small"], made["gentle@large"]
    assert (small.competitor.recipe.epochs, small.competitor.recipe.lr) == (1, 0.001)
    assert (large.competitor.recipe.epochs, large.competitor.recipe.lr) == (2, 0.001)
    # A round is what it is in the study of that data set alone.
    alone = NetworkStudy(
        "other",
        "Which?",
        [NetworkCompetitor("g", network="digit", recipe=small.competitor.recipe)],
        data="digits",
        train_size=20,
        test_size=30,
    ).prepare(RunOptions(), Listener())["g"]
    assert small.key == alone.key
    assert bits(small.run(range(1))[0]) == bits(alone.run(range(1))[0])
    (record,) = large.run(range(1))
    study.check_record(record)
    assert len(record.attachment("predictions")) < len(
        small.run(range(1))[0].attachment("predictions")
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('data = "digits-28"', 'data = "digit"', "competitors[2].data: got 'digit', expected one"),
        ("test_size = 10", "test_size = -1", "competitors[2].test_size: got -1, expected"),
        ('name = "quick"', 'name = "quick"\ntrain = 3', "competitors[0].train: is not known"),
        ("options = { side = 28 }", "", "competitor 'quick@large'"),
    ],
)
def test_a_faulty_task_is_told_before_any_work(old, new, told):
    with pytest.raises(StudyError) as caught:
        read(TASKS.replace(old, new)).prepare(RunOptions(), Listener())
    assert told in str(caught.value)


def test_data_of_ones_own_go_with_a_task():
    competitor = NetworkCompetitor("digit", data="digits")
    with pytest.raises(StudyError, match=r"competitors\[0\]\.data: is of a competitor on no task"):
        NetworkStudy("s", "Which?", [competitor])
