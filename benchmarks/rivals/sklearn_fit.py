"""scikit-learn's MLPClassifier on the disk's points."""

from __future__ import annotations

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.problem import LR, MOMENTUM, Problem
from benchmarks.rivals import Run
from benchmarks.works import BenchError


def fit(problem: Problem) -> Run:
    """One call of `fit` for all epochs.

    It trains on the log loss of a logistic output, so that is what we train on beside it. Its own
    shuffling is off, and so are penalty and early stopping.
    """
    x, y = problem.inputs[0].numpy(), problem.targets[0, :, 0].numpy().astype(int)
    epochs = len(problem.epochs())
    network = MLPClassifier(
        (problem.work.width,) * 3,
        activation="tanh",
        solver="sgd",
        alpha=0.0,
        batch_size=problem.work.batch,
        learning_rate_init=LR,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        shuffle=False,
        tol=0.0,
        n_iter_no_change=10**9,  # counted on from fit to fit; it must never stop early
        max_iter=1,
        warm_start=True,  # `fit` goes on from the weights that it finds
        random_state=0,
    )

    def run() -> list[float]:
        before = len(getattr(network, "loss_curve_", ()))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
            network.fit(x, y)
        losses = [float(loss) for loss in network.loss_curve_[before:]]
        if len(losses) != network.max_iter:
            raise BenchError(f"scikit-learn stopped after {len(losses)} epochs of a fit")
        return losses

    run()  # makes the arrays that hold the weights
    network.set_params(max_iter=epochs)
    places = zip(network.coefs_, network.intercepts_, strict=True)
    for place, start in zip((p for pair in places for p in pair), problem.start, strict=True):
        place[...] = start[0].numpy().T
    return run
