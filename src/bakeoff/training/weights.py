"""The network of a finished round: out of the store, or trained once more.

The store keeps the weights of each competitor's first round alone. Any other round is trained
again, which gives the same weights on the same kind of machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from bakeoff.errors import BakeoffError, StudyError
from bakeoff.study.record import Record
from bakeoff.study.user_code import is_own
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.torch_state import known_state
from bakeoff.training.trainers import TORCH

if TYPE_CHECKING:
    import torch

    from bakeoff.nn import Module


@frozen(eq=False)
class Weights:
    """A round's weights, and the round as it was trained now.

    Attributes:
        state: every parameter and buffer in its shape and dtype, by its dotted name.
        result: the round; None if the weights were kept and nothing was trained.
    """

    state: dict[str, torch.Tensor]
    result: Record | None = None


def kept_weights(result: Record) -> Weights | None:
    """Return the weights that a finished round has kept, or None."""
    from safetensors.torch import load

    weights = result.attachment("weights")
    return None if weights is None else Weights(load(weights))


@known_state()
def train_again(
    study: NetworkStudy,
    competitor: NetworkCompetitor,
    round_: int,
    *,
    trainer: str,
    data_dir: str | None = None,
) -> Weights:
    """Train the group of a round once more, and return the round's weights.

    Raises:
        StudyError: for a round below 0, or one that diverges.
    """
    if round_ < 0:
        raise StudyError(f"round: got {round_}, expected at least 0")
    if trainer == TORCH:
        from bakeoff.training.torch_trainer import train_round

        module, result = train_round(study, competitor, round_, data_dir)
        state = {name: tensor.detach().clone() for name, tensor in module.state_dict().items()}
    else:
        from bakeoff.training.trainer import state_of, trained_group

        (group,) = competitor.recipe.groups_for(range(round_, round_ + 1))
        place = competitor.recipe.rounds_of(group).index(round_)
        network, results = trained_group(study, competitor, group, data_dir)
        state, result = state_of(network, place), results[place]
    if not result.finished:
        raise StudyError(
            f"competitor {competitor.name!r}, round {round_}: {result.note.partition(';')[0]},"
            " expected a round with weights to keep"
        )
    return Weights(state, result)


def network_of(
    study: NetworkStudy, competitor: NetworkCompetitor, state: dict[str, torch.Tensor]
) -> Module | torch.nn.Module:
    """Return a competitor's network with these weights, in evaluation.

    Args:
        study: the competitor's.
        competitor: whose network is made.
        state: every parameter and buffer in its shape and dtype, by its dotted name.

    Raises:
        StudyError: if they do not fit, as those of other sources may not.
    """
    from bakeoff.training.trainer import make_network

    if is_own(competitor.network):
        from bakeoff.training.user_code.network import make_own

        network = make_own(competitor, study.seed, 0)
    else:
        network = make_network(competitor)
    try:
        network.load_state_dict(state)
    except (BakeoffError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise StudyError(
            f"competitor {competitor.name!r}: its kept weights do not fit its network ({reason});"
            " other sources trained them, so run the study again"
        ) from error
    return network.eval()
