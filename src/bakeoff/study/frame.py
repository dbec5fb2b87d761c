"""A study's results as a data frame of pandas or polars, whichever is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bakeoff.errors import MissingExtraError
from bakeoff.study.record import LOSS

if TYPE_CHECKING:
    from bakeoff.study.record import Record
    from bakeoff.study.results import StudyResults
    from bakeoff.training.data_sets import Metric

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


def _round(record: Record, metric: Metric) -> dict[str, Any]:
    return {
        "competitor": record.competitor,
        "round": record.round,
        "seed": record.seed,
        "parameters": record.parameters,
        **{name: record.score(name) for name in (metric.test, metric.train, LOSS)},
        "seconds": record.seconds,
        "status": record.status,
    }


def _epochs(results: StudyResults, record: Record) -> list[dict[str, Any]]:
    """Return a row for each epoch; the test score is NaN where it was not measured."""
    metric, recipe = results.metric, results.study.competitor(record.competitor).recipe
    tested = dict(zip(recipe.evaluated_epochs(), record.curve(metric.test), strict=False))
    curves = zip(record.curve(LOSS), record.curve(metric.train), strict=True)
    return [
        {
            "competitor": record.competitor,
            "round": record.round,
            "epoch": epoch,
            LOSS: loss,
            metric.train: score,
            metric.test: tested.get(epoch, float("nan")),
        }
        for epoch, (loss, score) in enumerate(curves, 1)
    ]
