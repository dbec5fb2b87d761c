"""Small trainers for the runner's tests; worker processes import them from here by name."""

import itertools
import os
import random
import signal
import subprocess
import sys
import threading
import time
from multiprocessing import parent_process
from pathlib import Path

import attrs

from bakeoff.errors import StudyError
from bakeoff.study.experiment import rounds_of
from bakeoff.system.processes import start_time
from bakeoff.training.experiment import Training
from bakeoff.training.keys import keys_of
from records import record, with_curve


def result(study, competitor, round_):
    """Numbers of the seed, the round and the network's name: the larger that is, the better."""
    size = len(competitor.network) + sum(int(c) for c in competitor.network if c.isdigit())
    value = ((round_ * 37 + study.seed * 11) % 97) / 97 + size / 10 + round_ * size % 7 / 1000
    epochs = competitor.recipe.epochs
    return record(
        competitor.name,
        round_,
        study.seed,
        parameters=len(competitor.network),
        train_loss=(value,) * epochs,
        train=(value / 2,) * epochs,
        test=(value / 4,) * len(competitor.recipe.evaluated_epochs()),
        seconds=0.5,
        predictions=bytes([round_ % 2] * 10),
        weights=b"first" if round_ == 0 else None,
    )


@attrs.frozen
class Fake:
    """An experiment whose rounds one of the functions below makes."""

    train: object
    study: object
    key: object
    folder: str | None = None

    @property
    def rounds_per_group(self):
        return self.study.networks[0].recipe.rounds_per_group or 1

    def run(self, rounds):
        group = rounds[0] // self.rounds_per_group
        return self.train(self.study, self.study.networks[0], group, self.folder)


def experiments(study, train, folder=None):
    keys = keys_of(study)
    return {n: Fake(train, study.only([n]), keys[n], folder) for n in study.competitor_names}


def fakes(train):
    """What prepares a study whose rounds a function makes."""
    return lambda study, options, listener: experiments(study, train, options.data_dir)


def train_with(trainers, *, plan=True):
    """A function that trains one group of a competitor as a run would."""

    def train(study, competitor, group, data_dir):
        trainer = trainers[competitor.name]
        part = attrs.evolve(study, competitors=[competitor], comparisons=[])
        one = Training(part, trainer, None, data_dir, plan)
        return one.run(rounds_of(group, one.rounds_per_group))

    return train


class Queue:
    """A queue in memory, for one run alone."""

    def __init__(self, tasks):
        self.left, self.results, self.told = list(tasks), [], 0

    def take(self):
        return self.left.pop(0) if self.left else None

    def keep(self, task, results):
        self.results.extend(results)

    def give_back(self, task):
        self.left.insert(0, task)

    def others_at_work(self):
        return False

    def news(self):
        while self.told < len(self.results):
            self.told += 1
            yield (self.results[self.told - 1],)


def quick(study, competitor, group, data_dir):
    return tuple(result(study, competitor, r) for r in competitor.recipe.rounds_of(group))


def lasting(study, competitor, group, data_dir):
    """Takes as many milliseconds as the competitor's options say."""
    time.sleep(dict(competitor.options)["ms"] / 1000)
    return quick(study, competitor, group, data_dir)


def noting(study, competitor, group, data_dir):
    """Leaves a file named after the worker, then takes half a minute."""
    (Path(data_dir) / str(os.getpid())).touch()
    time.sleep(30)
    return quick(study, competitor, group, data_dir)


def dying(study, competitor, group, data_dir):
    """Kills its own worker in round 2, as often as the competitor's options say."""
    if group == 2:
        deaths = Path(data_dir) / competitor.name
        count = len(deaths.read_text()) if deaths.exists() else 0
        if count < dict(competitor.options)["deaths"]:
            deaths.write_text("x" * (count + 1))
            os.kill(os.getpid(), signal.SIGKILL)
    return quick(study, competitor, group, data_dir)


def failing(study, competitor, group, data_dir):
    if group == 1:
        raise ValueError("the network is wrong")
    return quick(study, competitor, group, data_dir)


def failing_for_a(study, competitor, group, data_dir):
    if competitor.name == "a":
        raise StudyError("a: no")
    return quick(study, competitor, group, data_dir)


def starting(study, competitor, group, folder):
    """Starts a process that would go on for ten minutes; then ends as the options say."""
    child = Path(folder) / "child"
    ending = dict(competitor.options)["ending"] if not child.exists() else "done"
    if not child.exists():
        child.write_text(str(subprocess.Popen(["sleep", "600"]).pid))
    if ending == "killed worker":
        os.kill(os.getpid(), signal.SIGKILL)
    if ending != "done":  # what forked this worker need not be the run
        killed = os.getppid() if ending == "killed server" else parent_process().pid
        os.kill(killed, signal.SIGINT if ending == "Ctrl-C" else signal.SIGKILL)
        time.sleep(600)
    return quick(study, competitor, group, folder)


def hungry(study, competitor, group, data_dir):
    """Asks for more memory than any machine has."""
    if group == 1:
        bytes(1 << 62)
    return quick(study, competitor, group, data_dir)


def wavering(study, competitor, group, data_dir):
    """Gives another loss each time it is called in one process."""
    (one,) = quick(study, competitor, group, data_dir)
    return (with_curve(one, "train_loss", (0.0, float(next(CALLS)))),)


CALLS = itertools.count()


def note(folder, line):
    """Append a line at once, whoever else appends."""
    descriptor = os.open(Path(folder) / "log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{line}\n".encode())
    os.close(descriptor)


def noted(study, competitor, group, folder):
    """Takes a moment, and notes when it begins and ends."""
    name = f"{competitor.name} {group}"
    note(folder, f"train {os.getpid()} {start_time(os.getpid())} {name}")
    time.sleep(random.Random(name).uniform(0.01, 0.06))
    note(folder, f"trained {name}")
    return quick(study, competitor, group, None)


class Choking(bytes):
    """Bytes that kill their process while they are on their way to the parent."""

    def __reduce__(self):
        threading.Thread(target=die_while_sending, daemon=True).start()
        return bytes, (bytes(self),)


def die_while_sending():
    """Wait until the main thread writes to a pipe, then a little longer, then die."""
    main = threading.main_thread().ident
    while sys._current_frames()[main].f_code.co_name != "_send":
        time.sleep(0.0005)
    time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGKILL)


def choking(study, competitor, group, folder):
    """Dies in the middle of telling its first result, which is large enough to be cut off."""
    told = quick(study, competitor, group, None)
    if not (Path(folder) / "choked").exists():
        (Path(folder) / "choked").touch()
        return (attrs.evolve(told[0], attachments={"weights": Choking(300_000_000)}),)
    return told
