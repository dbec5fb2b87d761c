import subprocess
import sys
from errno import ENOMEM
from pathlib import Path
from time import sleep

import pytest
import torch
import trainers

from bakeoff.errors import StudyError
from bakeoff.study.runner import Task, is_out_of_memory, run_tasks, tasks_for
from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.study.store.owner import start_time
from bakeoff.study.workers import LocalPool, WorkerError, belong_to_parent


def study(*, options=(), size=1):
    recipe = Recipe(epochs=2, rounds_per_group=size)
    return Study(
        "small",
        "Which?",
        [
            Competitor("a", recipe=recipe, options=options),
            Competitor("bb", recipe=recipe, options=options),
        ],
    )


def run(value, rounds, train, workers=2, data_dir=None):
    ledger = trainers.Ledger(tasks_for(value, rounds))
    pool = LocalPool(workers, begin=belong_to_parent)
    run_tasks(value, ledger, train=train, pool=pool, data_dir=data_dir)
    return ledger


def expected(value, rounds):
    return {trainers.result(value, c, r) for c in value.competitors for r in rounds}


def test_competitors_alternate_and_groups_are_whole():
    wide = Recipe(rounds_per_group=2)
    mixed = Study("m", "Which?", [Competitor("a"), Competitor("b", recipe=wide)])
    assert tasks_for(mixed, range(3, 6)) == [
        Task("b", 1),
        Task("a", 3),
        Task("a", 4),
        Task("b", 2),
        Task("a", 5),
    ]


@pytest.mark.parametrize("workers", [1, 2])
def test_any_number_of_workers_gives_the_same_results(workers):
    value = study(size=2)
    ledger = run(value, range(6), trainers.quick, workers)
    assert len(ledger.results) == 12
    assert set(ledger.results) == expected(value, range(6))


def test_rounds_in_flight_are_given_again_when_a_worker_is_killed(tmp_path):
    value = study(options={"deaths": 2})
    ledger = run(value.only(["a"]), range(4), trainers.dying, 1, str(tmp_path))
    assert (tmp_path / "a").read_text() == "xx"
    assert len(ledger.results) == 4
    assert set(ledger.results) == expected(value.only(["a"]), range(4))


def test_a_worker_that_dies_while_it_tells_its_result_does_not_hang_the_run(tmp_path):
    value = study().only(["a"])
    ledger = run(value, range(3), trainers.choking, 1, str(tmp_path))
    assert (tmp_path / "choked").exists()
    assert set(ledger.results) == expected(value, range(3))


def test_a_round_is_given_at_most_three_times(tmp_path):
    value = study(options={"deaths": 9}).only(["a"])
    ledger = trainers.Ledger(tasks_for(value, range(4)))
    with pytest.raises(WorkerError, match="died 3 times while it trained 'a' group 2"):
        run_tasks(
            value,
            ledger,
            train=trainers.dying,
            pool=LocalPool(1, begin=belong_to_parent),
            data_dir=str(tmp_path),
        )
    assert (tmp_path / "a").read_text() == "xxx"
    assert {result.round for result in ledger.results} == {0, 1}
    assert ledger.take() == Task("a", 2)


def test_a_failing_round_is_named_when_the_others_are_done():
    value = study().only(["a"])
    ledger = trainers.Ledger(tasks_for(value, range(3)))
    with pytest.raises(ValueError, match="the network is wrong") as raised:
        run_tasks(value, ledger, train=trainers.failing, pool=LocalPool(1, begin=belong_to_parent))
    assert "while training competitor 'a', group 1" in raised.value.__notes__
    assert [result.round for result in ledger.results] == [0, 2]
    assert ledger.take() == Task("a", 1)


def test_failures_of_a_users_code_are_one_sentence_and_end_no_rivals_rounds():
    value = study()
    ledger = trainers.Ledger(tasks_for(value, range(5)))
    pool = LocalPool(1, begin=belong_to_parent)
    with pytest.raises(StudyError) as raised:
        run_tasks(value, ledger, train=trainers.failing_for_a, pool=pool)
    assert str(raised.value) == (
        "a: no; failed: round a 0, a 1, a 2, 2 more were not tried; all others are kept, and"
        " running again trains what is missing"
    )
    assert {(r.competitor, r.round) for r in ledger.results} == {("bb", r) for r in range(5)}
    assert {ledger.take() for _ in range(5)} == {Task("a", r) for r in range(5)}


@pytest.mark.parametrize("ending", ["done", "killed worker", "killed parent"])
def test_what_a_round_started_ends_with_the_run(tmp_path, ending):
    script = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import trainers
from test_runner import run, study
one = study(options={{"ending": {ending!r}}}).only(["a"])
run(one, range(1), trainers.starting, 1, sys.argv[1])
"""
    parent = subprocess.run([sys.executable, "-c", script, tmp_path], check=False)
    assert (parent.returncode != 0) == (ending == "killed parent")
    child = int((tmp_path / "child").read_text())
    while start_time(child):
        sleep(0.01)


def test_a_round_that_needs_too_much_memory_ends_the_run_in_a_sentence():
    value = study().only(["a"])
    ledger = trainers.Ledger(tasks_for(value, range(3)))
    with pytest.raises(WorkerError, match="ran out of memory while it trained 'a' group 1: finish"):
        run_tasks(value, ledger, train=trainers.hungry, pool=LocalPool(1, begin=belong_to_parent))
    assert [result.round for result in ledger.results] == [0]
    assert ledger.take() == Task("a", 1)


def test_want_of_memory_is_told_from_other_errors():
    with pytest.raises(RuntimeError) as raised:
        torch.empty(1 << 60, dtype=torch.uint8)
    assert is_out_of_memory(raised.value)
    assert is_out_of_memory(OSError(ENOMEM, "Cannot allocate memory"))
    assert not is_out_of_memory(RuntimeError("the network is wrong"))
