"""`make bench`, with the measuring itself replaced."""

import json
from contextlib import nullcontext

import pytest
from made_up import PEAK, measured

import benchmarks.__main__ as command
from benchmarks.works import DISK, GROWTH, WORKS


@pytest.fixture
def asked(monkeypatch):
    """Replace the measuring; return a dict whose "slower" says by how much rivals are slower."""
    asked = {"slower": 5.0}

    def measure(works, *, quick, full):
        asked.update(works=works, quick=quick, full=full)
        yield measured(DISK, asked["slower"], missing=("jax-jit",)), PEAK

    monkeypatch.setattr(command, "measure", measure)
    return asked


def test_it_shows_each_rival_and_writes_rows(capsys, asked, tmp_path):
    path = tmp_path / "rows.json"
    assert command.main(["--json", str(path), "--quick"]) == 0
    out = capsys.readouterr().out
    assert "PyTorch eager" in out
    assert "5.00×" in out
    assert "JAX jit: not available: not installed" in out
    assert "80 GFLOP/s" in out
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


@pytest.mark.parametrize(("now", "expected"), [(3.1, 0), (2.9, 1)])
def test_two_versions_are_compared_by_their_ratios(capsys, asked, tmp_path, now, expected):
    paths = [str(tmp_path / name) for name in ("before.json", "now.json")]
    for path, asked["slower"] in zip(paths, (4.0, now), strict=True):
        command.main(["--json", path])
    capsys.readouterr()
    asked.clear()
    assert command.main(["--compare", *paths]) == expected
    told = capsys.readouterr().out
    assert f"disk-step beside pytorch-eager: was 4.00×, is {now:.2f}×" in told
    assert ("SLOWER" in told, asked) == (bool(expected), {})


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
        (False, False, (6, 2)),
        (True, False, (2, 1)),
        (False, True, (30, 1)),
        (True, True, (30, 1)),  # what takes longest was asked for by name
    ],
)
def test_everything_is_measured_and_told(monkeypatch, capsys, quick, full, scale):
    efforts, scales = {}, []

    class Instead(nullcontext):
        def ask(self, name, question):
            return PEAK

        def measure(self, work, effort):
            efforts[work.name] = effort.seconds
            return measured(work)

    def commands(work, *scale):
        scales.append(scale)
        return measured(work)

    monkeypatch.setattr(Instead, "__enter__", lambda self: self)
    monkeypatch.setattr(command, "Processes", Instead)
    monkeypatch.setattr(command, "measure_commands", commands)
    found = [*command.measure(command.wanted(()), quick=quick, full=full)]
    *alone, whole = WORKS
    works = [*alone, *GROWTH, whole]
    assert [one.work for one, _ in found] == works
    assert {peak for _, peak in found} == {PEAK}
    told = capsys.readouterr().err.splitlines()
    assert told == [f"measuring: {work.title} ..." for work in works]
    assert efforts["disk-step"] == (2.0 if quick else 20.0)
    assert efforts["disk-batch-10"] == (0.5 if quick else 3.0)
    assert scales == [scale]
