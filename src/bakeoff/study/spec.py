"""A study as a value: who competes, how each is trained, and which differences are asked for.

The three classes are frozen and hashable. An ablation is another value (`attrs.evolve`), never a
copied file, and two equal values give equal results. This module knows no tensor, so that
reading and listing studies is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, TypeVar, cast

import attrs
from attrs import field, frozen

from bakeoff.errors import StudyError
from bakeoff.study.checks import (
    NAME_FORM,
    Check,
    Fault,
    field_faults,
    is_name,
    is_number,
    is_whole,
    refuse,
    unknown,
)

T = TypeVar("T")
Option = str | int | float | bool
Pairs = tuple[tuple[str, T], ...]
DATA_SETS = ("pairs",)


# The converters only tidy: what they cannot read they pass on, for the checks to refuse.


def _float(value: float) -> float:
    """Make 1 and 1.0 one value, for equality, hash and JSON."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else value


def _pairs(value: object) -> object:
    """Make a mapping, or pairs, a sorted tuple of pairs: frozen, and the same for any order."""
    items: Any = value.items() if isinstance(value, Mapping) else value
    try:
        return tuple(sorted(((name, inner) for name, inner in items), key=itemgetter(0)))
    except (TypeError, ValueError):
        return value


def _weights(value: Mapping[str, float] | Pairs[float]) -> Pairs[float]:
    pairs = _pairs(value)
    if isinstance(pairs, tuple):
        pairs = tuple((name, _float(weight)) for name, weight in pairs)
    return cast(Pairs[float], pairs)


def _options(value: Mapping[str, Option] | Pairs[Option]) -> Pairs[Option]:
    return cast(Pairs[Option], _pairs(value))


def _levels(value: Mapping[str, str] | Pairs[str]) -> Pairs[str]:
    return cast(Pairs[str], _pairs(value))


def _competitors(value: Iterable[Competitor]) -> tuple[Competitor, ...]:
    return cast(tuple[Competitor, ...], _tuple(value))


def _comparisons(value: Iterable[Iterable[str]]) -> tuple[tuple[str, str], ...]:
    outer = _tuple(value)
    pairs = tuple(_tuple(pair) for pair in outer) if isinstance(outer, tuple) else outer
    return cast(tuple[tuple[str, str], ...], pairs)


RECIPE_CHECKS: tuple[Check, ...] = (
    ("optimiser", lambda v: isinstance(v, str) and v != "", "the name of an optimiser"),
    ("lr", lambda v: is_number(v) and v > 0, "a number above 0"),
    ("momentum", lambda v: is_number(v) and 0 <= v < 1, "a number from 0 to below 1"),
    ("weight_decay", lambda v: is_number(v) and v >= 0, "a number of at least 0"),
    ("schedule", lambda v: v is None or (isinstance(v, str) and v != ""), "a schedule's name"),
    ("epochs", is_whole(1), "a whole number of at least 1"),
    ("batch_size", is_whole(1), "a whole number of at least 1"),
    ("standardise", lambda v: isinstance(v, bool), "true or false"),
    ("rounds_per_group", is_whole(1), "a whole number of at least 1"),
    ("evaluate_every", is_whole(1), "a whole number of at least 1"),
)


