"""JSON from files: what is no JSON, or lies too deep, is refused by name."""

import pytest

from bakeoff.errors import DataError, StudyError
from bakeoff.study.validate import parsed, read_json


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[NaN]", r"is not JSON \(NaN is no number of JSON's\)"),
        ('{"a": -Infinity}', r"is not JSON \(-Infinity is no number of JSON's\)"),
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        parsed(text)
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(StudyError, match=f"odd.json: {words}"):
        read_json(tmp_path / "odd.json", StudyError)


def test_json_is_read_as_it_is(tmp_path):
    (tmp_path / "good.json").write_text('\ufeff{"é": [1, 2.5, null]}', encoding="utf-8")
    assert read_json(tmp_path / "good.json", StudyError) == {"é": [1, 2.5, None]}
