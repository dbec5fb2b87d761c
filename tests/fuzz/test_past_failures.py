"""What was once met with a traceback, a hang or worse, each by its name."""

import pytest

from bakeoff.errors import StatisticsError, StudyError
from bakeoff.statistics.describe import LARGEST, describe
from bakeoff.study.files import load_study, study_from_toml


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param(f"rounds = {'9' * 5000}", "is not TOML: Exceeds the limit", id="digits"),
        pytest.param(f"x = {'[' * 100_000}", "nested too deeply", id="nested"),
        pytest.param(
            f"recipe = {{epochs = {10**12}}}", "epochs: .* a whole number of 1 to", id="epochs"
        ),
        pytest.param(
            '"\x1b[2J" = 1'.replace("\x1b", "\\u001b"), r"\\x1b\[2J: is not known", id="esc"
        ),
    ],
)
def test_a_study_file(tmp_path, text, sentence):
    path = tmp_path / "study.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError, match=sentence) as raised:
        load_study(path)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize("base", [[], {}, ["default"], 3])
def test_a_recipe_whose_base_is_no_name(base):
    with pytest.raises(StudyError, match="got base"):
        study_from_toml({"recipe": {"base": base}}, "study.toml")


def test_a_value_whose_square_is_infinite():
    assert describe([LARGEST, -LARGEST]).std > LARGEST
    with pytest.raises(StatisticsError, match="expected values within ±1e"):
        describe([1e308, -1e308])
