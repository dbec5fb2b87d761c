"""A command as an experiment: a process that takes a seed and leaves a number, or fails.

What goes wrong is an outcome of the round, kept with the last lines that the command wrote, and
never a gap: its exit code, a signal, the time limit, no number where one was to be, or several.
"""

from __future__ import annotations

import glob
import os
import re
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b, file_digest
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any, ClassVar, cast

from attrs import field, frozen

from bakeoff.errors import ArgumentError, nearest
from bakeoff.study.checks import (
    Fault,
    check,
    field_faults,
    is_number,
    is_text,
    refuse,
    table_of,
    tuple_of,
)
from bakeoff.study.converters import Pairs, as_tuple
from bakeoff.study.experiment import Experiment, Key
from bakeoff.study.metric import Metric
from bakeoff.study.record import DIVERGED, FAILED, FINISHED, SECONDS, TIMED_OUT, Record, Records
from bakeoff.study.scores import NoScoreError, score_of
from bakeoff.study.serialise import canonical_json, digest
from bakeoff.study.spec import Competitor, Study
from bakeoff.system.files import escape, shell, split_line
from bakeoff.system.processes import KEPT, Ended, ending_of, run_process

if TYPE_CHECKING:
    from bakeoff.study.run import Listener, RunOptions

GIVEN = ("seed", "round", "name", "dir", "slot")
"""What any command may be told, in braces, beside its competitor's options."""
NAMED_SEED = re.compile(r"seed\.(\w+)")
RUN = "run"
"""The option of a competitor that has a command of its own."""
UNITS = {"": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "h": 3600.0}
MOST_SECONDS = 2_000_000
"""What the system can wait for at once."""
SHELL = set("|&;<>()$`*?[#~\n")
"""Signs by which a line asks for a shell."""


def seconds_of(value: Any) -> float | None:
    """Return a time such as "30 min", "90 s" or 1.5 as seconds; anything else as it is."""
    if isinstance(value, str):
        found = re.fullmatch(r"\s*([0-9.]+)\s*([a-z]*)\s*", value)
        if found and found[2] in UNITS and re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", found[1]):
            return float(found[1]) * UNITS[found[2]]
    whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if whole else cast("float | None", value)


def _as_slots(value: Any) -> Pairs[tuple[str, ...]]:
    if isinstance(value, Mapping):
        value = sorted((name, as_tuple(values)) for name, values in value.items())
    return cast("Pairs[tuple[str, ...]]", as_tuple(value))


def _is_words(value: object) -> bool:
    return is_text(value) or (
        isinstance(value, tuple) and value != () and all(isinstance(word, str) for word in value)
    )


def _is_slots(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(pair, tuple)
        and len(pair) == 2
        and is_text(pair[0])
        and isinstance(pair[1], tuple)
        and pair[1] != ()
        and all(isinstance(one, str) for one in pair[1])
        for pair in value
    )


TIMEOUT_CHECK = check(
    lambda v: v is None or (is_number(v) and 0 < v <= MOST_SECONDS),
    'seconds above 0, at most 2,000,000 (23 days), or a time such as "30 min"',
)
FAILED_CHECK = check(
    lambda v: v in ("stop", "worst") or is_number(v),
    '"stop", "worst", or the number that a failed round counts as',
)


@frozen
class Command:
    """How a round's process is started.

    Args:
        run: its words, or a line, which a shell reads if it has signs that ask for one. ``{seed}``
            and any ``{seed.NAME}`` (0 to 2**31 - 1), ``{round}``, ``{name}``, ``{dir}`` (an empty
            folder that is gone afterwards), ``{slot}`` (the worker's number from 0) and the
            competitor's options in braces are filled in; ``{{`` is a brace.
        timeout: seconds after which it is ended; None for no limit.
        watch: files whose bytes belong to the key, with * and ?; words of the command that are
            files do anyhow.
        slots: variables of the environment, each with a list: a worker gets the value of its slot.
        failed: what a failed round counts as: "worst", the worst value that any round had; a
            number; or "stop", which ends the run.

    Raises:
        SpecError: with every field outside its range.
    """

    run: tuple[str, ...] | str = field(
        converter=as_tuple, metadata=check(_is_words, "a list of words, or a line")
    )
    timeout: float | None = field(default=None, converter=seconds_of, metadata=TIMEOUT_CHECK)
    watch: tuple[str, ...] = field(
        default=(),
        converter=as_tuple,
        metadata=tuple_of(is_text, "names of files, with * and ? for any"),
    )
    slots: Pairs[tuple[str, ...]] = field(
        default=(),
        converter=_as_slots,
        metadata=check(_is_slots, "variables of the environment, with a list of texts for each"),
    )
    failed: str | float = field(default="worst", metadata=FAILED_CHECK)

    def __attrs_post_init__(self) -> None:
        refuse("command", field_faults(self))


