"""A page's folder: index.html, every figure as SVG and PNG, every table as CSV."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from bakeoff.checks import check_installed
from bakeoff.errors import OutputError, visible
from bakeoff.report.figures.style import SERIES, SERIES_DARK
from bakeoff.report.page_model import Page

TEMPLATES = Path(__file__).with_name("templates")


def check_report(folder: Path) -> None:
    """Raise, before any work, unless a page can be made and written there."""
    check_installed("report", "drawing", "report", "matplotlib")
    check_installed("report", "the page", "report", "jinja2")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise _unwritable(folder, error) from error


def render(page: Page) -> str:
    """Return the page as one HTML file that asks for nothing else; every text is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    # What the template does not escape is our own, and matplotlib's SVG, which escapes its texts.
    text = environment.get_template("page.html").render(
        page=page,
        css=(TEMPLATES / "page.css").read_text("utf-8"),
        js=(TEMPLATES / "page.js").read_text("utf-8"),
        series=list(zip(SERIES, SERIES_DARK, strict=True)),
    )
    return visible(text, lines=True)


def write_folder(page: Page, folder: Path, more: Mapping[str, str] | None = None) -> int:
    """Write the page and `more` texts by file name; return how many files.

    Files of the same names are replaced, others stay.
    """
    files: dict[str, bytes] = {"index.html": render(page).encode("utf-8")}
    for section in page.sections:
        for exhibit in section.all_exhibits():
            files[f"{exhibit.name}.svg"] = visible(exhibit.picture.svg, lines=True).encode("utf-8")
            files[f"{exhibit.name}.png"] = exhibit.picture.png
        for table in section.tables:
            files[f"{table.name}.csv"] = table.csv().encode("utf-8")
    files |= {name: text.encode("utf-8") for name, text in (more or {}).items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
    except OSError as error:
        raise _unwritable(folder, error) from error
    return len(files)


def _unwritable(folder: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{error.filename or folder}: cannot be written ({error.strerror}), expected a folder to"
        " write to"
    )
