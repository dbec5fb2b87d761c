"""How a study was made, and how to make it again."""

from __future__ import annotations

import shlex
from typing import Any

import attrs

from bakeoff.report.page import Section
from bakeoff.report.source import Source
from bakeoff.statistics.units import count
from bakeoff.study.exchange import exported
from bakeoff.study.results import StudyResults
from bakeoff.study.serialise import plain
from bakeoff.study.spec import Study
from bakeoff.study.user_code import is_own
from bakeoff.tables import Column, Table
from bakeoff.training.augmentation import Augmentation
from bakeoff.training.data_sets import PAIRS
from bakeoff.training.recipe import RECIPES
from bakeoff.training.spec import NetworkStudy
from bakeoff.training.studies import STUDIES

STUDY_FILE = "study.toml"


def making(source: Source) -> Section:
    """Return data, recipe, seeds, versions, machine and the command that repeats the study."""
    study, rounds = source.results.study, source.results.rounds
    last = max(rounds, default=-1) + 1
    gaps = "" if len(rounds) == last else f" ({last - len(rounds)} of them missing)"
    planned = (
        "how many were planned is not recorded"
        if source.planned is None
        else "as many as would decide"
        if not source.planned
        else f"{len(source.planned)} planned"
    )
    every = attrs.evolve(
        exported(source.results), only_file=True, caption="Every round, for bakeoff compare"
    )
    files = (every, *_curves(source.results))
    if not study.makes_rounds:
        told = f"{count(last, 'round')}, made elsewhere and read as a table. {study.question}"
        return Section("making", "How the study was made", (told,), tables=files)
    told = f"{count(last, 'round')}{gaps}, {planned}. {_drawn(study)}"
    again = (
        f"Read from {source.origin}. The command below makes the same rounds again"
        f"{_SAME if isinstance(study, NetworkStudy) else ''}. {STUDY_FILE}, in the page's folder,"
        " is the whole study as a file."
    )
    networks = (_recipes(study), _networks(study)) if isinstance(study, NetworkStudy) else ()
    return Section(
        "making",
        "How the study was made",
        (told, again),
        tables=(_machines(source), *(networks or (_competitors(study),)), *files),
        code=command(study, last),
    )


def _curves(results: StudyResults) -> tuple[Table, ...]:
    """Return every number of every round's curves, a row each; nothing where there is none."""
    rows = [
        (r.competitor, r.round, epoch, name, value)
        for r in results.results
        for name, curve in r.curves
        for epoch, value in zip(
            results.study.positions(r.competitor, name, len(curve)), curve, strict=False
        )
    ]
    header = ("competitor", "round", "epoch", "curve", "value")
    table = Table.of(header, rows, name="curves", caption="Every epoch of every round")
    return (attrs.evolve(table, only_file=True),) if rows else ()


_SAME = "; on one kind of processor with one release of PyTorch it gives the same numbers"


def _drawn(study: Study) -> str:
    """Return what a round draws, and from what."""
    if not isinstance(study, NetworkStudy):
        return (
            f"The competitors of a round share a seed, made of the study's, {study.seed}, and the"
            " round's number."
        )
    return (
        f"Each round draws data, initial weights and order anew from the seed {study.seed} and its"
        f" own number, the same for every competitor: {'; '.join(map(_sizes, study.parts))}."
    )


def _sizes(study: NetworkStudy) -> str:
    example = "pair" if study.data in PAIRS else "example"
    train = count(study.train_size, f"training {example}")
    test = count(study.test_size, f"test {example}")
    return f"{train} and {test}{source_of(study)}"


def source_of(study: NetworkStudy) -> str:
    """Return whose data they are, as the end of a sentence; nothing for pairs."""
    if is_own(study.data):
        return f", drawn by {study.data}"
    return "" if study.data == "pairs" else f" of the data {study.data!r}"


def _machines(source: Source) -> Table:
    header = ("processor", "rounds", "bakeoff", "PyTorch", "Python", "threads")
    rows = [
        (m.cpu, rounds, m.bakeoff, m.torch, m.python, m.threads)
        for m, rounds in source.machines.items()
    ]
    return Table.of(header, rows, name="machines", caption="Machines and versions")


