"""Every contender does the same work as ours, on problems too small to take time."""

from functools import partial

import pytest
import torch

from benchmarks.problem import make_problem
from benchmarks.rivals import contender
from benchmarks.works import CONTENDERS, GROWTH, OURS, WORKS, BenchError, Work

DISK = Work("w", "", "train", "disk", (), rounds=1, batch=10, steps=3, width=6)
DISK_30 = Work("w", "", "train", "disk", (), rounds=3, batch=10, steps=3, width=6)
FIT = Work("w", "", "fit", "disk", (), batch=100, steps=30, width=6)
MODEL1 = Work("w", "", "train", "model1", (), batch=10, steps=2)
MODEL2 = Work("w", "", "train", "model2", (), batch=10, steps=2)
MODEL4 = Work("w", "", "train", "model4", (), batch=3, steps=1)
PREDICT = Work("w", "", "predict", "model2", (), batch=100)
EXTRA = {"jax": "jax", "sklearn": "sklearn"}
NO_EXTRA = "the extra bench is not installed"

TINY = {
    "disk-step": DISK,
    "disk-30": DISK_30,
    "disk-fit": FIT,
    "model1-step": MODEL1,
    "model2-step": MODEL2,
    "model4-step": MODEL4,
    "model2-predict": PREDICT,
}
CASES = [
    (work.name, rival)
    for work in WORKS
    if work.kind != "command"
    for rival in work.rivals
    if rival != "torch-compile"
]


def made(rival, problem):
    module = EXTRA.get(rival.partition("-")[0])
    if module is not None:
        try:
            __import__(module)
        except ModuleNotFoundError:
            pytest.skip(NO_EXTRA)
    return contender(rival, problem.work.network)(problem)


def figures(run):
    return torch.as_tensor(run()).flatten().tolist()


@pytest.mark.parametrize(("name", "rival"), CASES)
def test_it_agrees_with_ours(name, rival):
    problem = make_problem(TINY[name])
    ours = figures(made(OURS, problem))
    assert figures(made(rival, problem)) == pytest.approx(ours, rel=0, abs=1e-5)
    expected = {"train": problem.work.rounds, "fit": 3, "predict": 2000}[problem.work.kind]
    assert len(ours) == expected
    # The figures must be able to tell: other weights, other figures.
    other = make_problem(TINY[name])
    other.start[0].mul_(-1.5)
    assert figures(made(OURS, other)) != pytest.approx(ours, rel=0, abs=1e-4)


@pytest.mark.parametrize("work", [DISK, PREDICT])
def test_torch_compile_agrees_with_ours(work, monkeypatch):
    # Its default back end takes a minute of C++; what it is given is the same.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    problem = make_problem(work)
    ours = figures(made(OURS, problem))
    assert figures(made("torch-compile", problem)) == pytest.approx(ours, abs=1e-5)


@pytest.mark.parametrize("rival", [OURS, "our-tape", "pytorch-eager", "torch-stacked"])
def test_training_goes_on_from_call_to_call(rival):
    run = made(rival, make_problem(DISK_30))
    first, second = figures(run), figures(run)
    assert all(b < a for a, b in zip(first, second, strict=True))


def test_scikit_learn_never_stops_a_fit_early(monkeypatch):
    networks = pytest.importorskip("sklearn.neural_network", reason=NO_EXTRA)

    class Best(networks.MLPClassifier):
        def fit(self, x, y):
            self.best_loss_ = 0.0  # nothing can improve on that
            return super().fit(x, y)

    monkeypatch.setattr("benchmarks.rivals.sklearn_fit.MLPClassifier", Best)
    run = made("sklearn", make_problem(FIT))
    assert [len(run()) for _ in range(5)] == [3] * 5


def test_every_contender_of_every_work_has_a_home_and_a_title():
    for work in (*WORKS, *GROWTH):
        assert {OURS, *work.rivals} <= CONTENDERS.keys()
        if work.kind != "command":
            for rival in (OURS, *work.rivals):
                try:
                    assert contender(rival, work.network)
                except ModuleNotFoundError as error:
                    assert error.name in EXTRA.values()  # noqa: PT017


def test_a_network_that_a_rival_does_not_do_is_told():
    with pytest.raises(BenchError, match="sklearn does not do the network 'model1'"):
        contender("sklearn", "model1")
