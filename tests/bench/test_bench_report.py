"""Rows, tables and the picture, of made-up figures."""

import json

import pytest
from made_up import benchmark, measured
from rich.console import Console

from bakeoff.bench.contender import BenchError
from bakeoff.bench.growth import AXES, curve
from bakeoff.bench.plot import check_plotting, save_plot
from bakeoff.bench.report import Benchmark, duration
from bakeoff.bench.tables import curve_view, work_view
from bakeoff.bench.work import WORKS

KEYS = ["work", "rival", "ours_seconds", "rival_seconds", "ratio_of_minima", "ratio_of_medians"]


def test_json_rows_have_these_keys_and_numbers():
    rows = json.loads(benchmark().json_rows())
    assert all(list(row) == KEYS for row in rows)
    assert rows[0] == {
        "work": "disk-step",
        "rival": "pytorch-eager",
        "ours_seconds": 1e-4,
        "rival_seconds": pytest.approx(3e-4),
        "ratio_of_minima": pytest.approx(3.0),
        "ratio_of_medians": pytest.approx(2.25),
    }
    works = [row["work"] for row in rows]
    assert works.count("disk-step") == 4
    assert works[-1] == "disk-width-400"


def test_markdown_is_a_table_with_floors_and_what_is_missing():
    text = benchmark().markdown()
    lines = text.splitlines()
    columns = {line.count("|") for line in lines[:8]}
    assert columns == {10}
    assert (
        "| PyTorch eager | 300 µs | 450 µs | **3.00×** | 2.25× | 4× (6×) | 12.0 s | 2 % |" in text
    )
    assert "| our plan | 100 µs | 200 µs |" in text
    assert "JAX jit | not available: not installed |" in text
    assert "| 1,000 | 100 µs | 300 µs |" in text
    assert "80 GFLOP/s" in lines[-1]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (3.4e-8, "0.03 µs"),
        (1.234e-4, "123 µs"),
        (1.26e-3, "1.26 ms"),
        (0.0563, "56.3 ms"),
        (95.4, "95.4 s"),
    ],
)
def test_durations_have_a_fitting_unit(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_tables_fit_in_80_columns_uncut(work):
    shown = rendered(work_view(measured(work), 8e10))
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_curves_fit_in_80_columns_uncut(axis):
    shown = rendered(curve_view(curve(axis, [measured(work) for _, work in axis.works])))
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" not in shown


def rendered(table):
    console = Console(width=80, record=True)
    with console.capture() as captured:
        console.print(table)
    return captured.get()


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_picture_is_drawn(tmp_path, kind):
    path = tmp_path / f"bench.{kind}"
    check_plotting(path)
    save_plot(benchmark(), path)
    start = path.read_bytes()[:200]
    assert start.startswith(b"\x89PNG") if kind == "png" else b"<svg" in path.read_bytes()


def test_a_picture_of_works_or_curves_alone(tmp_path):
    both = benchmark()
    for part in (Benchmark(both.works, (), 1.0), Benchmark((), both.curves[:1], 1.0)):
        save_plot(part, tmp_path / "part.png")
        assert (tmp_path / "part.png").stat().st_size > 1000


def test_a_kind_of_picture_that_is_none_is_refused_before_any_work(tmp_path):
    with pytest.raises(BenchError, match=r"expected a name that ends in \.svg or \.png"):
        check_plotting(tmp_path / "bench.doc")
