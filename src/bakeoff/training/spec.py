"""A study of networks as a value: each competitor a network and how it is trained.

It knows no tensor, so that reading and listing studies is quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, cast

import attrs
from attrs import field, frozen

from bakeoff.errors import DataError, StudyError
from bakeoff.study.checks import FLAG, Fault, check, is_number, is_text, table_of, whole
from bakeoff.study.converters import Pairs, as_weights
from bakeoff.study.metric import Judging
from bakeoff.study.record import LOSS, Record
from bakeoff.study.spec import Competitor, Study, pairs_check
from bakeoff.training.data_sets import EXPECTED_DATA, is_data, judging_of
from bakeoff.training.grouping import rounds_at_once
from bakeoff.training.recipe import MOST_EXAMPLES, Recipe, as_chosen
from bakeoff.training.trainers import OURS, TRAINERS, trainer_note

if TYPE_CHECKING:
    from bakeoff.study import worker_compat
    from bakeoff.study.experiment import Experiment
    from bakeoff.study.machine import Machine
    from bakeoff.study.run import Listener, RunOptions

TIMED_EPOCHS = 2


@frozen
class NetworkCompetitor(Competitor):
    """One network with the way it is trained.

    Args:
        name: what tables and comparisons call it.
        network: name of a factory in `bakeoff.models`, or "module:Class" for a network of one's
            own; the competitor's own name, on any task, unless given.
        loss_weights: weight of each output's loss in the sum that is minimised, as a mapping or
            pairs. An output not named weighs 0, except the main output, which then weighs 1.
        recipe: how it is trained; if it leaves open how many rounds train at once, that is
            settled here.
        options: keyword arguments of the factory, as a mapping or pairs.
        levels: its level of each factor of a factorial study, as a mapping or pairs.
        data, train_size, test_size: of the task that it is on; the study's where "" or 0.

    Raises:
        SpecError: with every field outside its range.
    """

    network: str = field(metadata=check(is_text, "the name of a network"))
    loss_weights: Pairs[float] = field(
        default=(),
        converter=as_weights,
        metadata=pairs_check(
            lambda v: is_number(v) and v >= 0,
            "an output's name and a weight of at least 0 for each",
        ),
    )
    recipe: Recipe = field(factory=Recipe, metadata=table_of(Recipe, "a recipe"))
    data: str = field(
        default="", kw_only=True, metadata=check(lambda v: v == "" or is_data(v), EXPECTED_DATA)
    )
    train_size: int = field(default=0, kw_only=True, metadata=whole(0, MOST_EXAMPLES))
    test_size: int = field(default=0, kw_only=True, metadata=whole(0, MOST_EXAMPLES))

    @network.default
    def _network(self) -> str:
        return self.base

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.recipe.rounds_per_group is None:
            together = rounds_at_once(self.network, dict(self.options), self.recipe.batch_size)
            settled = attrs.evolve(self.recipe, rounds_per_group=together)
            object.__setattr__(self, "recipe", settled)  # before anyone has seen it

    def with_values(self, values: Mapping[str, Any]) -> NetworkCompetitor:
        """Return it with other fields of the recipe, and further options; raises as `Recipe`."""
        own = {n: value for n, value in values.items() if n in attrs.fields_dict(Recipe)}
        open_one = attrs.evolve(self.recipe, rounds_per_group=None)
        # How many train at once is settled anew where it was left open.
        left_open = attrs.evolve(self, recipe=open_one) == self
        recipe = attrs.evolve(open_one if left_open else self.recipe, **own)
        options = {**dict(self.options), **{n: values[n] for n in values if n not in own}}
        return attrs.evolve(self, recipe=recipe, options=options)


OWN_FIELDS = ("network", "options", "loss_weights", "levels")
"""What a document tells of a competitor where there is any, and where its name is no network's."""


