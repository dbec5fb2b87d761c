"""A made-up trainer whose best step size is known; and how to train with it in threads."""

import math
from concurrent.futures import ThreadPoolExecutor

from bakeoff.study.machine import this_machine
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from records import record
from trainers import fakes

NEVER = 1e9


def peaked(name, peak, diverges_at=NEVER, lr=0.02, **recipe):
    """A competitor that is best at a step size of 2 to the `peak` times its own."""
    options = {"peak": lr * 2.0**peak, "diverges_at": diverges_at}
    return NetworkCompetitor(name, "net", options=options, recipe=Recipe(lr=lr, epochs=4, **recipe))


def study_of(*competitors, **more):
    return NetworkStudy("s", "Which?", competitors, rounds=30, seed=3, **more)


def train(study, competitor, group, data_dir):
    assert study.data == "tuning-pairs"
    return tuple(result(study, competitor, r) for r in competitor.recipe.rounds_of(group))


def result(study, competitor, round_):
    options, recipe = dict(competitor.options), competitor.recipe
    away = abs(math.log2(recipe.lr / options["peak"]))
    accuracy = 0.9 - 0.02 * away + 0.001 * (round_ % 3) + 0.0001 * min(recipe.epochs, 6)
    diverged = recipe.lr >= options["diverges_at"]
    curve = () if diverged else (0.5,) * recipe.epochs
    return record(
        competitor.name,
        round_,
        study.seed,
        train_loss=curve,
        train=curve,
        test=() if diverged else (accuracy,),
        seconds=0.25,
        diverged=1 if diverged else None,
    )


prepare = fakes(train)


class ThreadPool:
    """Workers that are threads: light, and fine for a trainer that only makes up results."""

    def __init__(self, workers):
        self.workers, self.machine = workers, this_machine()
        self._executor = ThreadPoolExecutor(workers)

    def submit(self, function, *args):
        return self._executor.submit(function, *args)

    def rebuild(self):
        raise AssertionError("no thread dies")

    def stop(self):
        self._executor.shutdown()

    def check(self):
        pass


def threads(workers=1):
    return ThreadPool(workers)
