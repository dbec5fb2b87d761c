"""What measures by itself: hyperfine, pytest-benchmark, scikit-learn's cross-validation."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import IO

import numpy as np

from bakeoff.errors import DataError
from bakeoff.runs.rows import Cell, Known, Row, Rows, Source, sound, unzipped

SPLIT = re.compile(r"split([0-9]+)_test_(.+)")
HINTS = {
    "hyperfine": "export them with --export-json",
    "pytest-benchmark": "write them with --benchmark-json, or --benchmark-save-data",
}


def timed_rows(source: Source) -> Rows | None:
    """Read hyperfine's or pytest-benchmark's times; a DataError where there are none."""
    match source.json if source.ending == ".json" else None:
        case {"results": [{"command": _, "mean": _}, *_] as found}:
            kind = "hyperfine"
            told = [(str(e.get("command")), e.get("times"), e.get("exit_codes")) for e in found]
        case {"benchmarks": [{"fullname": _, "stats": {}}, *_] as found}:
            kind = "pytest-benchmark"
            names = [str(each.get("fullname")).rpartition("::")[2] for each in found]
            stats = [each.get("stats", {}).get("data") for each in found]
            told = [(name, times, None) for name, times in zip(names, stats, strict=True)]
        case _:
            return None
    rows: list[Row] = []
    for command, times, codes in told:
        if not isinstance(times, list) or not all(type(time) in {float, int} for time in times):
            raise DataError(f"{source.path}: holds no single times of {command}; {HINTS[kind]}")
        for run, seconds in enumerate(times):
            cells: dict[str, Cell] = {"command": command, "run": str(run)}
            cells["seconds"] = float(seconds)
            failed = isinstance(codes, list) and codes[run : run + 1] not in ([], [0])
            rows.append(Row(f"run {run} of {command}", cells, "failed" if failed else "finished"))
    known = Known(("command",), ("run",), "seconds", larger_is_better=False, paired=False)
    return Rows(kind, str(source.path), tuple(rows), known)


def with_splits(table: Rows) -> Rows:
    """Take scikit-learn's `cv_results_` for what they are: parameters, and scores of the splits."""
    if not any(map(SPLIT.fullmatch, table.rows[0].cells)):
        return table
    rows = []
    for number, each in enumerate(row.cells for row in table.rows):
        named = {n.removeprefix("param_"): c for n, c in each.items() if n.startswith("param_")}
        splits: dict[str, dict[str, Cell]] = {}
        for name, cell in each.items():
            if found := SPLIT.fullmatch(name):
                splits.setdefault(found[1], {})[found[2]] = cell
        rows += [
            Row(f"candidate {number}, split {fold}", {**named, "fold": fold, **scores})
            for fold, scores in splits.items()
        ]
    varying = [n for n in named if len({str(row.cells.get(n)) for row in rows}) > 1]
    known = Known((*varying,), ("fold",), larger_is_better=True, parameters=(*named,))
    return Rows("scikit-learn cv_results_", table.source, tuple(rows), known, table.decimal_commas)


def array_rows(source: Source) -> Rows | None:
    """Read arrays of scores, called by their names in .npz or by the file's; else a DataError."""
    if source.ending not in {".npy", ".npz"}:
        return None
    with sound(source.path, "file of arrays"):
        files: dict[str, IO[bytes]] = {source.path.stem: io.BytesIO(source.content)}
        if source.ending == ".npz":
            parts = unzipped(source)
            files = {Path(name).stem: parts.open(name) for name in parts.namelist()}
        arrays = {name: np.lib.format.read_array(file) for name, file in files.items()}
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind not in "fiu":
            raise DataError(
                f"{source.path}: {name} has the shape {array.shape} and the type {array.dtype},"
                " expected a series of numbers for each competitor, as numpy.savez saves by name"
            )
    rows = tuple(
        Row(f"{name}[{fold}]", {"estimator": name, "fold": str(fold), "score": float(score)})
        for name, array in arrays.items()
        for fold, score in enumerate(array)
    )
    return Rows("arrays", str(source.path), rows, Known(("estimator",), ("fold",), "score"))