@frozen
class CommandStudy(Study):
    """A study whose competitors are options of a command, or commands of their own.

    Args:
        name, question, comparisons, rounds, seed, metrics: as of `Study`.
        competitors: their options fill the command's braces; an option ``run`` is a command of the
            competitor's own.
        command: how a round's process is started.

    Raises:
        SpecError: with every field outside its range, and what in braces nobody fills.
    """

    command: Command = field(
        kw_only=True, metadata=table_of(Command, "a table with run, a command")
    )
    kind: ClassVar[str] = "command"

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        refuse(f"study {self.name!r}", self._brace_faults())

    def _brace_faults(self) -> list[Fault]:
        """Find what in braces nobody fills, options that nothing asks for, and no seed."""
        faults: list[Fault] = []
        timed = self.metric.score == SECONDS
        for i, competitor in enumerate(self.competitors):
            options = {name: value for name, value in competitor.options if name != RUN}
            path, line = f"competitors[{i}]", self.line_of(competitor)
            if not _is_words(line):
                faults.append((f"{path}.{RUN}", f"got {line!r}, expected a line"))
                continue
            try:
                words = words_of(line)
                every = {name for word in words for name in braces(word)}
                asked = {"seed" if NAMED_SEED.fullmatch(name) else name for name in every}
            except ValueError as error:
                faults.append((path, f"got the command {line!r}: {error}"))
                continue
            if not words:
                faults.append((path, f"got the command {line!r}, which has no word"))
            for name in sorted(asked - {*GIVEN, *options}):
                hint = nearest(name, [*GIVEN, *options]) or ", and a brace itself is written twice"
                faults.append((path, f"{{{name}}} is filled by nothing{hint}"))
            for name in sorted(options.keys() & set(GIVEN)):
                faults.append((path, f"{name} is no option: every round has its own"))
            for name in sorted(options.keys() - asked - set(GIVEN)):
                faults.append((path, f"its command has no {{{name}}}, so that it changes nothing"))
            if "seed" not in asked and not timed:
                faults.append((path, "its command has no {seed}, so every round would be the same"))
        return faults

    @property
    def metric(self) -> Metric:
        """What decides."""
        return self.judging().metric

    def line_of(self, competitor: Competitor) -> tuple[str, ...] | str:
        """Return a competitor's command."""
        return cast("str | tuple[str, ...]", dict(competitor.options).get(RUN, self.command.run))

    @property
    def failed_counts_as(self) -> str | float:
        """What a failed round counts as."""
        return self.command.failed

    def chance(self) -> tuple[str, ...]:
        """Return the names of its seeds, in order; nothing where one has no name."""
        lines = (words_of(self.line_of(c)) for c in self.competitors)
        asked = dict.fromkeys(name for line in lines for word in line for name in braces(word))
        return () if asked.keys() & {"seed", "round"} else seeds_in(asked)

    def prepare(self, options: RunOptions, listener: Listener) -> dict[str, Experiment]:
        """Return who starts each competitor's command."""
        refuse_of_networks(self, options)
        return {c.name: CommandRun(self, c, self._key(c)) for c in self.competitors}

    def _key(self, competitor: Competitor) -> Key:
        return key_of(self, competitor, {"run": self.line_of(competitor)})

    def present_sources(self, competitor: Competitor, training: Mapping[str, Any]) -> str:
        """Return the hash of the bytes of watched files, and of the command's words that are."""
        words = [word for word in _may_be_files(self.line_of(competitor)) if os.path.isfile(word)]
        watched = [name for pattern in self.command.watch for name in glob.glob(pattern)]
        return digest(*(t for name in sorted({*words, *watched}) for t in (name, _bytes_of(name))))


def key_of(study: Study, competitor: Competitor, told: Mapping[str, Any]) -> Key:
    """Return a competitor's key: what is told, where a number stands, and the seeds.

    Not how it is called or judged, which shapes no round.
    """
    told = {
        **told,
        "kind": study.kind,
        "options": dict(competitor.options),
        "metrics": [[m.score, m.source, m.take] for m in study.judging().metrics],
        "seed": [*study.seeds] or study.seed,
        **competitor.holds,
    }
    return Key(canonical_json(told), study.present_sources(competitor, told), "")


