"""scikit-learn's estimators are fitted on the same splits, and judged as splits of one set are."""

import numpy as np
import pytest

import bakeoff as bo

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from bakeoff.runs.estimators import scores_of

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
Y = (X[:, 0] + 0.3 * RNG.normal(size=120) > 0).astype(int)


def test_the_scores_are_those_of_scikit_learn():
    estimators = {"l": LogisticRegression(), "t": DecisionTreeClassifier(random_state=3)}
    given = {"scoring": "roc_auc", "seed": 0, "workers": 1}
    values, ratio = scores_of(estimators, X, Y, cv=5, **given)
    for column, estimator in enumerate(estimators.values()):
        expected = cross_val_score(estimator, X, Y, cv=StratifiedKFold(5), scoring="roc_auc")
        np.testing.assert_array_equal(values[:, column], expected)
    assert ratio == pytest.approx(1 / 4)
    assert scores_of(estimators, X, Y, cv=KFold(3), **given)[0].shape == (3, 2)


def test_a_random_state_is_set_where_there_is_none_and_workers_change_nothing():
    tree = DecisionTreeClassifier(max_features=1)
    estimators = {"t": tree, "p": make_pipeline(StandardScaler(), tree)}
    given = {"cv": 4, "scoring": None}
    one, _ = scores_of(estimators, X, Y, seed=0, workers=1, **given)
    np.testing.assert_array_equal(one, scores_of(estimators, X, Y, seed=0, workers=2, **given)[0])
    assert (one != scores_of(estimators, X, Y, seed=9, workers=1, **given)[0]).any()
    assert tree.random_state is None


def test_the_splits_share_examples_and_the_test_allows_for_that():
    estimators = {"guess": DummyClassifier(), "logistic": LogisticRegression()}
    analysis = bo.race_estimators(estimators, X, Y, workers=1)
    assert analysis.mode == "resampled"
    assert "logistic is better than guess by 0.34" in str(analysis)
    (comparison,) = analysis.comparisons
    assert comparison.rounds == 100
    regressors = {"mean": DummyRegressor(), "line": LinearRegression()}
    told = str(bo.race_estimators(regressors, X, X[:, 1], cv=4, margin=0.1, workers=1))
    assert "line is better than mean" in told