def _recipes(study: NetworkStudy) -> Table:
    """Return the recipe, in one column where all competitors share it."""
    recipes = {c.name: _flat(plain(c.recipe)) for c in study.networks}
    fields = next(iter(recipes.values()))
    shared = all(recipe == fields for recipe in recipes.values())
    columns = {"all competitors": fields} if shared else recipes
    return Table(
        "recipe",
        "Recipe",
        (
            Column("field", tuple(fields)),
            *(Column(name, tuple(map(_word, recipe.values()))) for name, recipe in columns.items()),
        ),
    )


def _flat(recipe: dict[str, object]) -> dict[str, object]:
    """Return a recipe with its tables' fields in the place of the tables."""
    flat: dict[str, object] = {}
    for name, value in recipe.items():
        if value == plain(Augmentation()):
            flat[name] = "none"
        elif isinstance(value, dict):
            flat |= {f"{name}.{inner}": v for inner, v in value.items()}
        else:
            flat[name] = value
    return flat


def _word(value: object) -> str:
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _pairs(pairs: tuple[tuple[str, object], ...]) -> str:
    return ", ".join(f"{name} = {_word(value)}" for name, value in pairs) or "none"


HIDDEN = ("competitors", "comparisons", "metrics", "seed", "kind")
"""What stands elsewhere on the page."""


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else _word(value)


def _networks(study: NetworkStudy) -> Table:
    header = ("competitor", "network", "options", "loss weights", "levels")
    rows = [
        (c.name, c.network, _pairs(c.options), _pairs(c.loss_weights), _pairs(c.levels))
        for c in study.networks
    ]
    return Table.of(header, rows, name="competitors", caption="Competitors")


def _competitors(study: Study) -> Table:
    """Return what tells competitors apart, under what all of them run."""
    told: dict[str, Any] = {"metrics": [metric.name for metric in study.judging().metrics]}
    told |= {n: v for n, v in study.document({}).items() if n not in HIDDEN}
    common = [f"{n}: {_listed(v)}" for n, v in _flat(told).items() if v not in (None, [], {}, "")]
    rows = [(c.name, _pairs(c.options), _pairs(c.levels)) for c in study.competitors]
    caption = "; ".join(["Competitors", *common])
    header = ("competitor", "options", "levels")
    return Table.of(header, rows, name="competitors", caption=caption)


# ---- how to repeat it ----------------------------------------------------------------------------


def command(study: Study, rounds: int) -> str:
    """Return the command that trains so many rounds of a study again, from the first.

    A study that comes with bakeoff is called by its name, with the options that make it this one.
    Any other is called by the file that lies beside the page.
    """
    words = ["bakeoff", "run", *(_shipped(study) or (STUDY_FILE,)), "--rounds", str(rounds)]
    return shlex.join(words)


def _shipped(study: Study) -> tuple[str, ...]:
    """Return name and options of the shipped study that this one is, or nothing."""
    shipped = STUDIES.get(study.name)
    names = study.competitor_names
    if not isinstance(study, NetworkStudy) or shipped is None:
        return ()
    if not set(names) <= set(shipped.competitor_names):
        return ()
    epochs = {c.recipe.epochs for c in study.networks}
    for recipe in (None, *RECIPES):
        for only_epochs in (None, *(epochs if len(epochs) == 1 else ())):
            made = shipped.with_recipe(RECIPES[recipe] if recipe else None, epochs=only_epochs)
            made = made if names == made.competitor_names else made.only(names)
            # What is asked and planned does not shape a round.
            made = attrs.evolve(
                made,
                seed=study.seed,
                rounds=study.rounds,
                question=study.question,
                comparisons=study.comparisons,
            )
            if made == study:
                options = ["--recipe", recipe] if recipe else []
                options += ["--epochs", str(only_epochs)] if only_epochs else []
                options += ["--seed", str(study.seed)] if study.seed != shipped.seed else []
                if names != shipped.competitor_names:
                    options += [word for name in names for word in ("--only", name)]
                return (study.name, *options)
    return ()
