"""What source files mean, and which of them a user's code runs: a comment begins nothing anew.

A file means its syntax tree without docstrings and positions. Of users' files those count that they
import from beside them, found by following imports, without importing anything.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

from bakeoff.study.serialise import digest
from bakeoff.study.user_code import file_of, own_file

INSTALLED = ("site-packages", "dist-packages")


def own_hash(name: str, what: str = "network") -> str:
    """Return the hash of the file of "module:name", and of what it imports from beside it.

    Raises:
        StudyError: if there is no such module, or it is not a file.
    """
    file = own_file(name, what)
    folder = file.parent
    if folder.name in INSTALLED:
        return hash_of({file}, folder)

    def beside(path: Path) -> Iterator[Path]:
        for module, taken in imports(path.read_bytes()):
            for found in _places(path, module, taken):
                if found.is_relative_to(folder):
                    yield found

    return hash_of(reached([file], beside), folder)


# ---- what a file means --------------------------------------------------------------------------


def hash_of(files: Iterable[Path], folder: Path) -> str:
    """Return the hash of what files of a folder mean, and of their names."""
    by_name = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    return digest(*(t for name, path in by_name for t in (name, _meaning(path.read_bytes()))))


@cache
def parsed(source: bytes) -> ast.Module:
    """Return a source's syntax tree."""
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # of a user's file: importing it will tell
        return ast.Module([ast.Expr(ast.Constant(source))], [])


@cache
def _meaning(source: bytes) -> str:
    """Return a hash that is the same for two sources that differ in layout and words alone."""
    return digest(repr(plain(parsed(source))))


def plain(node: object) -> object:
    """Return a syntax tree as tuples, without docstrings, positions and whatever is empty."""
    if isinstance(node, list):
        return [plain(inner) for inner in node]
    if not isinstance(node, ast.AST):
        return node
    fields = dict(ast.iter_fields(node))
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        documented = ast.get_docstring(node, clean=False) is not None
        fields["body"] = node.body[1:] if documented else node.body
    return type(node).__name__, [(k, plain(v)) for k, v in fields.items() if v not in (None, [])]


# ---- what a file imports ------------------------------------------------------------------------


def reached(files: Iterable[Path], following: Callable[[Path], Iterable[Path]]) -> set[Path]:
    """Return files and all that are found by following them, again and again."""
    found, left = set[Path](), list(files)
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            left += following(path)
    return found


@cache
def imports(source: bytes) -> tuple[tuple[str, str], ...]:
    """Return the modules that a file may import, with dots where relative, and a name from each."""
    found: list[tuple[str, str]] = []
    for node in ast.walk(parsed(source)):
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