@frozen(kw_only=True)
class Recipe:
    """How a network is trained.

    Args:
        optimiser: name of a class in `bakeoff.optim`.
        lr: learning rate, above 0.
        momentum: from 0 to below 1.
        weight_decay: at least 0.
        schedule: name of a learning-rate schedule in `bakeoff.optim`, or None for a constant rate.
        epochs: passes over the training data, at least 1.
        batch_size: examples a step, at least 1.
        standardise: whether inputs are standardised with the mean and standard deviation of the
            training inputs; otherwise they stay raw grey values from 0 to 255.
        rounds_per_group: rounds trained in lockstep. A round's last bits depend on it, so it
            belongs to the recipe and is never chosen by load.
        evaluate_every: test accuracy is measured after every so many epochs and after the last.

    Raises:
        SpecError: with every field outside its range.
    """

    optimiser: str = "SGD"
    lr: float = field(default=0.02, converter=_float)
    momentum: float = field(default=0.9, converter=_float)
    weight_decay: float = field(default=0.0, converter=_float)
    schedule: str | None = None
    epochs: int = 25
    batch_size: int = 50
    standardise: bool = True
    rounds_per_group: int = 1
    evaluate_every: int = 1

    def __attrs_post_init__(self) -> None:
        refuse("recipe", field_faults(self, RECIPE_CHECKS))

    def evaluated_epochs(self) -> tuple[int, ...]:
        """Return the epochs, counted from 1, after which test accuracy is measured."""
        every = range(self.evaluate_every, self.epochs + 1, self.evaluate_every)
        return tuple(sorted({*every, self.epochs}))

    def rounds_of(self, group: int) -> range:
        """Return the rounds that group `group` (from 0) trains in lockstep."""
        first = group * self.rounds_per_group
        return range(first, first + self.rounds_per_group)

    def groups_for(self, rounds: range) -> range:
        """Return the groups that must be trained for all of `rounds` (consecutive) to stand."""
        if not rounds:
            return range(0)
        return range(rounds[0] // self.rounds_per_group, rounds[-1] // self.rounds_per_group + 1)


def _is_pairs_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def holds(value: object) -> bool:
        if not isinstance(value, tuple) or not all(len(pair) == 2 for pair in value):
            return False
        names = [name for name, _ in value]
        return (
            all(isinstance(name, str) and name != "" for name in names)
            and len(set(names)) == len(names)
            and all(test(inner) for _, inner in value)
        )

    return holds


COMPETITOR_CHECKS: tuple[Check, ...] = (
    ("name", is_name, NAME_FORM),
    ("network", lambda v: isinstance(v, str) and v != "", "the name of a network"),
    (
        "loss_weights",
        _is_pairs_of(lambda v: is_number(v) and v >= 0),
        "an output's name and a weight of at least 0 for each",
    ),
    ("recipe", lambda v: isinstance(v, Recipe), "a recipe"),
    (
        "options",
        _is_pairs_of(lambda v: isinstance(v, (str, bool)) or is_number(v)),
        "a name and a text, number or truth value for each",
    ),
    ("levels", _is_pairs_of(is_name), "a factor's name and a level's name for each"),
)


@frozen
class Competitor:
    """One network with the way it is trained.

    Args:
        name: what tables and comparisons call it.
        network: name of a factory in `bakeoff.models`; the competitor's own name unless given.
        loss_weights: weight of each output's loss in the sum that is minimised, as a mapping or
            pairs. An output not named weighs 0, except the main output, which then weighs 1.
        recipe: how it is trained.
        options: keyword arguments of the factory, as a mapping or pairs.
        levels: its level of each factor of a factorial study, as a mapping or pairs.

    Raises:
        SpecError: with every field outside its range.
    """

    name: str
    network: str = field()
    loss_weights: Pairs[float] = field(default=(), converter=_weights)
    recipe: Recipe = Recipe()
    options: Pairs[Option] = field(default=(), converter=_options)
    levels: Pairs[str] = field(default=(), converter=_levels)

    @network.default
    def _network(self) -> str:
        return self.name

    def __attrs_post_init__(self) -> None:
        refuse(f"competitor {self.name!r}", field_faults(self, COMPETITOR_CHECKS))


STUDY_CHECKS: tuple[Check, ...] = (
    ("name", is_name, NAME_FORM),
    ("question", lambda v: isinstance(v, str), "a sentence"),
    (
        "competitors",
        lambda v: isinstance(v, tuple) and v != () and all(isinstance(c, Competitor) for c in v),
        "at least one competitor",
    ),
    (
        "comparisons",
        lambda v: isinstance(v, tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in v),
        "pairs of competitors' names, [a, b] for a minus b",
    ),
    ("rounds", is_whole(1), "a whole number of at least 1"),
    ("seed", is_whole(), "a whole number"),
    ("train_size", is_whole(1), "a whole number of at least 1"),
    ("test_size", is_whole(1), "a whole number of at least 1"),
    ("data", lambda v: v in DATA_SETS, f"one of {', '.join(DATA_SETS)}"),
)


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
        train_size: training examples a round.
        test_size: test examples a round.
        data: one of `DATA_SETS`.

    Raises:
        SpecError: with every field outside its range, every name used twice and every comparison
            of unknown competitors.
    """

    name: str
    question: str
    competitors: tuple[Competitor, ...] = field(converter=_competitors)
    comparisons: tuple[tuple[str, str], ...] = field(default=(), converter=_comparisons)
    rounds: int = 30
    seed: int = 0
    train_size: int = 1000
    test_size: int = 1000
    data: str = "pairs"

    def __attrs_post_init__(self) -> None:
        faults = field_faults(self, STUDY_CHECKS)
        refuse(f"study {self.name!r}", faults or [*self._name_faults(), *self._level_faults()])

    def _name_faults(self) -> list[Fault]:
        names = self.competitor_names
        faults = [
            (f"competitors[{i}].name", f"{name!r} is used twice, expected different names")
            for i, name in enumerate(names)
            if name in names[:i]
        ]
        for i, (a, b) in enumerate(self.comparisons):
            path = f"comparisons[{i}]"
            faults += [
                (path, unknown("competitor", str(name), names))
                for name in (a, b)
                if name not in names
            ]
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

    def only(self, names: Iterable[str]) -> Study:
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

    def with_recipe(self, recipe: Recipe | None = None, *, epochs: int | None = None) -> Study:
        """Return the study with every competitor on `recipe`, or for `epochs` epochs, or both."""

        def changed(competitor: Competitor) -> Competitor:
            base = recipe or competitor.recipe
            return attrs.evolve(
                competitor, recipe=base if epochs is None else attrs.evolve(base, epochs=epochs)
            )

        return attrs.evolve(self, competitors=[changed(c) for c in self.competitors])
