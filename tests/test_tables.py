"""One table in every form."""

import csv
import io
import math

from bakeoff.tables import REST, Column, Html, Table, plus_minus

TABLE = Table.of(
    ("name", "n", "note"), [("a<b", 1234, "x_1"), ("c", None, "5 % & \u202e")], right=REST
)


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
    first = {"name": "a,b", "share": 1 / 3, "end": -math.inf, "count": 12345}
    assert table.records()[0] == first
    rows = list(csv.DictReader(io.StringIO(table.csv())))
    assert rows[0]["name"] == "a,b"
    assert float(rows[0]["share"]) == 1 / 3
    assert rows[1]["share"] == ""
    assert float(rows[0]["end"]) == -math.inf
    assert rows[1]["weights"] == "y"


def test_text_is_in_columns_with_numbers_on_the_right():
    assert Table.of(("name", "n"), [("a", 1234), ("bcd", 5)]).text().splitlines() == [
        "name      n",
        "a     1,234",
        "bcd       5",
    ]
    assert Table.of(("a", "b"), [("longer", "x")], right=()).text() == "a       b\nlonger  x"
    assert Table.of(("a", "b"), []).text() == "a  b"


def test_markdown_escapes_its_own_and_puts_numbers_on_the_right():
    assert TABLE.markdown() == [
        "| name | n | note |",
        "| --- | ---: | ---: |",
        r"| a\<b | 1,234 | x\_1 |",
        r"| c | – | 5 % \& \\u202e |",
    ]


def test_latex_escapes_its_own_and_needs_no_package():
    first, header, line, *rows, last = TABLE.latex()
    assert (first, line, last) == (r"\begin{tabular}{lrr}", r"\hline", r"\end{tabular}")
    assert header == r"name & n & note \\"
    assert rows[0] == r"a$<$b & 1,234 & x\_1 \\"
    assert r"5 \% \&" in rows[1]


def test_html_escapes_all_but_what_is_html():
    html = Table.of(("<h>", "n"), [("<i>", Html("<b>7</b>"))], right=REST).html(
        "<i>c</i>", right="class='r'"
    )
    assert "<caption><i>c</i></caption>" in html
    assert "&lt;h&gt;" in html
    assert "&lt;i&gt;" in html
    assert "<td class='r'><b>7</b></td>" in html


def test_a_deviation_is_left_out_where_there_is_none():
    assert plus_minus(1.25, 0.5, 1, " s") == "1.2 ± 0.5 s"
    assert plus_minus(1.26, None, 1, " s") == "1.3 s"
    assert plus_minus(None, None, 1, " s") == "-"
