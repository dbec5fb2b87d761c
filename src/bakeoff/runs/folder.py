"""A folder of runs, whoever wrote it: each run in a folder of its own, or in a file of its own.

Lightning, Hydra, sacred, DVC, Ray Tune, Keras, transformers, W&B and most scripts leave files of a
few well-known names. All of a run's are merged into one row; what two files tell differently stays
apart, under the second file's name.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import yaml

from bakeoff.checks import check_installed
from bakeoff.errors import ArgumentError, DataError
from bakeoff.files import read_text
from bakeoff.runs import table
from bakeoff.runs.rows import Cell, Known, Row, Rows, Source, flat, status_of

PARAMETERS = (
    *("hparams.yaml", "config.yaml", "config.json", "params.yaml", "params.json", "args.yaml"),
    *("args.json", ".hydra/config.yaml", ".hydra/overrides.yaml", "run.json"),
)
NUMBERS = (
    *("metrics.csv", "results.csv", "progress.csv", "history.csv", "training.log", "metrics.json"),
    *("results.json", "result.json", "scores.json", "all_results.json", "eval_results.json"),
    *("test_results.json", "trainer_state.json", "wandb-summary.json"),
)
EVENTS = "events.out.tfevents."
READ = (".csv", ".tsv", ".json", ".jsonl", ".yaml", ".log")
# A folder within a run's: of Hydra, DVC, transformers, TensorBoard's hyperparameters.
PART = re.compile(r"\.hydra|plots|checkpoint-[0-9]+|[0-9]{10}\.[0-9]+")
# What counts steps or tells of the machine is neither a result nor a parameter.
NO_NUMBERS = (
    *("checkpoint_dir_name", "date", "done", "epoch", "global_step", "hostname", "iteration"),
    *("iterations_since_restore", "node_ip", "pid", "step", "time_since_restore", "timestamp"),
    *("time_this_iter_s", "time_total_s", "total_flos", "training_iteration", "trial_id"),
)
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?(nan|inf)", re.IGNORECASE)
MOST_FILES = 500_000
DEEPEST = 16
MOST_BYTES, MOST_VALUES = 2**18, 10_000  # of a file of parameters, its aliases written out


def is_folder(source: Source) -> bool:
    """Tell whether the source is a folder."""
    return source.path.is_dir()


def folder_rows(source: Source) -> Rows:
    """Read every run in a folder; where no file has a well-known name, each file is a run.

    Raises:
        DataError: for a folder without runs, with links out of it, of endless depth, or with
            numbers both in a folder and in those below it.
    """
    root = source.path
    held: dict[Path, list[Path]] = {}
    for file in _walk(root):
        held.setdefault(_owner(file), []).append(file)
    numbers = {folder: _numbers(folder, files) for folder, files in held.items()}
    runs = {folder for folder, files in numbers.items() if files}
    for folder in list(runs):
        above = next((parent for parent in folder.parents if parent in runs), None)
        if above is not None and numbers[folder][0].name.startswith(EVENTS):
            runs.discard(folder)  # the same again
        elif above is not None:
            raise DataError(
                f"{root}: both {numbers[above][0]} and {numbers[folder][0]} hold numbers; name the"
                " file, or the folders of the runs"
            )
    parents = {folder.parent for folder in runs}
    begun = {
        folder for folder in held if folder.parent in parents and _parameter_files(held, folder)
    }
    told: list[tuple[str, dict[str, Cell], list[Path]]] = []
    for folder in sorted(runs | begun, key=_natural):
        folders = (*reversed(folder.parents), folder)
        files = [file for each in folders for file in _parameter_files(held, each)]
        cells = _merged(root, files, _parameters)
        told.append((f"folder {folder}", cells, numbers[folder]))
    if not runs:
        every = [file for files in held.values() for file in files if file.suffix != ".yaml"]
        told = [(f"file {file}", {}, [file]) for file in sorted(every, key=_natural)]
    return _rows(root, told)


def _rows(root: Path, told: Iterable[tuple[str, dict[str, Cell], list[Path]]]) -> Rows:
    """Return a row a run of its parameters and its files of numbers."""
    rows, parameters, metrics = [], dict[str, None](), dict[str, None]()
    for where, cells, files in told:
        status = status_of(cells.pop("status", "finished")) or "unfinished"
        parameters |= dict.fromkeys(cells)
        numbers = _merged(root, files, _numbers_of, cells)
        measured = [
            n for n, c in numbers.items() if n not in cells and isinstance(c, tuple | float)
        ]
        metrics |= dict.fromkeys(measured)
        if not measured and status == "finished":
            status = "unfinished"
        rows.append(Row(where, numbers, status))
    if not rows:
        raise DataError(
            f"{root}: holds no run that is known, expected files such as metrics.csv, metrics.json"
            " or results.json in folders of their own"
        )
    steps = [
        max((len(c) for c in row.cells.values() if isinstance(c, tuple)), default=1) for row in rows
    ]
    usual = Counter(steps).most_common(1)[0]
    if usual[0] == max(steps) and usual[1] * 2 > len(rows):
        rows = [
            replace(row, status="unfinished") if n < usual[0] and row.status == "finished" else row
            for row, n in zip(rows, steps, strict=True)
        ]
    known = Known(parameters=tuple(parameters), metrics=tuple(metrics))
    found = Rows("folder of runs", str(root), tuple(rows), known)
    pattern = _proposed(found)
    hint = f"; the runs' names are read by --pattern '{pattern}'" if "{" in pattern else ""
    return replace(found, hint=hint)


# ---- names of folders ---------------------------------------------------------------------------


def apply_pattern(rows: Rows, pattern: str) -> Rows:
    """Return rows with the columns that a pattern such as "{method}_seed{seed}" finds in names.

    Args:
        rows: of a folder.
        pattern: of whole names of folders, or of files without their ending; of several levels with
            slashes between.

    Raises:
        ArgumentError: for a pattern without a {name}, or with two that nothing separates.
        DataError: for a run that it does not fit, or whose files say otherwise.
    """
    if rows.kind != "folder of runs":
        raise ArgumentError(f"{rows.source}: --pattern is for a folder of runs, not a {rows.kind}")
    names = re.findall(r"\{(\w+)\}", pattern)
    if not names or "}{" in pattern or len(set(names)) < len(names):
        raise ArgumentError(
            f"--pattern: got {pattern!r}, expected names in braces, each once and something between"
            " them, such as '{method}_seed{seed}'"
        )
    literals = map(re.escape, re.split(r"\{\w+\}", pattern))
    sought = re.compile(f"(?:.*/)?{'([^/]+?)'.join(literals)}(?:/.*)?")
    found = []
    for row in rows.rows:
        fits = sought.fullmatch(
            f"{Path(rows.source).resolve().name}/{_name(row)}".removesuffix("/.")
        )
        if not fits:
            raise DataError(f"{rows.source}: --pattern {pattern!r} does not fit {row.where}")
        told = dict(zip(names, fits.groups(), strict=True))
        for name in told.keys() & row.cells.keys():
            if not _same(row.cells[name], told[name]):
                raise DataError(
                    f"{rows.source}: {row.where} says {name} {told[name]} by its name, but"
                    f" {row.cells[name]} by its files; call it otherwise in --pattern"
                )
        found.append(replace(row, cells={**told, **row.cells}))
    parameters = tuple(dict.fromkeys((*rows.known.parameters, *names)))
    return replace(rows, rows=tuple(found), known=replace(rows.known, parameters=parameters))


def _proposed(rows: Rows) -> str:
    """Return a pattern that fits all runs: what varies is called by the word before it."""
    cut = r"[A-Za-z]+|[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?|[^A-Za-z0-9]+"
    pieces = [re.findall(cut, _name(row)) for row in rows.rows]
    if len({len(each) for each in pieces}) != 1:
        return "{method}_seed{seed}"
    pattern, word, used = "", "", Counter[str]()
    for column in zip(*pieces, strict=True):
        if len(set(column)) > 1:
            name = (word if column[0][0].isdigit() else "method") or "run"
            used[name] += 1
            pattern += f"{{{name}{used[name] if used[name] > 1 else ''}}}"
        else:
            pattern += column[0]
            word = column[0].lower() if column[0].isalpha() else word
    return pattern


def _name(row: Row) -> str:
    kind, _, path = row.where.partition(" ")
    return os.path.splitext(path)[0] if kind == "file" else path


# ---- which files --------------------------------------------------------------------------------


def _walk(root: Path) -> Iterator[Path]:
    """Yield the files that may be read, relative to the root; no link to a folder is followed."""
    seen, waiting, real = 0, [root], root.resolve()
    while waiting:
        folder = waiting.pop()
        if len(folder.parts) - len(root.parts) > DEEPEST:
            raise DataError(f"{root}: is over {DEEPEST} folders deep; name the one of the runs")
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    path, seen = Path(entry.path), seen + 1
                    if seen > MOST_FILES:
                        raise DataError(f"{root}: holds over {MOST_FILES:,} files; name less of it")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    elif (path.suffix in READ or entry.name.startswith(EVENTS)) and entry.is_file():
                        if entry.is_symlink() and not path.resolve().is_relative_to(real):
                            raise DataError(f"{path}: is a link out of {root}; put a copy there")
                        yield path.relative_to(root)
        except OSError as fault:
            raise DataError(f"{folder}: cannot be read ({fault.strerror})") from fault


def _owner(file: Path) -> Path:
    """Return the folder of the run that a file belongs to."""
    for folder in reversed(file.parents):
        if PART.fullmatch(folder.name):
            return folder.parent
    return file.parent


def _numbers(folder: Path, files: list[Path]) -> list[Path]:
    """Return a run's files of numbers; event files and checkpoints only where there is no other."""
    own = [folder / name for name in NUMBERS if folder / name in files]
    own += [file for file in files if file.suffix == ".jsonl" and file.parent == folder]
    own += [file for file in files if file.parts[len(folder.parts) :][:2] == ("plots", "metrics")]
    if folder / "progress.csv" in own and folder / "result.json" in own:
        own.remove(folder / "result.json")  # Ray Tune tells all of it twice
    states = sorted((f for f in files if f.name == "trainer_state.json"), key=_natural)
    return own or states[-1:] or sorted(f for f in files if f.name.startswith(EVENTS))


