"""scikit-learn's MLPClassifier on the disk's points."""

from __future__ import annotations

import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.contender import BenchError, Contender
from benchmarks.problem import LR, MOMENTUM, Problem


class SklearnFit(Contender):
    """One call of `fit` for all epochs.

    It trains on the log loss of a logistic output, so that is what we train on beside it. Its own
    shuffling is off, and so are penalty and early stopping.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        work = problem.work
        self.x = problem.inputs[0].numpy()
        self.y = problem.targets[0, :, 0].numpy().astype(int)
        epochs = len(problem.epochs())
        self.network = MLPClassifier(
            (work.width,) * 3,
            activation="tanh",
            solver="sgd",
            alpha=0.0,
            batch_size=work.batch,
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
        self._fit()  # makes the arrays that hold the weights
        for weight, theirs in zip(problem.start[::2], self.network.coefs_, strict=True):
            theirs[...] = weight[0].T.numpy()
        for bias, theirs in zip(problem.start[1::2], self.network.intercepts_, strict=True):
            theirs[...] = bias[0].numpy()
        self.network.set_params(max_iter=epochs)

    def _fit(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the epochs are given
            self.network.fit(self.x, self.y)

    def run(self) -> list[float]:
        """Fit for all epochs; the mean loss of each."""
        before = len(self.network.loss_curve_)
        self._fit()
        losses = [float(loss) for loss in self.network.loss_curve_[before:]]
        if len(losses) != self.network.max_iter:
            raise BenchError(f"scikit-learn stopped after {len(losses)} epochs of a fit")
        return losses
