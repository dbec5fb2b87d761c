"""A user's own network in a study: `network = "mymodule:MyNet"`, a class or function of theirs.

It gives a `bakeoff.nn.Module` or any `torch.nn.Module` that takes pairs (N, 2, 14, 14) and returns
logits (N, 2), or a mapping of them by name, `target` being the main output; the name before the dot
says which label an output is scored against.

Naming one is the only way in which a study runs code that is not bakeoff's. Nothing is imported
before `load_own` is called; where the file is can be told beforehand.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.errors import BakeoffError, StudyError
from bakeoff.study.spec import Competitor, Study

if TYPE_CHECKING:
    import torch

    from bakeoff import nn


def is_own(network: str) -> bool:
    """Tell whether a network's name is "module:Class" rather than one of bakeoff's."""
    return ":" in network


def file_of(network: str) -> Path | None:
    """Return the file of "module:Class" without importing anything; None if there is none.

    It is looked for where Python would, and then in the current folder.
    """
    parts = network.partition(":")[0].split(".")
    where: Any = search_path()
    found = None
    for i in range(len(parts)):
        if where is None:
            return None  # a module, not a package that could hold others
        found = PathFinder.find_spec(".".join(parts[: i + 1]), where)
        if found is None:
            return None
        where = found.submodule_search_locations
    return Path(found.origin) if found and found.has_location and found.origin else None


def search_path() -> list[str]:
    """Return where modules are looked for: the current folder comes last, so it hides nothing."""
    here = os.getcwd()
    return sys.path if here in sys.path or "" in sys.path else [*sys.path, here]


def own_files(study: Study) -> dict[str, Path]:
    """Return the files whose code a study runs, by the name of the network, importing none.

    Raises:
        StudyError: for a module that is not there.
    """
    found = {}
    for competitor in study.competitors:
        if is_own(competitor.network):
            path = file_of(competitor.network)
            if path is None:
                raise StudyError(no_module(competitor.network))
            found[competitor.network] = path
    return found


def no_module(network: str) -> str:
    """Return the sentence about a module that is not there."""
    return (
        f"network {network!r}: found no module {network.partition(':')[0]!r}, expected a Python"
        " file in the current folder or an installed package"
    )


def load_own(network: str) -> Callable[..., Any]:
    """Import a module, which runs its code, and return what the name after the colon stands for.

    Raises:
        StudyError: if there is no such module or name, or the module's own code fails.
    """
    module, _, name = network.partition(":")
    if file_of(network) is None:
        raise StudyError(no_module(network))
    sys.path[:] = search_path()
    try:
        found: Any = importlib.import_module(module)
    except Exception as error:  # whatever a user's code may raise
        raise StudyError(
            f"network {network!r}: importing {module} failed: {told(error)}"
        ) from error
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        from bakeoff.errors import nearest

        known = [n for n, v in vars(sys.modules[module]).items() if callable(v) and n[0] != "_"]
        raise StudyError(
            f"network {network!r}: {module} has no {name!r}{nearest(name, known)}, expected a class"
            " or function that makes a network"
        )
    made: Callable[..., Any] = found
    return made


def told(error: BaseException) -> str:
    """Return a user's error in one line: what was raised, and in which line of whose file."""
    reason = str(error).strip().partition("\n")[0]
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if isinstance(error, BakeoffError) or last is None:
        return f"{type(error).__name__}: {reason}"
    file = Path(last.tb_frame.f_code.co_filename).name
    return f"{type(error).__name__}: {reason} ({file}, line {last.tb_lineno})"


def make_own(competitor: Competitor, seed: int, round_: int) -> nn.Module | torch.nn.Module:
    """Return a competitor's own network as it starts a round.

    What PyTorch's layers draw as they are made comes from the round's own stream; the global
    generator is given back as it was. A network of our own layers is not yet drawn.

    Raises:
        StudyError: if it cannot be made, or is no network.
    """
    import torch

    from bakeoff import nn, rng

    make = load_own(competitor.network)
    where = f"competitor {competitor.name!r}: {competitor.network}"
    with torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        torch.default_generator.manual_seed(rng.stream_seed(seed, round_, "init"))
        try:
            made = make(**dict(competitor.options))
        except Exception as error:  # whatever a user's code may raise
            raise StudyError(f"{where}: making it failed: {told(error)}") from error
    if not isinstance(made, nn.Module | torch.nn.Module):
        raise StudyError(
            f"{where}: gave a {type(made).__name__}, expected a bakeoff.nn.Module or a"
            " torch.nn.Module"
        )
    return made


def by_name(outputs: Any) -> Mapping[str, Any]:
    """Return a network's outputs by name: logits alone are the main output."""
    return outputs if isinstance(outputs, Mapping) else {"target": outputs}