@frozen
class NetworkStudy(Study):
    """A study whose competitors are networks.

    Args:
        name, question, comparisons, rounds, seed, metrics: as of `Study`. The metrics are scores of
            a network's round, see `Record`; test accuracy, or R² of a regression, unless given.
        competitors: each a `NetworkCompetitor`.
        train_size: training examples a round.
        test_size: test examples a round.
        data: one of `bakeoff.training.data_sets.DATA_SETS`, or "module:function" for data of one's
            own, see `bakeoff.training.user_code.data`.
        held_out: whether training examples that a round does not train on judge it, as for tuning.

    Raises:
        SpecError: with every field outside its range, every name used twice and every comparison
            of unknown competitors.
    """

    train_size: int = field(default=1000, metadata=whole(1, MOST_EXAMPLES))
    test_size: int = field(default=1000, metadata=whole(1, MOST_EXAMPLES))
    data: str = field(default="pairs", metadata=check(is_data, EXPECTED_DATA))
    held_out: bool = field(default=False, kw_only=True, metadata=FLAG)
    kind: ClassVar[str] = "network"
    of: ClassVar[type[Competitor]] = NetworkCompetitor
    needs: ClassVar[str] = "bakeoff.training.trainer"

    @property
    def networks(self) -> tuple[NetworkCompetitor, ...]:
        """The competitors."""
        return cast(tuple[NetworkCompetitor, ...], self.competitors)

    def network(self, name: str) -> NetworkCompetitor:
        """Return the competitor of that name; raises as `competitor` does."""
        return cast(NetworkCompetitor, self.competitor(name))

    @property
    def parts(self) -> tuple[NetworkStudy, ...]:
        """The study on each task's data; the study itself if no task has its own."""
        if not any(c.data or c.train_size or c.test_size for c in self.networks):
            return (self,)
        found: dict[tuple[str, int, int], list[str]] = {}
        for c in self.networks:
            own = (
                c.data or self.data,
                c.train_size or self.train_size,
                c.test_size or self.test_size,
            )
            found.setdefault(own, []).append(c.name)
        return tuple(
            attrs.evolve(self.only(names), data=data, train_size=train, test_size=test)
            for (data, train, test), names in found.items()
        )

    @property
    def data_sets(self) -> tuple[str, ...]:
        """The data that its competitors are trained on."""
        return tuple(dict.fromkeys(part.data for part in self.parts))

    def _kind_faults(self) -> list[Fault]:
        for i, c in enumerate(self.networks):
            own = [n for n in ("data", "train_size", "test_size") if getattr(c, n, None)]
            if own and not c.task:
                told = "is of a competitor on no task, expected it in the study or in [[tasks]]"
                return [(f"competitors[{i}].{own[0]}", told)]
        return super()._kind_faults()

    def with_recipe(
        self, recipe: Recipe | None = None, *, epochs: int | None = None
    ) -> NetworkStudy:
        """Return the study with every competitor on `recipe`, or for `epochs` epochs, or both."""

        def changed(competitor: NetworkCompetitor) -> NetworkCompetitor:
            base = attrs.evolve(competitor, recipe=recipe or competitor.recipe)
            return base if epochs is None else base.with_values({"epochs": epochs})

        return attrs.evolve(self, competitors=[changed(c) for c in self.networks])

    # ---- What a study of networks knows of its own ----------------------------------------------

    def prepare(self, options: RunOptions, listener: Listener) -> dict[str, Experiment]:
        """Try data and networks, which runs users' code, and return who trains each network."""
        from bakeoff.training.experiment import prepare

        return prepare(self, options, listener)

    @property
    def exact(self) -> bool:
        """Whether a round made twice must give the same bits, which it must."""
        return True

    def chance(self) -> tuple[str, ...]:
        """Return data, init and order, and what else any of its networks draws from."""
        from bakeoff.training.trainer import make_network

        augments = any(not c.recipe.augmentation.idle for c in self.networks)
        drops = any(
            ":" in c.network or [*make_network(c).initialise().named_streams()]
            for c in self.networks
        )
        return ("data", "init", "order", *["augment"] * augments, *["dropout"] * drops)

    @property
    def code(self) -> Mapping[str, str]:
        """The users' networks and data."""
        named = dict.fromkeys(self.data_sets, "data") | {
            c.network: "network" for c in self.networks
        }
        return {name: what for name, what in named.items() if ":" in name}

    def judging(self, training: Mapping[str, Any] | None = None) -> Judging:
        """Return how its rounds are judged: by its metrics, or what its data ask for."""
        first = self.parts[0]  # those of all tasks are judged alike
        if training is None:
            from bakeoff.training.data_spec import form_of

            training = {"facts": form_of(first).facts} if ":" in first.data else {}
        return judging_of(training.get("facts", {}), first)

    def present_sources(self, competitor: Competitor, training: Mapping[str, Any]) -> str:
        """Return the hash of the sources that would train a network now."""
        from bakeoff.training.sources import sources_of

        network = cast(NetworkCompetitor, competitor)
        return sources_of(network.network, trainer_of(training), network.data or self.data)

    def check_record(self, record: Record) -> None:
        """Make sure that a round, unless it diverged, has the epochs of its recipe."""
        recipe, metric = self.network(record.competitor).recipe, self._of_data(record)
        expected = (recipe.epochs, recipe.epochs, len(recipe.evaluated_epochs()))
        names = (LOSS, f"train_{metric}", f"test_{metric}")
        if record.finished and tuple(len(record.curve(name)) for name in names) != expected:
            raise DataError(
                f"round {record.round} of {record.competitor!r} has other epochs than its recipe"
            )

    def _of_data(self, record: Record) -> str:
        """Return what its data are scored by: "accuracy", or "r2"."""
        return "r2" if record.curve("test_r2") else "accuracy"

    def notes_on(self, trainings: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
        """Return which networks PyTorch trained."""
        note = trainer_note({name: trainer_of(told) for name, told in trainings.items()})
        return (note,) if note else ()

    def positions(self, competitor: str, curve: str, length: int) -> Sequence[int]:
        """Return the epochs of a curve; a test score is not measured after each."""
        if curve.startswith("test_"):
            return self.network(competitor).recipe.evaluated_epochs()[:length]
        return range(1, length + 1)

    def shortened(self) -> tuple[Study, Mapping[str, float]]:
        """Return the study with a few epochs alone."""
        shares = {c.name: c.recipe.epochs / TIMED_EPOCHS for c in self.networks}
        return self.with_recipe(epochs=TIMED_EPOCHS), shares

    @classmethod
    def machine(cls) -> Machine:
        """Describe this machine with what torch calculates with on it."""
        from bakeoff.training.torch_state import machine_with_torch

        return machine_with_torch()

    @classmethod
    def files_read(cls, files: worker_compat.Files) -> dict[str, Callable[[], str]]:
        """Return the sources of bakeoff, users' code and the data."""
        from bakeoff.training.keys import data_hash
        from bakeoff.training.sources import sources_hash

        code = super().files_read(files)
        data = partial(data_hash, files.data_dir)
        return {"sources of bakeoff": sources_hash, **code, "data": data}

    def document(self, trainings: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the recipe that all share, what of it differs, and data other than 1,000 pairs."""
        from bakeoff.study.serialise import plain, shared_fields, unshared_fields

        recipes = {c.name: plain(c.recipe) for c in self.networks}
        shared = shared_fields(list(recipes.values()))
        own = {name: unshared_fields(recipe, shared) for name, recipe in recipes.items()}
        by = {name: trainer_of(trainings.get(name, {})) for name in recipes}
        competitors = {
            name: ({"trainer": by[name]} if by[name] != OURS else {})
            | ({"recipe": own[name]} if own[name] else {})
            | {n: v for n, v in each.items() if n in OWN_FIELDS and v not in ({}, each["name"])}
            for name, each in zip(recipes, plain(self.competitors), strict=True)
        }
        facts = next(iter(trainings.values()), {}).get("facts", {})
        told = {"metrics": plain(self.metrics)} if self.metrics else {}
        told |= {"without_effects": True} if self.without_effects else {}
        for part in self.parts:
            sizes = {"train_size": part.train_size, "test_size": part.test_size}
            data = {"name": part.data, **facts, **sizes}
            for competitor in part.networks if self.tasks else ():
                competitors[competitor.name] |= {"data": data}
            if part.data != "pairs" or set(sizes.values()) != {1000}:
                told.setdefault("data", data)
        return told | {"recipe": shared, "competitors": competitors}

    def to_toml(self) -> str:
        """Return the study as a TOML document."""
        from bakeoff.training.tune.toml import study_toml

        return study_toml(self)

    @classmethod
    def from_plain(cls, told: dict[str, Any]) -> Study:
        """Return the study that `serialise.plain` told; raises as `Study.from_plain`."""
        own = [c | {"recipe": as_chosen(c["recipe"])} for c in told["competitors"]]
        return super().from_plain(told | {"competitors": own})

    @classmethod
    def from_toml(cls, told: dict[str, Any], where: str) -> Study:
        """Return the study that a TOML document describes."""
        from bakeoff.training.files import study_from_toml

        return study_from_toml(told, where)


def networks_of(study: Study, what: str) -> NetworkStudy:
    """Return a study as one of networks, which alone can be asked for something.

    Args:
        study: any study.
        what: what asks for it, for the error.

    Raises:
        StudyError: for a study of anything else.
    """
    if isinstance(study, NetworkStudy):
        return study
    raise StudyError(
        f"study {study.name!r}: {what}: got competitors that are no networks, expected networks"
        " with recipes; leave it out"
    )


def trainer_of(training: Mapping[str, Any]) -> str:
    """Return the trainer that a key tells of; raises a DataError for an unknown one."""
    trainer = training.get("trainer", OURS)
    if not isinstance(trainer, str) or trainer not in TRAINERS:
        raise DataError(f"knows no trainer {trainer!r}")
    return trainer
