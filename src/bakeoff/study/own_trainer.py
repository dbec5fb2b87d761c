"""Whether a study's networks fit its data, which trainer each needs; ours on a user's network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

import torch
from attrs import frozen

from bakeoff import rng
from bakeoff.autodiff import Tensor, no_grad
from bakeoff.errors import BakeoffError, StudyError
from bakeoff.interop.from_torch import from_torch
from bakeoff.nn import Module, count_parameters, lockstep
from bakeoff.study.form import Form, check_output, form_of
from bakeoff.study.learner import Learner, label_of
from bakeoff.study.own import by_name, is_own, make_own, told
from bakeoff.study.result import RoundResult
from bakeoff.study.round_data import round_data
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.trainer import (
    fresh_pairs,
    make_network,
    round_result,
    train,
    train_group,
)
from bakeoff.study.trainers import OURS, TORCH

if TYPE_CHECKING:
    from bakeoff.study.runner import Train

SAMPLES = 3
TOLERANCE = 1e-4


@frozen
class Choice:
    """Which trainer trains a competitor, and why, as the rest of a sentence."""

    trainer: str
    why: str


class Answering(Module):
    """Gives the outputs of a network by name, under the network's own names of parameters."""

    def __init__(self, network: Module) -> None:
        self._network = (network,)  # in a tuple of its own, so that it adds nothing to a name

    def forward(self, x: Tensor) -> Mapping[str, Tensor]:
        """What the network gives, by name."""
        return by_name(self._network[0](x))

    def named_modules(
        self, prefix: str = "", seen: set[int] | None = None
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module, then the network and all below it, under the network's names."""
        seen = set() if seen is None else seen
        seen.add(id(self))
        yield prefix, self
        yield from self._network[0].named_modules(prefix, seen)


def choose(study: Study, asked: str = OURS, form: Form | None = None) -> dict[str, Choice]:
    """Return which trainer each competitor gets; every network is made and tried for it.

    Args:
        study: the study.
        asked: which of `TRAINERS` is asked for.
        form: of the study's data; found here if None.

    Raises:
        StudyError: for a network that cannot be made, or does not fit the study's data.
    """
    form = form or form_of(study)
    # Candidates that differ in their recipes alone are tried once.
    found: dict[tuple[object, ...], Choice] = {}
    choices = {}
    for c in study.competitors:
        alike = c.network, c.options, c.loss_weights
        if alike not in found:
            found[alike] = _choice(c, asked, form)
        choices[c.name] = found[alike]
    return choices


def _choice(competitor: Competitor, asked: str, form: Form) -> Choice:
    x = torch.randn((SAMPLES, *form.shape), generator=rng.generator(0, 0, "data", "trial"))
    own = is_own(competitor.network)
    network = make_own(competitor, 0, 0) if own else make_network(competitor)
    if isinstance(network, Module):
        network.initialise()
        _tried(competitor, network.eval(), x, form)
        made_of_ours = own and asked == OURS
        return Choice(
            asked, "as it is made of bakeoff's layers" if made_of_ours else "as asked for"
        )
    expected = _tried(competitor, network.eval(), x, form)
    if asked == TORCH:
        return Choice(TORCH, "as asked for")
    try:
        ours = from_torch(network)
    except BakeoffError as error:
        return Choice(TORCH, f"as {str(error).removeprefix('from_torch: ')}")
    if not _alike(_tried(competitor, ours, x, form), expected):
        return Choice(TORCH, "as bakeoff's own layers give other outputs")
    return Choice(OURS, "as bakeoff has all of its layers")


def _tried(
    competitor: Competitor, network: Module | torch.nn.Module, x: torch.Tensor, form: Form
) -> dict[str, torch.Tensor]:
    """Return a network's outputs for a batch.

    Raises:
        StudyError: if it fails, or its outputs are not those that a study scores.
    """
    where = f"competitor {competitor.name!r}: {competitor.network}"
    try:
        with torch.no_grad(), no_grad():
            outputs = dict(by_name(network(x)))
    except Exception as error:  # whatever a user's code may raise
        raise StudyError(
            f"{where}: a batch of shape {tuple(x.shape)} failed: {told(error)}"
        ) from error
    if "target" not in outputs:
        raise StudyError(f"{where}: gives {', '.join(outputs)}, expected an output 'target'")
    for name, out in outputs.items():
        check_output(f"{where}: output {name!r}", label_of(str(name)), out, len(x), form)
    for name in dict(competitor.loss_weights):
        if name not in outputs:
            raise StudyError(f"{where}: gives {', '.join(outputs)}, but a loss weight of {name!r}")
    return {n: out.data if isinstance(out, Tensor) else out for n, out in outputs.items()}


def _alike(ours: Mapping[str, torch.Tensor], theirs: Mapping[str, torch.Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(
        torch.allclose(ours[name], theirs[name], rtol=TOLERANCE, atol=TOLERANCE) for name in ours
    )


def trainer_of(choices: Mapping[str, Choice], *, plan: bool = True) -> Train:
    """Return what trains each competitor with the trainer that was chosen for it."""
    return partial(train_chosen, {name: choice.trainer for name, choice in choices.items()}, plan)


def train_chosen(
    trainers: Mapping[str, str],
    plan: bool,
    study: Study,
    competitor: Competitor,
    group: int,
    data_dir: str | None = None,
) -> tuple[RoundResult, ...]:
    """Train a group of rounds; `trainers` are by competitor, the rest is as of `train_group`."""
    if trainers[competitor.name] == TORCH:
        from bakeoff.study.torch_trainer import train_group as torch_train_group

        return torch_train_group(study, competitor, group, data_dir)
    if is_own(competitor.network):
        return train_own_group(study, competitor, group, data_dir, plan=plan)
    return train_group(study, competitor, group, data_dir, plan=plan)


def train_own_group(
    study: Study,
    competitor: Competitor,
    group: int,
    data_dir: str | None = None,
    *,
    plan: bool = True,
) -> tuple[RoundResult, ...]:
    """Train a user's network with our own trainer; arguments and errors as of `train_group`."""
    return trained_group(study, competitor, group, data_dir, plan=plan)[1]


@torch.inference_mode()  # as `train_group`
def trained_group(
    study: Study,
    competitor: Competitor,
    group: int,
    data_dir: str | None = None,
    *,
    plan: bool = True,
) -> tuple[Module, tuple[RoundResult, ...]]:
    """Train a group of rounds as `train_group` does, to the same bits; return the network too."""
    recipe = competitor.recipe
    rounds = recipe.rounds_of(group)
    data = [round_data(study, r, recipe.standardise, data_dir) for r in rounds]
    network = started(competitor, study.seed, rounds)
    learner = Learner(
        network,
        torch.cat([d.train_input for d in data]),
        {k: torch.cat([d.train_labels[k] for d in data]) for k in data[0].train_labels},
        recipe,
        dict(competitor.loss_weights),
        plan=plan,
    )
    orders = [rng.generator(study.seed, r, "order") for r in rounds]
    fresh = None
    if not recipe.augmentation.idle:
        fresh = [fresh_pairs(d, recipe, study.seed, r) for d, r in zip(data, rounds, strict=True)]
    curves, predictions, seconds = train(learner, data, orders, recipe, fresh)
    return network, tuple(
        round_result(
            study,
            competitor,
            r,
            c,
            predictions[i],
            parameters=count_parameters(network),
            seconds=seconds / len(rounds),
            state=state_of(network, i),
        )
        for i, (r, c) in enumerate(zip(rounds, curves, strict=True))
    )


def state_of(network: Module, place: int) -> dict[str, torch.Tensor]:
    """Return the weights of one of the rounds that a network trains in lockstep."""
    state = network.state_dict()
    if network.rounds is None:
        return state
    return {name: tensor[place].contiguous() for name, tensor in state.items()}


def started(competitor: Competitor, seed: int, rounds: range) -> Module:
    """Return a network as it starts some rounds, in lockstep if there are several.

    A torch.nn.Module starts with the weights that its own __init__ draws.
    """
    made: Module | torch.nn.Module
    if is_own(competitor.network):
        made = make_own(competitor, seed, rounds[0])
        network: Module = Answering(made if isinstance(made, Module) else from_torch(made))
    else:
        made = network = make_network(competitor)
    if len(rounds) > 1:
        lockstep(network, len(rounds))
    network.initialise(seed, rounds[0])
    if isinstance(made, torch.nn.Module):
        modules = [make_own(competitor, seed, r) for r in rounds]
        states = [module.state_dict() for module in modules]
        own = network.state_dict()
        for name in own:
            parts = [state[name].detach() for state in states]
            own[name] = parts[0] if network.rounds is None else torch.stack(parts)
        network.load_state_dict(own)
    return network
