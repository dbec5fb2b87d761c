import os
import signal
import subprocess

import pytest

import trainers
from bakeoff.study.machine import this_machine
from bakeoff.study.queue import Task, TaskQueue, tasks_for
from bakeoff.study.store import IN_MEMORY, Store
from bakeoff.system.processes import start_time, this_process
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy(
    "s",
    "Which?",
    [NetworkCompetitor(name, recipe=Recipe(epochs=2, rounds_per_group=2)) for name in ("a", "bb")],
)
MADE = trainers.experiments(STUDY, trainers.quick)
KEYS = {name: experiment.key for name, experiment in MADE.items()}


@pytest.fixture
def store():
    with Store(IN_MEMORY) as store:
        store.record(STUDY, KEYS, range(4))
        yield store


def queue(store, **told):
    return TaskQueue(store, MADE, range(4), machine=this_machine(), **told)


def heard(queue):
    return [result for results in queue.news() for result in results]


def train(task):
    return trainers.quick(STUDY, STUDY.competitor(task.competitor), task.group, None)


def test_competitors_alternate_and_groups_are_whole():
    wide = Recipe(rounds_per_group=2)
    mixed = NetworkStudy(
        "m", "Which?", [NetworkCompetitor("a"), NetworkCompetitor("b", recipe=wide)]
    )
    assert tasks_for(trainers.experiments(mixed, trainers.quick), range(3, 6)) == [
        Task("b", 1),
        Task("a", 3),
        Task("a", 4),
        Task("b", 2),
        Task("a", 5),
    ]


def test_two_runs_share_the_tasks_and_hear_of_all_results(store):
    one, two = queue(store), queue(store)
    assert (one.missing, one.standing) == (4, ())
    first, second, third = one.take(), two.take(), one.take()
    assert [first, second, third] == [Task("a", 0), Task("bb", 0), Task("a", 1)]
    for task, owner in ((first, one), (second, two), (third, one)):
        owner.keep(task, train(task))
    last = two.take()
    assert last == Task("bb", 1)
    assert one.take() is None
    assert one.others_at_work()
    two.keep(last, train(last))
    assert (one.take(), two.take()) == (None, None)
    assert not one.others_at_work()
    assert not two.others_at_work()
    heard_one, heard_two = heard(one), heard(two)
    assert set(heard_one) == set(heard_two)
    assert len(heard_one) == len(heard_two) == 8
    assert heard(one) == []


def test_what_stands_is_told_at_once_and_not_given(store):
    one = queue(store)
    task = one.take()
    one.keep(task, train(task))
    later = queue(store)
    assert later.standing == train(task)
    assert heard(later) == []
    assert later.missing == 3


def test_a_task_that_is_given_back_is_given_again(store):
    one, two = queue(store), queue(store)
    task = one.take()
    one.give_back(task)
    assert two.take() == task
    assert one.take() == Task("bb", 0)


def test_what_was_given_back_is_not_given_back_again(store):
    one = queue(store)
    one.give_back(one.take())
    one.close()
    assert one.missing == 4


def test_closing_gives_back_what_was_taken(store):
    one, two = queue(store), queue(store)
    taken = [one.take(), one.take()]
    one.close()
    assert [two.take(), two.take()] == taken


def test_half_a_group_is_no_group(store):
    task = Task("a", 0)
    store.keep(KEYS["a"].text, 0, train(task)[:1], this_machine())
    assert queue(store).take() == task


def test_another_process_is_noticed_and_its_death_too(tmp_path, monkeypatch):
    with Store(tmp_path / "store") as here, Store(tmp_path / "store") as there:
        here.record(STUDY, KEYS, range(4))
        one, other = queue(here), queue(there)
        first, second = other.take(), other.take()
        assert one.take() == Task("a", 1)
        other.keep(first, train(first))
        assert one.take() == Task("bb", 1)
        assert heard(one) == list(train(first))
        assert one.take() is None
        assert one.others_at_work()
        # The claim on the second task stands, but whoever made it is gone: nothing is written.
        monkeypatch.setattr("bakeoff.study.store.store.is_alive", lambda owner: False)
        assert one.take() == second


def test_a_run_alone_reads_no_more_than_its_own_claims(tmp_path, monkeypatch):
    with Store(tmp_path / "store") as store:
        store.record(STUDY, KEYS, range(4))
        one = queue(store)
        queries = []
        read = store.read
        monkeypatch.setattr(store, "read", lambda *query: queries.append(query[0]) or read(*query))
        for _ in range(4):
            task = one.take()
            one.keep(task, train(task))
        assert one.take() is None
        # A claim looks at one key's claims and rounds.
        assert sum("PRAGMA" not in query for query in queries) == 2 * 4


def test_a_stopped_run_is_named_with_what_it_holds_and_how_to_take_it(tmp_path):
    with Store(tmp_path / "store") as here:
        here.record(STUDY, KEYS, range(4))
        told = []
        one = queue(here, on_waiting=told.append)
        with subprocess.Popen(["sleep", "60"]) as other:
            owner = this_process().replace(
                f"/{os.getpid()}/{start_time(os.getpid())}", f"/{other.pid}/{start_time(other.pid)}"
            )
            assert here.claim(KEYS["bb"].text, 1, owner, range(2, 4))
            for _ in range(3):  # what is free is trained meanwhile
                one.keep(task := one.take(), train(task))
            assert told == []
            assert [one.take(), one.take()] == [None, None]
            (at_work,) = told
            assert f"waits for process {other.pid}, which holds bb rounds 2 to 3 since" in at_work
            assert "it is at work" in at_work
            other.send_signal(signal.SIGSTOP)
            os.waitpid(other.pid, os.WUNTRACED)
            assert [one.take(), one.take()] == [None, None]
            (stopped,) = told[1:]
            assert f"it is stopped: kill -CONT {other.pid} lets it go on" in stopped
            other.kill()
        assert one.take() == Task("bb", 1)
