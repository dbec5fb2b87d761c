"""A round's number, out of what its process printed or wrote."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.errors import BakeoffError
from bakeoff.study.checks import check, is_whole

if TYPE_CHECKING:
    from bakeoff.study.metric import Metric

MOST_BYTES = 2**26
MOST_VALUES = 100_000
NUMBER = (
    r"[-+]?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9][0-9_]*)\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
    r"(?![0-9_]|,[0-9])|[-+]?(?:inf(?:inity)?|nan)\b"
)
"""A number that a program prints; 0,5 is none, as it may be one half, or a list."""


class NoScoreError(BakeoffError):
    """A round left no number; `failure` says of which kind that is."""

    def __init__(self, failure: str, told: str) -> None:
        self.failure = failure
        super().__init__(told)


def score_of(metric: Metric, stdout: str, folder: Path) -> tuple[float, tuple[float, ...]]:
    """Return a metric's value and all numbers that it was taken from.

    Args:
        metric: says where its value stands, and which of several counts.
        stdout: what the process printed.
        folder: where it wrote files.

    Raises:
        NoScoreError: for no number, several without a rule which counts, NaN or infinity.
    """
    kind, _, where = metric.source.partition(":")
    values = tuple(_VALUES[kind.strip()](metric, where.strip(), stdout, folder))
    if not values:
        raise NoScoreError("no match", f"{metric.name}: found no number {_place(metric)}")
    value = taken(metric, values)
    if not math.isfinite(value):
        raise NoScoreError("not a number", f"{metric.name} is {value:g}")
    return value, tuple(v for v in values if math.isfinite(v))[-MOST_VALUES:]


def taken(metric: Metric, values: tuple[float, ...]) -> float:
    """Return the one of several numbers that counts."""
    rule, _, count = metric.take.partition(":")
    if rule == "mean":
        return _mean(values[-int(count) :])
    if rule in ("min", "max"):
        known = [value for value in values if not math.isnan(value)] or values
        return min(known) if rule == "min" else max(known)
    if not rule and len({str(value) for value in values}) > 1:
        raise NoScoreError(
            "several matches",
            f"{metric.name}: found {len(values)} numbers {_place(metric)}, expected one;"
            ' say which counts: take = "last", "min", "max" or "mean:N"',
        )
    return values[-1]


def _mean(values: tuple[float, ...]) -> float:
    try:
        return math.fsum(values) / len(values)
    except (ValueError, OverflowError):  # infinities of both signs, or a sum beyond all floats
        return math.nan


def _place(metric: Metric) -> str:
    return f"by {metric.source!r}" if metric.source else f"for {metric.score!r}"


def _number(text: Any) -> Iterator[float]:
    if isinstance(text, bool):
        return
    try:
        yield float(text)
    except (TypeError, ValueError, OverflowError):
        return


def _by_regex(metric: Metric, pattern: str, stdout: str, folder: Path) -> Iterator[float]:
    for found in re.finditer(pattern, stdout, re.MULTILINE):
        text = next((group for group in found.groups() if group is not None), found[0])
        yield from _number(text.replace(",", "") if re.fullmatch(NUMBER, text) else text)


def _by_json(metric: Metric, path: str, stdout: str, folder: Path) -> Iterator[float]:
    """Find values in the lines of stdout that are JSON objects."""
    for line in stdout.splitlines():
        if line.lstrip().startswith("{"):
            try:
                yield from _number(_inner(json.loads(line), path, metric))
            except (ValueError, RecursionError):
                continue


def _by_file(metric: Metric, where: str, stdout: str, folder: Path) -> Iterator[float]:
    name, _, path = where.partition("#")
    text = _read(folder, name)
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        yield from _number(text.strip())
        return
    found = _inner(told, path, metric) if path or isinstance(told, dict) else told
    for value in found if isinstance(found, list) else [found]:
        yield from _number(value)


def _by_csv(metric: Metric, where: str, stdout: str, folder: Path) -> Iterator[float]:
    name, _, column = where.partition("#")
    try:
        for row in csv.DictReader(_read(folder, name).splitlines()):
            yield from _number(row.get(column or metric.score))
    except csv.Error as error:
        raise NoScoreError("no match", f"{name}: cannot be read ({error})") from error


def _usual(metric: Metric, where: str, stdout: str, folder: Path) -> Iterator[float]:
    """Look where most programs leave a number: JSON lines, metrics.json, "name: 0.5", a number."""
    stdout = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", stdout)  # colours
    found = list(_by_json(metric, "", stdout, folder))
    if not found and (folder / "metrics.json").is_file():
        found = list(_by_file(metric, "metrics.json", stdout, folder))
    if not found:
        names = "|".join(re.escape(name) for name in dict.fromkeys((metric.name, metric.score)))
        pattern = rf"(?i)(?<![\w])(?:{names})(?![\w])[\"']?\s*[:=]?\s*({NUMBER})"
        found = list(_by_regex(metric, pattern, stdout, folder))
    yield from found or _by_regex(metric, rf"(?i)\A\s*({NUMBER})\s*\Z", stdout, folder)


def _inner(told: Any, path: str, metric: Metric) -> Any:
    """Return what stands at a path such as test.loss; with none, at the metric's score or name."""
    if isinstance(told, dict):
        for name in [path] if path else [metric.score, metric.name]:
            if name in told:
                return told[name]
    for part in (path or metric.score).split("."):
        if isinstance(told, list) and re.fullmatch("-?[0-9]{1,9}", part):
            told = told[int(part)] if -len(told) <= int(part) < len(told) else None
        else:
            told = told.get(part) if isinstance(told, dict) else None
    return told


def _read(folder: Path, name: str) -> str:
    path = folder / name
    try:
        if path.exists() and not path.is_file():  # a pipe would wait for a writer
            raise NoScoreError("no match", f"{name}: is no file")
        with path.open("rb") as file:
            return file.read(MOST_BYTES).decode("utf-8-sig", "replace")
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise NoScoreError("no match", f"{name}: cannot be read ({told})") from error


_VALUES = {"": _usual, "json": _by_json, "regex": _by_regex, "file": _by_file, "csv": _by_csv}


def _is_source(value: object) -> bool:
    if not isinstance(value, str):
        return False
    kind, _, where = value.partition(":")
    if kind.strip() not in _VALUES or (kind.strip() in ("regex", "file", "csv") and not where):
        return False
    try:
        re.compile(where.strip() if kind.strip() == "regex" else "")
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _is_rule(value: object) -> bool:
    if not isinstance(value, str):
        return False
    rule, _, count = value.partition(":")
    counted = (
        rule == "mean"
        and re.fullmatch("[0-9]+", count)
        and is_whole(1, MOST_VALUES)(int(count[:9]))
    )
    return value in ("", "last", "min", "max") or bool(counted)


SOURCE = check(
    _is_source, '"json", "regex: PATTERN", "file: NAME#path.in.json" or "csv: NAME#column"'
)
TAKE = check(_is_rule, '"last", "min", "max", or "mean:N" of the last N')