def _parameter_files(held: Mapping[Path, list[Path]], folder: Path) -> list[Path]:
    return [folder / name for name in PARAMETERS if folder / name in held.get(folder, ())]


def _natural(path: PurePath) -> list[tuple[int, str]]:
    """A key that sorts version_10 behind version_9."""
    return [(int(n or 0), text) for text, n in re.findall(r"([^0-9]*)([0-9]{0,18})", str(path))]


# ---- what is in them ----------------------------------------------------------------------------


def _merged(
    root: Path,
    files: Iterable[Path],
    read: Callable[[Path], Mapping[str, Cell]],
    cells: Mapping[str, Cell] | None = None,
) -> dict[str, Cell]:
    """Return what files tell; what differs from before is called by the file's name too."""
    found, whence = dict(cells or {}), dict[str, Path]()
    for file in files:
        for name, cell in read(root / file).items():
            if name not in found or _same(found[name], cell):
                found[name] = found.get(name, cell) if isinstance(cell, float) else cell
            elif read is _numbers_of:
                found[f"{file.name}:{name}"] = cell
            elif name in whence and whence[name].parent == file.parent:
                raise DataError(
                    f"{root}: {whence[name]} says {name} {found[name]}, but {file.name} {cell};"
                    " expected them to agree"
                )
            else:  # an override, or nearer to the run
                found[name] = cell
            whence[name] = file
    return found


