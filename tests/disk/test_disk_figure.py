from __future__ import annotations

import pytest
import torch

from bakeoff.data import inside_disk
from bakeoff.disk.figure import draw_disk, grid
from bakeoff.report.figures.style import drawing, write_figure


def drawn(wrong=2, inside=None, field=None):
    points = torch.rand(30, 2, generator=torch.Generator().manual_seed(0))
    inside = inside_disk(points).flatten() == 1 if inside is None else inside
    predicted = inside.clone()
    predicted[:wrong] = ~predicted[:wrong]
    field = inside_disk(grid(20)).flatten() if field is None else field
    return points, inside, draw_disk(field, points, inside, predicted)


def lines_of(figure):
    return {line.get_label(): line.get_xydata() for line in figure.axes[0].lines}


def test_the_grid():
    points = grid(3)
    assert points.tolist()[:4] == [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, 0.5]]
    assert len(grid()) == 200 * 200


def test_the_points_and_the_errors_are_drawn():
    points, inside, figure = drawn()
    lines = lines_of(figure)
    n = int(inside.sum())
    assert set(lines) == {f"inside ({n})", f"outside ({30 - n})", "on the wrong side (2)"}
    assert torch.equal(torch.tensor(lines["on the wrong side (2)"]).float(), points[:2])
    assert torch.equal(torch.tensor(lines[f"inside ({n})"]).float(), points[inside])
    assert figure.axes[0].get_title() == "error 6.67 % of 30 points"


def test_the_boundary_lies_where_the_field_is_one_half():
    field = grid(50)[:, 0] + 0.2  # 1/2 at x = 0.3
    _, _, figure = drawn(field=field)
    paths = [c.get_paths() for c in figure.axes[0].collections if not c.get_facecolor().size]
    ((path,),) = paths
    assert path.vertices[:, 0] == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("inside", [torch.zeros(30) > 0, torch.zeros(30) == 0])
@pytest.mark.parametrize("field", [torch.zeros(400), torch.ones(400)])
@pytest.mark.filterwarnings("ignore:No contour levels were found:UserWarning")
def test_one_sided_sets_and_fields_can_be_drawn(inside, field, tmp_path):
    _, _, figure = drawn(0, inside, field)
    with drawing():
        write_figure(figure, tmp_path / "disk.png")
