"""A study's results as a data frame of pandas or polars, whichever is installed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bakeoff.errors import MissingExtraError

if TYPE_CHECKING:
    from bakeoff.study.metric import Metric
    from bakeoff.study.record import Record
    from bakeoff.study.results import StudyResults

LIBRARIES = ("pandas", "polars")


def results_frame(results: StudyResults, *, epochs: bool = False) -> Any:
    """Return the frame; see `StudyResults.to_frame`."""
    rows = [
        row
        for r in results.results
        for row in (_epochs(results, r) if epochs else [_round(r, results.metric)])
    ]
    names = dict.fromkeys(name for row in rows for name in row)
    nan = float("nan")
    return _library().DataFrame({name: [row.get(name, nan) for row in rows] for name in names})


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
    scores = {name: record.score(name) for name in (metric.score, metric.in_training) if name}
    further = {name: score for name, score in record.scores if name not in scores}
    return {
        "competitor": record.competitor,
        "round": record.round,
        "seed": record.seed,
        **({} if record.parameters is None else {"parameters": record.parameters}),
        **scores,
        **further,
        "seconds": record.seconds,
        "status": record.status,
    }


def _epochs(results: StudyResults, record: Record) -> list[dict[str, Any]]:
    """Return a row for each epoch; NaN where a curve has no number, as a test score may."""
    rows: dict[int, dict[str, float]] = {}
    names = [name for name, _ in record.curves if "/" not in name]
    for name in names:
        curve = record.curve(name)
        at = results.study.positions(record.competitor, name, len(curve))
        for epoch, value in zip(at, curve, strict=False):
            rows.setdefault(epoch, {})[name] = value
    head = {"competitor": record.competitor, "round": record.round}
    return [
        head | {"epoch": epoch} | {name: rows[epoch].get(name, float("nan")) for name in names}
        for epoch in sorted(rows)
    ]
