import attrs
import pytest

from bakeoff.errors import ArgumentError, DataError, StudyError
from bakeoff.study.run import rounds_to_train
from bakeoff.training.preflight import check_study
from bakeoff.training.recipe import Recipe
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy
from bakeoff.training.studies import ABLATION, STUDIES


def test_the_planned_rounds_are_trained_unless_told():
    assert rounds_to_train(ABLATION) == range(30)
    assert rounds_to_train(ABLATION, 3, 2) == range(3, 5)
    with pytest.raises(ArgumentError, match="rounds: got 0, expected 1 to 1,000,000"):
        rounds_to_train(ABLATION, 0, 0)
    with pytest.raises(ArgumentError, match="first round: got -1"):
        rounds_to_train(ABLATION, -1)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_shipped_studies_pass_the_check(study):
    check_study(study)


@pytest.mark.parametrize(
    ("competitor", "sentence"),
    [
        (NetworkCompetitor("model3", options={"redrawm": True}), "'model3': options: .*'redrawm'"),
        (
            NetworkCompetitor("model1", options={"redrawn": True}),
            "options: .*expected auxiliary='target'",
        ),
        (
            NetworkCompetitor("model3", options={"redrawm": True}),
            r"options: there is no option 'redrawm' .did you mean 'redrawn'.., expected shared, a",
        ),
        (
            NetworkCompetitor("mlp", options={"hiden": 3}),
            r"there is no option 'hiden' .did you mean 'hidden'.., expected one of inputs, outputs",
        ),
        (
            NetworkCompetitor("mlp", options={"inputs": 2}),
            "options: outputs is missing, expected among",
        ),
        (NetworkCompetitor("record", options={"width": True}), "got out_channels=True, expected a"),
        (
            NetworkCompetitor("record-ensemble", options={"readers": 10**9}),
            "got 1000000000, expected at",
        ),
        (
            NetworkCompetitor("record-ensemble", options={"readers": 1.5}),
            "readers=1.5, expected a whole",
        ),
        (NetworkCompetitor("a", network="modle1"), "no network 'modle1' .did you mean 'model1'"),
        (
            NetworkCompetitor("model1", recipe=Recipe(optimiser="SDG")),
            "optimiser 'SDG' .did you mean",
        ),
        (
            NetworkCompetitor("model1", recipe=Recipe(optimiser="Optimizer")),
            "no optimiser 'Optimizer'",
        ),
        (
            NetworkCompetitor("model1", recipe=Recipe(schedule="ReduceLROnPlateau")),
            "no schedule 'ReduceLROnPlateau'",
        ),
        *(
            (NetworkCompetitor("model1", recipe=Recipe(**fields)), sentence)
            for fields, sentence in (
                ({"schedule": "StepLR"}, "schedule_options: step_size is missing"),
                (
                    {"optimiser": "Adam", "optimiser_options": {"betas": [0.9, 1.0]}},
                    "optimiser_options: Adam: got beta2=1.0, expected",
                ),
                ({"optimiser": "Adam", "optimiser_options": {"betas": 3}}, "optimiser_options: "),
                (
                    {"optimiser": "SGD", "momentum": 0, "optimiser_options": {"nesterov": True}},
                    "got nesterov=True with momentum=0",
                ),
            )
        ),
        (
            NetworkCompetitor("model1", recipe=Recipe(schedule="OneCycle")),
            "did you mean 'OneCycleLR'",
        ),
    ],
)
def test_what_does_not_exist_is_refused_before_any_work(competitor, sentence):
    with pytest.raises(StudyError, match=sentence) as raised:
        check_study(NetworkStudy("s", "Which?", [competitor]))
    assert "__init__" not in str(raised.value)


def test_what_the_trainer_would_not_heed_is_refused():
    with pytest.raises(StudyError, match="test_size: got 500, expected 1000"):
        check_study(attrs.evolve(ABLATION, test_size=500))


def test_missing_data_is_refused_before_any_work(tmp_path):
    with pytest.raises(DataError, match=str(tmp_path / "none")):
        check_study(ABLATION, str(tmp_path / "none"))
