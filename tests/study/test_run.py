import attrs
import pytest
import trainers

from bakeoff.errors import ArgumentError, DataError, StudyError
from bakeoff.study.run import check_study, rounds_to_train, run_study
from bakeoff.study.spec import Competitor, Recipe, Study
from bakeoff.study.studies import ABLATION
from bakeoff.study.workers import LocalPool, belong_to_parent


def test_the_planned_rounds_are_trained_unless_told():
    assert rounds_to_train(ABLATION) == range(30)
    assert rounds_to_train(ABLATION, 3, 2) == range(3, 5)
    with pytest.raises(ArgumentError, match="rounds: got 0, expected at least 1"):
        rounds_to_train(ABLATION, 0, 0)
    with pytest.raises(ArgumentError, match="first round: got -1"):
        rounds_to_train(ABLATION, -1)


def test_shipped_studies_pass_the_check():
    check_study(ABLATION)


@pytest.mark.parametrize(
    ("competitor", "sentence"),
    [
        (Competitor("a", network="modle1"), "no network 'modle1' .did you mean 'model1'"),
        (Competitor("model1", recipe=Recipe(optimiser="SDG")), "optimiser 'SDG' .did you mean"),
        (Competitor("model1", recipe=Recipe(optimiser="Optimizer")), "no optimiser 'Optimizer'"),
    ],
)
def test_what_does_not_exist_is_refused_before_any_work(competitor, sentence):
    with pytest.raises(StudyError, match=sentence):
        check_study(Study("s", "Which?", [competitor]))


def test_missing_data_is_refused_before_any_work(tmp_path):
    with pytest.raises(DataError, match=str(tmp_path / "none")):
        check_study(ABLATION, str(tmp_path / "none"))


def test_only_the_rounds_asked_for_are_returned():
    recipe = Recipe(epochs=2, rounds_per_group=2)
    study = Study("s", "Which?", [Competitor("a", recipe=recipe)])
    told = []
    results = run_study(
        study,
        rounds=range(1, 4),
        pool=LocalPool(1, begin=belong_to_parent),
        train=trainers.quick,
        on_results=told.append,
    )
    assert [result.round for result in results.results] == [1, 2, 3]
    assert [[result.round for result in group] for group in told] == [[0, 1], [2, 3]]


def test_our_trainer_trains_by_default():
    study = attrs.evolve(ABLATION.with_recipe(epochs=1), train_size=100, test_size=100)
    results = run_study(study, rounds=range(1), pool=LocalPool(1))
    assert [(r.competitor, r.parameters) for r in results.results] == [
        ("model1", 77_346),
        ("model2", 72_546),
    ]
