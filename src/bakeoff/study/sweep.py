"""Sweeps, a competitor for each cell of a grid of values; and comparisons made from words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from math import prod
from typing import Any

from attrs import evolve, field, frozen

from bakeoff.statistics.contrast import on_task
from bakeoff.study.checks import Fault, SpecError, is_name, is_number, refuse, shown
from bakeoff.study.converters import as_comparisons
from bakeoff.study.spec import Competitor, Study, is_pair

MOST_CELLS = 1000
OWN = "own"  # the level of who is not varied where others are


@frozen
class Cell:
    """A competitor, and how it came about."""

    competitor: Competitor
    origin: str  # what its table, or the competitor that was varied, is called
    levels: Mapping[str, str] = field(factory=dict)  # of each factor that it was varied in

    def agrees(self, other: Cell) -> bool:
        """Tell whether two are on one task, and on one level of each factor that both vary in."""
        shared = self.levels.keys() & other.levels.keys()
        alike = all(self.levels[factor] == other.levels[factor] for factor in shared)
        return alike and self.competitor.task == other.competitor.task


def level_of(value: object) -> str:
    """Return what tables call a value: 0.01, true, minus1.5."""
    told = str(value).lower() if isinstance(value, bool) else str(value)
    return re.sub("[^A-Za-z0-9_.+-]", "_", re.sub("^-", "minus", told))


def number_of(level: str) -> float | None:
    """Return the number that `level_of` told; None if it told none."""
    try:
        return float(re.sub("^minus", "-", level))
    except ValueError:
        return None


def swept(competitor: Competitor, grid: Any, path: str, faults: list[Fault]) -> list[Cell]:
    """Return a competitor for each cell of a grid, named like model1+lr-0.01+batch_size-25.

    `grid` is a list of values for each of some names; all faults of it, at `path`, are noted.
    """
    found, cells = _grid_faults(grid, path), list[Cell]()
    for chosen in [] if found else product(*grid.values()):
        values = dict(zip(grid, chosen, strict=True))
        levels = {factor: level_of(value) for factor, value in values.items()}
        name = "+".join([competitor.base, *(f"{f}-{level}" for f, level in levels.items())])
        name = on_task(name, competitor.task) if competitor.task else name
        try:
            made = evolve(competitor.with_values(values), name=name)
            cells.append(Cell(made, competitor.name, levels))
        except SpecError as error:
            found += [(f"{path}.{inner}", what) for inner, what in error.faults]
    faults += dict.fromkeys(found)  # a value is at fault in many cells
    return cells or [Cell(competitor, competitor.name)]


def _grid_faults(grid: dict[str, Any], path: str) -> list[Fault]:
    faults = [
        (f"{path}.{name}", f"got {shown(values)}, expected different numbers, texts or true, false")
        for name, values in grid.items()
        if not isinstance(values, list)
        or not all(isinstance(v, str | bool) or is_number(v) for v in values)
        or not all(map(is_name, [name, *map(level_of, values)]))
        or not len({*map(level_of, values)}) == len(values) > 0
    ]
    count = 0 if faults or not grid else prod(map(len, grid.values()))
    if not faults and not 0 < count <= MOST_CELLS:
        faults.append((path, f"got {count:,} cells, expected 1 to {MOST_CELLS:,}"))
    return faults


def with_levels(cells: Sequence[Cell]) -> list[Competitor]:
    """Return the competitors, with levels of all factors that any is varied in, and of who it is.

    On tasks there are no levels.
    """
    named = dict.fromkeys(factor for cell in cells for factor in cell.levels)
    factors = [f for f in named if len({cell.levels.get(f, OWN) for cell in cells}) > 1]
    if not factors or any(cell.competitor.task for cell in cells):
        return [cell.competitor for cell in cells]
    several = len({cell.origin for cell in cells}) > 1

    def of(cell: Cell) -> dict[str, str]:
        own = dict(cell.competitor.levels) or ({"competitor": cell.origin} if several else {})
        return own | {factor: cell.levels.get(factor, OWN) for factor in factors}

    return [evolve(cell.competitor, levels=of(cell)) for cell in cells]


def is_asked_in_pairs(cells: Sequence[Cell], comparisons: Any) -> bool:
    """Tell whether a sweep's levels only describe it, as comparisons say what is asked."""
    return (
        bool(comparisons)
        and not any(cell.competitor.levels for cell in cells)
        and any(cell.levels for cell in cells)
    )


def comparisons(told: Any, against: object, cells: Sequence[Cell], faults: list[Fault]) -> Any:
    """Return which differences are asked for, as pairs of competitors' names.

    Who was varied stands for its cells, each compared with those that agree with it.

    Args:
        told: pairs, or "all" for each later competitor minus each earlier one.
        against: who is subtracted from every other competitor, on each task; None for nobody.
        cells: who competes.
        faults: those known so far, to which what is wrong with `against` is added.
    """
    fixed = [evolve(cell, levels={}) for cell in cells]
    called: dict[object, dict[str, Cell]] = {}
    for alone, cell in zip(fixed, cells, strict=True):
        own, origin = cell.competitor, cell.origin
        named = {own.name: alone, own.base: alone, origin: cell, origin.partition("@")[0]: cell}
        for name, meant in named.items():
            called.setdefault(name, {})[own.name] = meant

    def names(pairs: Iterable[tuple[Cell, ...]]) -> list[tuple[str, str]]:
        return [(a.competitor.name, b.competitor.name) for a, b in pairs if a.agrees(b)]

    if against is not None:
        base = called.get(against, {}) if isinstance(against, str) else {}
        others = [cell for cell in cells if cell.competitor.name not in base]
        known = ", ".join(dict.fromkeys(cell.competitor.base for cell in cells))
        if told:
            faults.append(("against", "goes without comparisons; leave one of them out"))
        elif not (told := names(product(others, base.values()))):
            faults.append(("against", f"got {shown(against)}, expected one of several: {known}"))
    elif told == "all":
        told = names((b, a) for a, b in combinations(fixed, 2))
    elif any(cell.levels for cell in cells) and isinstance(told, list | tuple):
        pairs = as_comparisons(told)
        sides = [[called.get(n, {}).values() for n in p] if is_pair(p) else None for p in pairs]
        some = [names(product(*side)) if side else [] for side in sides]
        told = [one for pair, found in zip(told, some, strict=True) for one in found or [pair]]
    return told


def varied(study: Study, grid: dict[str, Any]) -> Study:
    """Return NAME-sweep, the study in which every competitor is varied over a grid.

    Raises:
        SpecError: for values that nobody can have.
    """
    faults: list[Fault] = []
    cells = [cell for c in study.competitors for cell in swept(c, grid, "vary", faults)]
    refuse(f"study {study.name!r}", [*dict.fromkeys(faults)])
    pairs = comparisons(study.comparisons, None, cells, faults)
    name = f"{study.name.removesuffix('-sweep')}-sweep"
    alone = is_asked_in_pairs(cells, pairs)
    fields = {"competitors": with_levels(cells), "comparisons": pairs, "without_effects": alone}
    return evolve(study, name=name, **fields)
