import subprocess
import sys
from contextlib import closing
from errno import ENOMEM
from pathlib import Path
from time import sleep

import pytest
import torch

import trainers
from bakeoff.errors import StudyError
from bakeoff.study.queue import Task, tasks_for
from bakeoff.study.runner import finish, is_out_of_memory
from bakeoff.study.workers import LocalPool, WorkerError, belong_to_parent
from bakeoff.system.processes import start_time
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy


def study(*, options=(), size=1):
    recipe = Recipe(epochs=2, rounds_per_group=size)
    return NetworkStudy(
        "small",
        "Which?",
        [
            NetworkCompetitor("a", recipe=recipe, options=options),
            NetworkCompetitor("bb", recipe=recipe, options=options),
        ],
    )


made_by = trainers.experiments


def tasks(value, rounds):
    return tasks_for(made_by(value, trainers.quick), rounds)


def drive(value, queue, train, workers=1, data_dir=None):
    """Train what a queue gives; return what was told."""
    pool = LocalPool(workers, begin=belong_to_parent)
    try:
        return [
            r
            for results in finish(queue, experiments=made_by(value, train, data_dir), pool=pool)
            for r in results
        ]
    finally:
        pool.stop()


def run(value, rounds, train, workers=2, data_dir=None):
    queue = trainers.Queue(tasks(value, rounds))
    assert drive(value, queue, train, workers, data_dir) == queue.results
    return queue


def expected(value, rounds):
    return {trainers.result(value, c, r) for c in value.competitors for r in rounds}


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_results(workers):
    value = study(size=2)
    queue = run(value, range(6), trainers.quick, workers)
    assert len(queue.results) == 12
    assert set(queue.results) == expected(value, range(6))


def test_rounds_in_flight_are_given_again_when_a_worker_is_killed(tmp_path):
    value = study(options={"deaths": 2})
    queue = run(value.only(["a"]), range(4), trainers.dying, 1, str(tmp_path))
    assert (tmp_path / "a").read_text() == "xx"
    assert len(queue.results) == 4
    assert set(queue.results) == expected(value.only(["a"]), range(4))


def test_a_worker_that_dies_while_it_tells_its_result_does_not_hang_the_run(tmp_path):
    value = study().only(["a"])
    queue = run(value, range(3), trainers.choking, 1, str(tmp_path))
    assert (tmp_path / "choked").exists()
    assert set(queue.results) == expected(value, range(3))


def test_a_round_is_given_at_most_three_times(tmp_path):
    value = study(options={"deaths": 9}).only(["a"])
    queue = trainers.Queue(tasks(value, range(4)))
    with pytest.raises(WorkerError, match="died 3 times while it trained 'a' group 2"):
        drive(value, queue, trainers.dying, data_dir=str(tmp_path))
    assert (tmp_path / "a").read_text() == "xxx"
    assert {result.round for result in queue.results} == {0, 1}
    assert queue.take() == Task("a", 2)


def test_a_failing_round_is_named_when_the_others_are_done():
    value = study().only(["a"])
    queue = trainers.Queue(tasks(value, range(3)))
    with pytest.raises(ValueError, match="the network is wrong") as raised:
        drive(value, queue, trainers.failing)
    assert "while training competitor 'a', group 1" in raised.value.__notes__
    assert [result.round for result in queue.results] == [0, 2]
    assert queue.take() == Task("a", 1)


def test_failures_of_a_users_code_are_one_sentence_and_end_no_rivals_rounds():
    value = study()
    queue = trainers.Queue(tasks(value, range(5)))
    with pytest.raises(StudyError) as raised:
        drive(value, queue, trainers.failing_for_a)
    assert str(raised.value) == (
        "a: no; failed: round a 0, a 1, a 2, 2 more were not tried; all others are kept, and"
        " running again trains what is missing"
    )
    assert {(r.competitor, r.round) for r in queue.results} == {("bb", r) for r in range(5)}
    assert {queue.take() for _ in range(5)} == {Task("a", r) for r in range(5)}


@pytest.mark.parametrize(
    "ending", ["done", "killed worker", "killed server", "killed parent", "Ctrl-C"]
)
def test_what_a_round_started_ends_with_the_run(tmp_path, ending):
    script = f"""
import signal, sys; sys.path[:0] = {[str(path) for path in Path(__file__).parents[:2]]!r}
signal.signal(signal.SIGINT, signal.default_int_handler)
import trainers
from test_runner import run, study
one = study(options={{"ending": {ending!r}}}).only(["a"])
run(one, range(1), trainers.starting, 1, sys.argv[1])
"""
    parent = subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    assert (parent.returncode != 0) == (ending in ("killed parent", "Ctrl-C"))
    child = int((tmp_path / "child").read_text())
    while start_time(child):
        sleep(0.01)


def test_a_round_that_needs_too_much_memory_ends_the_run_in_a_sentence():
    value = study().only(["a"])
    queue = trainers.Queue(tasks(value, range(3)))
    with pytest.raises(WorkerError, match="ran out of memory while it trained 'a' group 1: finish"):
        drive(value, queue, trainers.hungry)
    assert [result.round for result in queue.results] == [0]
    assert queue.take() == Task("a", 1)


def test_want_of_memory_is_told_from_other_errors():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(OSError(ENOMEM, "Cannot allocate memory"))
    assert not is_out_of_memory(RuntimeError("the network is wrong"))


def test_whoever_stops_listening_ends_it_and_loses_nothing():
    value = study().only(["a"])
    queue, pool = trainers.Queue(tasks(value, range(9))), LocalPool(2, begin=belong_to_parent)
    with closing(finish(queue, experiments=made_by(value, trainers.quick), pool=pool)) as finished:
        assert next(finished) == (queue.results[0],)
    kept = {result.round for result in queue.results}
    assert kept | {task.group for task in queue.left} == set(range(9))
    assert len(queue.left) == 9 - len(kept)
    pool.stop()
