import csv
import io
import math

from hypothesis import given
from hypothesis import strategies as st

from bakeoff.report.page_model import Column, Table, file_names


def test_a_table_shows_few_digits_and_writes_all():
    table = Table(
        "t",
        "caption",
        (
            Column("name", ("a,b", "c")),
            Column("share", (1 / 3, None)),
            Column("end", (-math.inf, -0.5), 1),
            Column("count", (12345, 1)),
            Column("weights", ("x", "y"), only_file=True),
        ),
    )
    assert table.rows() == [("a,b", "0.33", "unbounded", "12,345"), ("c", "–", "−0.5", "1")]
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert rows[0]["name"] == "a,b"
    assert float(rows[0]["share"]) == 1 / 3
    assert rows[1]["share"] == ""
    assert float(rows[0]["end"]) == -math.inf
    assert rows[1]["weights"] == "y"


@given(st.lists(st.text(max_size=400), max_size=8))
def test_file_names_are_safe_and_differ(names):
    made = file_names(names)
    assert len(made) == len(names)
    assert len({name.lower() for name in made}) == len(made)
    for name in made:
        assert name.isascii()
        assert not name.startswith(".")
        assert 0 < len(name) <= 70
        assert not set(name) & set('/\\<>:"|?* \0\n')
