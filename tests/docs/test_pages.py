"""The README and every page of docs/ are run: code, outputs, links, and the names in the text.

- The ```python blocks of a page run in order, as one program. Code that is only to be looked at
  stands in blocks of another name (```py, ```toml, ```console).
- A ```text block right after a ```python block is what that block prints, to the letter.
- A relative link leads to a file. If it leads to source and its text is a name in backticks, such
  as [`pull_back`](../src/bakeoff/autodiff/tape.py), that file defines the name.
- A dotted name in backticks that begins with `bakeoff.` exists.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from bakeoff.autodiff import OPERATIONS

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.rglob("*.md"))]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
NAME = re.compile(r"`(bakeoff(?:\.\w+)+)(?:\(.*?\))?`")


class Block(NamedTuple):
    """A piece of code: the line of the page that it begins on, and what it prints, if told."""

    line: int
    code: str
    prints: str | None


def blocks(page):
    """Return the ```python blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    fences = list(FENCE.finditer(text))
    found = []
    for fence, following in zip(fences, [*fences, None][1:], strict=True):
        if fence[1] != "python":
            continue
        told = following is not None and following[1] == "text"
        told = told and not text[fence.end() : following.start()].strip()
        line = text.count("\n", 0, fence.start()) + 2
        found.append(Block(line, fence[2], following[2] if told else None))
    return found


def run_page(page):
    """Run a page's blocks in one namespace; fail where one raises or prints something else."""
    namespace = {"__name__": "page"}
    for block in blocks(page):
        # Blank lines first, so that a traceback names the line of the page.
        code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(code, namespace)
        if block.prints is not None:
            assert printed.getvalue() == block.prints, f"{page.name}, line {block.line}"


def prose(page):
    """Return a page's text without its code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def resolve(name):
    """Return what a dotted name means, importing what must be."""
    module, *rest = name.split(".")
    found = importlib.import_module(module)
    for part in rest:
        module = f"{module}.{part}"
        with contextlib.suppress(ModuleNotFoundError):
            importlib.import_module(module)
        found = getattr(found, part)
    return found


def defines(source, name):
    """Tell whether a source file defines a name, or states the rules of an operation by it."""
    last = re.escape(name.rpartition(".")[2])
    whole = re.escape(name)
    text = source.read_text(encoding="utf-8")
    return bool(re.search(rf"^\s*(?:def|class) {last}\b|^@?{whole}\b", text, re.MULTILINE))


@pytest.fixture
def own_operations():
    """Forget the operations that a page makes: other tests walk through all there are."""
    before = dict(OPERATIONS)
    yield
    OPERATIONS.clear()
    OPERATIONS.update(before)


@pytest.fixture
def own_modules(monkeypatch):
    """Forget the modules that a page writes and imports, and where they were found."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).parent == Path.cwd():
            del sys.modules[name]


@pytest.mark.usefixtures("own_operations", "own_modules")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs_and_prints_what_it_says(page, tmp_path, monkeypatch):
    # A copy, so that pages can read what lies beside them and write what they like.
    shutil.copytree(DOCS, tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    before = torch.random.get_rng_state()
    run_page(page)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_links_and_names_of_a_page_lead_somewhere(page):
    for text, target in LINK.findall(prose(page)):
        if re.match(r"\w+:|#", target):  # of other hosts' pages the form alone is known
            assert re.fullmatch(r"https://[\w-]+(\.[\w-]+)+(/\S*)?|#[\w-]+", target), target
            continue
        file = page.parent / target.partition("#")[0]
        assert file.exists(), f"{page.name}: {target}"
        if file.suffix == ".py" and re.fullmatch(r"`[\w.]+`", text):
            assert defines(file, text.strip("`")), f"{page.name}: {text} in {target}"
    for name in NAME.findall(prose(page)):
        resolve(name)


# ---- the runner itself -----------------------------------------------------------------------


@pytest.fixture
def page(tmp_path):
    def write(text):
        path = tmp_path / "page.md"
        path.write_text(text)
        return path

    return write


def test_blocks_run_in_order_as_one_program(page):
    run_page(page("```python\nx = 1\n```\n\nand\n\n```python\nprint(x)\n```\n\n```text\n1\n```\n"))


def test_only_python_blocks_run(page):
    run_page(page("```py\n1 / 0\n```\n```console\nfalse\n```\n"))


def test_an_error_names_the_line_of_the_page(page):
    path = page("# Title\n\n```python\nx = 1\n1 / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as raised:
        run_page(path)
    last = raised.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(path), 5)


def test_another_output_fails(page):
    with pytest.raises(AssertionError, match=r"page\.md, line 2"):
        run_page(page("```python\nprint(1)\n```\n\n```text\n2\n```\n"))


@pytest.mark.parametrize(
    "text",
    [
        "[a page](nowhere.md)",
        "[a host](https:/example.com)",
        "[`missing`](source.py)",
        "[`value`](source.py)",
        "`bakeoff.nn.Linaer`",
        "`bakeoff.nothing`",
        "`bakeoff.nn.Linear.missing`",
    ],
)
def test_a_link_or_name_that_leads_nowhere_fails(page, tmp_path, text):
    (tmp_path / "source.py").write_text("def there(value): ...\n\nthere.rules(x=1)\n")
    path = page(f"{text}\n\n[fine](source.py) [`there`](source.py) [`there.rules`](source.py)\n")
    with pytest.raises((AssertionError, AttributeError)):
        test_the_links_and_names_of_a_page_lead_somewhere(path)


def test_the_framework_page_lists_all_there_is():
    from bakeoff import nn, optim

    table = re.search(
        r"^\| layers .*?\n\n", (DOCS / "framework.md").read_text(), re.MULTILINE | re.DOTALL
    )[0]
    bases = {nn.Activation, nn.Loss, nn.Module, optim.Optimizer, optim.LRScheduler}
    kinds = (nn.Module, optim.Optimizer, optim.LRScheduler)
    there = {
        name
        for room in (nn, optim)
        for name in room.__all__
        if isinstance(kind := getattr(room, name), type)
        if issubclass(kind, kinds) and kind not in bases
    }
    assert set(re.findall(r"`(\w+)`", table)) == there | {"clip_grad_norm_"}


def test_pages_are_found():
    assert {"framework.md", "names.md", "backward.md"} <= {page.name for page in PAGES}


def test_no_page_promises_an_install_from_an_index():
    """None has it yet. An extra is added to what is installed, wherever that came from."""
    root = Path(__file__).parents[2]
    files = [root / "README.md", *(root / "docs").glob("*.md"), *(root / "src").rglob("*.py")]
    promised = r"pip install (?:-U |--upgrade )?[\'\"]?bakeoff(?!\[).*"
    texts = [file.read_text("utf-8") for file in files]
    found = [told for text in texts for told in re.findall(f".*{promised}", text)]
    assert [told for told in found if "in a clone; once there is a release" not in told] == []
    assert len(found) == 1


def test_the_reading_core_is_five_thousand_lines():
    links = re.findall(r"\.\./(src/bakeoff/[\w/]+\.py)", (DOCS / "reading.md").read_text())
    lines = [len((DOCS.parent / link).read_text().splitlines()) for link in links]
    assert len(set(links)) == len(links)
    assert 4000 < sum(lines) <= 5000
