import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bakeoff.errors import ArgumentError
from bakeoff.study.workers import LocalPool, belong_to_parent
from bakeoff.system.processes import available_cores, start_time

PATIENCE = 20.0
RUN = """
import sys
import trainers
from bakeoff.study.queue import tasks_for
from bakeoff.study.runner import finish
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.study.workers import LocalPool, belong_to_parent

if __name__ == "__main__":
    study = NetworkStudy("small", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b")])
    made = trainers.experiments(study, trainers.noting, sys.argv[1])
    queue = trainers.Queue(tasks_for(made, range(4)))
    pool = LocalPool(2, begin=belong_to_parent)
    try:
        next(finish(queue, experiments=made, pool=pool))
    except KeyboardInterrupt:
        print("stopped with", len(queue.results), "results")
"""


BLOCKED_AT_BIRTH = set()


def begin_and_remember():
    BLOCKED_AT_BIRTH.update(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
    belong_to_parent()


def blocked_at_birth():
    return BLOCKED_AT_BIRTH


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def two_busy_workers(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    notes = tmp_path / "notes"
    notes.mkdir()
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])
    parent = subprocess.Popen(
        [sys.executable, str(script), str(notes)],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    eventually(lambda: len(list(notes.iterdir())) == 2)
    workers = [int(note.name) for note in notes.iterdir()]
    yield parent, workers
    parent.kill()
    for pid in filter(start_time, workers):
        os.kill(pid, signal.SIGKILL)
    parent.communicate()


def test_workers_end_when_their_parent_is_killed(two_busy_workers):
    parent, workers = two_busy_workers
    assert all(start_time(pid) for pid in workers)
    parent.kill()
    eventually(lambda: not any(start_time(pid) for pid in workers))


def test_ctrl_c_ends_the_workers_and_then_the_run(two_busy_workers):
    parent, workers = two_busy_workers
    os.killpg(parent.pid, signal.SIGINT)
    out, err = parent.communicate(timeout=PATIENCE)
    assert (out, err) == ("stopped with 0 results\n", "")
    assert not any(start_time(pid) for pid in workers)


def test_a_worker_leaves_ctrl_c_to_its_parent():
    pool = LocalPool(1, begin=belong_to_parent)
    try:
        assert pool.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN
        assert pool.submit(signal.pthread_sigmask, signal.SIG_BLOCK, ()).result() == set()
    finally:
        pool.stop()


def test_a_worker_is_born_deaf_to_ctrl_c():
    pool = LocalPool(1, begin=begin_and_remember)
    try:
        assert pool.submit(blocked_at_birth).result() == {signal.SIGINT}
    finally:
        pool.stop()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_as_many_workers_as_cores_unless_told():
    assert available_cores() == len(os.sched_getaffinity(0))
    assert LocalPool().workers == available_cores()
    with pytest.raises(ArgumentError, match="got 0, expected 1 to 4,096"):
        LocalPool(0)


def test_a_stopped_pool_can_be_rebuilt():
    pool = LocalPool(1, begin=belong_to_parent)
    try:
        first = pool.submit(os.getpid).result()
        pool.rebuild()
        second = pool.submit(os.getpid).result()
        assert first != second
        assert not start_time(first)
    finally:
        pool.stop()


SCRIPT = """
from pathlib import Path

from bakeoff.study.files import load_study
from bakeoff.study.run import run_study
from bakeoff.study.workers import LocalPool

outcome = run_study(load_study(Path("study/s.toml")), pool=LocalPool(1))
print(len(outcome.results.results), "rounds")
"""
STUDY = """
name = "s"
question = "Which?"
rounds = 1
train_size = 40
test_size = 40
recipe = { epochs = 1 }
competitors = [{ name = "a", network = "nets:Net" }]
"""
NETS = """
from bakeoff import nn
import helper

def Net():
    return nn.Sequential(nn.Flatten(), nn.Linear(392, helper.OUTPUTS))
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with a study that names a module, which imports another, both beside it."""
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "s.toml").write_text(STUDY)
    (tmp_path / "study" / "nets.py").write_text(NETS)
    (tmp_path / "study" / "helper.py").write_text("OUTPUTS = 2")
    (tmp_path / "nets.py").write_text("raise SystemExit('not this one')")
    return tmp_path


def outcome(folder, *words):
    told = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, check=False
    )
    return told.returncode, told.stdout, told.stderr


@pytest.mark.parametrize("name", ["t", "long" * 25])
def test_a_script_without_a_guard_is_run_once_wherever_temporary_files_are(
    folder, name, monkeypatch
):
    """On Linux, a socket's path ends at 107 bytes."""
    (folder / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(folder / name))
    (folder / "script.py").write_text(SCRIPT)
    assert outcome(folder, "script.py") == (0, "1 rounds\n", "")


def test_a_function_of_the_script_is_refused_at_once(tmp_path):
    (tmp_path / "script.py").write_text(
        "from bakeoff.study.workers import LocalPool\n"
        "def work(): ...\n"
        "try: LocalPool(1).submit(work)\n"
        "except ValueError as error: print(error)\n"
    )
    code, out, told = outcome(tmp_path, "script.py")
    assert (code, told) == (0, "")
    assert out.startswith("workers: got work of the script that runs, expected a function of a mod")


def test_a_module_that_runs_its_own_study_is_one_sentence(folder):
    (folder / "study" / "nets.py").write_text(f"{NETS}{SCRIPT}")
    code, out, told = outcome(folder, "-P", "-m", "bakeoff", "run", "study/s.toml")
    assert (code, out) == (2, "")
    assert "nets: runs a study while it is imported for one, expected a module" in told


@pytest.mark.parametrize("words", [["-P", "-m", "bakeoff"], ["-m", "bakeoff"]])
def test_a_file_of_the_current_folder_runs_only_if_a_study_names_it(folder, words):
    # Python itself looks for types in the current folder, before -m runs anything of ours.
    names = ["random", "copy", "torch", "numpy", "signal", "queue", "attrs", "socket"]
    for name in names + ["types"] * ("-P" in words):
        for place in (folder, folder / "study"):
            (place / f"{name}.py").write_text(f"print({name!r})\nraise SystemExit('ran')\n")
    code, out, told = outcome(folder, *words, "run", "study/s.toml", "--workers", "1")
    assert code == 0, told
    assert "1" in out


def test_what_a_users_code_starts_is_started_as_python_does(monkeypatch):
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    pool = LocalPool(1, begin=belong_to_parent)
    try:
        assert pool.submit(os.getenv, "PYTHONSAFEPATH").result() is None
    finally:
        pool.stop()
    assert "PYTHONSAFEPATH" not in os.environ
