"""A study as a store keeps it, and what the reader of its rounds must know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from bakeoff.errors import DataError, StoreError, StudyError
from bakeoff.study.canonical import digest, plain
from bakeoff.study.checks import unknown
from bakeoff.study.keys import sources_of
from bakeoff.study.machine import mixture_note
from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.study.trainers import trainer_note

if TYPE_CHECKING:
    from bakeoff.study.results import StudyResults
    from bakeoff.study.store.store import Store


@frozen
class Kept:
    """A study that was run with this store.

    Attributes:
        identity: hash of what makes it this study; the planned rounds and the question do not.
        study: the study, as last run.
        planned: the rounds that its first run asked for, before anyone could look.
        keys: key of each competitor at the last run.
        last_run: when that was, UTC, ISO 8601.
    """

    identity: str
    study: Study
    planned: range
    keys: Mapping[str, str]
    last_run: str


def identity_of(study: Study) -> str:
    """Return the hash of a study without its question and its planned number of rounds.

    A plan that is raised after a look stays the same study, so that it cannot pass for a new one.
    """
    told = plain(study)
    del told["question"], told["rounds"]
    return digest(json.dumps(told, sort_keys=True))


def study_from_plain(told: Mapping[str, object]) -> Study:
    """Return the study that `canonical.plain` turned into dictionaries and lists.

    Raises:
        DataError: for anything else.
    """
    try:
        competitors = [
            Competitor(**(competitor | {"recipe": Recipe(**competitor["recipe"])}))
            for competitor in told["competitors"]  # type: ignore[attr-defined]
        ]
        return Study(**(dict(told) | {"competitors": competitors}))  # type: ignore[arg-type]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DataError(f"holds no study ({error})") from error


def find_kept(store: Store, name: str | None = None) -> Kept:
    """Return the study of that name, or whose identity begins so, that was run last.

    Args:
        store: the store.
        name: the name or the beginning of the identity; the study run last if None.

    Raises:
        StudyError: if the store has none, with the nearest name.
    """
    found = store.studies(name)
    if found:
        return found[0]
    names = sorted({kept.study.name for kept in store.studies()})
    if name is None or not names:
        raise StudyError(f"{store.path}: holds no study yet; bakeoff run fills it")
    raise StudyError(f"{store.path}: {unknown('study', name, names)}")


def results_of(store: Store, kept: Kept) -> StudyResults:
    """Return all rounds of a study that the store holds.

    Raises:
        StoreError: for rounds that cannot be read, or that do not belong together.
    """
    from bakeoff.study.results import StudyResults
    from bakeoff.study.sound import check_epochs

    facts = store.facts(next(iter(kept.keys.values()), ""))
    results = StudyResults.of_rounds(kept.study, store.results(kept.keys), facts=facts)
    try:
        check_epochs(results)
    except DataError as error:
        raise StoreError(f"{store.path}: study {kept.study.name!r} is damaged ({error})") from error
    return results


def notes_on(store: Store, kept: Kept) -> tuple[str, ...]:
    """Return a sentence each about the trainer, old sources, unlike machines and other forms."""
    notes = []
    note = trainer_note({name: store.trainer(key) for name, key in kept.keys.items()})
    if note:
        notes.append(note)
    if is_outdated(store, kept):
        notes.append(
            "these rounds were trained by other sources than the present ones; bakeoff run trains "
            "them anew."
        )
    mixture = mixture_note(store.machines(kept.keys.values()))
    if mixture:
        notes.append(mixture)
    others = len(store.studies(kept.study.name)) - 1
    if others > 0:
        notes.append(
            f"the store holds {others} other form{'s' * (others > 1)} of {kept.study.name!r}, with "
            "another seed, recipe or the like; bakeoff studies lists them."
        )
    return tuple(notes)


def is_outdated(store: Store, kept: Kept) -> bool:
    """Tell whether any competitor's sources have changed since its rounds were trained."""
    for competitor in kept.study.competitors:
        key = kept.keys[competitor.name]
        try:
            present = sources_of(competitor.network, store.trainer(key), kept.study.data)
        except StudyError:
            return True  # the user's own code is not here to be compared
        if store.sources(key) != present:
            return True
    return False
