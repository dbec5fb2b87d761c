"""A round as a row of the store, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from sqlite3 import Row
from typing import Any

from bakeoff.study.result import Divergence, RoundResult

COLUMNS = (
    "round",
    "seed",
    "parameters",
    "train_loss",
    "train_accuracy",
    "test_accuracy",
    "auxiliary",
    "seconds",
    "predictions",
    "diverged",
    "weights",
)
CURVES = ("train_loss", "train_accuracy", "test_accuracy")


def to_row(result: RoundResult) -> tuple[object, ...]:
    """Return the values of `COLUMNS`; curves as JSON, in which floats are exact."""
    diverged = result.diverged
    return (
        result.round,
        str(result.seed),  # any integer: SQLite's own end at 64 bits
        result.parameters,
        *(json.dumps(getattr(result, curve), allow_nan=False) for curve in CURVES),
        json.dumps(dict(result.auxiliary), allow_nan=False),
        result.seconds,
        result.predictions,
        json.dumps([diverged.epoch, dict(diverged.last_finite)]) if diverged else None,
        result.weights,
    )


def from_row(row: Row | Mapping[str, Any], competitor: str) -> RoundResult:
    """Return the round of a row, as that of `competitor`."""
    epoch, last_finite = json.loads(row["diverged"] or "[0, {}]")
    return RoundResult(
        competitor=competitor,
        round=row["round"],
        seed=int(row["seed"]),
        parameters=row["parameters"],
        train_loss=tuple(json.loads(row["train_loss"])),
        train_accuracy=tuple(json.loads(row["train_accuracy"])),
        test_accuracy=tuple(json.loads(row["test_accuracy"])),
        auxiliary=json.loads(row["auxiliary"]),
        seconds=row["seconds"],
        predictions=row["predictions"],
        diverged=Divergence(epoch, tuple(last_finite.items())) if epoch else None,
        weights=row["weights"],
    )


def now() -> str:
    """Return the time, in UTC, as the store writes it."""
    return _as_text(datetime.now(UTC))


def just_after(time: str) -> str:
    """Return the first time after one that the store wrote."""
    return _as_text(datetime.fromisoformat(time) + timedelta(milliseconds=1))


def _as_text(time: datetime) -> str:
    return time.isoformat(timespec="milliseconds")
