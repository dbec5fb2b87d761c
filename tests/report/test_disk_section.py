import attrs
import made
import pytest

from bakeoff.report.figures.style import drawing
from bakeoff.report.sections.disk import boundaries
from bakeoff.study.results import StudyResults
from bakeoff.training.shipped.disk import DISK
from bakeoff.training.spec import NetworkCompetitor
from bakeoff.training.trainer import train_group

TWO_CLASSES = {"inputs": 2, "outputs": 2}


@pytest.fixture(scope="module")
def results():
    one = DISK.networks[0].recipe
    recipe = attrs.evolve(one, epochs=6, rounds_per_group=2)
    study = attrs.evolve(
        DISK,
        competitors=[
            NetworkCompetitor("number", network="disk", recipe=recipe),
            NetworkCompetitor("classes", network="mlp", recipe=recipe, options=TWO_CLASSES),
        ],
        comparisons=[("number", "classes")],
        train_size=200,
        test_size=200,
    )
    rounds = [record for c in study.networks for record in train_group(study, c, 0)]
    return StudyResults.of_rounds(study, rounds)


def section_of(results):
    with drawing():
        (section,) = boundaries(results, results.study)
    return section


def test_each_networks_boundary_is_drawn_with_the_points_that_its_round_got_wrong(results):
    section = section_of(results)
    assert [e.name for e in section.exhibits] == ["boundary-number", "boundary-classes"]
    for exhibit, name in zip(section.exhibits, ("number", "classes"), strict=True):
        wrong = round(200 * (1 - results.of(name)[0].score("test_accuracy")))
        assert f"{wrong} points of 200 on the wrong side" in exhibit.alt
        assert f"on the wrong side ({wrong})" in exhibit.picture.svg
    assert len(section.text) == 1


def test_other_data_have_no_boundary():
    two = made.made_results(rounds=1)
    assert boundaries(two, two.study) == ()


def test_weights_that_are_not_there_or_answer_otherwise_are_told(results):
    bare = [attrs.evolve(record, attachments={}) for record in results.of("number")]
    scored = {"test_accuracy": 0.1}
    other = [
        attrs.evolve(record, scores=dict(record.scores) | scored)
        for record in results.of("classes")
    ]
    section = section_of(StudyResults.of_rounds(results.study, (*bare, *other)))
    assert section.exhibits == ()
    number, classes = section.text
    assert number == "number: the weights of round 0, which a store keeps, are not here."
    assert classes.startswith("classes: its weights answer otherwise here than")
