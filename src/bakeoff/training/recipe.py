"""How a network is trained, as a value; and the recipes that have names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from bakeoff.errors import nearest
from bakeoff.study.checks import (
    FLAG,
    Fault,
    check,
    field_faults,
    find,
    is_number,
    number,
    optional,
    refuse,
    whole,
)
from bakeoff.study.converters import Pairs, as_pairs
from bakeoff.study.spec import pairs_check
from bakeoff.training.augmentation import EXPECTED, Augmentation, as_augmentation

RECIPE_SCHEDULES = {
    "OneCycleLR": "pct_start anneal_strategy cycle_momentum base_momentum max_momentum div_factor"
    " final_div_factor three_phase",
    "CosineAnnealingLR": "eta_min",
    "StepLR": "step_size gamma",
}
"""The schedules that need no figure of the training while it runs, and their options."""


class Unchosen(float):
    """The number of a field that nobody chose: kept, hashed and shown as any other."""


MOMENTUM = Unchosen(0.9)
"""Unless a recipe says another one."""

WITHOUT_MOMENTUM = ("Adagrad", "Adam", "AdamW")
"""The optimisers that take no momentum; Adam's β1 is 0.9 in any recipe."""

OPTIONS_OF = {
    "SGD": "dampening nesterov",
    "RMSprop": "alpha eps centered",
    "Adagrad": "lr_decay initial_accumulator_value eps",
    **dict.fromkeys(("Adam", "AdamW"), "betas eps amsgrad"),
    **RECIPE_SCHEDULES,
}
"""What optimisers and schedules take that no field of a recipe tells."""

OF_RECIPES = {
    **dict.fromkeys(("lr", "momentum", "weight_decay"), "the recipe has a field of that name"),
    "max_lr": "it is the recipe's lr",
    **dict.fromkeys(("T_max", "total_steps", "epochs", "steps_per_epoch"), "the training tells it"),
}

MOST_EPOCHS = 1_000_000
MOST_EXAMPLES = 10**9
MOST_TOGETHER = 1000
"""Far beyond any training; each epoch has its place in a round's curves."""


