from __future__ import annotations

import numpy as np
import pytest

from bakeoff.data.disk import CENTRE, RADIUS
from bakeoff.report.figures.disk import draw_disk, grid
from bakeoff.report.figures.style import drawing, write_figure


def is_inside(points):
    return ((points - 0.5) ** 2).sum(1) <= RADIUS**2


def drawn(wrong=2, inside=None, field=None):
    points = np.random.default_rng(0).random((30, 2), dtype=np.float32)
    inside = is_inside(points) if inside is None else inside
    predicted = inside.copy()
    predicted[:wrong] = ~predicted[:wrong]
    field = is_inside(grid(20)).astype(np.float32) if field is None else field
    with drawing():
        return points, inside, draw_disk(field, (*CENTRE, RADIUS), points, inside, predicted)


def lines_of(figure):
    return {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}


def test_the_grid():
    points = grid(3)
    assert points.tolist()[:4] == [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, 0.5]]
    assert grid().shape == (200 * 200, 2)
    assert points.dtype == np.float32


def test_the_points_and_the_errors_are_drawn():
    points, inside, figure = drawn()
    lines = lines_of(figure)
    n = int(inside.sum())
    assert set(lines) == {f"inside ({n})", f"outside ({30 - n})", "on the wrong side (2)"}
    assert np.array_equal(lines["on the wrong side (2)"], points[:2])
    assert np.array_equal(lines[f"inside ({n})"], points[inside])
    (title,) = {figure.axes[0].get_title(loc) for loc in ("left", "center")} - {""}
    assert title == "error 6.67 % of 30 points"


def test_the_boundary_lies_where_the_field_is_one_half():
    field = grid(50)[:, 0] + np.float32(0.2)  # 1/2 at x = 0.3
    _, _, figure = drawn(field=field)
    paths = [c.get_paths() for c in figure.axes[0].collections if not c.get_facecolor().size]
    ((path,),) = paths
    assert path.vertices[:, 0] == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("inside", [np.zeros(30, bool), np.ones(30, bool)])
@pytest.mark.parametrize("field", [np.zeros(400, np.float32), np.ones(400, np.float32)])
def test_one_sided_sets_and_fields_can_be_drawn(inside, field, tmp_path):
    _, _, figure = drawn(0, inside, field)
    with drawing():
        write_figure(figure, tmp_path / "disk.png")
    assert (tmp_path / "disk.png").read_bytes().startswith(b"\x89PNG")
