"""Which sources of bakeoff's shape a network's round, and a hash of what they mean.

Of its layers and networks only those count that the round runs, found by following imports.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from bakeoff.study.serialise import digest
from bakeoff.study.sources import hash_of, imports, own_hash, parsed, plain, reached
from bakeoff.study.user_code import is_own
from bakeoff.training.trainers import OURS

PACKAGE = Path(__file__).parents[1]
ALWAYS = (
    "rng.py",
    "autodiff",
    "optim",
    "data",
    "training/trainer.py",
    "training/learner.py",
    "training/round_data.py",
    "training/scoring.py",
    "training/fresh.py",
    "training/averaging.py",
)
BY_USE = ("nn", "models")
"""Rooms of which a round runs but a part."""
TORCH = (
    "interop",
    "training/torch_trainer.py",
    "study/user_code.py",
    "training/user_code/network.py",
)
DATA = ("training/user_code/data.py", "training/user_code/validate_round.py")
"""What shapes the rounds that PyTorch trains, those of users' networks, and those of users' data,
besides the others."""


def sources_of(network: str, trainer: str = OURS, data: str = "pairs") -> str:
    """Return the hash of all sources that shape a network's rounds with a trainer on some data.

    Raises:
        StudyError: if a user's own network or data have no file.
    """
    parts = [own_hash(network)] if is_own(network) else []
    parts.append(sources_hash(ALWAYS + BY_USE) if is_own(network) else network_hash(network))
    if is_own(data):
        parts += [own_hash(data, "data"), sources_hash(DATA)]
    if trainer != OURS or is_own(network):
        parts.append(sources_hash(TORCH))
    return digest(*parts)


def sources_hash(names: Iterable[str] = (".",), package: Path = PACKAGE) -> str:
    """Return the hash of some files of bakeoff's, and of all in some folders."""
    return hash_of(_files(names, package), package)


def network_hash(network: str, package: Path = PACKAGE) -> str:
    """Return the hash of all sources that shape the rounds of one of bakeoff's networks."""
    names = package / "models" / "__init__.py"
    made = _factory(network, names)
    if made is None:  # no network that we know: it may use anything
        return sources_hash(ALWAYS + BY_USE, package)

    @cache
    def defining(told: tuple[str, str]) -> list[Path]:  # most names are taken by many files
        path = _defining(*told, package)
        return [path] if path.relative_to(package).parts[0] in BY_USE else []

    def used(path: Path) -> list[Path]:
        if path == names:  # which mentions every network
            return []
        told = [m for m in imports(path.read_bytes()) if m[0].startswith("bakeoff.") and m[1]]
        return [found for one in told for found in defining(one)]

    makers = {node.id for node in ast.walk(made) if isinstance(node, ast.Name)} - {"partial"}
    files = _files(ALWAYS, package) + [_defining("bakeoff.models", m, package) for m in makers]
    return digest(hash_of(reached(files, used) - {names}, package), repr(plain(made)))


def _factory(network: str, names: Path) -> ast.expr | None:
    """Return the expression that makes a network, in the table of all; None if it is not there."""
    for node in ast.walk(parsed(names.read_bytes())):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == network:
                    return value
    return None


def _defining(module: str, name: str, package: Path) -> Path:
    """Return the file that defines a name of a module, through what `__init__.py` passes on."""
    home = package.joinpath(*module.split(".")[1:])
    for path in (home / f"{name}.py", home / name / "__init__.py", home.with_suffix(".py")):
        if path.is_file():
            return path
    init = home / "__init__.py"
    passed_on = [(m, n) for m, n in imports(init.read_bytes()) if n == name]
    return _defining(*passed_on[0], package) if passed_on else init


def _files(names: Iterable[str], package: Path) -> list[Path]:
    paths = [package / name for name in names]
    return [file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])]
