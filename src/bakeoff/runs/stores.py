"""MLflow's and Optuna's stores, read as they lie: SQLite by SQL, MLflow's folder by its files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from bakeoff.errors import DataError, nearest
from bakeoff.files import read_text
from bakeoff.runs.contents import read_yaml
from bakeoff.runs.rows import MOST_BYTES, Cell, Known, Rows, Source, as_cell, rows_of_runs, sound

StoredRun = tuple[Any, Any, Any, Any]  # a key, a name, a study's key, a status
Told = Sequence[tuple[Any, str, Any]]  # a run's key, a name, and what it tells
STORE = "store of MLflow or Optuna"
MLFLOW_STATUS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
MLFLOW = {
    "studies": "SELECT experiment_id, name FROM experiments WHERE experiment_id IN (SELECT"
    " experiment_id FROM runs WHERE lifecycle_stage = 'active')",
    "runs": "SELECT run_uuid, run_uuid, experiment_id, status FROM runs WHERE lifecycle_stage ="
    " 'active' AND NOT (run_uuid NOT IN (SELECT run_uuid FROM metrics) AND run_uuid IN (SELECT"
    " value FROM tags WHERE key = 'mlflow.parentRunId'))",
    "parameters": "SELECT run_uuid, key, value FROM params",
    "metrics": "SELECT run_uuid, key, CASE WHEN is_nan THEN 'nan' ELSE value END FROM metrics"
    " WHERE key NOT LIKE 'system/%' ORDER BY step, timestamp",
}
OPTUNA = {
    "studies": "SELECT study_id, study_name FROM studies",
    "runs": "SELECT trial_id, number, study_id, state FROM trials",
    "parameters": "SELECT trial_id, param_name, param_value, distribution_json FROM trial_params",
    "attributes": "SELECT trial_id, key, value_json FROM trial_user_attributes",
    "metrics": "SELECT trial_id, objective, CASE value_type WHEN 'INF_POS' THEN 'inf'"
    " WHEN 'INF_NEG' THEN '-inf' ELSE value END FROM trial_values",
    "directions": "SELECT study_id, direction FROM study_directions",
}


def mlflow_rows(source: Source) -> Rows | None:
    """Read MLflow's folder of files, or of one of its experiments."""
    depths = ("", "*/", "*/*/") if source.path.is_dir() else ()
    metas = [path for depth in depths for path in source.path.glob(f"{depth}meta.yaml")]
    if not any((path.parent / "metrics").is_dir() for path in metas):
        return None
    with sound(source.path, STORE):
        names, runs, parameters, metrics = {}, [], [], []
        for path in sorted(metas):
            meta, folder = read_yaml(path), path.parent
            if not (folder / "metrics").is_dir():
                names[meta["experiment_id"]] = meta["name"]
                continue
            if meta.get("lifecycle_stage", "active") == "active":
                status = MLFLOW_STATUS.get(meta["status"], meta["status"])
                runs.append((folder, folder.name, meta["experiment_id"], status))
            parameters += [(folder, name, text) for name, text in _files(folder / "params")]
            for name, text in _files(folder / "metrics"):
                points = [line.split() for line in text.splitlines()]
                points.sort(key=lambda point: [int(point[2]), int(point[0])])
                metrics += [(folder, name, point[1]) for point in points]
        studies = {each: names.get(each, each) for _, _, each, _ in runs}
        return _rows(source, "MLflow", _chosen(source, studies, runs), parameters, metrics)


def sqlite_rows(source: Source) -> Rows | None:
    """Read a SQLite store of MLflow or Optuna; a damaged or other one is a DataError."""
    # Only as much is read here: another file may be a pipe.
    if not source.path.is_file() or not _starts(source.path, b"SQLite format 3\0"):
        return None
    address = f"{source.path.resolve().as_uri()}?mode=ro"
    with sound(source.path, STORE), closing(sqlite3.connect(address, uri=True)) as store:
        # A view may never end, so that tables alone are looked for.
        tables = {n for (n,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        optuna = {"studies", "trials", "trial_params", "trial_values"} <= tables
        if not optuna and not {"experiments", "runs", "params", "metrics", "tags"} <= tables:
            raise DataError(
                f"{source.path}: is a SQLite store, but neither of MLflow nor of Optuna; of a"
                f" store of bakeoff name two competitors, and --store {source.path}"
            )
        queries = OPTUNA if optuna else MLFLOW
        told = {name: store.execute(sql).fetchall() for name, sql in queries.items()}
        runs = _chosen(source, dict(told["studies"]), told["runs"])
        if not optuna:
            return _rows(source, "MLflow", runs, told["parameters"], told["metrics"])
        parameters = [(key, name, _choice(*held)) for key, name, *held in told["parameters"]]
        more = [(key, name, as_cell(json.loads(text))) for key, name, text in told["attributes"]]
        directions = [way for study, way in told["directions"] if study in {r[2] for r in runs}]
        one = len(directions) == 1
        known = Known(value="value", larger_is_better=directions[0] == "MAXIMIZE") if one else None
        name = "value" if one else "value {}"
        metrics = [(key, name.format(number), value) for key, number, value in told["metrics"]]
        return _rows(source, "Optuna", runs, parameters, metrics, known, more)


def _starts(path: Path, content: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(content)) == content
    except OSError:
        return False


def _files(folder: Path) -> list[tuple[str, str]]:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    texts = [read_text(file, MOST_BYTES, DataError) for file in files]
    return [(str(file.relative_to(folder)), text) for file, text in zip(files, texts, strict=True)]


def _chosen(
    source: Source, studies: Mapping[Any, str], runs: Sequence[StoredRun]
) -> list[StoredRun]:
    """Return the runs of the study or experiment asked for, or of the only one."""
    names = list(map(str, studies.values()))
    keys = [key for key, name in studies.items() if source.study in {None, str(name)}]
    if source.study is not None and not keys:
        near = nearest(source.study, names)
        raise DataError(f"{source.path}: --study: holds no {source.study!r}{near}")
    if len(keys) != 1:
        told = ", ".join(map(repr, names[:8])) or "none"
        raise DataError(f"{source.path}: holds the studies {told}; give --study NAME for one")
    return [run for run in runs if run[2] == keys[0]]


def _choice(value: float, form: str) -> Cell:
    """Return a parameter of Optuna, which keeps a choice as its number in a list of choices."""
    told = json.loads(form)
    if "choices" in told["attributes"]:
        return str(told["attributes"]["choices"][int(value)])
    return str(int(value)) if told["name"].startswith("Int") else float(value)


def _rows(
    source: Source,
    kind: str,
    runs: Sequence[StoredRun],
    parameters: Told,
    metrics: Told,
    known: Known | None = None,
    more: Told = (),
) -> Rows:
    """Return a row a run of one study."""
    told: dict[Any, dict[str, Cell]] = {run[0]: {} for run in runs}
    numbers: dict[Any, dict[str, Any]] = {key: {} for key in told}
    for key, name, cell in parameters:
        told.get(key, {})[name] = cell
    named = {name for cells in told.values() for name in cells}
    for key, name, value in metrics:
        name_ = f"metrics.{name}" if name in named else name
        numbers.get(key, {}).setdefault(name_, []).append(float(value))
    cells = {
        key: {name: as_cell(c if len(c) > 1 else c[0]) for name, c in each.items()}
        for key, each in numbers.items()
    }
    for key, name, cell in more:
        if name not in named:
            cells.get(key, {})[name] = cell
    found = ((f"run {where}", str(word), told[k], cells[k]) for k, where, _, word in runs)
    return rows_of_runs(kind, source.path, found, known)
