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
    ("network", "options", "sentence"),
    [
        ("model3", {"redrawm": True}, "'a': options: .*'redrawm'"),
        ("model1", {"redrawn": True}, "options: .*expected auxiliary='target'"),
        ("model3", {"redrawm": True}, r"did you mean 'redrawn'.., expected shared, a"),
        (
            "mlp",
            {"hiden": 3},
            r"no option 'hiden' .did you mean 'hidden'.., expected one of inputs, o",
        ),
        ("mlp", {"inputs": 2}, "options: outputs is missing, expected among"),
        ("record", {"width": True}, "got out_channels=True, expected a"),
        ("record-ensemble", {"readers": 10**9}, "got 1000000000, expected at"),
        ("record-ensemble", {"readers": 1.5}, "readers=1.5, expected a whole"),
        ("modle1", {}, "no network 'modle1' .did you mean 'model1'"),
    ],
)
def test_a_network_that_cannot_be_is_refused_before_any_work(network, options, sentence):
    with pytest.raises(StudyError, match=sentence) as raised:
        check_study(NetworkStudy("s", "?", [NetworkCompetitor("a", network, options=options)]))
    assert "__init__" not in str(raised.value)


@pytest.mark.parametrize(
    ("sentence", "fields"),
    [
        ("optimiser 'SDG' .did you mean", {"optimiser": "SDG"}),
        ("no optimiser 'Optimizer'", {"optimiser": "Optimizer"}),
        ("no schedule 'ReduceLROnPlateau'", {"schedule": "ReduceLROnPlateau"}),
        ("did you mean 'OneCycleLR'", {"schedule": "OneCycle"}),
        ("schedule_options: step_size is missing", {"schedule": "StepLR"}),
        ("Adam: got beta2=1.0,", {"optimiser": "Adam", "optimiser_options": {"betas": [0.9, 1.0]}}),
        ("optimiser_options: ", {"optimiser": "Adam", "optimiser_options": {"betas": 3}}),
        ("got nesterov=True with mom", {"momentum": 0, "optimiser_options": {"nesterov": True}}),
    ],
)
def test_a_recipe_that_cannot_be_is_refused_before_any_work(sentence, fields):
    with pytest.raises(StudyError, match=sentence):
        check_study(NetworkStudy("s", "?", [NetworkCompetitor("model1", recipe=Recipe(**fields))]))


def test_what_the_trainer_would_not_heed_is_refused():
    with pytest.raises(StudyError, match="test_size: got 500, expected 1000"):
        check_study(attrs.evolve(ABLATION, test_size=500))


def test_missing_data_is_refused_before_any_work(tmp_path):
    with pytest.raises(DataError, match=str(tmp_path / "none")):
        check_study(ABLATION, str(tmp_path / "none"))
