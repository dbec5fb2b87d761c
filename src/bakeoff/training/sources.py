"""Which sources shape a round, and a hash of what they mean: a comment never trains a study anew.

A file means its syntax tree without docstrings and positions. Of bakeoff's layers and networks
only those count that a network's round runs, and of users' files those that they import from
beside them; both are found by following imports, without importing anything.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from bakeoff.study.serialise import digest
from bakeoff.study.user_code import file_of, is_own, own_file
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
    "training/curves.py",
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
INSTALLED = ("site-packages", "dist-packages")


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
    return _hash(_files(names, package), package)


def network_hash(network: str, package: Path = PACKAGE) -> str:
    """Return the hash of all sources that shape the rounds of one of bakeoff's networks."""
    names = package / "models" / "__init__.py"
    made = _factory(network, names)
    if made is None:  # no network that we know: it may use anything
        return sources_hash(ALWAYS + BY_USE, package)
    rooms = [package / room for room in BY_USE]

    def used(path: Path) -> list[Path]:
        if path == names:  # which mentions every network
            return []
        return [p for p in _taken(path, package) if any(p.is_relative_to(room) for room in rooms)]

    makers = {node.id for node in ast.walk(made) if isinstance(node, ast.Name)} - {"partial"}
    files = _files(ALWAYS, package) + [_defining("bakeoff.models", m, package) for m in makers]
    return digest(_hash(_reached(files, used) - {names}, package), repr(_plain(made)))


def _factory(network: str, names: Path) -> ast.expr | None:
    """Return the expression that makes a network, in the table of all; None if it is not there."""
    for node in ast.walk(_parsed(names.read_bytes())):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == network:
                    return value
    return None


def own_hash(name: str, what: str = "network") -> str:
    """Return the hash of the file of "module:name", and of what it imports from beside it.

    Raises:
        StudyError: if there is no such module, or it is not a file.
    """
    file = own_file(name, what)
    folder = file.parent
    if folder.name in INSTALLED:
        return _hash({file}, folder)

    def beside(path: Path) -> Iterator[Path]:
        for module, taken in _imports(path.read_bytes()):
            for found in _places(path, module, taken):
                if found.is_relative_to(folder):
                    yield found

    return _hash(_reached([file], beside), folder)


# ---- what a file means --------------------------------------------------------------------------


def _hash(files: Iterable[Path], folder: Path) -> str:
    by_name = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    return digest(*(t for name, path in by_name for t in (name, _meaning(path.read_bytes()))))


@cache
def _parsed(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # of a user's file: importing it will tell
        return ast.Module([ast.Expr(ast.Constant(source))], [])


@cache
def _meaning(source: bytes) -> str:
    """Return a hash that is the same for two sources that differ in layout and words alone."""
    return digest(repr(_plain(_parsed(source))))


def _plain(node: object) -> object:
    """Return a syntax tree as tuples, without docstrings, positions and whatever is empty."""
    if isinstance(node, list):
        return [_plain(inner) for inner in node]
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        documented = ast.get_docstring(node, clean=False) is not None
        fields["body"] = node.body[1:] if documented else node.body
    return type(node).__name__, [(k, _plain(v)) for k, v in fields.items() if v not in (None, [])]


# ---- what a file imports ------------------------------------------------------------------------


def _reached(files: Iterable[Path], following: Callable[[Path], Iterable[Path]]) -> set[Path]:
    found, left = set[Path](), list(files)
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += following(path)
    return found


@cache
def _imports(source: bytes) -> tuple[tuple[str, str], ...]:
    """Return the modules that a file may import, with dots where relative, and a name from each."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found += [(module, alias.name) for alias in node.names]
    return tuple(found)


def _places(path: Path, module: str, name: str) -> Iterator[Path]:
    """Yield the files of a module that a user's file imports, and of one of that name inside it."""
    inner = module.lstrip(".")
    if inner == module:
        yield from filter(None, map(file_of, (module, f"{module}.{name}")))
        return
    home = path.parents[len(module) - len(inner) - 1].joinpath(*inner.split("."))
    places = (home.with_suffix(".py"), home / "__init__.py", home / f"{name}.py")
    yield from (place for place in places if place.is_file())


def _taken(path: Path, package: Path) -> Iterator[Path]:
    """Yield the files of bakeoff that define what a file imports from others of them."""
    for module, name in _imports(path.read_bytes()):
        if module.startswith("bakeoff.") and name:
            yield _defining(module, name, package)


def _defining(module: str, name: str, package: Path) -> Path:
    """Return the file that defines a name of a module, through what `__init__.py` passes on."""
    home = package.joinpath(*module.split(".")[1:])
    for path in (home / f"{name}.py", home / name / "__init__.py", home.with_suffix(".py")):
        if path.is_file():
            return path
    init = home / "__init__.py"
    passed_on = [(m, n) for m, n in _imports(init.read_bytes()) if n == name]
    return _defining(*passed_on[0], package) if passed_on else init


def _files(names: Iterable[str], package: Path) -> list[Path]:
    paths = [package / name for name in names]
    return [file for path in paths for file in (path.rglob("*.py") if path.is_dir() else [path])]
