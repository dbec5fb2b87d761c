"""`bakeoff bench`, with the measuring itself replaced."""

import json

import pytest
from made_up import DISK, benchmark, measured

from bakeoff.bench import run
from bakeoff.bench.commands import FULL, QUICK_SCALE, SCALED
from bakeoff.bench.growth import AXES
from bakeoff.bench.interleave import QUICK, THOROUGH
from bakeoff.bench.run import measure, order
from bakeoff.bench.work import WORKS
from bakeoff.cli import main
from bakeoff.errors import ArgumentError


def outcome(capsys, *arguments):
    with pytest.raises(SystemExit) as raised:
        main(["bench", *map(str, arguments)])
    captured = capsys.readouterr()
    return raised.value.code, captured.out, captured.err


@pytest.fixture
def told(monkeypatch):
    """Replace the measuring; return a dict whose "slower" says by how much rivals are slower."""
    told = {"slower": 5.0, "wanted": None}

    def measure(wanted, *, starting, done):
        told["wanted"] = wanted
        found = benchmark(told["slower"])
        starting(DISK.title)
        for one in (*found.works, *found.curves):
            done(one, found.peak)
        return found

    monkeypatch.setattr(run, "measure", measure)
    return told


def test_it_shows_each_rival_and_writes_what_it_is_asked_to(capsys, told, tmp_path):
    paths = [tmp_path / name for name in ("rows.json", "table.md", "picture.svg")]
    code, out, err = outcome(
        capsys, "--json", paths[0], "--markdown", paths[1], "--plot", paths[2], "--quick"
    )
    assert code == 0
    assert "PyTorch eager" in out
    assert "5.00×" in out
    assert "jax-jit: not available: not installed" in out
    assert "measuring: disk network" in err
    assert len(json.loads(paths[0].read_text())) > 4
    assert paths[1].read_text().startswith("| work |")
    assert paths[2].stat().st_size > 1000
    assert told["wanted"].quick


@pytest.mark.parametrize(("slower", "expected"), [(5.0, 0), (3.9, 1)])
def test_check_exits_with_1_below_a_floor(capsys, told, slower, expected):
    told["slower"] = slower
    code, _, err = outcome(capsys, "--check")
    assert code == expected
    assert ("got 3.90×, expected at least 4×" in err) == bool(expected)


def test_below_a_floor_without_check_is_no_failure(capsys, told):
    told["slower"] = 0.5
    assert outcome(capsys)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "disk-stpe"], "there is no work 'disk-stpe' (did you mean 'disk-step'?)"),
        (["--json", "/nowhere/a.json"], "/nowhere/a.json: cannot be written"),
        (["--plot", "bench.doc"], "expected a name that ends in .svg or .png"),
    ],
)
def test_a_mistake_is_told_before_anything_is_measured(capsys, told, arguments, sentence):
    code, out, err = outcome(capsys, *arguments)
    assert (code, out, told["wanted"]) == (2, "", None)
    assert sentence in err


def test_without_a_choice_everything_is_measured():
    wanted = order((), quick=False, full=False)
    assert (wanted.works, wanted.growth) == (WORKS, True)


def test_what_is_named_is_measured_in_the_usual_order():
    wanted = order(("model2-step", "disk-step"), quick=False, full=False)
    assert [work.name for work in wanted.works] == ["disk-step", "model2-step"]
    assert not wanted.growth
    assert order(("growth",), quick=False, full=False) == run.Order((), growth=True)
    with pytest.raises(ArgumentError, match="growth"):
        order(("growht",), quick=False, full=False)


def test_full_outweighs_quick_for_whole_commands():
    scales = [order((), quick=q, full=f).scale for q, f in ((0, 0), (1, 0), (0, 1), (1, 1))]
    assert scales == [SCALED, QUICK_SCALE, FULL, FULL]


@pytest.mark.parametrize("quick", [False, True])
def test_everything_is_measured_told_and_returned(monkeypatch, quick):
    efforts, scales = [], []

    class Instead:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def peak(self):
            return 7e10

        def measure(self, work, effort):
            efforts.append(effort)
            return measured(work)

    def commands(work, scale):
        scales.append(scale)
        return measured(work)

    monkeypatch.setattr(run, "Processes", Instead)
    monkeypatch.setattr(run, "measure_commands", commands)
    titles, results = [], []
    wanted = order((), quick=quick, full=False)
    found = measure(wanted, starting=titles.append, done=lambda one, peak: results.append(one))
    assert [one.work for one in found.works] == list(WORKS)
    assert [one.axis for one in found.curves] == list(AXES)
    assert len(results) == len(titles) - 1 == len(WORKS) + len(AXES)
    assert efforts[0] == (QUICK if quick else THOROUGH)
    assert efforts[-1] == (run.QUICK_GROWTH if quick else run.GROWTH_EFFORT)
    assert scales == [QUICK_SCALE if quick else SCALED]
    assert found.peak == 7e10
