"""The training of a network as an experiment: what may be refused first, then its rounds."""

from __future__ import annotations

import multiprocessing
from functools import cache

import torch
from attrs import evolve, frozen

from bakeoff import rng
from bakeoff.errors import BakeoffError, StudyError
from bakeoff.study.experiment import Experiment, Key
from bakeoff.study.record import Records
from bakeoff.study.run import Listener, RunOptions
from bakeoff.study.runner import is_out_of_memory
from bakeoff.study.user_code import is_own, own_files, told
from bakeoff.training.data_spec import DataSpec, form_of
from bakeoff.training.fit_check import choose
from bakeoff.training.keys import keys_of
from bakeoff.training.preflight import check_study
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.torch_state import known_state
from bakeoff.training.trainers import TORCH, check_trainer


@frozen
class Training:
    """Trains one network's rounds; see `Experiment`.

    Args:
        study: with this competitor alone: a study of a thousand is long to send with each task.
        trainer: which of `TRAINERS`.
        key: of all that shapes its records.
        data_dir: folder of IDX files in place of the embedded MNIST.
        plan: whether our own trainer replays captured steps; without, to the same bits.
    """

    study: NetworkStudy
    trainer: str
    key: Key
    data_dir: str | None = None
    plan: bool = True

    @property
    def competitor(self) -> NetworkCompetitor:
        """The network."""
        return self.study.networks[0]

    @property
    def rounds_per_group(self) -> int:
        """How many rounds train in lockstep."""
        return self.competitor.recipe.rounds_per_group or 1

    def run(self, rounds: range) -> Records:
        """Train a group of rounds.

        Raises:
            StudyError: for an exception of a user's own code, in its words.
        """
        if multiprocessing.parent_process() is not None:
            _one_thread()
        try:
            with known_state():
                return self._train(rounds[0] // self.rounds_per_group)
        except (Exception, SystemExit) as error:  # whatever a user's code may raise
            own = is_own(self.competitor.network) or is_own(self.study.data)
            # An exception of the user's own may not travel to the parent: its words do.
            if not own or isinstance(error, BakeoffError) or is_out_of_memory(error):
                raise
            raise StudyError(
                f"competitor {self.competitor.name!r}: training failed: {told(error)}"
            ) from None

    def _train(self, group: int) -> Records:
        study = self.study
        if self.competitor.world:
            seed = rng.Held(study.seed)
            seed.round_of = self.competitor.round_of
            study = evolve(study, seed=seed)
        if self.trainer == TORCH:
            from bakeoff.training import torch_trainer

            return torch_trainer.train_group(study, self.competitor, group, self.data_dir)
        from bakeoff.training import trainer

        return trainer.train_group(study, self.competitor, group, self.data_dir, plan=self.plan)


@cache
def _one_thread() -> None:
    """Have this process compute in one thread: a second one would change the order of sums."""
    torch.set_num_threads(1)
    torch.set_num_interop_threads(1)


def prepare(study: NetworkStudy, options: RunOptions, listener: Listener) -> dict[str, Experiment]:
    """Try a study's data and networks, which runs users' code, and return who trains each network.

    Raises:
        StudyError: for what is not there, data that cannot be used, a network that does not fit
            them, or rounds that depend on each other in a study that is to stop when decided.
        DataError: for faulty data files.
    """
    check_trainer(options.trainer, plan=options.plan)
    check_study(study, options.data_dir)
    if files := own_files(study):
        listener.on_code(files)
    parts, experiments = study.parts, dict[str, Training]()
    forms = [form_of(part) for part in parts]
    for part, form in zip(parts, forms, strict=True):
        if form.facts != forms[0].facts:
            raise StudyError(
                f"study {study.name!r}: tasks: got data {part.data!r}, which are scored, or drawn,"
                f" in another way than {parts[0].data!r}, expected data of one kind; give"
                " each kind a study"
            )
        experiments |= _prepare_part(part, form, options, listener)
    return {name: experiments[name] for name in study.competitor_names}


def _prepare_part(
    study: NetworkStudy, form: DataSpec, options: RunOptions, listener: Listener
) -> dict[str, Training]:
    """Return who trains each network on data of this form."""
    if form.facts.get("rounds") == "resplit" and options.until_decided:
        raise StudyError(
            f"study {study.name!r}: until decided: got data {study.data!r}, whose rounds are cut"
            " from one set and so not independent, expected independent ones; choose the number of"
            " rounds beforehand"
        )
    choices = choose(study, options.trainer, form)
    if own := {c.name: choices[c.name] for c in study.networks if is_own(c.network)}:
        listener.on_choices(own)
    trainers = {name: choice.trainer for name, choice in choices.items()}
    keys = keys_of(study, options.data_dir, trainers, form)
    return {
        name: Training(
            study.only([name]), trainers[name], keys[name], options.data_dir, options.plan
        )
        for name in study.competitor_names
    }
