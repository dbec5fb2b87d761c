"""What happens to files of results by people's hands: read right, or refused with what to do."""

import json

import pytest

import bakeoff as bo
from bakeoff.errors import BakeoffError
from bakeoff.runs.reading import read
from bakeoff.runs.rows import Asked

HEAD = "method,seed,acc\n"
LONG = "".join(f"{m},{s},0.8{s}{d}\n" for s in range(8) for m, d in (("old", 1), ("new", 3)))
WIDE = "".join(f"{s},0.8{s}1,0.8{s}3\n" for s in range(8))
LACKING = "has no value in round"


def with_column(name, cells="0.5,0.6,0.7,0.8,0.9,0.8,0.7,0.6"):
    lines = zip(WIDE.splitlines(), cells.split(","), strict=True)
    return f"seed,old,new,{name}\n" + "".join(f"{line},{cell}\n" for line, cell in lines)


REFUSED = {
    "a title above": (
        "Results of March,,\n" + HEAD + LONG,
        "names 1 of 3 columns; leave out lines",
    ),
    "a title alone": ("Results of March\n\n" + HEAD + LONG, "in the first line, 'Results of Mar"),
    "nothing": ("\n", "is empty"),
    "a line of means": ("seed,old,new\n" + WIDE + "mean,0.8,0.8\n", "'mean' is a summary"),
    "a spread in words": ("seed,old,new\n" + WIDE + "Mean (n=8):,0.8,0.8\n", "is a summary"),
    "a total": (HEAD + LONG + "old,Total,6.8\n", "'Total' is a summary"),
    "a column of means": (with_column("mean"), "mean may be .* --value old,new,"),
    "a column of ranks": (with_column("rank", "1,2,1,2,1,1,1,1"), "rank may be a competitor"),
    "a column of differences": (with_column("diff"), "diff may be a competitor"),
    "other cases": (HEAD + LONG.replace("old,3", "Old,3"), f"{LACKING}.*'old' and 'Old' are taken"),
    "signs unseen": (HEAD + LONG.replace("old,3", "old\u200b,3"), f"{LACKING}.* are taken for"),
    "mixed units": (
        HEAD + LONG.replace("old,3,0.831", "old,3,83.1"),
        "a fraction and a percentage",
    ),
    "a list of lists": (json.dumps([[0.8, 0.9]] * 8), "is JSON, but no list of objects"),
    "unlike lists": (json.dumps({"old": [0.8] * 7, "new": [0.9] * 8}), "all of one length"),
    "results within": (json.dumps({"on": "x", "results": [{"acc": 1}]}), "is JSON, but no"),
}


@pytest.mark.parametrize(("text", "told"), REFUSED.values(), ids=REFUSED)
def test_a_mishap_is_told_for_what_it_is(tmp_path, text, told):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BakeoffError, match=told):
        read([path])


@pytest.mark.parametrize(
    ("start", "told"),
    [(b"\x1f\x8b\xff", "unpack it first"), (b"\xd0\xcf\x11\xe0\xff", "save it as .xlsx")],
)
def test_what_is_no_text_is_told_by_its_first_bytes(tmp_path, start, told):
    path = tmp_path / "t.csv"
    path.write_bytes(start)
    with pytest.raises(BakeoffError, match=told):
        read([path])


def test_a_seed_is_the_same_written_as_a_fraction(tmp_path):
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("seed,acc\n" + "".join(f"{s}.0,0.8{s}\n" for s in range(8)), encoding="utf-8")
    new.write_text("seed,acc\n" + "".join(f"{s},0.7{s}\n" for s in range(8)), encoding="utf-8")
    values = read([old, new]).values
    assert values.rounds == tuple("01234567")
    assert values.values[3].tolist() == [0.83, 0.73]


def test_python_takes_lists_of_files_and_columns(tmp_path):
    for name in ("old", "new"):
        text = "rep,fold_no,acc\n" + "".join(f"{n // 4},{n % 4},0.{n}\n" for n in range(8))
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    files = [tmp_path / "old.csv", str(tmp_path / "new.csv")]
    found = bo.compare(files, pair=["rep", "fold_no"], value="acc", dependence="fixed-test")
    assert [summary.name for summary in found.summaries] == ["old", "new"]
    assert found.notes[0].startswith("read as competitor: file; pairs: rep, fold_no; value: acc")
    unpaired = bo.compare(
        files, pair="rep,fold_no", value="acc", unpaired=True, dependence="fixed-test"
    )
    assert "pairs: none" in unpaired.notes[0]


def test_a_separator_named_for_excel_is_none_of_the_names(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("sep=;\n" + (HEAD + LONG).replace(",", ";"), encoding="utf-8")
    assert read([path]).values.names == ("old", "new")


def test_one_number_written_twice_is_told(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("lr,seed,acc\n" + LONG.replace("old", "0.1").replace("new", "1e-1"), "utf-8")
    (note,) = read([path]).notes
    assert note.startswith("'lr=0.1' and 'lr=1e-1' are taken for different competitors")


def test_a_few_percentages_near_none_are_percentages(tmp_path):
    path = tmp_path / "t.csv"
    text = HEAD + LONG.replace(",0.8", ",8").replace("old,3,831", "old,3,0.9")
    path.write_text(text, encoding="utf-8")
    assert read([path]).values.values[3, 0] == 0.9


@pytest.mark.parametrize("take", ["bogus", "mean:0", "mean:5"])
def test_what_cannot_be_taken_is_refused_of_single_values_too(tmp_path, take):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + LONG, encoding="utf-8")
    with pytest.raises(BakeoffError, match="--take"):
        read([path], Asked(take=take))


def test_an_empty_file_of_numbers_is_a_run_without_any_and_is_named(tmp_path):
    for line in LONG.splitlines():
        method, seed, acc = line.split(",")
        run = tmp_path / f"{method}{seed}"
        run.mkdir()
        told = {"method": method, "seed": seed}
        (run / "params.json").write_text(json.dumps(told), encoding="utf-8")
        (run / "metrics.json").write_text(json.dumps({"acc": float(acc)}), encoding="utf-8")
    (tmp_path / "new3" / "metrics.json").write_bytes(b"")
    with pytest.raises(BakeoffError, match="unfinished, and so left out: folder new3"):
        read([tmp_path])
    assert len(read([tmp_path], Asked(common=True)).values.rounds) == 7


def test_a_table_that_would_fill_the_memory_is_refused_before_it_is_split(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(HEAD + "a,1,2\n" * 700_000, encoding="utf-8")
    with pytest.raises(BakeoffError, match="more than 2,097,152 cells"):
        read([path])