def as_chosen(kept: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept recipe's fields without a momentum that nobody chose and nothing heeds."""
    unheeded = kept.get("momentum") == MOMENTUM and kept.get("optimiser") in WITHOUT_MOMENTUM
    return {name: kept[name] for name in kept if name != "momentum" or not unheeded}


def _is_given(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _as_options(value: Mapping[str, Any] | Pairs[Any]) -> Pairs[Any]:
    """Make a mapping sorted pairs, and the lists in it tuples."""
    pairs = as_pairs(value)
    readable = isinstance(pairs, tuple)
    return (
        tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in pairs) if readable else pairs
    )


def _is_option(value: object) -> bool:
    inner = value if isinstance(value, tuple) else (value,)
    return all(isinstance(v, (str, bool)) or is_number(v) for v in inner)


OPTIONS = pairs_check(_is_option, "a name and a text, number, truth value or list of them for each")


@frozen(kw_only=True)
class Recipe:
    """How a network is trained.

    Args:
        optimiser: name of a class in `bakeoff.optim`.
        lr: learning rate, above 0.
        momentum: from 0 to below 1, 0.9 unless chosen. Where it is ignored it is refused: by
            Adagrad, Adam and AdamW any but 0, under "OneCycleLR" any but 0 and 0.9.
        weight_decay: at least 0.
        optimiser_options: further arguments of that class, such as `betas` or `nesterov`.
        schedule: how the learning rate moves from step to step: "OneCycleLR", up to `lr` and down
            to almost nothing, the momentum (or Adam's β1) between 0.95 and 0.85 the other way;
            "CosineAnnealingLR", from `lr` down to 0; "StepLR", down by a factor every `step_size`
            steps, a step being a batch; or None for a constant rate.
        schedule_options: further arguments of that class, such as `step_size` or `pct_start`.
        epochs: passes over the training data, at least 1.
        batch_size: examples a step, at least 1.
        standardise: whether inputs are standardised with the mean and standard deviation of the
            training inputs; otherwise they stay raw grey values from 0 to 255.
        rounds_per_group: rounds trained in lockstep; None leaves it to the competitor, see
            `bakeoff.training.grouping`. A round's last bits depend on it, so it belongs to the
            recipe and is never chosen by load.
        evaluate_every: test accuracy is measured after every so many epochs and after the last.
        average_epochs: the network's weights at the end are the mean of those after each of the
            last so many epochs; 1 keeps the last.
        augmentation: what each epoch does to the training pairs, as a value or a table.

    Raises:
        SpecError: with every field outside its range, and every one that would be ignored.
    """

    optimiser: str = field(default="SGD", metadata=check(_is_given, "the name of an optimiser"))
    lr: float = number(0.02, lambda v: v > 0, "a number above 0")
    momentum: float = number(MOMENTUM, lambda v: 0 <= v < 1, "a number from 0 to below 1")
    weight_decay: float = number(0.0, lambda v: v >= 0, "a number of at least 0")
    schedule: str | None = field(
        default=None, metadata=optional(check(_is_given, "a schedule's name"))
    )
    optimiser_options: Pairs[Any] = field(default=(), converter=_as_options, metadata=OPTIONS)
    schedule_options: Pairs[Any] = field(default=(), converter=_as_options, metadata=OPTIONS)
    epochs: int = field(default=25, metadata=whole(1, MOST_EPOCHS))
    batch_size: int = field(default=50, metadata=whole(1, MOST_EXAMPLES))
    standardise: bool = field(default=True, metadata=FLAG)
    rounds_per_group: int | None = field(default=None, metadata=optional(whole(1, MOST_TOGETHER)))
    evaluate_every: int = field(default=1, metadata=whole(1, MOST_EPOCHS))
    average_epochs: int = field(default=1, metadata=whole(1, MOST_EPOCHS))
    augmentation: Augmentation = field(
        factory=Augmentation,
        converter=as_augmentation,
        metadata=check(lambda v: isinstance(v, Augmentation), EXPECTED),
    )

    def __attrs_post_init__(self) -> None:
        refuse("recipe", field_faults(self) or self._ignored())

    def _ignored(self) -> list[Fault]:
        """Find what was chosen and does nothing with this optimiser and schedule."""
        faults, momentum = list[Fault](), self.momentum
        if self.optimiser in WITHOUT_MOMENTUM and momentum and not isinstance(momentum, Unchosen):
            told = f"{self.optimiser}, which has none, expected it left out, or 0"
            faults.append(("momentum", f"got {momentum} with {told}"))
        elif self.schedule == "OneCycleLR" and momentum not in (0.0, MOMENTUM):
            told = "OneCycleLR, which moves it between 0.85 and 0.95"
            told = f"got {momentum} with the schedule {told}, expected {MOMENTUM}, or 0 for none"
            faults.append(("momentum", told))
        kinds = {"optimiser_options": self.optimiser, "schedule_options": self.schedule}
        for path, kind in kinds.items():
            for name, value in getattr(self, path):
                known = OPTIONS_OF.get(kind or "", name).split()  # preflight tells of unknown kinds
                if name in OF_RECIPES:
                    told = f"expected it left out: {OF_RECIPES[name]}"
                elif kind is None:
                    told = "expected a schedule that has it"
                elif name not in known:
                    told = f"which {kind} has not{nearest(name, known)}"
                    told += f", expected {', '.join(known)}"
                else:
                    continue
                faults.append((f"{path}.{name}", f"got {value}, {told}"))
        return faults

    def optimiser_arguments(self, kind: Callable[..., Any]) -> dict[str, Any]:
        """Return what a class of optimisers is called with beside the parameters."""
        wanted = {"momentum": self.momentum, "weight_decay": self.weight_decay}
        taken = inspect.signature(kind).parameters
        own = {name: value for name, value in wanted.items() if name in taken}
        return {"lr": self.lr, **own, **dict(self.optimiser_options)}

    def schedule_arguments(self, steps: int, *, moving: bool) -> dict[str, Any]:
        """Return what the class of the schedule is called with beside the optimiser.

        Args:
            steps: of the whole training.
            moving: whether the optimiser has a momentum that OneCycleLR may move.
        """
        needed: dict[str, dict[str, Any]] = {
            "OneCycleLR": {"max_lr": self.lr, "total_steps": steps, "cycle_momentum": moving},
            "CosineAnnealingLR": {"T_max": steps},
        }
        return needed.get(self.schedule or "", {}) | dict(self.schedule_options)

    def evaluated_epochs(self) -> tuple[int, ...]:
        """Return the epochs, counted from 1, after which test accuracy is measured."""
        every = range(self.evaluate_every, self.epochs + 1, self.evaluate_every)
        return tuple(sorted({*every, self.epochs}))

    def rounds_of(self, group: int) -> range:
        """Return the rounds that group `group` (from 0) trains in lockstep."""
        first = group * self._together
        return range(first, first + self._together)

    def groups_for(self, rounds: range) -> range:
        """Return the groups that must be trained for all of `rounds` (consecutive) to stand."""
        if not rounds:
            return range(0)
        return range(rounds[0] // self._together, rounds[-1] // self._together + 1)

    @property
    def _together(self) -> int:
        return self.rounds_per_group or 1


DEFAULT = Recipe()
"""Standardised inputs, SGD 0.02 with momentum 0.9, batches of 50, 25 epochs."""

PUBLISHED = Recipe(standardise=False, lr=0.01, momentum=0.0)
"""The paper's recipe, on raw grey values from 0 to 255, by SGD 0.01, batches of 50, 25 epochs."""

RECIPES = MappingProxyType({"default": DEFAULT, "published": PUBLISHED})


def find_recipe(name: str) -> Recipe:
    """Return the recipe of that name.

    Raises:
        StudyError: if there is none, with the nearest name.
    """
    return find("recipe", name, RECIPES)
