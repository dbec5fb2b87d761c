"""A study as a value: who competes, and which differences are asked for.

The classes are frozen and hashable. An ablation is another value (`attrs.evolve`), never a copied
file, and two equal values give equal results. What makes a round is the business of each kind of
study: commands (`study.command`), functions (`study.function`), networks (`training.spec`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Self

import attrs
from attrs import field, frozen

from bakeoff.errors import StatisticsError, StudyError
from bakeoff.statistics.dependence import FORMS, FRESH, Dependence
from bakeoff.study.checks import (
    FLAG,
    NAME,
    NAME_FORM,
    Check,
    Fault,
    check,
    field_faults,
    find,
    is_name,
    is_number,
    is_text,
    is_whole,
    made,
    refuse,
    tuple_of,
    unknown,
    whole,
)
from bakeoff.study.converters import Option, Pairs, as_comparisons, as_pairs, as_tuple
from bakeoff.study.metric import Judging, Metric

if TYPE_CHECKING:
    from bakeoff.study import worker_compat
    from bakeoff.study.experiment import Experiment
    from bakeoff.study.machine import Machine
    from bakeoff.study.record import Record
    from bakeoff.study.run import Listener, RunOptions

MOST_ROUNDS = 1_000_000
LARGEST_SEED = 2**63 - 1
MOST_SEED = 10**1000 - 1  # which the store reads


def pairs_check(test: Callable[[Any], bool], expected: str) -> Check:
    """Return the check of pairs of a name, each another one, and what passes a test."""

    def holds(value: object) -> bool:
        if not isinstance(value, tuple) or not all(len(pair) == 2 for pair in value):
            return False
        names = [name for name, _ in value]
        return (
            all(map(is_text, names))
            and len(set(names)) == len(names)
            and all(test(inner) for _, inner in value)
        )

    return check(holds, expected)


def is_pair(value: object) -> bool:
    """Tell whether a value is a tuple of two texts."""
    return isinstance(value, tuple) and [isinstance(name, str) for name in value] == [True, True]


@frozen
class Competitor:
    """One of those that compete.

    Args:
        name: what tables and comparisons call it; "new@digits" is new on the task digits.
        options: what tells it from its rivals, as a mapping or pairs.
        levels: its level of each factor of a factorial study, as a mapping or pairs.
        redraw, world: what sources of chance alone are drawn anew in each of so many rounds; all
            others are held as the first of these draws them. 0 holds nothing.

    Raises:
        SpecError: with every field outside its range.
    """

    name: str = field(
        metadata=check(
            lambda v: isinstance(v, str) and all(map(is_name, v.split("@", 1))), NAME_FORM
        )
    )
    options: Pairs[Option] = field(
        default=(),
        converter=as_pairs,
        kw_only=True,
        metadata=pairs_check(
            lambda v: isinstance(v, (str, bool)) or is_number(v),
            "a name and a text, number or truth value for each",
        ),
    )
    levels: Pairs[str] = field(
        default=(),
        converter=as_pairs,
        kw_only=True,
        metadata=pairs_check(is_name, "a factor's name and a level's name for each"),
    )
    redraw: tuple[str, ...] = field(
        default=(), converter=as_tuple, kw_only=True, metadata=tuple_of(is_name, "sources' names")
    )
    world: int = field(default=0, kw_only=True, metadata=whole(0, MOST_ROUNDS))

    def __attrs_post_init__(self) -> None:
        refuse(f"competitor {self.name!r}", field_faults(self))

    def with_values(self, values: Mapping[str, Any]) -> Self:
        """Return it with other values of what can be varied: its options.

        Raises:
            SpecError: with every value outside its range.
        """
        return attrs.evolve(self, options={**dict(self.options), **values})

    @property
    def holds(self) -> dict[str, Any]:
        """What its key tells of it; nothing of ordinary rounds."""
        return {"redraw": [*self.redraw], "world": self.world} if self.world else {}

    def round_of(self, source: str, round_: int) -> int:
        """Return the round whose draw of a source of chance one of its rounds takes."""
        held = self.world and source not in self.redraw
        return round_ - round_ % self.world if held else round_

    @property
    def task(self) -> str:
        """The task that it is on, such as "digits" of "new@digits"; "" if it is on none."""
        return self.name.partition("@")[2]

    @property
    def base(self) -> str:
        """What it is called on any task."""
        return self.name.removesuffix(f"@{self.task}") if self.task else self.name


def _is_dependence(value: object) -> bool:
    try:
        return value == "" or (isinstance(value, str) and bool(Dependence.parse(value)))
    except StatisticsError:
        return False


@frozen
class Study:
    """One question, the competitors that answer it, and the comparisons declared beforehand.

    Args:
        name: what the command line calls it.
        question: the question in words.
        competitors: at least one; names are unique.
        comparisons: the pairs (a, b) whose difference a minus b is asked for. Holm's correction
            runs over exactly these.
        rounds: the planned number of rounds. Looking again after adding more needs the
            anytime-valid analysis, so the plan is part of the study.
        seed: any integer, from which, with the round, every random stream is drawn.
        metrics: what rounds are judged by; the first decides, the others are shown beside it.
        seeds: what commands and functions are given as a seed, one a round; drawn from `seed`
            unless listed.
        dependence: what rounds of commands and functions share: nothing, unless it is
            "fixed-test", "folds 10x10" or "resplit 800/200" (examples to train and to test on).
        without_effects: whether comparisons alone are asked, no effects of competitors' levels.

    Raises:
        SpecError: with every field outside its range, every name used twice and every comparison
            of unknown competitors.
    """

    name: str = field(metadata=NAME)
    question: str = field(metadata=check(lambda v: isinstance(v, str), "a sentence"))
    competitors: tuple[Competitor, ...] = field(
        converter=as_tuple,
        metadata=tuple_of(
            lambda c: isinstance(c, Competitor), "at least one competitor", empty=False
        ),
    )
    comparisons: tuple[tuple[str, str], ...] = field(
        default=(),
        converter=as_comparisons,
        metadata=tuple_of(is_pair, "pairs of competitors' names, [a, b] for a minus b"),
    )
    rounds: int = field(default=30, metadata=whole(1, MOST_ROUNDS))
    seed: int = field(
        default=0,
        metadata=check(is_whole(-MOST_SEED, MOST_SEED), "a whole number of at most 1,000 digits"),
    )
    metrics: tuple[Metric, ...] = field(
        default=(),
        converter=as_tuple,
        kw_only=True,
        metadata=tuple_of(lambda m: isinstance(m, Metric), "metrics, the first of which decides"),
    )
    seeds: tuple[int, ...] = field(
        default=(),
        converter=as_tuple,
        kw_only=True,
        metadata=check(
            lambda v: (
                isinstance(v, tuple)
                and all(map(is_whole(0, LARGEST_SEED), v))
                and len(set(v)) == len(v)
            ),
            f"different whole numbers of 0 to {LARGEST_SEED:,}, one a round",
        ),
    )
    dependence: str = field(default="", kw_only=True, metadata=check(_is_dependence, FORMS))
    without_effects: bool = field(default=False, kw_only=True, metadata=FLAG)
    kind: ClassVar[str] = ""
    of: ClassVar[type[Competitor]] = Competitor
    """The class of its competitors."""
    makes_rounds: ClassVar[bool] = True
    """Whether its rounds can be made; otherwise they were given."""
    needs: ClassVar[str] = "bakeoff.study.command"
    """A module that makes its rounds, which workers import before the first one."""

    def __attrs_post_init__(self) -> None:
        faults = field_faults(self) or self._kind_faults()
        refuse(f"study {self.name!r}", faults or [*self._name_faults(), *self._level_faults()])

    def _kind_faults(self) -> list[Fault]:
        faults = [
            (f"competitors[{i}]", f"got a {type(c).__name__}, expected a {self.of.__name__}")
            for i, c in enumerate(self.competitors)
            if not isinstance(c, self.of)
        ]
        if self.seeds and self.exact:
            faults.append(("seeds", "got some, expected none; a network's are drawn from seed"))
        elif self.seeds and self.rounds > len(self.seeds):
            told = f"got {len(self.seeds)} for {self.rounds} rounds, expected one for each"
            faults.append(("seeds", told))
        if self.dependence and self.exact:
            told = f"got {self.dependence!r}, expected none; of networks, the data say it"
            faults.append(("dependence", told))
        elif self._shared.rounds not in (None, self.rounds):
            told = f"got {self.dependence!r} for {self.rounds} rounds, expected as many as folds"
            faults.append(("dependence", told))
        return faults

    @property
    def _shared(self) -> Dependence:
        return Dependence.parse(self.dependence) if self.dependence else FRESH

    def _name_faults(self) -> list[Fault]:
        names = self.competitor_names
        faults = [
            (f"competitors[{i}].name", f"{name!r} is used twice, expected different names")
            for i, name in enumerate(names)
            if name in names[:i]
        ]
        if self.tasks and not all(c.task for c in self.competitors):
            faults.append(("competitors", "some are on a task and some on none, expected all"))
        on = {competitor.name: competitor.task for competitor in self.competitors}
        for i, (a, b) in enumerate(self.comparisons):
            path = f"comparisons[{i}]"
            faults += [
                (path, unknown("competitor", name, names)) for name in (a, b) if name not in names
            ]
            if a in on and b in on and on[a] != on[b]:
                faults.append((path, f"{a!r} and {b!r} are not on one task, expected both on it"))
            if a == b:
                faults.append((path, f"{a!r} is compared with itself, expected two competitors"))
            if (a, b) in self.comparisons[:i] or (b, a) in self.comparisons[:i]:
                faults.append((path, f"{a!r} and {b!r} are compared twice, expected once"))
        return faults

    def _level_faults(self) -> list[Fault]:
        """Find competitors without a level of each factor, and cells that two share."""
        factors = {factor for factor, _ in self.factors}
        faults = []
        for i, competitor in enumerate(self.competitors):
            missing = sorted(factors - dict(competitor.levels).keys())
            if missing:
                what = f"got no level of {', '.join(missing)}, expected one of every factor"
                faults.append((f"competitors[{i}].levels", what))
            elif any(factors and c.levels == competitor.levels for c in self.competitors[:i]):
                what = "another competitor has the same levels, expected one competitor a cell"
                faults.append((f"competitors[{i}].levels", what))
        return faults

    @property
    def competitor_names(self) -> tuple[str, ...]:
        """The competitors' names, in order."""
        return tuple(competitor.name for competitor in self.competitors)

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that its competitors are on, in order; empty without any."""
        return tuple(dict.fromkeys(c.task for c in self.competitors if c.task))

    @property
    def bases(self) -> tuple[str, ...]:
        """What competitors are called on any task, in order."""
        return tuple(dict.fromkeys(c.base for c in self.competitors))

    @property
    def factors(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each factor with its levels in order of first appearance; empty if not a factorial."""
        found: dict[str, dict[str, None]] = {}
        for competitor in self.competitors:
            for factor, level in competitor.levels:
                found.setdefault(factor, {})[level] = None
        return tuple((factor, tuple(levels)) for factor, levels in found.items())

    def competitor(self, name: str) -> Competitor:
        """Return the competitor of that name.

        Raises:
            StudyError: if there is none, with the nearest name.
        """
        for competitor in self.competitors:
            if competitor.name == name:
                return competitor
        raise StudyError(
            f"study {self.name!r}: {unknown('competitor', name, self.competitor_names)}"
        )

    def only(self, names: Iterable[str]) -> Self:
        """Return the study of these competitors alone, in the study's order.

        Comparisons with a competitor that is left out are left out too.

        Raises:
            StudyError: for an unknown name, with the nearest one.
        """
        kept = {self.competitor(name).name for name in names}
        return attrs.evolve(
            self,
            competitors=[c for c in self.competitors if c.name in kept],
            comparisons=[pair for pair in self.comparisons if set(pair) <= kept],
        )

    # ---- What each kind of study knows of its own -----------------------------------------------

    @property
    def paired_by(self) -> str:
        """What the competitors of a round share, in a word."""
        return "seed"

    @property
    def failed_counts_as(self) -> str | float | None:
        """The value of a failed round, or "worst" or "stop"; None for no value."""
        return None

    @property
    def exact(self) -> bool:
        """Whether a round made twice must give the same bits."""
        return False

    def prepare(self, options: RunOptions, listener: Listener) -> dict[str, Experiment]:
        """Check all that may be refused, and return who makes each competitor's rounds.

        Here a user's code may run for the first time.

        Raises:
            StudyError: for what cannot be run.
        """
        raise StudyError(f"study {self.name!r}: says nothing of what makes a round")

    @property
    def code(self) -> Mapping[str, str]:
        """The users' own code that its rounds run, by name, and what each is."""
        return {}

    def chance(self) -> tuple[str, ...]:
        """Return the sources of chance that can be held one by one; none if it has one seed."""
        return ()

    def judging(self, training: Mapping[str, Any] | None = None) -> Judging:
        """Return how its rounds are judged.

        Args:
            training: what a key of its tells, see `Key`; None to find out from the study itself,
                for which a user's code may run.
        """
        return Judging(self.metrics or (Metric("score"),), self._shared)

    def present_sources(self, competitor: Competitor, training: Mapping[str, Any]) -> str:
        """Return what the sources of a competitor's key would be now.

        Raises:
            StudyError: if a user's code is not here to be looked at.
        """
        return ""

    def check_record(self, record: Record) -> None:
        """Make sure that a record may be one of this study's.

        Raises:
            DataError: if it cannot be.
        """

    def notes_on(self, trainings: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Return what a reader must know of how rounds were made, a sentence each.

        Args:
            trainings: what each competitor's key tells.
        """
        return ()

    def positions(self, competitor: str, curve: str, length: int) -> Sequence[int]:
        """Return at which epochs, or steps, a curve of a round has its numbers."""
        return range(1, length + 1)

    def shortened(self) -> tuple[Study, Mapping[str, float]]:
        """Return a study whose rounds take less, to be timed, and by how much, by competitor."""
        return self, dict.fromkeys(self.competitor_names, 1.0)

    @classmethod
    def machine(cls) -> Machine:
        """Describe this machine, as far as it shapes the rounds."""
        from bakeoff.study.machine import this_machine

        return this_machine()

    @classmethod
    def files_read(cls, files: worker_compat.Files) -> dict[str, Callable[[], str]]:
        """Return what must be alike on machines that share the work, each with its hash."""
        from bakeoff.study.sources import own_hash

        return {f"code of {name!r}": partial(own_hash, name, "code") for name in files.code}

    def document(self, trainings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return what a JSON document tells of the study beside its rounds.

        Args:
            trainings: what each competitor's key tells, as far as it is known.

        Returns:
            The document's further entries; ``competitors`` holds those of each competitor by name.
        """
        from bakeoff.study.serialise import plain

        told = plain(self)
        own = {name: told[name] for name in told if name not in _OUTLINE}
        competitors = {c["name"]: c for c in told["competitors"]}
        return own | {"competitors": competitors}

    def to_toml(self) -> str:
        """Return the study as a TOML document, which `load_study` reads as the same value."""
        from bakeoff.study.files import written

        return written(self)

    @classmethod
    def from_plain(cls, told: dict[str, Any]) -> Study:
        """Return the study that `serialise.plain` turned into dictionaries and lists.

        Raises:
            StudyError, TypeError, KeyError, AttributeError: for anything else.
        """
        metrics = [made(Metric, metric) for metric in told.get("metrics", ())]
        competitors = [made(cls.of, competitor) for competitor in told["competitors"]]
        return made(cls, told | {"metrics": metrics, "competitors": competitors})

    @classmethod
    def from_toml(cls, told: dict[str, Any], where: str) -> Study:
        """Return the study of this kind that a TOML document describes.

        Raises:
            SpecError: with all faults, each with its place.
        """
        from bakeoff.study.files import read_study

        return read_study(cls, told, where)


_OUTLINE = {"name", "question", "rounds", "competitors"}

KINDS: Mapping[str, str] = {
    "network": "bakeoff.training.spec:NetworkStudy",
    "command": "bakeoff.study.command:CommandStudy",
    "function": "bakeoff.study.function:FunctionStudy",
    "given": "bakeoff.study.given:GivenStudy",
}
"""Where each kind of study is defined; imported when there is one of it."""


def kind_of(name: str) -> type[Study]:
    """Return the class of a kind of study.

    Raises:
        StudyError: for an unknown kind, with the nearest one.
    """
    module, _, cls = find("kind of study", name, KINDS).partition(":")
    found: type[Study] = getattr(import_module(module), cls)
    return found