def _same(one: Cell, other: Cell) -> bool:
    """Tell whether two cells say the same; of a curve, its last value."""
    ends = [cell[-1] if isinstance(cell, tuple) else cell for cell in (one, other)]
    texts = [str(_number(cell)) for cell in ends]
    return texts[0] == texts[1]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Safe; a tag such as !!python/tuple counts for nothing."""


def _plain(loader: _Loader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)
_Loader.add_multi_constructor("!", _plain)


def read_yaml(path: Path) -> Any:
    """Return what a small YAML file holds.

    Raises:
        DataError: for what is no YAML, or too large once its aliases are written out.
    """
    text = read_text(path, MOST_BYTES, DataError)
    try:
        told = _Loader(text).get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as fault:
        why = getattr(fault, "problem", None) or type(fault).__name__
        raise DataError(f"{path}: is not YAML that can be read ({why})") from fault
    waiting, count = [told], 0
    while waiting:
        value, count = waiting.pop(), count + 1
        if count > MOST_VALUES:
            raise DataError(f"{path}: holds more than {MOST_VALUES:,} values, a few were expected")
        waiting += value.values() if isinstance(value, dict) else ()
        waiting += value if isinstance(value, list) else ()
    return told


def _parameters(file: Path) -> dict[str, Cell]:
    told = read_yaml(file) if file.suffix == ".yaml" else Source(file).json
    if file.name == "overrides.yaml" and isinstance(told, list):
        told = dict(str(each).lstrip("+").split("=", 1) for each in told if "=" in str(each))
    if told is None and not file.stat().st_size:
        return {}
    if not isinstance(told, dict):
        raise DataError(f"{file}: got no names with values, expected a run's parameters")
    if "_wandb" in told:
        told = {name: each.get("value") for name, each in told.items() if name != "_wandb"}
    if file.name == "run.json" and "heartbeat" in told:  # of sacred, whose config.json has the rest
        told = {"status": told.get("status")}
    return flat(told)


def _numbers_of(file: Path) -> dict[str, Cell]:
    """Return numbers by name, a curve where there are several of one."""
    source = Source(file)
    if file.name.startswith(EVENTS):
        found = _events(file)
    elif file.suffix in {".csv", ".tsv", ".log"}:
        found = _curves(file, (row.cells for row in table.text_rows(source).rows))
    elif file.suffix == ".jsonl" or table.is_json_lines(source):
        found = _curves(file, (row.cells for row in table.json_line_rows(source).rows))
    elif isinstance(told := source.json, list):
        found = _curves(file, (flat(each) for each in told if isinstance(each, dict)))
    elif not isinstance(told, dict):
        raise DataError(f"{file}: is not JSON with numbers by name; was it cut off?")
    elif isinstance(log := told.get("log_history"), list):
        found = _curves(file, (flat(each) for each in log if isinstance(each, dict)))
    elif told and all(isinstance(each, dict) and "values" in each for each in told.values()):
        found = flat({name: each["values"] for name, each in told.items()})  # of sacred
    else:
        found = flat(told)
    return {n: c for n, c in found.items() if n not in NO_NUMBERS and not n.startswith("_")}


def _curves(file: Path, rows: Iterable[Mapping[str, Cell]]) -> dict[str, Cell]:
    """Return each column: its curve, the one value that it has, or nothing for changing texts."""
    columns: dict[str, list[Cell]] = {}
    for row in rows:
        for name, cell in row.items():
            if cell is not None:
                columns.setdefault(name, []).append(_number(cell))
    found: dict[str, Cell] = {}
    for name, cells in columns.items():
        if name.lower() in ("seed", "fold") and len(set(cells)) > 1:
            raise DataError(f"{file}: has a run a line ({name} differs); name this file itself")
        floats = [cell for cell in cells if type(cell) is float]
        if len(floats) == len(cells) > 1:
            found[name] = tuple(floats)
        elif len(set(cells)) == 1:
            found[name] = cells[0]
    return found


def _number(cell: Cell) -> Cell:
    text = isinstance(cell, str) and NUMBER.fullmatch(cell)
    return float(cell) if text else cell  # type: ignore[arg-type]


def _events(file: Path) -> dict[str, Cell]:
    """Return what TensorBoard's own reader finds: scalars as curves, and hyperparameters."""
    check_installed(str(file), "TensorBoard's event files", "tensorboard", "tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
    from tensorboard.util.tensor_util import make_ndarray

    try:
        events = EventAccumulator(str(file), {"scalars": 0, "tensors": 0}).Reload()
        tags = events.Tags()
        found: dict[str, Cell] = {}
        found |= {tag: tuple(e.value for e in events.Scalars(tag)) for tag in tags["scalars"]}
        for tag in tags["tensors"]:
            arrays = [make_ndarray(event.tensor_proto) for event in events.Tensors(tag)]
            if all(array.size == 1 and array.dtype.kind == "f" for array in arrays):
                found[tag] = tuple(float(array) for array in arrays)
        with suppress(KeyError):  # where there are none
            for content in events.PluginTagToContent("hparams").values():
                told = HParamsPluginData.FromString(content).session_start_info.hparams
                found |= {name: str(getattr(v, v.WhichOneof("kind"))) for name, v in told.items()}
    except Exception as fault:  # whatever a damaged file does to another's reader
        raise DataError(f"{file}: is not a sound file of events ({fault})") from fault
    return found
