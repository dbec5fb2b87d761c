"""A study as a value: who competes, how each is trained, and which differences are asked for.

The three classes are frozen and hashable. An ablation is another value (`attrs.evolve`), never a
copied file, and two equal values give equal results. This module knows no tensor, so that
reading and listing studies is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

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
from bakeoff.study.converters import (
    Option,
    Pairs,
    as_comparisons,
    as_levels,
    as_options,
    as_tuple,
    as_weights,
)
from bakeoff.training.data_sets import EXPECTED_DATA, is_data
from bakeoff.training.grouping import rounds_at_once
from bakeoff.training.recipe import MOST_EXAMPLES, Recipe

__all__ = ["COMPETITOR_CHECKS", "STUDY_CHECKS", "Competitor", "Recipe", "Study"]

MOST_ROUNDS = 1_000_000
MOST_SEED = 10**1000 - 1  # which the store reads


def _is_text(value: object) -> bool:
    """Tell whether the value is text, all of whose characters show."""
    return isinstance(value, str) and value != "" and value.isprintable()


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and [isinstance(name, str) for name in value] == [True, True]


def _is_pairs_of(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    def holds(value: object) -> bool:
        if not isinstance(value, tuple) or not all(len(pair) == 2 for pair in value):
            return False
        names = [name for name, _ in value]
        return (
            all(map(_is_text, names))
            and len(set(names)) == len(names)
            and all(test(inner) for _, inner in value)
        )

    return holds


COMPETITOR_CHECKS: tuple[Check, ...] = (
    ("name", is_name, NAME_FORM),
    ("network", _is_text, "the name of a network"),
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
        network: name of a factory in `bakeoff.models`, or "module:Class" for a network of one's
            own; the competitor's own name unless given.
        loss_weights: weight of each output's loss in the sum that is minimised, as a mapping or
            pairs. An output not named weighs 0, except the main output, which then weighs 1.
        recipe: how it is trained; if it leaves open how many rounds train at once, that is
            settled here.
        options: keyword arguments of the factory, as a mapping or pairs.
        levels: its level of each factor of a factorial study, as a mapping or pairs.

    Raises:
        SpecError: with every field outside its range.
    """

    name: str
    network: str = field()
    loss_weights: Pairs[float] = field(default=(), converter=as_weights)
    recipe: Recipe = field(factory=Recipe)
    options: Pairs[Option] = field(default=(), converter=as_options)
    levels: Pairs[str] = field(default=(), converter=as_levels)

    @network.default
    def _network(self) -> str:
        return self.name

    def __attrs_post_init__(self) -> None:
        refuse(f"competitor {self.name!r}", field_faults(self, COMPETITOR_CHECKS))
        if self.recipe.rounds_per_group is None:
            together = rounds_at_once(self.network, dict(self.options), self.recipe.batch_size)
            settled = attrs.evolve(self.recipe, rounds_per_group=together)
            object.__setattr__(self, "recipe", settled)  # before anyone has seen it


def _competitors(value: Iterable[Competitor]) -> tuple[Competitor, ...]:
    return cast(tuple[Competitor, ...], as_tuple(value))


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
        lambda v: isinstance(v, tuple) and all(map(_is_pair, v)),
        "pairs of competitors' names, [a, b] for a minus b",
    ),
    ("rounds", is_whole(1, MOST_ROUNDS), f"a whole number of 1 to {MOST_ROUNDS:,}"),
    ("seed", is_whole(-MOST_SEED, MOST_SEED), "a whole number of at most 1,000 digits"),
    ("train_size", is_whole(1, MOST_EXAMPLES), f"a whole number of 1 to {MOST_EXAMPLES:,}"),
    ("test_size", is_whole(1, MOST_EXAMPLES), f"a whole number of 1 to {MOST_EXAMPLES:,}"),
    ("data", is_data, EXPECTED_DATA),
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
        data: one of `bakeoff.training.data_sets.DATA_SETS`, or "module:function" for data of one's
            own, see `bakeoff.training.user_code.data`.

    Raises:
        SpecError: with every field outside its range, every name used twice and every comparison
            of unknown competitors.
    """

    name: str
    question: str
    competitors: tuple[Competitor, ...] = field(converter=_competitors)
    comparisons: tuple[tuple[str, str], ...] = field(default=(), converter=as_comparisons)
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
                (path, unknown("competitor", name, names)) for name in (a, b) if name not in names
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
