import torch

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
