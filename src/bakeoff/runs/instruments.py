"""What measures by itself: hyperfine, pytest-benchmark, scikit-learn's cross-validation."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from bakeoff.errors import DataError
from bakeoff.runs import table
from bakeoff.runs.rows import MOST_BYTES, Cell, Known, Row, Rows, Source, flat

SPLIT = re.compile(r"split([0-9]+)_test_(.+)")
HINTS = {
    "hyperfine": "export them with --export-json",
    "pytest-benchmark": "write them with --benchmark-json, or --benchmark-save-data",
}


def is_timed(source: Source) -> bool:
    """Tell whether a file is what hyperfine or pytest-benchmark writes as JSON."""
    return bool(_timed(source)[1])


def timed_rows(source: Source) -> Rows:
    """Read each command's times; a run that failed is told as such.

    Raises:
        DataError: for a file without single times.
    """
    kind, commands = _timed(source)
    rows: list[Row] = []
    for command, times, codes in commands:
        if not isinstance(times, list) or not all(type(time) in {float, int} for time in times):
            raise DataError(f"{source.path}: holds no single times of {command}; {HINTS[kind]}")
        for run, seconds in enumerate(times):
            cells: dict[str, Cell] = {
                "command": command,
                "run": str(run),
                "seconds": float(seconds),
            }
            failed = isinstance(codes, list) and codes[run : run + 1] not in ([], [0])
            rows.append(Row(f"run {run} of {command}", cells, "failed" if failed else "finished"))
    known = Known(("command",), ("run",), "seconds", larger_is_better=False, paired=False)
    return Rows(kind, str(source.path), tuple(rows), known)


def _timed(source: Source) -> tuple[str, list[tuple[str, Any, Any]]]:
    """Return what measured, and each command's name, times and exit codes; none of another file."""
    match source.json if source.path.suffix == ".json" else None:
        case {"results": [{"command": _, "mean": _}, *_] as found}:
            told = [(str(e.get("command")), e.get("times"), e.get("exit_codes")) for e in found]
            return "hyperfine", told
        case {"benchmarks": [{"fullname": _, "stats": {}}, *_] as found}:
            names = [str(each.get("fullname")).rpartition("::")[2] for each in found]
            stats = [each.get("stats", {}).get("data") for each in found]
            return "pytest-benchmark", [(n, t, None) for n, t in zip(names, stats, strict=True)]
    return "", []


# ---- scikit-learn -------------------------------------------------------------------------------


def is_cv_results(source: Source) -> bool:
    """Tell whether a file holds scikit-learn's `cv_results_`, as CSV or JSON."""
    if source.path.suffix == ".json":
        return isinstance(source.json, dict) and any(map(SPLIT.fullmatch, source.json))
    return source.path.suffix == ".csv" and b",split0_test_" in source.content.partition(b"\n")[0]


def cv_results_rows(source: Source) -> Rows:
    """Read `cv_results_`: a candidate's parameters name it, its test scores are of the splits.

    Raises:
        DataError: for columns of unequal length.
    """
    if source.path.suffix == ".json":
        told = source.json.items()
        columns = {name: [*c.values()] if isinstance(c, dict) else c for name, c in told}
        lengths = {len(c) if isinstance(c, list) else -1 for c in columns.values()}
        if len(lengths) != 1 or -1 in lengths:
            raise DataError(f"{source.path}: its columns are not of one length, as cv_results_ are")
        cells = zip(*columns.values(), strict=True)
        candidates = [flat(dict(zip(columns, each, strict=True))) for each in cells]
    else:
        candidates = [dict(row.cells) for row in table.text_rows(source).rows]
    rows = []
    for number, each in enumerate(candidates):
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
    return Rows("scikit-learn cv_results_", str(source.path), tuple(rows), known)


def array_rows(source: Source) -> Rows:
    """Read scores of cross-validation: an array called by its name in .npz, or by its file's.

    Raises:
        DataError: for anything but series of numbers.
    """
    files = {source.path.stem: io.BytesIO(source.content)}
    try:
        if source.path.suffix == ".npz":
            with zipfile.ZipFile(io.BytesIO(source.content)) as parts:
                if sum(part.file_size for part in parts.infolist()) > MOST_BYTES:
                    raise ValueError(f"more than {MOST_BYTES:,} bytes")
                files = {Path(part).stem: io.BytesIO(parts.read(part)) for part in parts.namelist()}
        arrays = {name: np.lib.format.read_array(file) for name, file in files.items()}
    except Exception as fault:  # whatever a damaged file does to another's reader
        raise DataError(f"{source.path}: is not a sound file of arrays ({fault})") from fault
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
