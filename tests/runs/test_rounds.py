"""What a table of rounds is read to, and what is refused of it: with its place, and the way on."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bakeoff as bo
from bakeoff.errors import ArgumentError, BakeoffError, DataError
from bakeoff.runs.reading import read
from bakeoff.runs.rows import Asked

GOOD = "round,competitor,value\n1,b,0.5\n0,b,0.25\n0,a,1\n1,a,nan\n"
CURVES = "seed,method,step,loss\n" + "".join(
    f"{seed},{method},{step},{seed + bias + (step - 1) ** 2}\n"
    for seed in range(3)
    for method, bias in (("a", 0), ("b", 10))
    for step in (2, 0, 1)
)


def write(folder, text, name="results.csv"):
    path = folder / name
    path.write_bytes(text.encode())
    return path


def found(folder, text, **asked):
    return read([write(folder, text)], Asked(**asked))


def test_rounds_are_sorted_and_competitors_stay_in_order(tmp_path):
    values = found(tmp_path, GOOD).values
    assert values.rounds == ("0", "1")
    assert values.names == ("b", "a")
    np.testing.assert_array_equal(values.values, [[0.25, 1.0], [0.5, np.nan]])
    many = "".join(f"{n},a,{n}\n{n},b,{n}\n" for n in (10, 9, 100, 1e9))
    assert found(tmp_path, "seed,model,acc\n" + many).values.rounds == (
        "9",
        "10",
        "100",
        "1000000000",
    )


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("nan", "NaN"),
        GOOD.replace("0.25", "2.5e-1"),
        "value,round,competitor\n0.25,0,b\n.5,1,b\n1.,0,a\nnan,1,a\n",
        GOOD.replace(",", ";").replace(".", ","),
        GOOD.replace(",", "\t").replace(".", ","),
        "Seed,MODEL,Test Acc\n1,b,0.5\n0,b,0.25\n0,a,1\n1,a,nan\n",
        "round,competitor,value,\n1,b,50 %,\n0,b,25%,\n0,a,100%,\n1,a,nan,\n",
        ",round,competitor,value\n0,1,b,0.5\n1,0,b,0.25\n2,0,a,1\n3,1,a,nan\n",
        "seed,b,a\n1,0.5,nan\n0,0.25,1\n",
        ",b,a\n0,0.25,1\n1,0.5,nan\n",
        "day,b,a\n2026-01-02,0.5,nan\n2026-01-01,0.25,1\n",
        "seed,method,acc,epochs,notes\n1,b,0.5,7,x\n0,b,0.25,7,y\n0,a,1,7,x\n1,a,nan,7,z\n",
    ],
)
def test_one_table_in_many_forms_reads_the_same(tmp_path, text):
    values = found(tmp_path, text).values
    order = [values.names.index(name) for name in ("b", "a")]
    np.testing.assert_array_equal(values.values[:, order], [[0.25, 1.0], [0.5, np.nan]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "2,a,\n", "line 6: the value of 'a' in round 2 is missing; write nan for"),
        (GOOD + "2,a,NA\n", "line 6: the value of 'a' in round 2 is missing"),
        (GOOD + "2,a,inf\n", "line 6: the value of 'a' in round 2 is inf; write nan for"),
        (GOOD + ",a,1\n", "line 6: the round is missing"),
        (GOOD + "2,,1\n", "line 6: the competitor is missing"),
        (GOOD + "2,a,high\n", "line 6: got value 'high', expected a number"),
        (GOOD + "2,a,86 %\n", "expected a number with % like the others"),
        (GOOD + "2,a,1_000\n", "line 6: got value '1_000'"),
        (GOOD + "2,a,0.8 (0.1)\n", "'0.8 (0.1)', expected one number; a mean with its spread"),
        (GOOD + "2,a,0.8±0.1\n", "a mean with its spread holds no rounds"),
        (GOOD + "2,a,1e999\n", "line 6: got value '1e999', too large"),
        (GOOD + "2,a,1.1e100\n", "line 6: got value '1.1e100', too large"),
        (GOOD + "2,a,\u0663\n", "line 6: got value"),
        (GOOD + "2,a," + "9" * 99 + "x\n", "9999...'"),
        (GOOD + 'mean,a,"0.5"\n', "line 6: round 'mean' is a summary, no round"),
        (GOOD + "0,b,0.25\n", "line 6: got a second value of 'b' in round 0 (the first: line"),
        (GOOD + "2,a,1\n", "unpaired data, 'b' has no value in round 2, though"),
        (GOOD + "2,a,1\n3,a,1\n", "'b' has no value in round 2 and 1 more"),
        ("round,competitor,value\n0,a,1\n1,b,1\n", "unpaired data, 'b' has no value in round 0"),
        ("round,competitor,value\n0,a,1\n1,a,1\n", "got one competitor, 'a' by competitor"),
        ("round,competitor,value\n0,a,1\n0,b,1\n", "got 1 round, expected at least 2"),
        (GOOD.replace("0.25", '"0,25"'), "decimal points and commas; write all numbers alike"),
        ("seed;model;ppl\n0;a;1,234\n0;b;1,5e1\n1;a;x\n1;b;y\n", "got ppl 'x'"),
        ("seed;model;ppl\n0;a;1,234\n0;b;2,345\n1;a;3,456\n1;b;4\n", "a fraction or thousands"),
        ("seed;lr;model;ppl\n0;0,1;a;1.234\n0;0,1;b;2.345\n", "a fraction or thousands"),
        ("seed,a,b\n0,1%,2.5\n1,2%,3\n", "some columns are percentages, some not"),
        ("seed,model\n0,a\n1,b\n", "no column holds numbers; name the value's with --value"),
        ("0,a,0.861\n0,b,0.853\n1,a,0.872\n1,b,0.861\n", "got numbers in the first line"),
        ("0.1,0.2\n0.3,0.4\n0.3,0.5\n", "got numbers in the first line"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(DataError) as error:
        read([path])
    assert message in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_the_largest_number_is_read(tmp_path):
    text = "round,competitor,value\n0,a,1e100\n0,b,-1e100\n1,a,0\n1,b,0\n"
    assert found(tmp_path, text).values.values[0].tolist() == [1e100, -1e100]


@given(st.text(max_size=80))
def test_any_text_reads_or_is_refused(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("csv")
    path = folder / "results.csv"
    path.write_text("round,competitor,value\n" + text, encoding="utf-8", errors="replace")
    # Any other exception than this one fails the test.
    with contextlib.suppress(DataError):
        values = read([path]).values
        assert values.values.shape == (len(values.rounds), len(values.names))


# ---- what is missing, twice there, or failed ----


def test_common_rounds_are_compared_if_asked_and_counted(tmp_path):
    text = GOOD + "2,a,1\n3,a,1\n3,b,\n"
    reading = found(tmp_path, text, common=True)
    assert reading.values.rounds == ("0", "1")
    assert "2 of 4 rounds left out, which a competitor lacks: 2 and 3" in " ".join(reading.notes)


def test_duplicates_are_averaged_if_asked_and_counted(tmp_path):
    reading = found(tmp_path, GOOD + "0,b,0.75\n", mean_duplicates=True)
    np.testing.assert_array_equal(reading.values.values, [[0.5, 1.0], [0.5, np.nan]])
    assert "1 value of a competitor in a round are means of several." in reading.notes


@pytest.mark.parametrize(("counts_as", "expected"), [("nan", np.nan), ("0.125", 0.125)])
def test_failed_runs_count_as_asked(tmp_path, counts_as, expected):
    text = GOOD.replace("0.25", "") + "2,a,inf\n2,b,0\n"
    reading = found(tmp_path, text, failed_as=float(counts_as))
    np.testing.assert_array_equal(
        reading.values.values, [[expected, 1.0], [0.5, expected], [0.0, expected]]
    )
    assert any("3 runs without a number count as" in n for n in reading.notes) == (
        counts_as != "nan"
    )


def test_states_of_runs_are_taken_for_what_they_are(tmp_path):
    rows = [("a", 0, 1, "FINISHED"), ("b", 0, 2, "FINISHED"), ("a", 1, 3, "FINISHED")]
    rows += [("b", 1, "", "FAILED"), ("a", 2, 7, "RUNNING")]
    text = "model,seed,acc,status\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    reading = found(tmp_path, text)
    np.testing.assert_array_equal(reading.values.values, [[1, 2], [3, np.nan]])
    assert "1 unfinished run left out." in reading.notes
    with pytest.raises(DataError, match="holds no finished run"):
        found(tmp_path, text.replace("FINISHED", "RUNNING").replace("FAILED", "RUNNING"))


# ---- curves ----


@pytest.mark.parametrize(
    ("take", "expected"),
    [
        ("last", [[1, 11], [2, 12]]),
        ("best", [[0, 10], [1, 11]]),
        ("mean:2", [[0.5, 10.5], [1.5, 11.5]]),
    ],
)
def test_of_a_curve_counts_what_is_asked_for(tmp_path, take, expected):
    reading = found(tmp_path, CURVES, take=take)
    assert reading.values.values[:2].tolist() == expected
    assert any("chosen by the values" in note for note in reading.notes) == (take == "best")
    rows = [
        {"seed": seed, "method": method, "loss": [seed + bias + (s - 1) ** 2 for s in range(3)]}
        for seed in range(3)
        for method, bias in (("a", 0), ("b", 10))
    ]
    lists = read([write(tmp_path, json.dumps(rows), "r.json")], Asked(take=take))
    assert lists.values.values[:2].tolist() == expected


@pytest.mark.parametrize(
    ("text", "take", "message"),
    [
        (
            CURVES,
            None,
            "each run has several values of loss by step; give --take last, --take best",
        ),
        (CURVES, "mean:4", "got 3 values of 'a', expected at least 4"),
        (CURVES, "first", "--take: got 'first', expected last, best or mean:20"),
        (CURVES.replace("loss", "gain"), "best", "give --lower-is-better or --higher-is-better"),
        (CURVES + "0,a,2,1\n", "last", "a second value of 'a' at one step of round 0"),
    ],
)
def test_a_curve_of_which_nothing_or_nonsense_is_asked_is_refused(tmp_path, text, take, message):
    with pytest.raises(BakeoffError) as error:
        found(tmp_path, text, take=take)
    assert message in str(error.value)


# ---- from Python ----


def test_a_file_is_compared_in_python(tmp_path):
    rows = "".join(
        f"{s},{m},{s % 3 + bias}\n" for s in range(8) for m, bias in (("a", 0), ("b", 5))
    )
    path = write(tmp_path, "seed,method,loss,f1\n" + rows.replace("\n", ",1\n"))
    told = str(bo.compare(path, value="loss", baseline="b"))
    assert told.startswith("a is better than b, lower by 5.0")
    assert "read as competitor: method; pairs: seed; value: loss, smaller is better." in told
    assert "a is worse" in str(
        bo.compare(str(path), value="loss", larger_is_better=True, baseline="b")
    )
    for wrong in ({"names": ["a"]}, {"valu": "loss"}, {"value": "los"}, {"baseline": "c"}):
        with pytest.raises(ArgumentError):
            bo.compare(path, **{"value": "loss", **wrong})
    with pytest.raises(ArgumentError, match="give names"):
        bo.compare([[1, 2], [3, 4]])
