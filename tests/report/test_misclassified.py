import attrs
import made
import numpy as np
import pytest

from bakeoff.data import load_mnist
from bakeoff.report.sections.pairs import Answers, answers, confusion, hardest, sample_pairs
from bakeoff.study.results import StudyResults


@pytest.fixture(scope="module")
def results():
    return made.made_results(rounds=3)


def test_answers_hold_predictions_against_the_pairs_drawn_again(results):
    found = answers(results, results.study)
    first = results.results[0]
    images, digits = made.test_pairs(made.TWO, 0)
    assert np.array_equal(found.images[:40], images)
    assert np.array_equal(found.digits[:40], digits)
    assert 1 - found.wrong[:40].mean() == pytest.approx(first.curve("test_accuracy")[-1])
    assert found.competitor.tolist() == [0] * 120 + [1] * 120


def test_other_data_are_found_out(results):
    (first, *others) = results.results
    other = attrs.evolve(first, scores=dict(first.scores) | {"test_accuracy": 0.5})
    told = answers(StudyResults(results.study, (other, *others)), results.study)
    assert "round 0 of model1 comes to another accuracy" in told
    shorter = attrs.evolve(first, attachments={"predictions": first.attachment("predictions")[:-1]})
    assert "round 0 of model1" in answers(StudyResults(results.study, (shorter,)), results.study)
    reseeded = attrs.evolve(results.study, seed=4)
    assert "not those of the study" in answers(StudyResults(reseeded, results.results), reseeded)


def test_rounds_without_predictions_say_so(results):
    assert "no predictions" in answers(
        made.made_results(rounds=1, predictions=False), results.study
    )
    assert "another" in answers(results, results.study, "/nowhere") or "/nowhere" in answers(
        results, results.study, "/nowhere"
    )


SMALL = Answers(
    images=np.array([[0, 1], [1, 2], [3, 0], [0, 1]]),
    digits=np.array([[7, 2], [2, 1], [0, 7], [7, 2]]),
    wrong=np.array([True, False, True, False]),
    competitor=np.array([0, 0, 0, 1]),
)


def test_confusion_is_the_share_of_wrong_answers_in_either_order():
    shares = confusion(SMALL)
    assert shares[7, 2] == shares[2, 7] == 0.5
    assert shares[1, 2] == 0.0
    assert shares[7, 0] == 1.0
    assert np.isnan(shares[5, 5])
    assert np.isnan(shares[3, 4])
    assert confusion(SMALL, 0)[2, 7] == 1.0
    assert np.isnan(confusion(SMALL, 1)[1, 2])


def test_the_hardest_images_come_first():
    worst = hardest(SMALL, count=2)
    assert [(h.number, h.wrong, h.seen) for h in worst] == [(0, 2, 3), (3, 1, 1)]
    test = load_mnist().test
    assert worst[0].digit == int(test.labels[0])
    assert np.array_equal(worst[0].pixels, test.images[0].numpy())
    assert len(hardest(SMALL, count=10)) == 3  # image 2 was never in a wrong pair


def test_samples_are_of_each_target(results):
    found = sample_pairs(results, results.study, count=4)
    for target, (pixels, digits) in found.items():
        assert pixels.shape == (4, 2, 14, 14)
        assert ((digits[:, 1] > digits[:, 0]) == bool(target)).all()
