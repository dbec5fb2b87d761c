"""Any results, read into an array: readers by the kind of source, then the columns' roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bakeoff.errors import DataError
from bakeoff.runs import table
from bakeoff.runs.rows import Rows, Source


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of source.

    Attributes:
        kind: what it is called.
        fits: tells whether a source is its own; sees folders and any file, and raises nothing but a
            DataError.
        read: reads it.
    """

    kind: str
    fits: Callable[[Source], bool]
    read: Callable[[Source], Rows]


def _ends(*endings: str) -> Callable[[Source], bool]:
    return lambda source: source.path.suffix.lower() in endings


READERS = (
    Reader("parquet", _ends(".parquet", ".pq"), table.parquet_rows),
    Reader("Excel", _ends(".xlsx", ".xlsm"), table.excel_rows),
    Reader("JSON records", table.is_records, table.record_rows),
    Reader("JSON lines", table.is_json_lines, table.json_line_rows),
    Reader("table", lambda source: True, table.text_rows),
)
"""In the order in which they are asked; the last takes what no other does."""


def read_rows(path: Path) -> Rows:
    """Return a file's or folder's rows by the first reader that it fits.

    Raises:
        DataError: for what cannot be read, or holds no rows.
    """
    source = Source(path)
    rows = next(reader for reader in READERS if reader.fits(source)).read(source)
    if not rows.rows:
        raise DataError(f"{path}: holds no rows, expected some, as a {rows.kind}")
    return rows
