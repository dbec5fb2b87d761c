"""A study as a store keeps it, and what the reader of its rounds must know."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import attrs
from attrs import frozen

from bakeoff.errors import DataError, StoreError, StudyError
from bakeoff.study.checks import unknown
from bakeoff.study.machine import mixture_note
from bakeoff.study.registration import Registration
from bakeoff.study.serialise import canonical_json, digest, plain
from bakeoff.study.spec import Study, kind_of

if TYPE_CHECKING:
    from bakeoff.study.results import StudyResults
    from bakeoff.study.store.store import Store

ASKED, ONLY, REGISTERED, RACE = "asked", "only", "registered", "race"
"""Where rounds and a part asked for, a plan and a race stand beside a study's own fields."""


@frozen
class StoredStudy:
    """A study that was run with this store.

    Attributes:
        identity: hash of what makes it this study; the planned rounds and the question do not.
        study: the study, as last run.
        planned: the rounds that its first run asked for, before anyone could look; empty if that
            was to stop as soon as all was decided.
        asked: from the first to the last round that any run asked for, which verdicts are on; other
            rounds that stand are kept for later. Empty if nothing says so: then all count.
        keys: key of each competitor at the last run.
        last_run: when that was, UTC, ISO 8601.
        registered: the plan that was registered of it, if any.
        race: what the last run made its rounds until all was decided of, as `Race` tells it, or "".
        only: the competitors that its first run was limited to, and all runs since; empty for all.
    """

    identity: str
    study: Study
    planned: range
    asked: range
    keys: Mapping[str, str]
    last_run: str
    registered: Registration | None = None
    race: str = ""
    only: tuple[str, ...] = ()

    @property
    def shown(self) -> range | None:
        """The rounds that count; None for all."""
        return self.asked or self.planned or None


def spanned(one: range, other: range) -> range:
    """Return the rounds from the first to the last of two ranges."""
    if not (one and other):
        return one or other
    return range(min(one.start, other.start), max(one.stop, other.stop))


def identity_of(study: Study) -> str:
    """Return the hash of a study without its question and its planned number of rounds.

    A plan that is raised after a look stays the same study, so that it cannot pass for a new one.
    """
    told = plain(study)
    del told["question"], told["rounds"]
    return digest(json.dumps(told, sort_keys=True))


def with_asked(
    told: Mapping[str, object], asked: range, race: str = "", only: tuple[str, ...] = ()
) -> str:
    """Return a study as the store's JSON, with the rounds and part asked for, and a race if any."""
    whole = {name: value for name, value in told.items() if name != ONLY}
    part: dict[str, object] = {ONLY: list(only)} if only else {}
    raced = {RACE: race} if race else {}
    return canonical_json({**whole, ASKED: [asked.start, asked.stop], **raced, **part})


def study_from_plain(told: Mapping[str, object]) -> Study:
    """Return the study that `canonical.plain` turned into dictionaries and lists.

    Raises:
        DataError: for anything else.
    """
    try:
        beside = (ASKED, ONLY, REGISTERED, RACE, "kind")
        fields = {name: value for name, value in told.items() if name not in beside}
        kind = kind_of(str(told.get("kind", "network")))
        return kind.from_plain(fields)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DataError(f"holds no study ({error})") from error


def find_kept(store: Store, name: str | None = None, *, with_rounds: bool = False) -> StoredStudy:
    """Return the study of that name, or whose identity begins so, that was run last.

    Args:
        store: the store.
        name: the name or the beginning of the identity; the study run last if None.
        with_rounds: the latest form of it that has rounds, under older sources if need be.

    Raises:
        StudyError: if the store has none, with the nearest name, or none with rounds.
    """
    found = store.studies(name)
    if found and not with_rounds:
        return found[0]
    for kept in found:
        if kept.study.name == found[0].study.name:
            for keys in (kept.keys, _older_keys(store, kept)):
                if any(store.finished(key) for key in keys.values()):
                    return attrs.evolve(kept, keys=keys)
    if found:
        raise StudyError(
            f"{store.path}: study {found[0].study.name!r} has no finished round yet; bakeoff run"
            " trains them, and bakeoff studies lists what else is there"
        )
    names = sorted({kept.study.name for kept in store.studies()})
    if name is None or not names:
        raise StudyError(f"{store.path}: holds no study yet; bakeoff run fills it")
    raise StudyError(f"{store.path}: {unknown('study', name, names)}")


