"""One table in every form."""

import csv
import io
import math

from bakeoff.tables import REST, Column, Html, Table, latex_escaped, plus_minus

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


def test_latex_escapes_its_own_and_is_as_wide_as_a_line():
    first, top, header, line, *rows, bottom, last = TABLE.latex(("c", "note"))
    assert first == r"\begin{tabularx}{\linewidth}{@{}>{\raggedright\arraybackslash}Xrr@{}}"
    assert [top, line, bottom] == [r"\toprule", r"\midrule", r"\bottomrule"]
    assert last == r"\end{tabularx}"
    assert header == r"name & n & note \\"
    assert rows[0] == r"a$<$b & 1,234 & x\_1 \\"
    assert rows[1].startswith(r"c & -- & \textbf{5\,\% \&")


def test_a_long_name_may_be_broken_in_latex_and_a_long_heading_is():
    table = Table.of(("competitor", "seconds a round"), [("--a_long-name_of|some_thing", 1.0)])
    _, _, header, _, row, *_ = table.latex()
    assert header == r"competitor & \shortstack[r]{seconds a\\round} \\"
    told = r"-{}-\allowbreak{}a\_\allowbreak{}long-\allowbreak{}name\_\allowbreak{}of"
    assert row.startswith(told + r"\textbar{}some\_\allowbreak{}thing & ")
    assert latex_escaped("a−b ↑", breaks=True) == r"a$-$b $\uparrow$"


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