def refuse_of_networks(study: Study, options: RunOptions) -> None:
    """Refuse what a run of networks alone can be asked for.

    Raises:
        ArgumentError: with the first such option.
    """
    given = {
        "--data": options.data_dir is not None,
        "--trainer": options.trainer != "bakeoff",
        "--no-plan": not options.plan,
    }
    for name, is_given in given.items():
        if is_given:
            raise ArgumentError(f"{name}: goes with networks, and study {study.name!r} has none")


def _may_be_files(line: tuple[str, ...] | str) -> tuple[str, ...]:
    """Return a command's words; of a shell's line, what stands between its signs.

    A file that the line writes is none that shapes it.
    """
    words = words_of(line)
    if words[:2] != (shell(), "-c"):
        return words
    return tuple(re.findall(r"[^\s'\"|&;<>()$`]+", re.sub(r">+\s*\S+", "", words[2])))


def _bytes_of(name: str) -> str:
    with open(name, "rb") as file:
        return file_digest(file, blake2b).hexdigest()[:32]


def braces(word: str) -> list[str]:
    """Return what stands in a word's braces; raises a ValueError for one that does not close."""
    return [
        name + (f"!{how}" if how else "") + (f":{form}" if form else "")
        for _, name, form, how in Formatter().parse(word)
        if name is not None
    ]


def words_of(line: tuple[str, ...] | str) -> tuple[str, ...]:
    """Return a command's words: those of a line by a shell's rules, or a shell that reads it."""
    if isinstance(line, tuple):
        return line
    signs = set(re.sub(r"'[^']*'|\{\w*\}", "", line)) & (SHELL | set(escape()))
    if signs or re.match(r"\s*[A-Za-z_]\w*=", line):
        if not shell():
            raise ValueError(
                "it asks for a shell, and Windows has none that reads it; write it as a list of"
                " words, or install Git for Windows with its sh on the PATH"
            )
        return (shell(), "-c", line)
    return split_line(line)


def round_seed(study: Study, round_: int) -> int:
    """Return the seed that a round's competitors share: the listed one, or `seed_of`'s."""
    return study.seeds[round_] if round_ < len(study.seeds) else seed_of(study.seed, round_)


def seed_of(seed: int, round_: int) -> int:
    """Return a round's seed, 0 to 2**31 - 1.

    BLAKE2b (RFC 7693) of the study's seed and the round, so that no round's seed tells another's.
    """
    hashed = blake2b(f"{seed}/{round_}/command".encode(), digest_size=4).digest()
    return int.from_bytes(hashed, "little") & 0x7FFF_FFFF


def seeds_in(asked: Iterable[str]) -> tuple[str, ...]:
    """Return what the seeds with a name are of, among all that stands in braces."""
    return tuple(found[1] for name in asked if (found := NAMED_SEED.fullmatch(name)))


def named_seed(study: Study, competitor: Competitor, round_: int, source: str) -> int:
    """Return the seed of one source of chance, 0 to 2**31 - 1, of the round that draws it."""
    seed = round_seed(study, competitor.round_of(source, round_))
    hashed = blake2b(f"{seed}/{source}".encode(), digest_size=4).digest()
    return int.from_bytes(hashed, "little") & 0x7FFF_FFFF


@frozen
class CommandRun:
    """Starts one competitor's command; see `Experiment`."""

    study: CommandStudy
    competitor: Competitor
    key: Key
    rounds_per_group: ClassVar[int] = 1

    def run(self, rounds: range) -> Records:
        """Run the command for each of some rounds."""
        return tuple(self._round(round_) for round_ in rounds)

    def _round(self, round_: int) -> Record:
        command = self.study.command
        with empty_folder() as place:
            folder = Path(place, "dir")  # empty: what the command prints goes beside it
            folder.mkdir()
            given = {
                "seed": round_seed(self.study, round_),
                "round": round_,
                "name": self.competitor.name,
                "dir": folder,
                "slot": this_slot(),
            }
            line = words_of(self.study.line_of(self.competitor))
            for source in seeds_in(name for word in line for name in braces(word)):
                seed = named_seed(self.study, self.competitor, round_, source)
                given[f"seed.{source}"] = seed
            words = filled(line, self.competitor, given)
            slots = {name: values[this_slot() % len(values)] for name, values in command.slots}
            ended = run_process(words, Path(place), os.environ | slots, command.timeout)
            return record_of(self.study, self.competitor.name, round_, ended, folder)


