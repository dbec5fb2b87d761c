"""Tables of anyone's results: text with separators, JSON, parquet, Excel."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bakeoff.checks import check_installed
from bakeoff.errors import DataError
from bakeoff.runs.cells import SHOWN
from bakeoff.runs.rows import Cell, Row, Rows, Source, as_cell, flat, parse_json, sound, unzipped

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
COMMA_NUMBER = re.compile(r"[+-]?[0-9]*,[0-9]+ ?%?")
MOST_CELLS = 2**21
NO_RECORDS = "is JSON, but no list of objects, one a run, nor lists by name, all of one length"


def text_rows(source: Source) -> Rows:
    """Read CSV or TSV text: one header line, then a row a line."""
    (_, header), *lines = _lines(source)
    body = [(f"line {number}", cells) for number, cells in lines]
    commas = any(COMMA_NUMBER.fullmatch(cell) for _, cells in body for cell in cells)
    return Rows("table", str(source.path), _rows(source, header, body), decimal_commas=commas)


def _lines(source: Source) -> list[tuple[int, list[str]]]:
    """Return each line's number and cells, split at the separator that splits all lines alike."""
    if source.json is not None:
        raise DataError(f"{source.path}: {NO_RECORDS}")
    text = re.sub(r"\Asep=.(?=\r?\n)", "", source.text)  # by Excel
    marks = max(map(text.partition("\n")[0].count, SEPARATORS))
    if (marks + 1) * text.count("\n") > MOST_CELLS:
        raise DataError(
            f"{source.path}: holds more than {MOST_CELLS:,} cells; save what is compared alone"
        )
    tried = {separator: _split(text, separator) for separator in SEPARATORS}
    splitting = [s for s, (lines, _) in tried.items() if lines and len(lines[0][1]) > 1]
    if not splitting:
        first = next(iter(text.split("\n", 1)[0].split("\r")), "")
        got = (
            f"got one column at most in the first line, {first[:SHOWN]!r}" if first else "is empty"
        )
        raise DataError(
            f"{source.path}: {got}, expected columns that commas, semicolons or tabs separate, with"
            " their names in the first line"
        )
    alike = [s for s in splitting if len({len(cells) for _, cells in tried[s][0]}) == 1]
    if len(alike) > 1:
        raise DataError(
            f"{source.path}: can be split at {' or at '.join(SEPARATORS[s] for s in alike)} alike;"
            " save it with one separator, and names that hold the other in quotes"
        )
    best = max(alike or splitting, key=lambda s: len(tried[s][0][0][1]))
    lines, fault = tried[best]
    if fault:
        raise DataError(f"{source.path}: is not well-formed CSV ({fault})")
    return lines


def _split(text: str, separator: str) -> tuple[list[tuple[int, list[str]]], str]:
    """Return the lines that hold anything, split, and what is wrong after them, or ""."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    lines = []
    try:
        for line in reader:
            cells = [cell.strip() for cell in line]
            if any(cells):
                lines.append((reader.line_num, cells))
    except csv.Error as error:
        return lines, str(error)
    return lines, ""


def _rows(
    source: Source, header: Sequence[Any], body: Iterable[tuple[str, Sequence[Any]]]
) -> tuple[Row, ...]:
    """Return rows by their columns' names; a column without a name is called by its number."""
    names = [
        str(name).strip() if name is not None and str(name).strip() else f"column {place}"
        for place, name in enumerate(header, 1)
    ]
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise DataError(f"{source.path}: two columns are called {twice!r}; rename one")
    rows = []
    for where, cells in body:
        if len(cells) != len(names):
            raise DataError(
                f"{source.path}, {where}: got {len(cells)} cells, expected {len(names)} as in the"
                " first line; an empty cell needs its separator too"
            )
        told: list[Cell] = [None if cell == "" else as_cell(cell) for cell in cells]
        rows.append(Row(where, dict(zip(names, told, strict=True))))
    held = [name for name in names if any(row.cells[name] is not None for row in rows)]
    named = [name for name in held if not re.fullmatch("column [0-9]+", name)]
    if len(held) > 2 and len(named) * 2 < len(held):
        raise DataError(
            f"{source.path}: the first line names {len(named)} of {len(held)} columns; leave out"
            " lines above the one with all names"
        )
    return tuple(rows)


# ---- JSON ---------------------------------------------------------------------------------------


def record_rows(source: Source) -> Rows | None:
    """Read a JSON list of objects, one a row, or columns by name: lists, or pandas' form."""
    told = source.json
    if isinstance(told, dict):
        columns = [[*c.values()] if _is_numbered(c) else c for c in told.values()]
        if (
            not all(isinstance(column, list) for column in columns)
            or len({len(column) for column in columns}) != 1
            or any(isinstance(cell, list) for column in columns for cell in column)
        ):
            return None
        told = [dict(zip(told, cells, strict=True)) for cells in zip(*columns, strict=True)]
    elif not (isinstance(told, list) and told and all(isinstance(each, dict) for each in told)):
        return None
    rows = tuple(Row(f"record {number}", flat(each)) for number, each in enumerate(told, 1))
    return Rows("JSON records", str(source.path), rows)


def _is_numbered(column: Any) -> bool:
    return isinstance(column, dict) and [*column] == [*map(str, range(len(column)))]


def json_line_rows(source: Source) -> Rows | None:
    """Read JSON lines, an object a line; a first line that is none is no DataError, others are."""
    if source.content.lstrip()[:1] not in (b"{", b"\xef"):
        return None
    rows: list[Row] = []
    for number, line in enumerate(source.text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{source.path}, line {number}"
        told = parse_json(line, where)
        if not isinstance(told, dict):
            if not rows:
                return None
            raise DataError(f"{where}: is not a JSON object, expected one a line; was it cut off?")
        rows.append(Row(f"line {number}", flat(told)))
    return Rows("JSON lines", str(source.path), tuple(rows))


# ---- parquet, Excel -----------------------------------------------------------------------------


def parquet_rows(source: Source) -> Rows | None:
    """Read a parquet file."""
    if source.ending not in {".parquet", ".pq"}:
        return None
    check_installed(str(source.path), "parquet files", "tables", "pyarrow.parquet")
    from pyarrow import parquet

    with sound(source.path, "parquet file"):
        file = parquet.ParquetFile(io.BytesIO(source.content))
        if file.metadata.num_rows * file.metadata.num_columns > MOST_CELLS:
            raise ValueError(f"more than {MOST_CELLS:,} cells; save what is compared")
        rows = enumerate(file.read().to_pylist())
        told = tuple(Row(f"row {number}", flat(each)) for number, each in rows)
        return Rows("parquet", str(source.path), told)


def excel_rows(source: Source) -> Rows | None:
    """Read the one sheet of an Excel workbook that holds anything; of several, a DataError."""
    if source.ending not in {".xlsx", ".xlsm"}:
        return None
    check_installed(str(source.path), "Excel files", "tables", "openpyxl")
    from openpyxl import load_workbook

    sheets = {}
    with sound(source.path, "Excel workbook"):
        unzipped(source)
        book = load_workbook(io.BytesIO(source.content), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = enumerate(sheet.iter_rows(values_only=True), 1)
            if told := [(f"row {n}", row) for n, row in rows if any(c is not None for c in row)]:
                sheets[sheet.title] = told
    if len(sheets) != 1:
        found = ", ".join(map(repr, sheets)) or "none"
        raise DataError(
            f"{source.path}: expected one sheet with anything in it, found {found}; save the one"
            " that counts as CSV"
        )
    (((_, header), *body),) = sheets.values()
    return Rows("Excel", str(source.path), _rows(source, header, body))
