"""However a table of the same numbers is written, the same numbers are read, or none."""

import math
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bakeoff.errors import BakeoffError
from bakeoff.runs.reading import read

ROUNDS = [
    [str(n) for n in range(9)],
    [f"seed{n}" for n in range(9)],
    [f"2026-11-{n + 10}" for n in range(9)],
    [str(4_294_967_291 + 3 * n) for n in range(9)],
    [f"{n}.0" for n in range(9)],
    ["Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus", "Hal", "Ira"],
]
NAMES = ["a", "Adam", "b c", "[red]x[/red]", "ä", "x;y", "it's", "GPT-4", "no 1", "with,comma"]
PAIR = ["round", "seed", "Run", "fold", "TRIAL", "params.seed", "subject"]
BY = ["competitor", "method", "Model", "algorithm", "optimizer"]
VALUE = ["value", "acc", "Test Accuracy", "val_loss", "f1"]
UNKNOWN = ["x", "y", "zz", "column", "foo", "Größe"]
EXTRA = ["machine", "note", "n_params", "wall_time", "lr", "id", "", "date", "stage"]
SETTINGS = settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def tables(draw, *, known=True):
    """A table as rows of cells, its header first, and the values in it by round and name."""
    rounds = draw(st.sampled_from(ROUNDS))[: draw(st.integers(2, 6))]
    names = draw(st.permutations(NAMES))[: draw(st.integers(2, 3))]
    number = st.decimals(-2, 2, places=draw(st.integers(1, 4)), allow_nan=False)
    truth = {(r, n): draw(number) for r in rounds for n in names}
    if draw(st.booleans()):
        truth[rounds[0], names[0]] = Decimal("nan")
    heads = [draw(st.sampled_from(pool if known else pool + UNKNOWN)) for pool in (PAIR, BY, VALUE)]
    if draw(st.booleans()):
        rows = [[r, *(f"{truth[r, n]}" for n in names)] for r in rounds]
        return [[heads[0], *names], *draw(st.permutations(rows))], truth
    rows = [[r, n, f"{truth[r, n]}"] for r in rounds for n in names]
    return [heads, *draw(st.permutations(rows))], truth


def written(draw, rows):
    """The table as bytes, in any dialect."""
    order = draw(st.permutations(range(len(rows[0]))))
    separator = draw(st.sampled_from([",", ";", "\t"]))
    comma = draw(st.booleans())

    def cell(text):
        if comma and text.replace(".", "", 1).lstrip("-").isdigit() and len(text) < 9:
            text = text.replace(".", ",")
        risky = any(mark in text for mark in ',;"\t')
        return f'"{text}"' if risky or draw(st.integers(0, 9)) == 0 else text

    lines = [separator.join(cell(row[place]) for place in order) for row in rows]
    if draw(st.booleans()):
        lines = [line + separator for line in lines]
    text = draw(st.sampled_from(["\n", "\r\n"])).join([*lines, ""])
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))


def same(reading, truth):
    """Whether what was read is the truth, whatever labels look like; whole rounds may be gone."""
    values = reading.values
    scale = Decimal(100) if reading.percent else Decimal(1)
    found = {
        (r.removesuffix(".0").removesuffix(",0"), n): v
        for r, row in zip(values.rounds, values.values.tolist(), strict=True)
        for n, v in zip(values.names, row, strict=True)
    }
    told = {(r.removesuffix(".0"), n): float(v / scale) for (r, n), v in truth.items()}
    whole = len(found) == len(values.rounds) * len({name for _, name in told})
    return (
        whole
        and found.keys() <= told.keys()
        and all(v == told[k] or (math.isnan(v) and math.isnan(told[k])) for k, v in found.items())
    )


@SETTINGS
@given(table=tables(), data=st.data())
def test_a_sound_table_reads_the_same_in_every_dialect(tmp_path, table, data):
    rows, truth = table
    path = tmp_path / "t.csv"
    path.write_bytes(written(data.draw, rows))
    reading = attempt(path)
    if isinstance(reading, str):
        # All that may be asked of a sound table: what "1,234" is, and what wide names mean.
        assert "thousands" in reading or rows[0][1] in NAMES, reading
    else:
        assert same(reading, truth)
        assert reading.values.values.size == len(truth)


def attempt(path):
    """What is read, or the sentence that refuses it."""
    try:
        return read([path])
    except BakeoffError as error:
        return str(error)


def spoil(draw, rows):  # noqa: PLR0912 - a branch a mishap
    """One thing that happens to files; the values that are left are those of the table."""
    header, *body = [list(row) for row in rows]
    place, column = draw(st.integers(0, len(body) - 1)), draw(st.integers(0, len(header) - 1))
    match draw(st.integers(0, 11)):
        case 0:
            del body[place]
        case 1:
            body.append(list(body[place]))
        case 2:
            body[place][column] = draw(
                st.sampled_from(["", "NA", "-", "inf", "0.5 (0.1)", "1e999"])
            )
        case 3:
            header, *body = body
        case 4:  # of a wide table the rounds' column; another competitor's name is a competitor
            column = 0 if header[1] in NAMES else column
            header[column] = draw(st.sampled_from(["", "0.5", *UNKNOWN, *header]))
        case 5:
            body.append(["mean", *body[0][1:]])
        case 6:  # a number of no known name beside wide columns is a competitor, and told as one
            kind = draw(st.sampled_from([["word", "other"], ["0.25", "0.5", "3", ""]]))
            for row in (header, *body):
                row.append(draw(st.sampled_from(kind)))
            header[-1] = draw(st.sampled_from(EXTRA if "word" in kind else EXTRA[2:6]))
            # One that splits the rows as another column does is that one by another name.
            *others, added = zip(*body, strict=True)
            assume(all(len({*zip(o, added, strict=True)}) > len({*added}) for o in others))
        case 7:
            header, *body = [list(row) for row in zip(*[header, *body], strict=True)]
            header[0] = draw(st.sampled_from(["", "method", "x"]))
        case 8:
            header, body = ["", *header], [[str(k), *row] for k, row in enumerate(body)]
        case 9:
            del body[place][column]
        case 10:
            for row in (header, *body):
                row.append(row[0 if header[1] in NAMES else column])
            header[-1] += "2"
        case 11:
            body[place][-1] += "%"
    return [header, *body]


@SETTINGS
@given(table=tables(known=False), data=st.data())
def test_a_spoilt_or_strange_table_is_read_right_or_refused(tmp_path, table, data):
    rows, truth = table
    if data.draw(st.integers(0, 5)):
        rows = spoil(data.draw, rows)
        rows = [[*row, *[""] * (len(rows[0]) - len(row))] for row in rows]
    path = tmp_path / "t.csv"
    path.write_bytes(written(data.draw, rows))
    reading = attempt(path)
    if isinstance(reading, str):
        assert reading.isprintable()
        assert str(path) in reading
    else:
        assert same(reading, truth), (rows, reading.told)


@pytest.mark.parametrize(
    "junk", [b"", b"\0" * 99, b"PK\x03\x04", b"SQLite format 3\0", b"\xff" * 9, b"[" * 10**5]
)
def test_junk_is_refused(tmp_path, junk):
    path = tmp_path / "t.csv"
    path.write_bytes(junk)
    with pytest.raises(BakeoffError):
        read([path])
