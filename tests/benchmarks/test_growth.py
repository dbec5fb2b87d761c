"""Lines of cost against what grows, and the table and the picture of them."""

import made_up

from benchmarks import growth
from benchmarks.works import GROWTH


def made(title, contender, seconds):
    unit = {"title": title, "unit": "step", "contender": contender}
    return unit | {"values": [1, 10, 100], "seconds": seconds}


LINES = [
    made("net, width", "our-plan", [1e-3, 1e-2, 1e-1]),
    made("net, width", "jax-jit", [5e-4, 2e-2, 4e-1]),
]


def test_each_contender_has_a_line_along_each_axis():
    works = [work for work in GROWTH if "width" in work.name]
    lines = growth.training([made_up.measured(work) for work in works])
    assert [line["contender"] for line in lines] == ["our-plan", *works[0].rivals]
    assert {line["title"] for line in lines} == {"disk network, width"}
    assert all(line["values"] == [10, 25, 100, 400] for line in lines)
    assert all(len(line["seconds"]) == 4 for line in lines)


def test_commands_answer_from_made_up_rounds():
    found = growth.answered(8, 3)
    assert set(found) == {"show", "report"}
    assert 0 < found["show"] < found["report"]


def test_the_table_tells_slopes_and_where_a_rival_is_faster(tool):
    first, second = tool("pages").growth({"machine": "X", "lines": LINES}).splitlines()[2:4]
    assert "| 1.00 |" in first
    assert second.endswith("| 1.45 | 0.50, 4.00 | 1 |")


def test_the_picture_has_a_line_for_each_contender(tool):
    (axes,) = tool("growth_picture").drawn(LINES).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "our plan, slope 1.00",
        "JAX jit, slope 1.45",
    ]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["1", "10", "100"]
