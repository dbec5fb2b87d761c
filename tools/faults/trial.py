"""A trial: a study, a store and a log in a folder of their own, and the runs on them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import moments
from attrs import frozen
from moments import PATIENCE, eventually

from bakeoff.study.store import Store

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "src"
WORKERS = 2
MADE_UP = False
"""Whether all trials do without training, unless they say otherwise."""
STOPPED = 130
REFUSED = 2

STUDY = """
name = "faults"
question = "Do the bits survive?"
rounds = {rounds}
train_size = 100
test_size = 100
comparisons = [["shared", "separate"]]
recipe = {{ epochs = 1 }}
competitors = [
    {{ name = "separate", network = "model1" }},
    {{ name = "shared", network = "model2" }},
]
"""


@frozen
class Ended:
    """How a run ended.

    Attributes:
        code: its exit code; minus the signal if one ended it.
        out: what it wrote to stdout.
        err: what it wrote to stderr, on one line.
    """

    code: int
    out: str
    err: str

    def words(self) -> str:
        """Return how it ended, for the table."""
        return f"exit {self.code}" if self.code >= 0 else signal.Signals(-self.code).name


class Trial:
    """A study in a folder, and runs on it.

    Args:
        folder: an empty folder.
        rounds: of each of the two competitors, a task a round.
        study: the study's file, with {rounds} for their number.
        network: the Python file hungry.py of a network of one's own.
        made_up: do without training, and without torch.

    Attributes:
        store: the store's file, in a folder of its own.
        broken: the promises that were broken, in words.
        tasks: how many tasks the study has.
        struck: how many rounds were kept, and had begun to train, when the fault struck.
    """

    def __init__(
        self,
        folder: Path,
        rounds: int = 5,
        *,
        study: str = STUDY,
        network: str = "",
        made_up: bool | None = None,
    ) -> None:
        self.folder, self.rounds = folder, rounds
        self.made_up = MADE_UP if made_up is None else made_up
        self.study, self.network = study, network
        self.store = folder / "kept" / "store.sqlite"
        self.store.parent.mkdir()
        self.file = folder / "faults.toml"
        self.file.write_text(study.format(rounds=rounds))
        (folder / "hungry.py").write_text(network)
        self.tasks = 2 * rounds
        self.broken: list[str] = []
        self.struck = (0, 0)
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *raised: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()

    def promise(self, kept: bool, words: str) -> None:
        """Note a promise as broken unless it was kept."""
        if not kept:
            self.broken.append(words)

    def strike(self) -> None:
        """Note how far the runs have come, now that the fault strikes."""
        self.struck = len(self.rows()), self.count("train begins")

    # ---- Runs ------------------------------------------------------------------------------

    def start(
        self,
        *options: str,
        hold: str | None = None,
        nth: int = 1,
        patience: float | None = None,
        prepare: Callable[[], object] = lambda: None,
    ) -> subprocess.Popen[str]:
        """Start a run, and wait until it is held if it is to be.

        Args:
            options: of `bakeoff run`; two workers unless they say otherwise.
            hold: the step at which to hold it, for the nth time that it comes there.
            nth: see there.
            patience: seconds to wait for a locked store.
            prepare: called in the new process, before the command is.
        """
        for name in ("hold", "held", "go"):
            (self.folder / name).unlink(missing_ok=True)
        if hold is not None:
            self.hold(hold, self.count(hold) + nth)
        if not {"--cluster", "--workers"} & set(options):
            options = (*options, "--workers", str(WORKERS))
        run = ["run", self.file.name, "--store", str(self.store), *options]
        process = self.command(*run, patience=patience, prepare=prepare)
        if hold is not None:
            self.held(process)
        return process

    def command(
        self,
        *arguments: str,
        patience: float | None = None,
        prepare: Callable[[], object] = lambda: None,
    ) -> subprocess.Popen[str]:
        """Start any command of bakeoff."""
        watched = [sys.executable, "-W", "ignore", str(HERE / "watched.py")]
        watched += ["--made-up"] * self.made_up
        watched += [] if patience is None else ["--patience", str(patience)]

        def begin() -> None:
            # A shell starts what runs in its background with Ctrl-C ignored, which is inherited.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            prepare()

        process = subprocess.Popen(
            [*watched, *arguments],
            cwd=self.folder,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=begin,  # noqa: PLW1509 (no thread is alive that could hold a lock)
        )
        self._processes.append(process)
        return process

    def environment(self) -> dict[str, str]:
        """Return the environment of the trial's processes."""
        path = os.pathsep.join([str(HERE), *filter(None, sys.path)])
        own = {moments.FOLDER: str(self.folder), "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        return os.environ | own | {"COLUMNS": "80", "NO_COLOR": "1"}

    def ends(
        self,
        run: subprocess.Popen[str],
        code: int | None,
        *words: str,
        may_also: Callable[[], bool] = lambda: False,
    ) -> Ended:
        """Wait for a run to end, and for its workers; promise how.

        Args:
            run: the run.
            code: its exit code; None where it may end in any way.
            words: what its sentence has to hold.
            may_also: whether it may as well end with 0, in whatever words.
        """
        out, err = run.communicate(timeout=PATIENCE)
        eventually(lambda: not self.living())
        told = " ".join(err.replace(f"{self.folder}/", "").split())
        ended = Ended(run.returncode, out, told)
        if code is None:
            return ended
        right = ended.code == code or (ended.code == 0 and may_also())
        self.promise(right, f"exit {ended.code} for {code}: {told[-300:]}")
        self.promise("Traceback" not in told, f"a traceback: {told[-300:]}")
        for word in words if ended.code == code else ():
            self.promise(word in told, f"no {word!r} in: {told[-300:]}")
        return ended

    def hold(self, step: str, nth: int) -> None:
        """Have the process held that comes to a step when it has come so often in all."""
        (self.folder / "held").unlink(missing_ok=True)
        (self.folder / "hold").write_text(f"{step}\t{nth}")

    def held(self, process: subprocess.Popen[str]) -> int:
        """Wait until a process is held; return its number."""
        file = self.folder / "held"

        def told() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"the run ended before it was held: {process.communicate()}")
            return file.exists() and file.read_text().endswith("\n")

        eventually(told)
        return int(file.read_text())

    def comes_to(self, moment: float, process: subprocess.Popen[str]) -> None:
        """Wait until the runs have logged some more steps, or this one has ended.

        Args:
            moment: how many steps; the fraction is a time after the last one, 0 to 10 ms.
            process: the run.
        """
        steps, rest = divmod(moment, 1)
        aim = len(self.log()) + steps
        eventually(lambda: len(self.log()) >= aim or process.poll() is not None)
        time.sleep(rest / 100)

    def release(self) -> None:
        """Let the process that is held go on."""
        (self.folder / "go").touch()

    # ---- What happened ---------------------------------------------------------------------

    def log(self) -> list[list[str]]:
        """Return the steps so far: process, step, what it was about."""
        return moments.log(self.folder)

    def count(self, step: str) -> int:
        """Return how often a step came so far."""
        return moments.count(self.folder, step)

    def living(self) -> set[int]:
        """Return the numbers of the runs' processes that live: parents, workers and all others."""
        groups, found = {process.pid for process in self._processes}, set()
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                # The name, in parentheses, may hold blanks itself.
                state, _, group, *_ = path.read_text(errors="replace").rpartition(")")[2].split()
                if state not in "ZX" and int(group) in groups:
                    found.add(int(path.parent.name))
        return found

    def rows(self) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the rounds in the store by key and number: all that is kept but the times."""
        if not self.store.exists() or self.store.stat().st_size == 0:
            return {}  # SQLite begins with an empty file
        with Store(self.store, read_only=True) as opened:
            kept, attached = (
                [dict(row) for row in opened.read(f"SELECT * FROM {table}")]  # noqa: S608
                for table in ("rounds", "attachments")
            )
        passing = ("seconds", "finished")
        rows: dict[tuple[str, int], dict[str, Any]] = {
            (row["key"], row["round"]): {n: v for n, v in row.items() if n not in passing}
            for row in kept
        }
        for row in attached:
            if (round_ := rows.get((row["key"], row["round"]))) is not None:
                round_[f"attached {row['name']}"] = row["content"]
        return rows

    def claims(self) -> int:
        """Return how many claims stand in the store."""
        with Store(self.store, read_only=True) as opened:
            return len(opened.read("SELECT * FROM claims"))

    def lost(self) -> int:
        """Return how many rounds were said to be kept, and are not in the store."""
        said = {line[2] for line in self.log() if line[1] == "keep ended"}
        return len(said - {f"{key[:6]} {round_}" for key, round_ in self.rows()})


@contextmanager
def trial(*arguments: Any, **options: Any) -> Iterator[Trial]:
    """Give a trial in a new folder, which is removed in the end, with whatever still runs."""
    with (
        tempfile.TemporaryDirectory(prefix="bakeoff-") as name,
        Trial(Path(name), *arguments, **options) as made,
    ):
        yield made
