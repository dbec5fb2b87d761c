import attrs
import pytest
import trainers

from bakeoff.errors import StudyError
from bakeoff.study.rehearsal import Rehearsal
from bakeoff.study.runner import tasks_for
from bakeoff.study.spec import Competitor, Study

STUDY = Study("s", "Which?", [Competitor("a")])
TASKS = tasks_for(STUDY, range(3))


def results(task, **changes):
    trained = trainers.quick(STUDY, STUDY.competitors[0], task.group, None)
    return tuple(attrs.evolve(result, **changes) for result in trained)


def test_the_first_task_is_given_twice_and_kept_once():
    inner, agreed = trainers.Ledger(TASKS), []
    ledger = Rehearsal(inner, agreed.append)
    assert [ledger.take(), ledger.take(), ledger.take()] == [TASKS[0], TASKS[0], None]
    ledger.keep(TASKS[0], results(TASKS[0], seconds=1.0))
    assert (inner.results, agreed, ledger.take()) == ([], [], None)
    ledger.keep(TASKS[0], results(TASKS[0], seconds=2.0))
    assert inner.results == list(results(TASKS[0], seconds=2.0))
    assert agreed == [results(TASKS[0], seconds=2.0)]
    assert ledger.take() == TASKS[1]
    ledger.keep(TASKS[1], results(TASKS[1]))
    assert len(inner.results) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"train_loss": (0.5,)},
        {"predictions": b"other"},
        {"weights": b"other"},
        {"auxiliary": {"first": [1.0]}},
    ],
)
def test_any_figure_that_differs_is_refused(change):
    inner = trainers.Ledger(TASKS)
    ledger = Rehearsal(inner)
    ledger.take()
    ledger.take()
    ledger.keep(TASKS[0], results(TASKS[0]))
    with pytest.raises(StudyError, match=f"different values of {next(iter(change))}"):
        ledger.keep(TASKS[0], results(TASKS[0], **change))
    assert inner.results == []


def test_short_values_are_shown_whole_and_long_ones_cut():
    ledger = Rehearsal(trainers.Ledger(TASKS))
    ledger.take()
    ledger.take()
    ledger.keep(TASKS[0], results(TASKS[0], predictions=b"short"))
    with pytest.raises(StudyError, match=r"\(b'short' and b'l{55}\.\.\.\)"):
        ledger.keep(TASKS[0], results(TASKS[0], predictions=b"l" * 90))


def test_what_is_given_back_is_given_back_once():
    inner = trainers.Ledger(TASKS)
    ledger = Rehearsal(inner)
    ledger.take()
    ledger.take()
    ledger.give_back(TASKS[0])
    ledger.give_back(TASKS[0])
    assert inner.left == TASKS


def test_nothing_to_do_needs_no_rehearsal():
    ledger = Rehearsal(trainers.Ledger([]))
    assert ledger.take() is None
    assert not ledger.others_at_work()
