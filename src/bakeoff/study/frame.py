"""A study's results as a data frame of pandas or polars, whichever is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bakeoff.errors import MissingExtraError

if TYPE_CHECKING:
    from bakeoff.study.data_sets import Metric
    from bakeoff.study.result import RoundResult
    from bakeoff.study.results import StudyResults

LIBRARIES = ("pandas", "polars")


def results_frame(results: StudyResults, *, epochs: bool = False) -> Any:
    """Return the frame; see `StudyResults.to_frame`."""
    rows = [
        row
        for r in results.results
        for row in (_epochs(results, r) if epochs else [_round(r, results.metric)])
    ]
    names = list(rows[0]) if rows else []
    return _library().DataFrame({name: [row[name] for row in rows] for name in names})


def _library() -> Any:
    for name in LIBRARIES:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise MissingExtraError(
        "to_frame: found neither pandas nor polars, expected one of them; install it with"
        " pip install pandas"
    )


def _round(result: RoundResult, metric: Metric) -> dict[str, Any]:
    def last(curve: tuple[float, ...]) -> float:
        return float("nan") if result.diverged or not curve else curve[-1]

    return {
        "competitor": result.competitor,
        "round": result.round,
        "seed": result.seed,
        "parameters": result.parameters,
        f"test_{metric.key}": last(result.test_accuracy),
        f"train_{metric.key}": last(result.train_accuracy),
        "train_loss": last(result.train_loss),
        "seconds": result.seconds,
        "diverged": result.diverged is not None,
    }


def _epochs(results: StudyResults, result: RoundResult) -> list[dict[str, Any]]:
    """Return a row for each epoch; test accuracy is NaN where it was not measured."""
    key, recipe = results.metric.key, results.study.competitor(result.competitor).recipe
    tested = dict(zip(recipe.evaluated_epochs(), result.test_accuracy, strict=False))
    curves = zip(result.train_loss, result.train_accuracy, strict=True)
    return [
        {
            "competitor": result.competitor,
            "round": result.round,
            "epoch": epoch,
            "train_loss": loss,
            f"train_{key}": accuracy,
            f"test_{key}": tested.get(epoch, float("nan")),
        }
        for epoch, (loss, accuracy) in enumerate(curves, 1)
    ]
