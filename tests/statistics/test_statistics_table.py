import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.errors import DataError
from bakeoff.statistics import table
from bakeoff.statistics.table import read_table

GOOD = "round,competitor,value\n1,b,0.5\n0,b,0.25\n0,a,1\n1,a,nan\n"


def write(folder, text, encoding="utf-8"):
    path = folder / "results.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_rounds_are_sorted_and_competitors_stay_in_order(tmp_path):
    found = read_table(write(tmp_path, GOOD))
    assert found.rounds == (0, 1)
    assert found.names == ("b", "a")
    np.testing.assert_array_equal(found.values, [[0.25, 1.0], [0.5, np.nan]])


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + GOOD,  # a spreadsheet's byte order mark
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", " , "),
        GOOD + "\n\n",
        GOOD.replace("nan", "NaN"),
        GOOD.replace("0.25", "2.5e-1"),
        "value,round,competitor\n0.25,0,b\n.5,1,b\n1.,0,a\nnan,1,a\n",
    ],
)
def test_harmless_variants_read_the_same(tmp_path, text):
    found = read_table(write(tmp_path, text))
    order = [found.names.index(name) for name in ("b", "a")]
    np.testing.assert_array_equal(found.values[:, order], [[0.25, 1.0], [0.5, np.nan]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got the columns none, expected round, competitor, value"),
        ("round,model,value\n", "got the columns 'round', 'model', 'value'"),
        ("round;competitor;value\n0;a;1\n", "separated by commas"),
        ("round,competitor,value,extra\n0,a,1,2\n", "'extra'"),
        (GOOD + "2,a\n", "line 6: got 2 cells, expected 3"),
        (GOOD + "2,a,0.5,\n", "line 6: got 4 cells, expected 3"),
        (GOOD + "2,a,\n", "line 6: the value is missing; write nan for a round that diverged"),
        (GOOD + ",a,1\n", "line 6: the round is missing"),
        (GOOD + "2,,1\n", "line 6: the competitor is missing"),
        (GOOD + "2,a,high\n", "line 6: got value 'high', expected a number"),
        (GOOD + "2,a,86 %\n", "line 6: got value '86 %'"),
        (GOOD + "2,a,1_000\n", "line 6: got value '1_000'"),
        (GOOD + "2,a,inf\n", "line 6: got value 'inf'"),
        (GOOD + "2,a,1e999\n", "line 6: got value '1e999', too large"),
        (GOOD + "2,a,1.1e100\n", "line 6: got value '1.1e100', too large"),
        (GOOD + "2,a,\u0663\n", "line 6: got value"),
        (GOOD + "2,a," + "9" * 99 + "x\n", "9999...'"),
        (GOOD + "-1,a,1\n", "line 6: got round '-1'"),
        (GOOD + "1.5,a,1\n", "line 6: got round '1.5'"),
        (GOOD + "0,b,0.25\n", "line 6: got a second value of 'b' in round 0 (the first is on line"),
        (GOOD + "2,a,1\n", "unpaired data, 'b' has no value in round 2, though"),
        (GOOD + "2,a,1\n3,a,1\n", "'b' has no value in round 2 and 1 more"),
        ("round,competitor,value\n0,a,1\n1,b,1\n", "unpaired data, 'a' has no value in round 1"),
        ("round,competitor,value\n0,a,1\n1,a,1\n", "got 1 competitors, expected at least 2"),
        ("round,competitor,value\n", "got 0 competitors"),
        ("round,competitor,value\n0,a,1\n0,b,1\n", "got 1 round, expected at least 2"),
        (GOOD + '2,"a,1\n', "not well-formed CSV"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as error:
        read_table(path)
    assert message in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_what_is_no_text_is_refused(tmp_path):
    path = tmp_path / "image.csv"
    path.write_bytes(b"round,competitor,value\n\xff\xfe")
    with pytest.raises(DataError, match="byte 23 is not UTF-8"):
        read_table(path)


def test_a_missing_file_and_a_folder_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path)


def test_a_file_beyond_the_cap_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "MOST_BYTES", 20)
    with pytest.raises(DataError, match="holds more than 20 bytes"):
        read_table(write(tmp_path, GOOD))


@given(st.text(max_size=80))
def test_any_text_reads_or_is_refused(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("csv")
    path = folder / "results.csv"
    path.write_text("round,competitor,value\n" + text, encoding="utf-8", errors="replace")
    # Any other exception than this one fails the test.
    with contextlib.suppress(DataError):
        found = read_table(path)
        assert found.values.shape == (len(found.rounds), len(found.names))


def test_the_largest_number_is_read(tmp_path):
    table = read_table(
        write(tmp_path, "round,competitor,value\n0,a,1e100\n0,b,-1e100\n1,a,0\n1,b,0\n")
    )
    assert table.values[0].tolist() == [1e100, -1e100]
