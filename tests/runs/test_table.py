import json
import os
import subprocess
import sys

import pytest

from bakeoff.errors import DataError
from bakeoff.runs import rows as rows_module
from bakeoff.runs.reading import read_rows

TEXT = "seed,method,acc\n0,a,0.5\n0,b,0.25\n"
CELLS = [{"seed": "0", "method": "a", "acc": "0.5"}, {"seed": "0", "method": "b", "acc": "0.25"}]
TOLD = [{"seed": 0, "method": "a", "acc": 0.5}, {"seed": 0, "method": "b", "acc": 0.25}]


def write(folder, content, name="results.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def cells(path):
    return [dict(row.cells) for row in read_rows(path).rows]


@pytest.mark.parametrize(
    "content",
    [
        TEXT,
        TEXT.replace(",", ";"),
        TEXT.replace(",", "\t"),
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
        TEXT.encode("utf-16"),
        b"\xfe\xff" + TEXT.encode("utf-16-be"),
        TEXT.replace(",", " , "),
        TEXT + "\n,,\n",
        '"seed";"method";"acc"\n"0";"a";0.5\n0;b;0.25\n',
    ],
)
def test_text_is_split_at_whatever_separates_it(tmp_path, content):
    assert cells(write(tmp_path, content)) == CELLS


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (json.dumps(TOLD), "JSON records"),
        (json.dumps({name: [row[name] for row in TOLD] for name in TOLD[0]}), "JSON records"),
        ("\n".join(map(json.dumps, TOLD)), "JSON lines"),
        ("\ufeff" + "\n".join(map(json.dumps, TOLD)) + "\n\n", "JSON lines"),
    ],
)
def test_json_is_records_or_lines(tmp_path, content, kind):
    path = write(tmp_path, content, "results.txt")  # the ending says nothing
    assert cells(path) == TOLD
    assert read_rows(path).kind == kind


def test_nested_values_have_dotted_names_and_lists_of_numbers_are_curves(tmp_path):
    told = {"config": {"lr": 0.1, "layers": ["a", 1]}, "loss": [3, 2.5], "seed": 2**60, "ok": True}
    (found,) = cells(write(tmp_path, json.dumps([told])))
    assert found == {
        "config.lr": 0.1,
        "config.layers": "['a', 1]",
        "loss": (3.0, 2.5),
        "seed": str(2**60),
        "ok": True,
    }


def test_a_column_without_a_name_is_called_by_its_place(tmp_path):
    assert list(cells(write(tmp_path, ",a,b,\n0,1,2,\n"))[0]) == ["column 1", "a", "b", "column 4"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("word\nword\n", "got one column at most"),
        (TEXT + "1,a\n", "line 4: got 2 cells, expected 3"),
        (TEXT + "1,a,0.5,\n", "line 4: got 4 cells, expected 3"),
        (TEXT + '1,"a,0.5\n', "is not well-formed CSV"),
        ("a,b;c\n1,2;3\n", "at commas or at semicolons alike"),
        ("a,b,a\n1,2,3\n", "two columns are called 'a'"),
        ("a,b\n", "holds no rows"),
        (TEXT.encode() + b"\xff", "byte 33 is not UTF-8"),
        (b"\xff\xfea", "is not UTF-16"),
        ("a,b\n".encode("utf-16-le"), "is not text"),
        ('{"a": 1}\n{"a": ', "line 2: is not a JSON object"),
        ('{"a": 1}\n2\n', "line 2: is not a JSON object"),
        ('{"a": 1, "a": 2}\n', "'a' stands twice"),
        ('[{"a": 1, "a": 2}]', "'a' stands twice"),
        ("[" + '{"a": ' * 5000 + "1" + "}" * 5000 + "]", "got one column|nested too deeply"),
    ],
)
def test_what_is_no_table_is_refused_with_its_place(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError) as error:
        read_rows(path)
    assert any(told in str(error.value) for told in message.split("|"))
    assert str(error.value).startswith(str(path))


def test_what_cannot_be_read_or_never_ends_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(rows_module, "MOST_BYTES", 2**21)
    for path in (tmp_path / "none.csv", "/dev/zero"):
        with pytest.raises(DataError, match="cannot be read"):
            read_rows(rows_module.Path(path))


def test_a_pipe_is_read_once(tmp_path):
    code = "import sys; from pathlib import Path; from bakeoff.runs.reading import read_rows;"
    code += "print(len(read_rows(Path('/dev/stdin')).rows))"
    told = subprocess.run(
        [sys.executable, "-c", code], input=TEXT, capture_output=True, text=True, check=True
    )
    assert told.stdout == "2\n"


def test_parquet_is_read_with_what_is_missing_in_it(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    import pyarrow

    path = tmp_path / "results.parquet"
    told = [*TOLD, {"seed": 1, "method": "a", "acc": None}]
    told += [{"seed": 1, "method": "b", "acc": float("nan")}]
    parquet.write_table(pyarrow.Table.from_pylist(told), path)
    found = cells(path)
    assert found[:3] == told[:3]
    assert found[3]["acc"] != found[3]["acc"]  # nan, which was written, and no gap
    path.write_bytes(path.read_bytes()[: os.path.getsize(path) // 2])
    with pytest.raises(DataError, match="is not a sound parquet file"):
        read_rows(path)


def test_excel_is_read_if_one_sheet_holds_anything(tmp_path):
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    book = openpyxl.Workbook()
    for line in (list(TOLD[0]), *(list(row.values()) for row in TOLD)):
        book.active.append(line)
    book.create_sheet("empty")
    path = tmp_path / "results.xlsx"
    book.save(path)
    assert cells(path) == TOLD
    book["empty"]["A1"] = 1
    book.save(path)
    with pytest.raises(DataError, match="found 'Sheet', 'empty'"):
        read_rows(path)
    with pytest.raises(DataError, match="is not a sound Excel workbook"):
        read_rows(write(tmp_path, TEXT, "text.xlsx"))
