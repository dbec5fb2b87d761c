"""scikit-learn's estimators, fitted on the same splits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.metrics import check_scoring
from sklearn.model_selection import RepeatedKFold, RepeatedStratifiedKFold, check_cv
from sklearn.utils.parallel import Parallel, delayed

FOLDS, REPEATS = 10, 10


def scores_of(
    estimators: Mapping[str, Any],
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    *,
    cv: Any,
    scoring: Any,
    seed: int,
    workers: int | None,
) -> tuple[NDArray[np.float64], float]:
    """Return the scores (splits, estimators), and test examples over training examples.

    Arguments as of `bakeoff.race_estimators`.
    """
    classifier = is_classifier(next(iter(estimators.values())))
    if cv is None:
        kind = RepeatedStratifiedKFold if classifier else RepeatedKFold
        cv = kind(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    splits = list(check_cv(cv, y, classifier=classifier).split(X, y))
    tasks = (
        delayed(_score)(estimator, X, y, train, test, scoring, seed + i)
        for i, (train, test) in enumerate(splits)
        for estimator in estimators.values()
    )
    scores = Parallel(n_jobs=-1 if workers is None else workers)(tasks)
    table = np.array(scores, dtype=np.float64).reshape(len(splits), len(estimators))
    return table, float(np.mean([len(test) / len(train) for train, test in splits]))


def _score(
    estimator: Any,
    X: Any,  # noqa: N803
    y: Any,
    train: Any,
    test: Any,
    scoring: Any,
    seed: int,
) -> float:
    from sklearn.utils import _safe_indexing as taken

    fresh = clone(estimator)
    states = {
        name: seed
        for name, value in fresh.get_params().items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    fresh.set_params(**states)
    fresh.fit(taken(X, train), taken(y, train))
    return float(check_scoring(fresh, scoring=scoring)(fresh, taken(X, test), taken(y, test)))
