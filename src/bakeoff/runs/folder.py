"""A folder of runs, whoever wrote it: each run in a folder of its own, or in a file of its own.

Lightning, Hydra, sacred, DVC, Ray Tune, Keras, transformers, W&B and most scripts leave files of a
few well-known names. All of a run's are merged into one row; what two files tell differently stays
apart, under the second file's name.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePath

from bakeoff.errors import ArgumentError, DataError
from bakeoff.runs.contents import EVENTS, as_number, numbers_of, parameters_of
from bakeoff.runs.rows import Cell, Row, Rows, Run, Source, rows_of_runs

PARAMETERS = (
    *("hparams.yaml", "config.yaml", "config.json", "params.yaml", "params.json", "args.yaml"),
    *("args.json", ".hydra/config.yaml", ".hydra/overrides.yaml", "run.json"),
)
NUMBERS = (
    *("metrics.csv", "results.csv", "progress.csv", "history.csv", "training.log", "metrics.json"),
    *("results.json", "result.json", "scores.json", "all_results.json", "eval_results.json"),
    *("test_results.json", "trainer_state.json", "wandb-summary.json"),
)
READ = (".csv", ".tsv", ".json", ".jsonl", ".yaml", ".log")
# A folder within a run's: of Hydra, DVC, transformers, TensorBoard's hyperparameters.
PART = re.compile(r"\.hydra|plots|checkpoint-[0-9]+|[0-9]{10}\.[0-9]+")
MOST_FILES = 500_000
DEEPEST = 16


def folder_rows(source: Source) -> Rows | None:
    """Read every run in a folder, or each file as one if none is well known; none, a DataError."""
    root = source.path
    if not root.is_dir():
        return None
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
    told: list[Run] = []
    for folder in sorted(runs | begun, key=_natural):
        folders = (*reversed(folder.parents), folder)
        files = [file for each in folders for file in _parameter_files(held, each)]
        cells = _parameters(root, files)
        status = str(cells.pop("status", "finished"))
        found = _numbers_of(root, cells, numbers[folder])
        told.append((f"folder {folder}", status, cells, found))
    if not runs:
        every = [file for files in held.values() for file in files if file.suffix != ".yaml"]
        for file in sorted(every, key=_natural):
            told.append((f"file {file}", "finished", {}, _numbers_of(root, {}, [file])))
    if not told:
        raise DataError(
            f"{root}: holds no run that is known, expected files such as metrics.csv, metrics.json"
            " or results.json in folders of their own"
        )
    rows = rows_of_runs("folder of runs", root, told)
    steps = [
        max((len(c) for c in row.cells.values() if isinstance(c, tuple)), default=1)
        for row in rows.rows
    ]
    usual = Counter(steps).most_common(1)[0]
    cut = usual[0] == max(steps) and usual[1] * 2 > len(steps)
    kept = [
        replace(row, status="unfinished")
        if cut and count < usual[0] and row.status == "finished"
        else row
        for row, count in zip(rows.rows, steps, strict=True)
    ]
    pattern = _proposed(rows)
    hint = f"; the runs' names are read by --pattern '{pattern}'" if "{" in pattern else ""
    return replace(rows, rows=tuple(kept), hint=hint)


# ---- names of folders ---------------------------------------------------------------------------


def apply_pattern(rows: Rows, pattern: str) -> Rows:
    """Return rows with the columns that a pattern such as "{method}_seed{seed}" finds in names.

    It is of whole names of folders, with slashes between levels, or of files without their ending;
    a DataError where one does not fit, and an ArgumentError for other rows or no such pattern.
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


def _parameters(root: Path, files: Iterable[Path]) -> dict[str, Cell]:
    """Return what files tell of a run; the later is nearer to it, or an override."""
    found, whence = dict[str, Cell](), dict[str, Path]()
    for file in files:
        for name, cell in parameters_of(root / file).items():
            beside = name in whence and whence[name].parent == file.parent
            if beside and not _same(found[name], cell):
                raise DataError(
                    f"{root}: {whence[name]} says {name} {found[name]}, but {file.name} {cell};"
                    " expected them to agree"
                )
            found[name], whence[name] = cell, file
    return found


def _numbers_of(root: Path, cells: Mapping[str, Cell], files: Iterable[Path]) -> dict[str, Cell]:
    """Return files' numbers; one that was told otherwise is called by the file's name too."""
    found: dict[str, Cell] = {}
    for file in files:
        for name, cell in numbers_of(root / file).items():
            if not _same(found.get(name, cells.get(name, cell)), cell):
                found[f"{file.name}:{name}"] = cell
            elif name not in cells and (name not in found or isinstance(cell, tuple)):
                found[name] = cell
    return found


def _same(one: Cell, other: Cell) -> bool:
    """Tell whether two cells say the same; of a curve, its last value."""
    ends = [cell[-1] if isinstance(cell, tuple) else cell for cell in (one, other)]
    texts = [str(as_number(cell)) for cell in ends]
    return texts[0] == texts[1]
