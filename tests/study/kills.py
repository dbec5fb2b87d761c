"""Runs that are killed: the machinery of the tests, and a longer trial as a script.

    python tests/study/kills.py --kills 20

A small study runs in processes of its own on a store. Every step of the parent (claim, keep, their
beginnings and ends) and of the workers is logged to a file as it happens, so that a kill can fall
into a phase that was drawn at random, and is known afterwards.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from functools import wraps
from pathlib import Path

import trainers

from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.study.store import Store
from bakeoff.study.store.owner import start_time
from bakeoff.study.workers import LocalPool, belong_to_parent

PATIENCE = 60.0
WORKERS = 2


def study(rounds):
    recipe = Recipe(epochs=2, rounds_per_group=2)
    competitors = [Competitor(name, recipe=recipe) for name in ("a", "bb")]
    return Study("killed", "Which?", competitors, [("bb", "a")], rounds=rounds)


def logged(method, phase, folder):
    @wraps(method)
    def wrapper(self, key, batch, *more, **named):
        trainers.note(folder, f"{phase} begins {key[:4]} {batch}")
        result = method(self, key, batch, *more, **named)
        trainers.note(folder, f"{phase} ended {key[:4]} {batch}")
        return result

    return wrapper


def run_here(folder, rounds):
    """Run the study in this process, with its steps logged."""
    for phase in ("claim", "keep"):
        setattr(Store, phase, logged(getattr(Store, phase), phase, folder))
    from bakeoff.study import run
    from bakeoff.study.keys import Key

    # Keys need no sources here, which would need torch, which takes seconds to load.
    run.keys_of = lambda study, data_dir, trainers: {
        name: Key(name * 16, "{}", "sources", "embedded") for name in study.competitor_names
    }
    pool = LocalPool(WORKERS, begin=belong_to_parent)
    # The folder of the log travels where the folder of data would.
    options = run.RunOptions(train=trainers.noted, data_dir=str(folder), rehearse=False)
    run.run_study(study(rounds), options, store=Path(folder) / "store", pool=pool)
    trainers.note(folder, "run ended")


class Trial:
    """A study's store and log in a folder, and the runs on it."""

    def __init__(self, folder, rounds):
        self.folder, self.rounds = Path(folder), rounds
        self.tasks = len(study(rounds).competitors) * rounds // 2

    def log(self):
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []

    def start(self):
        path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
        return subprocess.Popen(
            [sys.executable, __file__, "--run", str(self.folder), str(self.rounds)],
            # A killed parent leaves semaphores to Python's tracker, which says so on stderr.
            env=os.environ | {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore"},
        )

    def finish(self):
        """Let a run end by itself."""
        assert self.start().wait(PATIENCE) == 0

    def wait_for_lines(self, count, parent):
        """Wait until the log has so many lines; tell whether the run still goes on."""
        deadline = time.monotonic() + PATIENCE
        while len(self.log()) < count and parent.poll() is None:
            assert time.monotonic() < deadline, "nothing happens"
            time.sleep(0.001)
        return parent.poll() is None

    def wait_for_kept(self, more, parent):
        """Wait until so many more groups are kept; tell whether the run still goes on."""

        def kept():
            return sum(line.startswith("keep ended") for line in self.log())

        deadline, aim = time.monotonic() + PATIENCE, kept() + more
        while kept() < aim and parent.poll() is None:
            assert time.monotonic() < deadline, "nothing happens"
            time.sleep(0.002)
        return parent.poll() is None

    def workers(self):
        """Return (pid, start time) of every worker that ever trained."""
        return {tuple(line.split()[1:3]) for line in self.log() if line.startswith("train ")}

    def living(self):
        return {(pid, start) for pid, start in self.workers() if start_time(int(pid)) == start}

    def wait_for_no_worker(self):
        deadline = time.monotonic() + PATIENCE
        while self.living():
            assert time.monotonic() < deadline, f"left alive: {self.living()}"
            time.sleep(0.01)

    def kill_parent(self, draw):
        """Start a run and kill it after some steps; return the phase it was killed in."""
        parent = self.start()
        steps = draw.randint(1, 24)
        going = self.wait_for_lines(len(self.log()) + steps, parent)
        time.sleep(draw.uniform(0, 0.004))
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        self.wait_for_no_worker()
        return (self.log() or ["nothing yet"])[-1] if going else "ended by itself"

    def check_kept(self):
        """Make sure that the store holds every group that was said to be kept."""
        said = {tuple(line.split()[2:]) for line in self.log() if line.startswith("keep ended")}
        if not (self.folder / "store").exists():
            assert not said
            return
        with Store(self.folder / "store", read_only=True) as store:
            rows = store.read("SELECT key, round FROM rounds")
        groups = Counter((row["key"][:4], str(row["round"] // 2)) for row in rows)
        assert set(groups.values()) <= {2}, "half a group was kept"
        assert said <= set(groups), "a kept group was lost"

    def check_end(self, most_trainings):
        """Make sure that all is there, once, with undisturbed results, and nothing goes on."""
        self.wait_for_no_worker()
        value = study(self.rounds)
        with Store(self.folder / "store", read_only=True) as store:
            (kept,) = store.studies()
            found = store.results(kept.keys)
            assert store.read("SELECT * FROM claims") == []
        expected = [
            trainers.result(value, c, r) for c in value.competitors for r in range(self.rounds)
        ]
        assert list(found) == expected
        trained = sum(line.startswith("trained ") for line in self.log())
        assert self.tasks <= trained <= most_trainings, (self.tasks, trained, most_trainings)


def kill_parents(folder, rounds, kills, seed):
    """Kill a study's parent again and again, then let it end; return the phases."""
    trial, draw = Trial(folder, rounds), random.Random(seed)
    phases = []
    for _ in range(kills):
        phases.append(trial.kill_parent(draw))
        trial.check_kept()
    trial.finish()
    # Only what was in flight, at most one task a worker, is trained again after a kill.
    trial.check_end(trial.tasks + kills * WORKERS)
    return phases


def kill_workers(folder, rounds, kills, seed):
    """Kill workers of one run, which must end by itself all the same."""
    trial, draw = Trial(folder, rounds), random.Random(seed)
    parent = trial.start()
    killed = 0
    # More groups are kept between two kills than were in flight, so that none is hit three times.
    while killed < kills and trial.wait_for_kept(draw.randint(WORKERS + 1, 10), parent):
        for pid, _ in sorted(trial.living())[:1]:
            os.kill(int(pid), signal.SIGKILL)
            killed += 1
    assert parent.wait(PATIENCE) == 0
    assert killed == kills
    trial.check_end(trial.tasks + kills * WORKERS)


def run_two(folder, rounds, *, kill_one):
    """Let two runs share a store; perhaps kill one, whose claims the other then takes over."""
    trial = Trial(folder, rounds)
    one, other = trial.start(), trial.start()
    if kill_one:
        while len({pid for pid, _ in trial.workers()}) < 2 * WORKERS:
            time.sleep(0.005)
        one.send_signal(signal.SIGKILL)
        one.wait()
    else:
        assert one.wait(PATIENCE) == 0
    assert other.wait(PATIENCE) == 0
    trial.check_end(trial.tasks + kill_one * WORKERS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", nargs=2, metavar=("FOLDER", "ROUNDS"), help="one run, logged")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.run:
        run_here(arguments.run[0], int(arguments.run[1]))
        return
    with tempfile.TemporaryDirectory() as base:
        for name in ("parents", "workers", "two", "one of two"):
            (Path(base) / name).mkdir()
        rounds = 12 * arguments.kills
        for phase in kill_parents(Path(base) / "parents", rounds, arguments.kills, arguments.seed):
            print("parent killed after:", phase)
        kill_workers(Path(base) / "workers", rounds, arguments.kills, arguments.seed)
        print(arguments.kills, "workers killed")
        run_two(Path(base) / "two", rounds, kill_one=False)
        run_two(Path(base) / "one of two", rounds, kill_one=True)
        print("two runs shared a store, also when one was killed")
    print("nothing lost, nothing double, nobody left alive, every result as undisturbed")


if __name__ == "__main__":
    main()
