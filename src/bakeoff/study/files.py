"""A user's own study, as a TOML file.

Each field of a study says what it must satisfy; all that do not are told at once, those beside
and inside of other faulty tables too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import attrs

from bakeoff.errors import StudyError, nearest, visible
from bakeoff.files import read_text
from bakeoff.statistics.contrast import on_task
from bakeoff.study.checks import NAME_FORM, Fault, SpecError, is_name, refuse, shown, tables_in
from bakeoff.study.metric import Metric
from bakeoff.study.serialise import plain
from bakeoff.study.spec import Competitor, Study, kind_of
from bakeoff.study.sweep import Cell, comparisons, is_asked_in_pairs, swept, with_levels
from bakeoff.study.user_code import look_beside

T = TypeVar("T")
Table = dict[str, Any]
Fields = Callable[[Table, str, list[Fault]], Table]
MOST_BYTES = 2**20
MOST_DOTS = 100
MOST_ON_TASKS = 10_000  # competitors, or comparisons, times tasks


def load_study(path: Path) -> Study:
    """Read a study from a TOML file.

    Raises:
        StudyError: if the file cannot be read, is not TOML, or holds a faulty study; all faults
            are told, each with its place. If it names a module beside it of the same name as
            a study of another folder did.
    """
    text = read_text(path, MOST_BYTES, StudyError, hint="bakeoff init writes a study to begin with")
    _check_keys(path, text)
    try:
        told = tomllib.loads(text)
    except ValueError as error:  # a number may have more digits than Python reads
        raise StudyError(f"{path}: is not TOML: {error}") from error
    except RecursionError as error:
        raise StudyError(f"{path}: is not a study's TOML: it is nested too deeply") from error
    study = study_from_toml(told, str(path))
    look_beside(path, study)
    return study


def study_from_toml(told: Table, where: str) -> Study:
    """Return the study that a TOML document describes: of commands, a function, or else networks.

    Args:
        told: the document.
        where: what to call it in errors.

    Raises:
        SpecError: with all faults, each with its place.
    """
    kind = next((name for name in ("command", "function") if name in told), "network")
    return kind_of(kind).from_toml(told, where)


def _check_keys(path: Path, text: str) -> None:
    """Refuse a key of very many parts, a.b.c, the reading of which takes their number squared."""
    for number, line in enumerate(text.split("\n"), 1):
        *keys, _ = line.split("=")
        keys += [line] * line.lstrip().startswith("[")
        if any(key.count(".") > MOST_DOTS for key in keys):
            raise StudyError(
                f"{path}: is not a study's TOML: line {number} is nested too deeply, expected names"
                f" of at most {MOST_DOTS} dots"
            )


def _with_options(told: Table, path: str, faults: list[Fault]) -> Table:
    own = {name: told[name] for name in told if name in ("name", "levels")}
    return own | {"options": {name: told[name] for name in told if name not in own}}


def read_study(
    kind: type[Study],
    told: Table,
    where: str,
    faults: Iterable[Fault] = (),
    fields_of: Fields = _with_options,
) -> Study:
    """Return a study of a kind.

    Args:
        kind: a class of studies.
        told: the document.
        where: what to call it in errors.
        faults: those that are known already.
        fields_of: gives the fields of a competitor's table, which stands at a path, and notes
            faults; unless given, all but name and levels are options.

    Raises:
        SpecError: with all faults, each with its place.
    """
    if "tasks" in told:
        tasks, faults = _tasks(told, where), [*faults]
        # The first alone, before all, so that a fault is told once.
        parts = (_spread(told, some) for some in (tasks[:1], tasks))
        return [read_study(kind, part, where, faults, fields_of) for part in parts][-1]
    found, fields = [*faults], dict(told)
    read_metrics(fields, found)
    every = {"grid": fields.pop("grid")} if "grid" in fields else {}
    against = fields.pop("against", None)
    if isinstance(competitors := fields.get("competitors"), list):
        cells = [
            cell
            for i, one in enumerate(competitors)
            for told in [every | one if isinstance(one, dict) else one]
            for cell in _cells(kind.of, told, f"competitors[{i}]", found, fields_of)
        ]
        if len(cells) > MOST_ON_TASKS:
            told_most = f"got {len(cells):,}, expected at most {MOST_ON_TASKS:,}"
            raise SpecError(where, [*found, ("competitors", told_most)])
        pairs = comparisons(fields.get("comparisons", ()), against, cells, found)
        fields = {"without_effects": is_asked_in_pairs(cells, pairs)} | fields
        fields |= {"competitors": with_levels(cells), "comparisons": pairs}
    if isinstance(seeds := fields.get("seeds"), list):
        fields.setdefault("rounds", len(seeds))
    study = read_value(kind, fields, "", found)
    if study is None or found:
        raise SpecError(where, found)
    return study


def _tasks(told: Table, where: str) -> list[Table]:
    """Return the tables ``tasks``, of which each has a name of its own."""
    tasks, faults = told["tasks"], list[Fault]()
    tables = tasks if isinstance(tasks, list) and tasks else [tasks]
    names = [task.get("name") if isinstance(task, dict) else None for task in tables]
    for i, name in enumerate(names):
        if not is_name(name) or name in names[:i]:
            got = f"got {shown(tables[i] if name is None else name)}"
            faults.append((f"tasks[{i}]", f"{got}, expected a table [[tasks]] with {NAME_FORM}"))
    most = max(
        len(v)
        for v in (told.get("competitors"), told.get("comparisons"), [1])
        if isinstance(v, list)
    )
    if len(tables) * most > MOST_ON_TASKS:
        faults.append(
            ("tasks", f"got {len(tables):,} for {most:,}, expected {MOST_ON_TASKS:,} in all")
        )
    refuse(where, faults)
    return tables


def _spread(told: Table, tasks: list[Table]) -> Table:
    """Return a document with every competitor and comparison on each task in their place.

    A task's values are options, but where a competitor has its own; so is its name, ``task``,
    unless a command asks for the values alone.
    """
    fields = {name: value for name, value in told.items() if name != "tasks"}

    def on(each: Any, task: Table) -> Any:
        if isinstance(each, list):  # a comparison
            return [on_task(name, task["name"]) for name in each]
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            return each
        line = str(each.get("run", fields.get("command")))
        asked = "function" in fields or (
            ("run" in each or "command" in fields) and (len(task) < 2 or "{task}" in line)
        )
        tables = {  # such as a network's options, of which each may give some
            n: v | each[n]
            for n, v in task.items()
            if isinstance(v, dict) and isinstance(each.get(n), dict)
        }
        named = {"name": on_task(each["name"], task["name"])}
        return task | each | tables | named | ({"task": task["name"]} if asked else {})

    for name in ("competitors", "comparisons"):
        if isinstance(every := fields.get(name), list):
            fields[name] = [on(each, task) for task in tasks for each in every]
    return fields


def _cells(
    kind: type[Competitor], told: object, path: str, faults: list[Fault], fields_of: Fields
) -> list[Cell]:
    """Read a competitor, or one for each cell of its grid.

    A stand-in takes a faulty one's place while the rest is checked.
    """
    if not isinstance(told, dict):
        faults.append((path, f"got {shown(told)}, expected a table, [[competitors]]"))
        return [Cell(kind("faulty"), "faulty")]
    grid = told["grid"] if isinstance(told.get("grid"), dict) else None
    told = {name: value for name, value in told.items() if name != "grid" or grid is None}
    read = read_value(kind, fields_of(told, path, faults), path, faults) or kind("faulty")
    return [Cell(read, read.name)] if grid is None else swept(read, grid, f"{path}.grid", faults)


def read_metrics(fields: Table, faults: list[Fault]) -> None:
    """Put metrics in the place of the tables ``metric``, or ``metrics`` where there are several."""
    tables = fields.pop("metric", None)
    tables = fields.pop("metrics", []) if tables is None else [tables]
    if not isinstance(tables, list):
        faults.append(("metrics", f"got {shown(tables)}, expected tables, [[metrics]]"))
        return
    found = []
    for i, table in enumerate(tables):
        path = "metric" if len(tables) == 1 else f"metrics[{i}]"
        if not isinstance(table, dict):
            faults.append((path, f"got {shown(table)}, expected a table, [metric]"))
            continue
        told = {"source" if name == "from" else name: value for name, value in table.items()}
        if metric := read_value(Metric, told, path, faults):
            found.append(metric)
    if tables:
        fields["metrics"] = found


def read_value(kind: type[T], told: Table, path: str, faults: list[Fault]) -> T | None:
    """Note every fault of a table; return the value that it describes if none is known yet."""
    fields, told = attrs.fields_dict(kind), dict(told)  # type: ignore[arg-type]
    tables = {n: of for n, of in tables_in(kind).items() if isinstance(told.get(n), dict)}
    for name, of in tables.items():  # told before what stands around them
        told[name] = read_value(of, told[name], joined(path, name), faults)
    found: list[Fault] = [
        (joined(path, name), f"is not known{nearest(name, list(fields))}")
        for name in told
        if name not in fields
    ]
    for name, field in fields.items():
        expected = f"expected {field.metadata['expected']}"
        if name in tables:
            continue
        if name in told:
            tidy: Any = field.converter or (lambda value: value)
            if not field.metadata["holds"](tidy(told[name])):
                found.append((joined(path, name), f"got {shown(told[name])}, {expected}"))
        elif field.default is attrs.NOTHING:
            found.append((joined(path, name), f"is missing, {expected}"))
    if not found and not faults:
        try:
            return kind(**told)
        except SpecError as error:
            found = [(joined(path, inner), what) for inner, what in error.faults]
    faults += found
    return None


def joined(path: str, name: str) -> str:
    """Return a path with one more part."""
    return f"{path}.{name}" if path and name else path or name


def written(study: Study) -> str:
    """Return a study whose competitors have options alone as a TOML document."""
    told = {name: value for name, value in plain(study).items() if name not in ("kind", "metrics")}
    metrics = [
        {{"source": "from"}.get(n, n): v for n, v in metric.items() if v not in (None, "")}
        for metric in plain(study.metrics)
    ]
    competitors = [
        {"name": c["name"]} | ({"levels": c["levels"]} if c["levels"] else {}) | c["options"]
        for c in told.pop("competitors")
    ]
    for name, value in told.items():
        if isinstance(value, dict):
            told[name] = {n: v for n, v in value.items() if v not in ([], {})}
    return toml_text(told | {"metrics": metrics, "competitors": competitors})


def toml_text(told: Table) -> str:
    """Return a document as TOML, all of whose characters show; None is left out."""
    import tomli_w

    text = tomli_w.dumps(_without_none(told))
    return visible(text, lines=True, escape=lambda sign: f"'\\U{ord(sign):08x}'")


def _without_none(told: Any) -> Any:
    if isinstance(told, dict):
        return {name: _without_none(value) for name, value in told.items() if value is not None}
    return [_without_none(value) for value in told] if isinstance(told, list | tuple) else told
