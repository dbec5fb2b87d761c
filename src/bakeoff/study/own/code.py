"""A user's own code in a study: `network = "mymodule:MyNet"`, `data = "mymodule:make_round"`.

A network is a class or function that gives a `bakeoff.nn.Module` or any `torch.nn.Module`. That
takes a batch of the study's examples, of pairs (N, 2, 14, 14), and returns an answer for each, of
pairs logits (N, 2), or a mapping of answers by name, `target` being the main output; the name
before the dot says which label an output is scored against. Data are drawn by a function, see
`bakeoff.study.own.data`.

Naming either is the only way in which a study runs code that is not bakeoff's. Nothing is imported
before `load_own` is called; `own_files` finds the files without that.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bakeoff.errors import BakeoffError, StudyError, nearest
from bakeoff.study.spec import Study

if TYPE_CHECKING:
    pass


def is_own(name: str) -> bool:
    """Tell whether a network's or data's name is "module:name" rather than one of bakeoff's."""
    return ":" in name


def file_of(name: str) -> Path | None:
    """Return the file of "module:name" without importing anything; None if there is none.

    It is looked for where Python would, and then in the current folder.
    """
    parts = name.partition(":")[0].split(".")
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
    """Return the files whose code a study runs, by the name of network or data, importing none.

    Raises:
        StudyError: for a module that is not there.
    """
    used = {study.data: "data"} | {c.network: "network" for c in study.competitors}
    return {name: own_file(name, what) for name, what in used.items() if is_own(name)}


def own_file(name: str, what: str = "network") -> Path:
    """Return the file of "module:name".

    Args:
        name: of the network, or of the data.
        what: which of them, for the error.

    Raises:
        StudyError: if there is no such module, or it is not a file.
    """
    path = file_of(name)
    if path is None:
        raise StudyError(
            f"{what} {name!r}: found no module {name.partition(':')[0]!r}, expected a Python"
            " file in the current folder or an installed package"
        )
    return path


def load_own(
    whole: str, what: str = "network", expected: str = "a class or function that makes a network"
) -> Callable[..., Any]:
    """Import a module, which runs its code, and return what the name after the colon stands for.

    Args:
        whole: "module:name".
        what: what is named so, for the errors.
        expected: what it should be, for the errors.

    Raises:
        StudyError: if there is no such module or name, or the module's own code fails.
    """
    module, _, name = whole.partition(":")
    own_file(whole, what)
    sys.path[:] = search_path()
    try:
        found: Any = importlib.import_module(module)
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        raise StudyError(f"{what} {whole!r}: importing {module} failed: {told(error)}") from error
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        known = [n for n, v in vars(sys.modules[module]).items() if callable(v) and n[0] != "_"]
        raise StudyError(
            f"{what} {whole!r}: {module} has no {name!r}{nearest(name, known)}, expected {expected}"
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
