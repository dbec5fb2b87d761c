"""Where a report's rounds come from: a store, or the JSON of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from bakeoff.errors import StudyError
from bakeoff.files import read_json
from bakeoff.report.formats import Content
from bakeoff.runs import rows
from bakeoff.study.checks import made
from bakeoff.study.early_stopping import raced
from bakeoff.study.machine import Machine
from bakeoff.study.metric import Metric
from bakeoff.study.record import from_plain
from bakeoff.study.results import Race, StudyResults
from bakeoff.study.spec import Study, kind_of
from bakeoff.study.store import Store
from bakeoff.study.store.rows import planned_rounds
from bakeoff.study.store.stored_study import find_kept, notes_on, results_of
from bakeoff.study.verdicts import Verdicts
from bakeoff.training.recipe import Recipe, as_chosen
from bakeoff.training.spec import OWN_FIELDS, NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import STUDIES


@frozen
class Source:
    """A study's finished rounds and what is known of their making."""

    results: StudyResults  # the rounds
    origin: Path  # the file that they were read from
    planned: range | None  # the rounds planned before the first look; None if the file does not say
    machines: Mapping[Machine, int]  # where they were trained, and how many rounds on each
    notes: tuple[str, ...] = ()  # sentences that a reader must know
    verdicts: Verdicts | None = None  # on rounds that were given; of others a page finds them


def read_source(study: str | None, store: Path) -> Source:
    """Return the rounds that the words on the command line mean.

    A study is told by its name or the beginning of its identity, to be found in the store, or by a
    JSON file of `bakeoff run --json` or `show --format json`; None is the one that ran last.
    """
    if study is not None and study.endswith(".json"):
        return source_of_file(Path(study))
    with Store(store, read_only=True) as opened:
        return source_of_store(opened, study, store)


def is_document(path: Path) -> bool:
    """Tell whether a file is JSON of a study's results; a DataError if it cannot be read."""
    told = rows.Source(path).json if path.suffix == ".json" and path.is_file() else None
    return isinstance(told, dict) and isinstance(told.get("study"), str) and "competitors" in told


def source_of_content(content: Content, origin: str) -> Source:
    """Return rounds that were given, with what they were judged to say; `origin` tells whose."""
    results, verdicts = content.results, content.verdicts
    return Source(results, Path(origin), results.planned, {}, content.notes, verdicts)


def source_of_store(store: Store, study: str | None, origin: Path) -> Source:
    """Return all rounds that a store holds of a study; arguments as in `read_source`."""
    kept = find_kept(store, study, with_rounds=True)
    return Source(
        results_of(store, kept),
        origin,
        kept.planned,
        store.machines(kept.keys.values(), kept.shown),
        notes_on(store, kept),
    )


def source_of_file(path: Path) -> Source:
    """Return the rounds in a JSON file."""
    told = read_json(path, StudyError)
    try:
        return _source_of_document(told, path)
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise StudyError(
            f"{path}: holds no study's results ({type(error).__name__}: {error}), expected a file"
            " of bakeoff run --json or bakeoff show --format json"
        ) from error


def _source_of_document(told: Mapping[str, Any], path: Path) -> Source:
    """Read what `bakeoff.study.document.document` wrote."""
    rounds = [
        from_plain(row, competitor["name"])
        for competitor in told["competitors"]
        for row in competitor["rounds"]
    ]
    if len({(result.competitor, result.round) for result in rounds}) < len(rounds):
        raise ValueError("a round stands twice")
    study = _study(told, rounds[0].seed)
    machine = Machine(cpu="not recorded", **told["versions"])
    plan, planned = told.get("planned"), None
    if plan is not None:
        plan = {"first_planned": plan["first_round"], "rounds_planned": plan["rounds"]}
        planned = planned_rounds(plan)
    judging = study.judging({"facts": told.get("data", {})})
    race = Race.parse(told.get("race"))
    results = StudyResults.of_rounds(study, rounds, judging=judging, planned=planned, race=race)
    results.check()
    results = raced(results)
    return Source(results, path, planned, {machine: len(rounds)})


def _study(told: Mapping[str, Any], seed: int) -> Study:
    """Return the study of a document: the shipped one of its name, or what the document tells."""
    asked = [
        tuple(c) if isinstance(c, list) else tuple(c["weights"])
        for c in told.get("comparisons", ())
        if isinstance(c, list) or c["kind"] == "pair"
    ]
    if "kind" in told:
        own = [{n: c[n] for n in c if n != "rounds"} for c in told["competitors"]]
        kind = kind_of(told["kind"])
        known = {name: told[name] for name in attrs.fields_dict(kind) if name in told}
        known |= {"name": told["study"], "question": "", "comparisons": asked, "competitors": own}
        return kind.from_plain(known)

    def drawn(data: Mapping[str, Any]) -> dict[str, Any]:
        kept = {"name": "data", "train_size": "train_size", "test_size": "test_size"}
        return {field: data[name] for name, field in kept.items() if name in data}

    data = drawn(told.get("data", {}))
    sizes = {name: size for name, size in data.items() if name != "data"}
    names = [competitor["name"] for competitor in told["competitors"]]
    recipes = {
        c["name"]: made(Recipe, as_chosen(told["recipe"] | c.get("recipe", {})))
        for c in told["competitors"]
    }
    shipped = STUDIES.get(told["study"])
    if shipped is not None and set(names) <= set(shipped.competitor_names):
        part = shipped.only(names)
        competitors = [attrs.evolve(c, recipe=recipes[c.name]) for c in part.networks]
        return attrs.evolve(part, competitors=competitors, seed=seed, **sizes)
    return NetworkStudy(
        told["study"],
        "",
        [
            NetworkCompetitor(
                name,
                recipe=recipes[name],
                **drawn(c.get("data", {})),
                **{field: c[field] for field in OWN_FIELDS if field in c},
            )
            for name, c in zip(names, told["competitors"], strict=True)
        ],
        asked,
        seed=seed,
        metrics=[made(Metric, metric) for metric in told.get("metrics", ())],
        without_effects=told.get("without_effects", False),
        **data,
    )
