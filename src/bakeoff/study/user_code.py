"""A user's own code in a study: `function = "mymodule:train"`, `network = "mymodule:MyNet"`.

Naming it is the only way in which a study runs code that is not bakeoff's. Nothing is imported
before `load_own` is called; `own_files` finds the files without that.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from pathlib import Path
from typing import Any

from bakeoff.errors import BakeoffError, StudyError, nearest
from bakeoff.study.spec import Study

BESIDE: dict[str, str] = {}
"""The folder of a study's file, by the name of each module that it names and that lies there."""

_importing: list[str] = []


def is_own(name: str) -> bool:
    """Tell whether a network's or data's name is "module:name" rather than one of bakeoff's."""
    return ":" in name


def look_beside(file: Path, study: Study) -> None:
    """Have the modules that a study names be those beside its file, where there are such.

    Raises:
        StudyError: if a study of another folder has a module of the same name.
    """
    folder = str(file.parent.resolve())
    for name in study.code:
        module = name.partition(".")[0].partition(":")[0]
        if PathFinder.find_spec(module, [folder]) is None:
            continue
        if BESIDE.setdefault(module, folder) != folder:
            raise StudyError(
                f"{file}: names the module {module!r} beside it, but a study in {BESIDE[module]},"
                " read before, does so too, expected one of them in a process; run each study in"
                " one of its own"
            )


def file_of(name: str) -> Path | None:
    """Return the file of "module:name" without importing anything; None if there is none.

    It is looked for beside the study's file, where Python would look, and in the current folder.
    """
    found = None
    for found in _specs(name.partition(":")[0]):
        if found is None:
            return None
    return Path(found.origin) if found and found.has_location and found.origin else None


def _specs(module: str) -> Iterator[ModuleSpec | None]:
    """Yield where a module's packages and the module itself are; None where there is nothing."""
    parts = module.split(".")
    where: Any = [*filter(None, [BESIDE.get(parts[0])]), *search_path()]
    for i in range(len(parts)):
        # Without further locations it is a module, not a package that could hold others.
        found = None if where is None else PathFinder.find_spec(".".join(parts[: i + 1]), where)
        yield found
        where = found and found.submodule_search_locations


def search_path() -> list[str]:
    """Return where modules are looked for: the current folder comes last, so it hides nothing."""
    here = os.getcwd()
    added = [*dict.fromkeys(BESIDE.values()), here]
    return sys.path + [p for p in added if p not in sys.path and (p != here or "" not in sys.path)]


def own_files(study: Study) -> dict[str, Path]:
    """Return the files whose code a study runs, by the name of network or data, importing none.

    Raises:
        StudyError: for a module that is not there.
    """
    return {name: own_file(name, what) for name, what in study.code.items()}


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
            " file beside the study's or in the current folder, or an installed package"
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
    file = own_file(whole, what)
    try:
        found = _imported(module)
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        raise StudyError(f"{what} {whole!r}: importing {module} failed: {told(error)}") from error
    loaded = getattr(found, "__file__", None)
    if loaded is None or not file.samefile(loaded):
        raise StudyError(
            f"{what} {whole!r}: found {file}, but Python has loaded {module} from {loaded},"
            " expected one module of that name; give the file another name"
        )
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        known = [n for n, v in vars(sys.modules[module]).items() if callable(v) and n[0] != "_"]
        raise StudyError(
            f"{what} {whole!r}: {module} has no {name!r}{nearest(name, known)}, expected {expected}"
        )
    made: Callable[..., Any] = found
    return made


def _imported(module: str) -> Any:
    """Import a module, from where `file_of` finds it; it finds what lies beside it."""
    first, spec = module.partition(".")[0], next(_specs(module))
    sys.path[:] = search_path()
    _importing.append(module)
    try:
        if first in BESIDE and first not in sys.modules and spec and spec.loader:
            sys.modules[first] = module_from_spec(spec)
            try:
                spec.loader.exec_module(sys.modules[first])
            except BaseException:
                del sys.modules[first]
                raise
        return importlib.import_module(module)
    finally:
        _importing.pop()


def check_not_importing() -> None:
    """Raise a StudyError if a study is run by the module that is being imported for a study."""
    if _importing:
        raise StudyError(
            f"{_importing[-1]}: runs a study while it is imported for one, expected a module that"
            " only defines; put the run under if __name__ == '__main__':, or into another file"
        )


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