def _older_keys(store: Store, kept: StoredStudy) -> dict[str, str]:
    """Return each competitor's latest key with rounds; its latest if none has any."""
    return {
        name: next((k for k in store.all_keys(kept.identity, name) if store.finished(k)), latest)
        for name, latest in kept.keys.items()
    }


def rounds_shown(store: Store, kept: StoredStudy) -> int:
    """Return how many of the rounds that count every competitor has finished."""
    shown = kept.shown
    finished = (store.finished(key) for key in kept.keys.values())
    return min(sum(shown is None or r in shown for r in rounds) for rounds in finished)


def results_of(store: Store, kept: StoredStudy) -> StudyResults:
    """Return the rounds of a study that count, of those that the store holds.

    Raises:
        StoreError: for rounds that cannot be read, or that do not belong together.
    """
    from bakeoff.study.early_stopping import raced
    from bakeoff.study.results import Race, StudyResults

    training = store.training(next(iter(kept.keys.values()), ""))
    rounds = store.results(kept.keys, kept.shown)
    study = judged(store, kept)
    try:
        judging = kept.study.judging(training)
        results = StudyResults.of_rounds(
            study,
            rounds,
            judging=judging,
            planned=kept.planned,
            registered=registration_of(store, kept),
            race=Race.parse(kept.race),
        )
        results.check()
    except DataError as error:
        raise StoreError(f"{store.path}: study {kept.study.name!r} is damaged ({error})") from error
    return raced(results)


def judged(store: Store, kept: StoredStudy) -> Study:
    """Return what verdicts are on: the part asked for alone, while nothing stands of the rest."""
    rest = [key for name, key in kept.keys.items() if name not in kept.only]
    whole = not kept.only or any(store.finished(key) for key in rest)
    return kept.study if whole else kept.study.only(kept.only)


def part_notes(store: Store, kept: StoredStudy, before: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return a sentence where a part is judged as a smaller study, or was `before`."""
    from bakeoff.statistics.units import count
    from bakeoff.study.verdicts import questions

    study, part = kept.study, judged(store, kept)
    asked, whole = len(questions(part)), len(questions(study))
    if part is study and before:
        told = f"{' and '.join(before)} alone were asked for before; now the whole study is judged"
        return (f"{told}, and p is corrected for its {count(whole, 'question')}.",)
    if not 0 < asked < whole:
        return ()
    told = f"{count(asked, 'question')}, not for the {whole} of the whole study"
    names = " and ".join(part.competitor_names)
    return (f"{names} alone were asked for, so p is corrected for {told}.",)


def registration_of(store: Store, kept: StoredStudy) -> Registration | None:
    """Return the plan registered of a study, or else the last of another form of that name."""
    for other in (kept, *store.studies(kept.study.name)):
        if other.registered is not None:
            keys = other.registered.keys
            changed = tuple(n for n in keys if kept.keys.get(n, keys[n]) != keys[n])
            return attrs.evolve(other.registered, changed=changed)
    return None


def notes_on(store: Store, kept: StoredStudy) -> tuple[str, ...]:
    """Return a sentence each about the trainer, old sources, unlike machines and other forms."""
    notes = list(kept.study.notes_on({n: store.training(key) for n, key in kept.keys.items()}))
    notes += part_notes(store, kept)
    if is_outdated(store, kept):
        notes.append(
            "these rounds were trained by other sources than the present ones; bakeoff run trains "
            "them anew."
        )
    mixture = mixture_note(store.machines(kept.keys.values(), kept.shown))
    if mixture:
        notes.append(mixture)
    latest, *older = store.studies(kept.study.name)
    if latest.identity != kept.identity and not rounds_shown(store, latest):
        notes.append(
            f"the form of {kept.study.name!r} that was run last, {latest.identity[:8]}, has no "
            f"finished round yet; these are of the form {kept.identity[:8]}, run before it."
        )
    others = len(older)
    if others > 0:
        notes.append(
            f"the store holds {others} other form{'s' * (others > 1)} of {kept.study.name!r}, with "
            "another seed, recipe or the like; bakeoff studies lists them."
        )
    return tuple(notes)


def is_outdated(store: Store, kept: StoredStudy) -> bool:
    """Tell whether any competitor's sources have changed since its rounds were trained."""
    for competitor in kept.study.competitors:
        key = kept.keys[competitor.name]
        try:
            present = kept.study.present_sources(competitor, store.training(key))
        except StudyError:
            return True  # the user's own code is not here to be compared
        if store.sources(key) != present:
            return True
    return False
