"""`make docs`: the pages and the API reference build without a warning, and need no network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
pytestmark = pytest.mark.timeout(600)  # some 15 s of work, but on a machine that is busy too
# What a browser fetches by itself; a link is fetched when it is followed.
FETCHED = re.compile(r"<(?:script|img|iframe)[^>]* src=\"([^\"]+)|<link [^>]*href=\"([^\"]+)")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("docs")
    makefile = (DOCS.parent / "Makefile").read_text(encoding="utf-8")
    (options,) = re.findall(r"\n\t\$\(BIN\)/python -m sphinx (.*) docs build/docs", makefile)
    assert {"--fail-on-warning", "--nitpicky"} < set(options.split())
    command = [sys.executable, "-m", "sphinx", *options.split(), str(DOCS), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=580)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built(built):
    sources = [*DOCS.rglob("*.md"), *DOCS.rglob("*.rst")]
    pages = [path.relative_to(DOCS).with_suffix(".html") for path in sources]
    assert [page for page in pages if not (built / page).is_file()] == []


def test_nothing_is_fetched_from_elsewhere(built):
    text = "".join(page.read_text(encoding="utf-8") for page in built.rglob("*.html"))
    fetched = {one or other for one, other in FETCHED.findall(text)}
    assert any(name.endswith("furo.css") or "furo.css" in name for name in fetched)
    assert {name for name in fetched if re.match(r"\w+:|//", name) and name[:5] != "data:"} == set()


def test_the_search_knows_the_pages_and_their_words(built):
    index = json.loads(
        (built / "searchindex.js").read_text("utf-8").partition("(")[2].rstrip().removesuffix(")")
    )
    assert {"verdicts", "own-script", "python", "plan", "api/training"} <= set(index["docnames"])
    found = index["terms"]["permut"]  # words are kept by their stems
    pages = {index["docnames"][place] for place in (found if isinstance(found, list) else [found])}
    assert {"verdicts", "api/statistics"} <= pages
    scripts = re.findall(r'src="([^"?]+)', (built / "search.html").read_text("utf-8"))
    assert "searchindex.js" in scripts
    assert [name for name in scripts if not (built / name).is_file()] == []


def test_the_front_page_is_the_readme(built):
    page = (built / "index.html").read_text(encoding="utf-8")
    assert "Does this change to a small network help, by how much, and how sure is that?" in page
    assert 'href="verdicts.html"' in page
    assert 'href="CONTRIBUTING.html"' in page


def test_formulas_are_drawn_and_operations_are_functions(built):
    assert (built / "backward.html").read_text(encoding="utf-8").count("<math") > 20
    page = (built / "api" / "autodiff.html").read_text(encoding="utf-8")
    assert 'id="bakeoff.autodiff.matmul"' in page
    assert "(..., m, k) by (..., k, n)" in re.sub(r"<[^>]+>", "", page)
