"""`make bench`, with the measuring itself replaced."""

import json

import pytest
from made_up import DISK, PEAK, measured

import benchmarks.__main__ as command
from benchmarks.commands import FULL, QUICK_SCALE, SCALED
from benchmarks.interleave import QUICK, QUICK_GROWTH, THOROUGH, THOROUGH_GROWTH
from benchmarks.works import GROWTH, WORKS


@pytest.fixture
def asked(monkeypatch):
    """Replace the measuring; return a dict whose "slower" says by how much rivals are slower."""
    asked = {"slower": 5.0}

    def measure(works, *, quick, full, tell):
        asked.update(works=works, quick=quick, full=full)
        found = measured(DISK, asked["slower"], missing=("jax-jit",))
        tell(DISK.title, PEAK)
        tell(found, PEAK)
        return (found,), PEAK

    monkeypatch.setattr(command, "measure", measure)
    return asked


def test_it_shows_each_rival_and_writes_rows(capsys, asked, tmp_path):
    path = tmp_path / "rows.json"
    assert command.main(["--json", str(path), "--quick"]) == 0
    out, err = capsys.readouterr()
    assert "PyTorch eager" in out
    assert "5.00×" in out
    assert "JAX jit: not available: not installed" in out
    assert "80 GFLOP/s" in out
    assert "measuring: disk network" in err
    assert [row["rival"] for row in json.loads(path.read_text())] == [
        rival for rival in DISK.rivals if rival != "jax-jit"
    ]
    assert (asked["works"], asked["quick"], asked["full"]) == ((*WORKS, *GROWTH), True, False)


@pytest.mark.parametrize(("slower", "expected"), [(5.0, 0), (3.9, 1)])
def test_check_exits_with_1_below_a_floor(capsys, asked, slower, expected):
    asked["slower"] = slower
    assert command.main(["--check"]) == expected
    assert ("got 3.90×, expected at least 4×" in capsys.readouterr().err) == bool(expected)


def test_below_a_floor_without_check_is_no_failure(asked):
    asked["slower"] = 0.5
    assert command.main([]) == 0


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(capsys, asked):
    assert command.main(["--json", "/nowhere/a.json"]) == 2
    assert "/nowhere/a.json: cannot be written" in capsys.readouterr().err
    assert "works" not in asked


def test_an_unknown_work_is_refused(capsys, asked):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--only", "disk-stpe"])
    assert "'disk-step'" in capsys.readouterr().err


def test_what_is_named_is_measured_in_the_usual_order():
    found = command.wanted(["model2-step", "growth", "disk-step"])
    assert [work.name for work in found[:2]] == ["disk-step", "model2-step"]
    assert found[2:] == GROWTH


@pytest.mark.parametrize(
    ("quick", "full", "scale"),
    [
        (False, False, SCALED),
        (True, False, QUICK_SCALE),
        (False, True, FULL),
        (True, True, FULL),  # what takes longest was asked for by name
    ],
)
def test_everything_is_measured_told_and_returned(monkeypatch, quick, full, scale):
    efforts, scales = {}, []

    class Instead:
        def __enter__(self):
            return self

        def __exit__(self, *error):
            pass

        def peak(self):
            return PEAK

        def measure(self, work, effort):
            efforts[work.name] = effort
            return measured(work)

    def commands(work, scale):
        scales.append(scale)
        return measured(work)

    monkeypatch.setattr(command, "Processes", Instead)
    monkeypatch.setattr(command, "measure_commands", commands)
    told = []
    found, peak = command.measure(
        command.wanted(()), quick=quick, full=full, tell=lambda what, peak: told.append(what)
    )
    *alone, whole = WORKS
    assert [one.work for one in found] == [*alone, *GROWTH, whole]
    assert len(told) == 2 * len(found)
    assert efforts["disk-step"] == (QUICK if quick else THOROUGH)
    assert efforts["disk-batch-10"] == (QUICK_GROWTH if quick else THOROUGH_GROWTH)
    assert scales == [scale]
    assert peak == PEAK
