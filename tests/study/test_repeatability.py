import attrs
import pytest

import trainers
from bakeoff.errors import StudyError
from bakeoff.study.queue import tasks_for
from bakeoff.study.repeatability import trained_twice
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

STUDY = NetworkStudy("s", "Which?", [NetworkCompetitor("a")])
TASKS = tasks_for(trainers.experiments(STUDY, trainers.quick), range(3))


def results(task, **changes):
    trained = trainers.quick(STUDY, STUDY.competitors[0], task.group, None)
    return tuple(attrs.evolve(result, **changes) for result in trained)


def run(queue, *changes):
    """Train a queue's first task twice, the second time with changes to the results."""

    def finish(given):
        for change in changes:
            task = given.take()
            given.keep(task, results(task, **change))
        assert given.take() is None
        yield from given.news()

    return trained_twice(queue, finish)


def test_the_first_task_is_trained_twice_and_kept_once():
    queue = trainers.Queue(TASKS)
    assert run(queue, {"seconds": 1.0}, {"seconds": 2.0}) == results(TASKS[0], seconds=2.0)
    assert queue.results == list(results(TASKS[0], seconds=2.0))
    assert queue.left == TASKS[1:]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("train_loss", {"curves": {"train_loss": (0.5,)}}),
        ("predictions", {"attachments": {"predictions": b"other"}}),
        ("weights", {"attachments": {"weights": b"other"}}),
        ("parameters", {"facts": {"parameters": 7}}),
        ("test_accuracy", {"scores": {"test_accuracy": 0.25}, "curves": {}}),
        ("status", {"status": "diverged"}),
    ],
)
def test_any_figure_that_differs_is_refused(name, change):
    queue = trainers.Queue(TASKS)
    with pytest.raises(StudyError, match=f"different values of {name} "):
        run(queue, {name: () for name in change if name != "status"}, change)
    assert queue.results == []


def test_short_values_are_shown_whole_and_long_ones_cut():
    with pytest.raises(StudyError, match=r"\(b'short' and b'l{55}\.\.\.\)"):
        run(
            trainers.Queue(TASKS),
            {"attachments": {"predictions": b"short"}},
            {"attachments": {"predictions": b"l" * 90}},
        )


def test_where_nothing_is_left_nothing_is_trained_twice():
    assert run(trainers.Queue([])) is None
