"""A Python function as an experiment: called with a seed, it returns a number or several by name.

Each round has a fresh process, in which a leftover of the last one cannot shape the next; it is
ended at its time limit like a command's. `reuse` calls the function in the worker itself.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from inspect import getclosurevars, getsource, isfunction
from pathlib import Path
from textwrap import dedent
from time import perf_counter
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import asdict, evolve, field, frozen

from bakeoff.errors import MissingExtraError, StudyError
from bakeoff.study.checks import FLAG, check, refuse
from bakeoff.study.command import (
    FAILED_CHECK,
    TIMEOUT_CHECK,
    empty_folder,
    key_of,
    record_of,
    refuse_of_networks,
    round_seed,
    seconds_of,
)
from bakeoff.study.experiment import Experiment, Key
from bakeoff.study.record import Record, Records
from bakeoff.study.serialise import digest
from bakeoff.study.spec import Competitor, Study
from bakeoff.study.user_code import BESIDE, file_of, load_own, own_files, search_path, told
from bakeoff.system.processes import Ended, run_process

if TYPE_CHECKING:
    from bakeoff.study.run import Listener, RunOptions

RESULT = "metrics.json"


@frozen
class FunctionStudy(Study):
    """A study whose competitors are options of a Python function.

    Args:
        name, question, comparisons, rounds, seed, metrics: as of `Study`. The function returns one
            number, the first metric, or a mapping of numbers by the metrics' scores or names.
        competitors: their options are given to it as keyword arguments, after the seed.
        function: "module:function"; the module lies beside the study's file, in the current folder
            or where Python looks.
        timeout: seconds after which a round is ended; None for no limit.
        failed: what a failed round counts as, as of `Command`.
        reuse: call it in the worker itself, without a fresh process for each round.

    Raises:
        SpecError: with every field outside its range.
    """

    function: str = field(
        default="",
        metadata=check(
            lambda v: isinstance(v, str) and re.fullmatch(r"[\w.<>]+:[\w.<>]+", v) is not None,
            'a function as "mymodule:train"',
        ),
    )
    timeout: float | None = field(default=None, converter=seconds_of, metadata=TIMEOUT_CHECK)
    failed: str | float = field(default="worst", metadata=FAILED_CHECK)
    reuse: bool = field(default=False, metadata=FLAG)
    kind: ClassVar[str] = "function"

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.reuse and self.timeout is not None:
            told = "goes with a fresh process for each round, and not with reuse; leave one out"
            refuse(f"study {self.name!r}", [("timeout", told)])

    @property
    def code(self) -> Mapping[str, str]:
        """The function."""
        return {self.function: "function"}

    @property
    def failed_counts_as(self) -> str | float:
        """What a failed round counts as."""
        return self.failed

    def prepare(self, options: RunOptions, listener: Listener) -> dict[str, Experiment]:
        """Return who calls the function for each competitor."""
        refuse_of_networks(self, options)
        listener.on_code(own_files(self))
        return self.experiments()

    def experiments(self, pickled: bytes = b"", sources: str = "") -> dict[str, Experiment]:
        """Return who calls the function for each competitor.

        Args:
            pickled: the function itself, by cloudpickle, where no module defines it.
            sources: what stands for its source then.
        """
        return {
            c.name: FunctionRun(self, c, self._key(c, sources), pickled) for c in self.competitors
        }

    def _key(self, competitor: Competitor, sources: str) -> Key:
        sent = {"sent": sources} if sources else {}
        return key_of(self, competitor, {"function": self.function, **sent})

    def present_sources(self, competitor: Competitor, training: Mapping[str, Any]) -> str:
        """Return the hash of the function's file, and of what it imports from beside it.

        Of one that was sent by pickle it is the hash of then: where it stands now, nobody knows.
        """
        from bakeoff.study.sources import own_hash

        sent = training.get("sent")
        return sent if isinstance(sent, str) else own_hash(self.function, "function")


@frozen
class FunctionRun:
    """Calls a function for one competitor; see `Experiment`."""

    study: FunctionStudy
    competitor: Competitor
    key: Key
    pickled: bytes = b""
    rounds_per_group: ClassVar[int] = 1

    def run(self, rounds: range) -> Records:
        """Call the function for each of some rounds."""
        return tuple(self._round(round_) for round_ in rounds)

    def _round(self, round_: int) -> Record:
        with empty_folder() as name:
            folder = Path(name)
            call = Call(
                self.study.function,
                round_seed(self.study, round_),
                dict(self.competitor.options),
                self.study.judging().metric.score,
                search_path(),
                dict(BESIDE),
            )
            if self.study.reuse:
                ended = _called_here(call, self.pickled, folder)
            else:
                (folder / "call.json").write_text(json.dumps(asdict(call)), encoding="utf-8")
                (folder / "function.pickle").write_bytes(self.pickled)
                words = [sys.executable, "-P", "-m", "bakeoff.study.function", name]
                ended = run_process(words, folder, os.environ, self.study.timeout)
            return record_of(self._reading(), self.competitor.name, round_, ended, folder)

    def _reading(self) -> Study:
        """Return the study with its metrics read from the file that a call leaves."""
        metrics = [evolve(m, source=f"file:{RESULT}") for m in self.study.judging().metrics]
        return evolve(self.study, metrics=metrics)


def sent(function: Callable[..., Any]) -> tuple[str, bytes, str]:
    """Return how a function gets to a worker: its name, itself pickled, and its source's hash.

    The last two are empty for one that a module defines, which a worker can import.

    Raises:
        MissingExtraError: if it must be pickled and cloudpickle is not installed.
        StudyError: if it cannot be pickled.
    """
    module, name = function.__module__, getattr(function, "__qualname__", "function")
    where = f"{module}:{name}"
    found = getattr(sys.modules.get(module), name, None)
    if module != "__main__" and found is function and file_of(where) is not None:
        return where, b"", ""
    try:
        import cloudpickle
    except ImportError as error:
        raise MissingExtraError(
            f"race: got {name} of {module}, which a worker cannot import, expected a function of a"
            " module of its own; move it to one, or pip install 'bakeoff[notebook]'"
        ) from error
    try:
        pickled: bytes = cloudpickle.dumps(function)
        return where, pickled, _meaning(function)
    except Exception as error:
        raise StudyError(
            f"race: {name} of {module} cannot be sent to a worker ({error}), expected a function of"
            " a module, or of values that can be pickled"
        ) from error


def _meaning(one: object, seen: frozenset[int] = frozenset()) -> str:
    """Return the hash of a function's or class's source; of any other value, that of its pickle.

    With a function come the values around it that it names, so that another closure is another
    function, and functions of a notebook that it calls count like its own lines.
    """
    import cloudpickle

    from bakeoff.study.sources import parsed
    from bakeoff.study.sources import plain as told_by

    if isinstance(one, ModuleType) or id(one) in seen:
        return ""
    try:
        source = dedent(getsource(one)).encode()  # type: ignore[arg-type]
        around = getclosurevars(one) if isfunction(one) else None
    except (OSError, TypeError, ValueError):
        return digest(cloudpickle.dumps(one).hex())
    named = {} if around is None else {**around.globals, **around.nonlocals}
    inner = [(name, _meaning(value, seen | {id(one)})) for name, value in sorted(named.items())]
    return digest(repr((told_by(parsed(source)), inner)))


# ---- in the process of a round ------------------------------------------------------------------


@frozen
class Call:
    """A call, as JSON carries it.

    Attributes:
        function: "module:function".
        seed: the round's.
        options: keyword arguments.
        score: what a single number is called.
        path: where modules are looked for.
        beside: as `user_code.BESIDE`.
    """

    function: str
    seed: int
    options: dict[str, Any]
    score: str
    path: list[str]
    beside: dict[str, str]

    def make(self, pickled: bytes, folder: Path) -> None:
        """Call the function and leave its numbers in a file of the folder."""
        found = self._function(pickled)(self.seed, **self.options)
        told = dict(found) if isinstance(found, Mapping) else {self.score: found}
        numbers = {str(name): float(value) for name, value in told.items()}
        (folder / RESULT).write_text(json.dumps(numbers), encoding="utf-8")

    def _function(self, pickled: bytes) -> Callable[..., Any]:
        if pickled:
            import cloudpickle

            made: Callable[..., Any] = cloudpickle.loads(pickled)
            return made
        BESIDE.update(self.beside)
        return load_own(self.function, "function", "a function that takes a seed")


def _called_here(call: Call, pickled: bytes, folder: Path) -> Ended:
    began = perf_counter()
    try:
        call.make(pickled, folder)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's code may raise
        return Ended(1, perf_counter() - began, "", told(error))
    return Ended(0, perf_counter() - began, "", "")


def main(folder: Path) -> None:
    """Make the call that a folder holds."""
    call = Call(**json.loads((folder / "call.json").read_text(encoding="utf-8")))
    sys.path[:] = call.path
    call.make((folder / "function.pickle").read_bytes(), folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
