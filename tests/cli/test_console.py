"""Nobody's text drives the terminal, or hides in it or in a file: every character shows."""

import contextlib
import io
import json
import sqlite3
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import trainers
from bakeoff.cli import main
from bakeoff.cli.console import results_console, say
from bakeoff.errors import visible
from bakeoff.study.machine import Machine
from bakeoff.study.store import Store
from bakeoff.training.keys import keys_of
from bakeoff.training.spec import NetworkCompetitor, NetworkStudy

SEEN = "[bold]{x}{{ 7*7 }}<b>$_1^2$</b>"
HIDDEN = st.characters(categories=("Cc", "Cf", "Zl", "Zp"))
TEXTS = st.lists(HIDDEN, min_size=1, max_size=4).map(lambda c: f"{SEEN}{''.join(c)}end")
ANY = st.lists(st.one_of(HIDDEN, st.characters(categories=("Cs",))), min_size=1, max_size=4)
MACHINE = Machine("m", "0", "0", "0")
STUDY = NetworkStudy(
    "s",
    "Which?",
    [NetworkCompetitor("a", "model1"), NetworkCompetitor("b", "model2")],
    [("b", "a")],
)
SHOWN = [
    *(f"show --format {format}" for format in ("text", "json", "csv", "markdown", "latex")),
    *(
        f"{words} --format {format}"
        for words in ("studies", "rounds list")
        for format in ("text", "json")
    ),
    "compare a b",
    "compare a b --format json",
    "show other",
    "rounds delete c",
]


def stored(path, text):
    """Write a store that holds the text wherever a store can hold one."""
    path.unlink(missing_ok=True)
    keys = keys_of(STUDY)
    with Store(path) as store:
        store.record(STUDY, keys, range(2))
        for name, key in keys.items():
            for round_ in range(2):
                result = trainers.result(STUDY, STUDY.competitor(name), round_)
                machine = Machine(f"{text}{round_}", text, text, text)
                store.keep(key.text, round_, [result], machine)
    with closing(sqlite3.connect(path)) as connection:
        (spec,) = connection.execute("SELECT spec FROM studies").fetchone()
        told = json.dumps(json.loads(spec) | {"question": text})
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            "UPDATE studies SET last_run = ?, spec = ?, study = ?", (text, told, text)
        )
        connection.execute("UPDATE entries SET study = ?", (text,))
        connection.execute(
            "UPDATE rounds SET note = ?, facts = ?", (text, json.dumps({text: text}))
        )
        connection.commit()


def said(*words):
    """Return the exit code and all that a command prints."""
    out = io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit) as raised,
    ):
        main(list(words))
    return raised.value.code, out.getvalue()


