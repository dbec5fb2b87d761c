"""MLflow's and Optuna's stores, read as they lie: SQLite by SQL, MLflow's folder by its files."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from bakeoff.errors import DataError, nearest
from bakeoff.files import read_text
from bakeoff.runs.folder import read_yaml
from bakeoff.runs.rows import MOST_BYTES, Cell, Known, Row, Rows, Source, as_cell, status_of

Told = Sequence[tuple[Any, str, Any]]  # a run's key, a name, and what it tells
NOTHING = Known()
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


def is_mlflow(source: Source) -> bool:
    """Tell whether a folder is MLflow's, or of one of its experiments."""
    metas = _metas(source.path) if source.path.is_dir() else ()
    return any((path.parent / "metrics").is_dir() for path in metas)


def is_sqlite(source: Source) -> bool:
    """Tell whether a file is a SQLite database."""
    with suppress(OSError):
        if source.path.is_file():
            with source.path.open("rb") as file:
                return file.read(16) == b"SQLite format 3\0"
    return False


def mlflow_rows(source: Source) -> Rows:
    """Read MLflow's folder of files.

    Raises:
        DataError: for damaged files, or several experiments with none of them asked for.
    """
    with _faults_of(source):
        names, runs, parameters, metrics = {}, [], [], []
        for path in _metas(source.path):
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
        return _rows(source, "MLflow", _chosen(source, studies), runs, parameters, metrics)


def sqlite_rows(source: Source) -> Rows:
    """Read a SQLite store of MLflow or Optuna.

    Raises:
        DataError: for any other database, a damaged one, or several experiments or studies with
            none of them asked for.
    """
    address = f"{source.path.resolve().as_uri()}?mode=ro"
    with _faults_of(source), closing(sqlite3.connect(address, uri=True)) as store:
        # A view may never end, so that tables alone are looked for.
        tables = {n for (n,) in store.execute("SELECT name FROM sqlite_master WHERE type='table'")}
        optuna = {"studies", "trials", "trial_params", "trial_values"} <= tables
        if not optuna and not {"experiments", "runs", "params", "metrics", "tags"} <= tables:
            raise DataError(
                f"{source.path}: is a SQLite store, but neither of MLflow nor of Optuna"
            )
        queries = OPTUNA if optuna else MLFLOW
        told = {name: store.execute(sql).fetchall() for name, sql in queries.items()}
        study, runs = _chosen(source, dict(told["studies"])), told["runs"]
        if not optuna:
            return _rows(source, "MLflow", study, runs, told["parameters"], told["metrics"])
        parameters = [(key, name, _choice(*held)) for key, name, *held in told["parameters"]]
        more = [(key, name, as_cell(json.loads(text))) for key, name, text in told["attributes"]]
        directions = [direction for of, direction in told["directions"] if of == study]
        name = "value" if len(directions) == 1 else "value {}"
        metrics = [(key, name.format(number), value) for key, number, value in told["metrics"]]
        known = Known(value="value", larger_is_better=directions[0] == "MAXIMIZE")
        known = known if len(directions) == 1 else Known()
        return _rows(source, "Optuna", study, runs, parameters, metrics, known, more)


@contextmanager
def _faults_of(source: Source) -> Iterator[None]:
    """Tell in a sentence whatever a store that is not as it should be leads to."""
    try:
        yield
    except DataError:
        raise
    except (
        sqlite3.Error,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as e:
        told = f"{type(e).__name__}: {e}"
        raise DataError(f"{source.path}: is no sound store of MLflow or Optuna ({told})") from e


def _metas(root: Path) -> list[Path]:
    return [path for depth in ("", "*/", "*/*/") for path in sorted(root.glob(f"{depth}meta.yaml"))]


def _files(folder: Path) -> list[tuple[str, str]]:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    texts = [read_text(file, MOST_BYTES, DataError) for file in files]
    return [(str(file.relative_to(folder)), text) for file, text in zip(files, texts, strict=True)]


def _chosen(source: Source, studies: Mapping[Any, str]) -> Any:
    """Return the key of the study or experiment asked for, or of the only one."""
    names = list(map(str, studies.values()))
    keys = [key for key, name in studies.items() if source.study in {None, str(name)}]
    if source.study is not None and not keys:
        near = nearest(source.study, names)
        raise DataError(f"{source.path}: --study: holds no {source.study!r}{near}")
    if len(keys) != 1:
        told = ", ".join(map(repr, names[:8])) or "none"
        raise DataError(f"{source.path}: holds the studies {told}; give --study NAME for one")
    return keys[0]


def _choice(value: float, form: str) -> Cell:
    """Return a parameter of Optuna, which keeps a choice as its number in a list of choices."""
    told = json.loads(form)
    if "choices" in told["attributes"]:
        return str(told["attributes"]["choices"][int(value)])
    return str(int(value)) if told["name"].startswith("Int") else float(value)


def _rows(
    source: Source,
    kind: str,
    study: Any,
    runs: Sequence[tuple[Any, Any, Any, Any]],
    parameters: Told,
    metrics: Told,
    known: Known = NOTHING,
    more: Told = (),
) -> Rows:
    """Return a row a run of one study."""
    cells: dict[Any, dict[str, Cell]] = {key: {} for key, _, of, _ in runs if of == study}
    curves: dict[Any, dict[str, list[float]]] = {key: {} for key in cells}
    for key, name, cell in (*more, *parameters):
        cells.get(key, {})[name] = cell
    named = dict.fromkeys(name for key, name, _ in parameters if key in cells)
    for key, name, value in metrics:
        name_ = f"metrics.{name}" if name in named else name
        curves.get(key, {}).setdefault(name_, []).append(float(value))
    rows = []
    for key, where, of, status in runs:
        if of == study:
            told = {n: c[0] if len(c) == 1 else tuple(c) for n, c in curves[key].items()}
            ended = status_of(status) or "unfinished"
            ended = "unfinished" if ended == "finished" and not told else ended
            rows.append(Row(f"run {where}", {**cells[key], **told}, ended))
    measured = dict.fromkeys(name for each in curves.values() for name in each)
    known = replace(known, parameters=tuple(named), metrics=tuple(measured))
    return Rows(kind, str(source.path), tuple(rows), known)