@contextmanager
def empty_folder() -> Iterator[str]:
    """Give a folder that is removed afterwards, whatever a command did to it."""
    from bakeoff.study import workers

    with tempfile.TemporaryDirectory(
        prefix="bakeoff-", dir=workers.FOLDER[0], ignore_cleanup_errors=True
    ) as folder:
        yield folder


def filled(
    words: tuple[str, ...], competitor: Competitor, given: Mapping[str, object]
) -> list[str]:
    """Return a command's words with what stands in braces filled in; quoted for a shell."""
    values = {name: _text(value) for name, value in {**dict(competitor.options), **given}.items()}
    if words[:2] == (shell(), "-c"):
        return [*words[:2], *(_quoted(word, values) for word in words[2:])]
    return [
        "".join(text + values.get(name or "", "") for text, name, _, _ in Formatter().parse(word))
        for word in words
    ]


def _quoted(line: str, values: Mapping[str, str]) -> str:
    """Fill in a shell's line, each value quoted as its place in or outside of quotes asks for."""
    told, quote = "", ""
    for literal, name, _, _ in Formatter().parse(line):
        quote = _open_quote(literal, quote)
        told += literal + ("" if name is None else QUOTED[quote](values[name]))
    return told


def _open_quote(text: str, quote: str) -> str:
    """Return the quote that is open behind a text, "" for none, if one was open before it."""
    escaped = False
    for sign in text:
        if escaped:
            escaped = False
        elif sign == quote:
            quote = ""
        elif not quote and sign in "'\"":
            quote = sign
        else:
            escaped = sign == "\\" and quote != "'"
    return quote


QUOTED: Mapping[str, Callable[[str], str]] = {
    "": shlex.quote,
    "'": lambda text: text.replace("'", "'\\''"),
    '"': lambda text: re.sub(r'(["$`\\])', r"\\\1", text),
}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def this_slot() -> int:
    """Return this worker's number, from 0."""
    from bakeoff.study import workers

    return workers.SLOT[0]


# ---- from what a process left to a record -------------------------------------------------------


def record_of(study: Study, name: str, round_: int, ended: Ended, folder: Path) -> Record:
    """Return what a process left as a round's record.

    Args:
        study: whose metrics are read.
        name: the competitor.
        round_: the round.
        ended: how the process ended.
        folder: where it may have left files.
    """
    status, note, failure = _failure(ended)
    scores: dict[str, float] = {}
    curves: dict[str, tuple[float, ...]] = {}
    if not failure:
        try:
            for metric in study.judging().metrics:
                if metric.score != SECONDS:
                    scores[metric.score], curve = score_of(metric, ended.stdout, folder)
                    curves |= {metric.score: curve} if len(curve) > 1 else {}
        except NoScoreError as error:
            status = DIVERGED if error.failure == "not a number" else FAILED
            note, failure, scores, curves = str(error), error.failure, {}, {}
    facts: dict[str, int | str] = {"seed": round_seed(study, round_)}
    facts |= {"failure": failure} if failure else {}
    output = {"stdout": ended.stdout.encode()[-KEPT:], "stderr": ended.stderr.encode()[-KEPT:]}
    return Record(
        competitor=name,
        round=round_,
        seed=study.seed,
        status=status,
        scores=scores or ({} if failure else {SECONDS: ended.seconds}),
        curves=curves,
        seconds=ended.seconds,
        note=note,
        facts=facts,
        attachments={what: text for what, text in output.items() if text},
    )


def _failure(ended: Ended) -> tuple[str, str, str]:
    """Return status, note and kind of what went wrong before any score; of success, no kind."""
    last = ended.stderr.strip().rpartition("\n")[2][:200]
    why = f"; its last line: {last}" if last else ""
    if ended.timed_out:
        return TIMED_OUT, f"ended at its limit of {ended.timed_out:g} s{why}", "time limit"
    if ended.code == 127 and ended.not_found:
        return FAILED, f"cannot be started: {ended.not_found}", "not started"
    if name := ending_of(ended.code):
        memory = ", as when memory is used up" if name == "SIGKILL" else ""
        return FAILED, f"killed by {name}{memory}{why}", "signal"
    if ended.code:
        return FAILED, f"exit code {ended.code}{why}", "exit code"
    return FINISHED, "", ""
