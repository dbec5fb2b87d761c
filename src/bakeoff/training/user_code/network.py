"""A user's own network, made for a round and started by our trainer.

It is a class or function that gives a `bakeoff.nn.Module` or any `torch.nn.Module`. That takes a
batch of the study's examples, of pairs (N, 2, 14, 14), and returns an answer for each, of pairs
logits (N, 2), or a mapping of answers by name, `target` being the main output; the name before the
dot says which label an output is scored against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from bakeoff import rng
from bakeoff.autodiff import Tensor
from bakeoff.errors import StudyError
from bakeoff.interop.from_torch import from_torch, state_of
from bakeoff.nn import Module, lockstep
from bakeoff.study.user_code import load_own, told
from bakeoff.training.spec import NetworkCompetitor
from bakeoff.training.torch_state import known_state


def make_own(competitor: NetworkCompetitor, seed: int, round_: int) -> Module | torch.nn.Module:
    """Return a competitor's own network as it starts a round.

    What PyTorch's layers draw as they are made comes from the round's own stream; the global
    generator is given back as it was. A network of our own layers is not yet drawn.

    Raises:
        StudyError: if it cannot be made, or is no network.
    """
    with known_state():
        make = load_own(competitor.network)
    where = f"competitor {competitor.name!r}: {competitor.network}"
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(rng.stream_seed(seed, round_, "init"))
        try:
            made = make(**dict(competitor.options))
        except (Exception, SystemExit) as error:  # whatever a user's code may raise
            raise StudyError(f"{where}: making it failed: {told(error)}") from error
    if not isinstance(made, Module | torch.nn.Module):
        raise StudyError(
            f"{where}: gave a {type(made).__name__}, expected a bakeoff.nn.Module or a"
            " torch.nn.Module"
        )
    return made


def by_name(outputs: Any) -> Mapping[str, Any]:
    """Return a network's outputs by name: logits alone are the main output."""
    return outputs if isinstance(outputs, Mapping) else {"target": outputs}


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


def start_own(competitor: NetworkCompetitor, seed: int, rounds: range) -> Module:
    """Return a competitor's own network as it starts some rounds, as a network of our layers.

    In lockstep if there are several rounds. A torch.nn.Module starts with the weights that its own
    __init__ draws.
    """
    made = make_own(competitor, seed, rounds[0])
    network = Answering(made if isinstance(made, Module) else from_torch(made))
    if len(rounds) > 1:
        lockstep(network, len(rounds))
    network.initialise(seed, rounds[0])
    if isinstance(made, torch.nn.Module):
        modules: list[Any] = [make_own(competitor, seed, r) for r in rounds]
        states = [state_of(module) for module in modules]
        own = network.state_dict()
        for name in own:
            parts = [state[name].detach() for state in states]
            own[name] = parts[0] if network.rounds is None else torch.stack(parts)
        network.load_state_dict(own)
    return network
