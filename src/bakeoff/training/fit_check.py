"""Whether a study's networks fit its data, and which trainer each of them gets."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from attrs import frozen

from bakeoff import rng
from bakeoff.autodiff import Tensor, no_grad
from bakeoff.errors import BakeoffError, StudyError
from bakeoff.interop.from_torch import from_torch
from bakeoff.nn import Module
from bakeoff.study.user_code import is_own, told
from bakeoff.training.data_spec import DataSpec, check_output, form_of
from bakeoff.training.learner import check_weights, label_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.torch_state import known_state
from bakeoff.training.trainer import make_network
from bakeoff.training.trainers import OURS, TORCH
from bakeoff.training.user_code.network import by_name, make_own

SAMPLES, MORE = 3, 5
TOLERANCE = 1e-4


@frozen
class Choice:
    """Which trainer trains a competitor, and why, as the rest of a sentence."""

    trainer: str
    why: str


@known_state()
def choose(
    study: NetworkStudy, asked: str = OURS, form: DataSpec | None = None
) -> dict[str, Choice]:
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
    for c in study.networks:
        alike = c.network, c.options, c.loss_weights
        if alike not in found:
            found[alike] = _choice(c, asked, form)
        choices[c.name] = found[alike]
    return choices


def _choice(competitor: NetworkCompetitor, asked: str, form: DataSpec) -> Choice:
    more = torch.randn((MORE, *form.shape), generator=rng.generator(0, 0, "data", "trial"))
    x, own = more[:SAMPLES], is_own(competitor.network)
    network = make_own(competitor, 0, 0) if own else make_network(competitor)
    if isinstance(network, Module):
        network.initialise()
        outputs = _tried(competitor, network.eval(), x, form)
        if own:
            _check_rows(competitor, network, more, form, outputs)
        made_of_ours = own and asked == OURS
        return Choice(
            asked, "as it is made of bakeoff's layers" if made_of_ours else "as asked for"
        )
    expected = _tried(competitor, network.eval(), x, form)
    _check_rows(competitor, network, more, form, expected)
    if asked == TORCH:
        return Choice(TORCH, "as asked for")
    try:
        ours = from_torch(network)
    except BakeoffError as error:
        return Choice(TORCH, f"as {str(error).removeprefix('from_torch: ')}")
    try:
        found = _tried(competitor, ours, x, form)
    except StudyError:
        return Choice(TORCH, "as it fails in bakeoff's own layers")
    if not _alike(found, expected):
        return Choice(TORCH, "as bakeoff's own layers give other outputs")
    return Choice(OURS, "as bakeoff has all of its layers")


def _tried(
    competitor: NetworkCompetitor,
    network: Module | torch.nn.Module,
    x: torch.Tensor,
    form: DataSpec,
) -> dict[str, torch.Tensor]:
    """Return a network's outputs for a batch.

    Raises:
        StudyError: if it fails, or its outputs are not those that a study scores.
    """
    where = f"competitor {competitor.name!r}: {competitor.network}"
    try:
        with torch.no_grad(), no_grad():
            outputs = dict(by_name(network(x)))
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        raise StudyError(
            f"{where}: a batch of shape {tuple(x.shape)} failed: {told(error)}"
        ) from error
    if "target" not in outputs:
        raise StudyError(f"{where}: gives {', '.join(outputs)}, expected an output 'target'")
    for name, out in outputs.items():
        check_output(f"{where}: output {name!r}", label_of(str(name)), out, len(x), form)
    check_weights(dict(competitor.loss_weights), list(outputs), f"{where}: ")
    return {n: out.data if isinstance(out, Tensor) else out for n, out in outputs.items()}


def _check_rows(
    competitor: NetworkCompetitor,
    network: Module | torch.nn.Module,
    more: torch.Tensor,
    form: DataSpec,
    outputs: Mapping[str, torch.Tensor],
) -> None:
    """Raise a StudyError if a user's network answers otherwise for an example in a larger batch.

    One that draws at random in evaluation cannot be told from one that mixes examples, and passes.
    """
    if not _alike(_tried(competitor, network, more[:SAMPLES], form), outputs):
        return
    larger = _tried(competitor, network, more, form)
    if _alike({name: out[:SAMPLES] for name, out in larger.items()}, outputs):
        return
    told = (
        "inside a network of bakeoff's, forward is batch-last, features x batch, so that sums and"
        " means over features run along dimension 0"
        if isinstance(network, Module)
        else "normalise over the batch in training alone, as BatchNorm does"
    )
    raise StudyError(
        f"competitor {competitor.name!r}: {competitor.network}: got other outputs for {SAMPLES}"
        f" examples alone than for the same ones in a batch of {MORE}, in evaluation, expected each"
        f" example to be answered for itself; {told}"
    )


def _alike(ours: Mapping[str, torch.Tensor], theirs: Mapping[str, torch.Tensor]) -> bool:
    return ours.keys() == theirs.keys() and all(
        torch.allclose(ours[name], theirs[name], rtol=TOLERANCE, atol=TOLERANCE) for name in ours
    )
