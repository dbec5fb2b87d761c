"""`bakeoff noise`: from a study to where its noise comes from, and the rounds that it keeps."""

import json
import subprocess
import sys

import pytest

from bakeoff.study.files import load_study
from bakeoff.study.store import Store
from bakeoff.study.store.stored_study import results_of

# data: even steps of 0 to 1999, so a deviation of 577; init: of 0 to 999, 289, in one of the two.
STUDY = """\
name = "noisy"
question = "Which?"
comparisons = [["plain", "started"]]

[command]
run = "echo loss: $(({seed.data} % 2000 + {seed.init} % 1000 * {width}))"

[metric]
name = "loss"
better = "lower"

[[competitors]]
name = "plain"
width = 0

[[competitors]]
name = "started"
width = 1
"""
DATA, INIT = 2000 / 12**0.5, 1000 / 12**0.5

NETWORKS = """\
name = "small"
question = "Which?"
comparisons = [["two", "one"]]
data = "disk"
train_size = 60
test_size = 500

[recipe]
epochs = 1

[[competitors]]
name = "one"
network = "disk"

[[competitors]]
name = "two"
network = "disk"
recipe = { lr = 0.1 }
"""
RUN = ("noise", "noisy.toml", "--workers", "1")


def flat(text):
    return " ".join(text.split())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with the store of the study of commands, and what was told."""
    folder = tmp_path_factory.mktemp("noisy")
    (folder / "noisy.toml").write_text(STUDY)
    words = [sys.executable, "-m", "bakeoff", *RUN]
    told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=True)
    return folder, told


@pytest.fixture
def here(made, monkeypatch):
    monkeypatch.chdir(made[0])


def test_known_components_are_found_of_rounds_and_of_their_difference(here, bakeoff):
    code, out, err = bakeoff(*RUN, "--format", "json")  # nothing is run again
    assert (code, "180 rounds in all, 180 of them in bakeoff.sqlite" in flat(err)) == (0, True)
    told = json.loads(out)
    assert (told["study"], told["rounds"], told["redraws"]) == ("noisy-noise", 30, 6)
    rows = {(row["of"], row["redrawn"]): row for row in told["noise"]}
    for (name, source), true in {
        ("plain", "data"): DATA,
        ("plain", "init"): 0,
        ("started", "data"): DATA,
        ("started", "init"): INIT,
        ("started", "all"): (DATA**2 + INIT**2) ** 0.5,
        ("plain - started", "data"): 0,
        ("plain - started", "init"): INIT,
        ("plain - started", "all"): INIT,
    }.items():
        row = rows[name, source]
        assert row["from"] <= true <= row["to"], (name, source)
        assert (row["std"] == 0, row["rounds"]) == (true == 0, 30)
        whole = rows[name, "all"]["std"]
        assert row["share, %"] == pytest.approx(100 * (row["std"] / whole) ** 2)
    (sentence,) = told["advice"]
    assert sentence.startswith("plain - started: rounds that redraw init alone show ")
    assert sentence.endswith("To hold data hides under 10 %.")


def test_it_tells_a_table_and_what_it_ran(made):
    told = made[1]
    assert "of redrawn std from to share, % rounds" in flat(told.stdout)
    assert "plain init 0.0 0.0 0.0 0 30" in flat(told.stdout)
    assert "plain - started: rounds that redraw init" in flat(told.stdout)
    assert "bakeoff report noisy-noise" in told.stdout
    assert "noisy-noise: runs the command echo loss:" in flat(told.stderr)


@pytest.mark.parametrize("format", ["csv", "markdown", "latex"])
def test_its_table_in_other_formats(here, bakeoff, format):
    code, out, _ = bakeoff(*RUN, "--format", format)
    assert code == 0
    lines = [line for line in out.splitlines() if "plain" in line and "init" in line]
    assert len(lines) == 2
    assert out.count("started") >= 6


def test_its_page_has_a_section_beside_that_of_ordinary_rounds(here, bakeoff, tmp_path):
    code, _, err = bakeoff("report", "noisy-noise", "--out", tmp_path / "page")
    assert code == 0, err
    page = (tmp_path / "page" / "index.html").read_text()
    section = page.partition('id="noise"')[2].partition("</section>")[0]
    assert "Where the noise comes from" in section
    assert "rounds that redraw init alone show " in section
    assert "started.init" not in page
    rows = (tmp_path / "page" / "noise.csv").read_text().splitlines()
    assert len(rows) == 10
    assert any(line.startswith("plain - started,init,") for line in rows)
    assert (tmp_path / "page" / "noise.svg").exists()
    assert load_study(tmp_path / "page" / "study.toml").competitor_names == ("plain", "started")


def test_ordinary_rounds_are_shared_with_a_run(here, bakeoff):
    code, out, err = bakeoff("run", "noisy.toml", "--workers", "1")
    assert (code, "60 rounds in all, 60 of them in" in flat(err)) == (0, True)
    assert "plain is better than started" in out


def test_a_part_and_another_size(here, bakeoff, tmp_path):
    options = ("--only", "started", "--source", "init", "--worlds", "2", "--redraws", "3")
    code, out, err = bakeoff(*RUN, *options, "--store", tmp_path / "other.sqlite")
    assert (code, "2 competitors, 12 rounds in all" in flat(err)) == (0, True)
    assert [line.split()[:2] for line in out.splitlines()[2:4]] == [
        ["started", "init"],
        ["started", "all"],
    ]
    assert out.splitlines()[5].startswith("started: ")


@pytest.mark.parametrize(
    ("command", "options", "told"),
    [
        ("echo {seed} {width}", (), "got one seed for all that is random"),
        ("echo {seed.a} {width}", ("--source", "b"), "no source of chance 'b', expected one of a"),
        ("echo {seed.a} {width}", ("--only", "plane"), "did you mean 'plain'?"),
        ("echo {seed.a} {width}", ("--worlds", "1"), "worlds: got 1, expected at least 2"),
        ("echo {seed.} {width}", (), "{seed.} is filled by nothing"),
        ("echo {width}", (), "its command has no {seed}"),
    ],
)
def test_mistakes_are_told_before_any_round(bakeoff, tmp_path, monkeypatch, command, options, told):
    monkeypatch.chdir(tmp_path)
    head, _, rest = STUDY.partition("run = ")
    (tmp_path / "noisy.toml").write_text(f"{head}run = {command!r}\n{rest.partition(chr(10))[2]}")
    code, out, err = bakeoff(*RUN, *options)
    assert (code, out) == (2, "")
    assert told in err
    assert not (tmp_path / "bakeoff.sqlite").exists()


def test_networks_and_what_is_kept_of_them(bakeoff, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(NETWORKS)
    words = ("noise", "small.toml", "--worlds", "2", "--redraws", "5", "--workers", "1")
    code, out, _ = bakeoff(*words, "--epochs", "2", "--format", "json")
    assert code == 0
    rows = json.loads(out)["noise"]
    assert [row["redrawn"] for row in rows[3::4]] == ["all"] * 3
    assert {row["redrawn"] for row in rows[:3]} == {"data", "init", "order"}
    assert all(row["std, points"] > 0 for row in rows if row["redrawn"] == "data")
    with Store(tmp_path / "bakeoff.sqlite", read_only=True) as store:
        (kept,) = store.studies()
        results = results_of(store, kept)
    assert kept.study.competitor("two.init").holds == {"redraw": ["init"], "world": 5}
    first = [results.of(f"two{redrawn}")[5] for redrawn in ("", ".data", ".init", ".order")]
    assert len({(r.round, r.curves, r.attachment("predictions")) for r in first}) == 1