def assert_visible(text):
    assert [line for line in text.split("\n") if not line.isprintable()] == []


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_no_text_of_a_store_is_printed_raw(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    stored(tmp_path / "bakeoff.sqlite", text)
    for line in SHOWN:
        code, printed = said(*line.split())
        assert code == (2 if line in SHOWN[-2:] else 0), printed
        assert_visible(printed)
    assert json.loads(said("show", "--format", "json")[1])["study"] == "s"


@settings(max_examples=1, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_no_text_of_a_store_is_raw_in_a_report(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    stored(tmp_path / "bakeoff.sqlite", text)
    code, printed = said("report", "--out", "page")
    assert code == 0, printed
    assert_visible(printed)
    for file in (tmp_path / "page").iterdir():
        if file.suffix not in (".png", ".pdf"):  # whose texts are glyphs
            assert_visible(file.read_text("utf-8"))
    assert "{{ 7*7 }}" in (tmp_path / "page" / "index.html").read_text("utf-8")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS, header=st.booleans())
def test_no_text_of_a_table_is_printed_raw(tmp_path, text, header):
    path = tmp_path / "table.csv"
    cell = '"' + text.replace('"', '""') + '"'
    rows = "".join(f"{i},{cell},{i % 3}\n{i},b,{i}\n" for i in range(6))
    path.write_text(f"round,competitor,{cell if header else 'value'}\n{rows}", "utf-8")
    for format in ("text", "json"):
        _, printed = said("compare", str(path), "--format", format)
        assert_visible(printed)
        assert "[bold]{x}{{ 7" in printed


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=TEXTS,
    field=st.sampled_from(
        ["name", "data", "competitors.name", "competitors.network", "competitors.loss_weights"]
    ),
)
def test_a_studys_names_are_visible(tmp_path, text, field):
    path, told = tmp_path / "study.toml", json.dumps(text, ensure_ascii=False)
    told = "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in told)
    fields = {
        "name": '"s"',
        "data": '"pairs"',
        "competitors.name": '"a"',
        "competitors.network": '"a"',
    }
    fields |= {"competitors.loss_weights": "{}"}
    fields[field] = told if field != "competitors.loss_weights" else f"{{ {told} = 1 }}"
    path.write_text(
        f"name = {fields['name']}\ndata = {fields['data']}\nquestion = {told}\n[[competitors]]\n"
        f"name = {fields['competitors.name']}\nnetwork = {fields['competitors.network']}\n"
        f"loss_weights = {fields['competitors.loss_weights']}\n",
        "utf-8",
    )
    code, printed = said("run", str(path))
    assert code == 2
    assert_visible(printed)
    assert field.removeprefix("competitors.") in printed


@given(text=ANY.map("".join))
def test_what_a_console_is_given_shows(text):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        say(results_console(), f"a sentence of {text}.")
        results_console().print(text)
    assert_visible(out.getvalue())
    assert visible(text, lines=True).encode()
    assert out.getvalue().startswith("a sentence of")


def test_a_competitor_without_a_place_in_the_study_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stored(tmp_path / "bakeoff.sqlite", "s")
    with closing(sqlite3.connect("bakeoff.sqlite")) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            "INSERT INTO entries SELECT study, '[bold]<b>', key, last_run FROM entries LIMIT 1"
        )
        connection.commit()
    code, printed = said("report", "--out", "page")
    assert code == 2
    assert "is damaged ('[bold]<b>' has a key, or is a competitor, but not both)" in printed


LONG = "a-network-with-all-of-its-options-in-its-name-lr-0.001-momentum-0.9-batch-25-epochs-25"


def test_no_cell_of_a_table_is_cut(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    values = {LONG: -86123456000.0, "b": -8.5123e-11}
    rows = "".join(
        f"{r},{n},{v * (1 + r % 3 / 1e7)}\n" for n, v in values.items() for r in range(9)
    )
    (tmp_path / "a.csv").write_text(f"round,competitor,value\n{rows}", "utf-8")
    told = " ".join(said("compare", "a.csv")[1].split())
    assert f"{LONG} 9 -8.6123465e+10 7458.5 -8.612347e+10 to -8.6123459e+10" in told
    assert "-8.5123009e-11 7.3719e-18 -8.5123014e-11 to -8.5123003e-11" in told


def test_no_cell_of_a_store_is_cut(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    study = NetworkStudy(
        LONG, "Which?", [NetworkCompetitor(LONG, "model1"), NetworkCompetitor("b", "model2")]
    )
    keys = keys_of(study)
    with Store(tmp_path / "bakeoff.sqlite") as store:
        store.record(study, keys, range(2))
        for name, key in keys.items():
            store.keep(key.text, 0, [trainers.result(study, study.competitor(name), 0)], MACHINE)
    for line in ("studies", "rounds list", "show", "show --format markdown", "show --format latex"):
        _, printed = said(*line.split())
        assert LONG in printed, line
        assert "\u2026" not in printed, line


def test_no_word_of_a_sentence_is_cut(capsys):
    say(results_console(), f"wrote {LONG}, which says more")
    assert capsys.readouterr().out == f"wrote\n{LONG},\nwhich says more\n"


@pytest.mark.parametrize("columns", ["40", "80"])
def test_a_table_is_as_wide_as_what_it_tells(tmp_path, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    names = [f"a-very-long-name-that-someone-chose-for-competitor-{letter}" for letter in "xy"]
    rows = [f"{r},{name},{1.25e10 * (r + 1)}\n" for r in range(6) for name in names]
    (tmp_path / "wide.csv").write_text("round,competitor,value\n" + "".join(rows))
    code, printed = said("compare", str(tmp_path / "wide.csv"), "--higher-is-better")
    assert code == 0
    assert "…" not in printed
    table = printed.partition("\n\n")[0].splitlines()[-2:]
    assert [line.split()[0] for line in table] == names
    assert {line.split()[2] for line in table} == {"4.375e+10"}
