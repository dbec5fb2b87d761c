"""How `make docs` builds the pages of this folder and the API reference from the docstrings."""

from __future__ import annotations

import os
import pydoc
import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

import bakeoff
from bakeoff import autodiff
from bakeoff.report import page as report_page  # noqa: F401 - which signatures name
from bakeoff.study import worker_compat  # noqa: F401 - which signatures name
from bakeoff.training import fit_check  # noqa: F401 - which a page names without importing it

project = "bakeoff"
author = copyright = "the bakeoff authors"
version = release = bakeoff.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = f"bakeoff {version}"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3

smartquotes = False  # (..., in, N) shall stay as it is written
default_role = "py:obj"  # `name` in a docstring: a link if there is such a thing, else code
# What `--nitpicky` asks of a reference is asked of ours alone, see `real`: no page of another
# project's can be looked up without a network.
nitpick_ignore_regex = [("py:.*", r"(collections|numpy|os|pathlib|torch|worker_compat)\..*")]
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_custom_sections = ["Shape"]

HERE = Path(__file__).parent
SECTION = re.compile(r"(Args|Attributes|Raises|Returns|Shape|Yields|Example)s?:$")


def setup(app: Sphinx) -> None:
    """Show operations as functions, read docstrings as plain text, write formulas as MathML."""
    for name, operation in vars(autodiff).items():
        if isinstance(operation, autodiff.Operation):
            setattr(autodiff, name, operation.forward)  # in the process that builds, alone
    app.connect("source-read", read)
    app.connect("missing-reference", real)
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before napoleon's
    app.add_html_math_renderer("mathml", (inline_formula, None), (formula, None))


def real(app: Sphinx, env: Any, node: nodes.Element, shown: nodes.Element) -> nodes.Element | None:
    """Let a name without a page here stand as code, if there is such a thing in the sources.

    A word in backticks may be anything, a parameter or a line of code, unless it begins with our
    own name. Returns None, which makes a warning, for what there is not.
    """
    kind, name = node["reftype"], node["reftarget"]
    if kind == "obj" and not name.startswith("bakeoff."):
        return shown
    module, _, last = name.rpartition(".")
    ours = [value for key, value in sys.modules.items() if key.startswith(module or "bakeoff")]
    return shown if pydoc.locate(name) or any(hasattr(one, last) for one in ours) else None


def read(app: Sphinx, page: str, source: list[str]) -> None:
    """Begin the front page with the README, and mend links that lead out of this folder."""
    if page == "index":
        readme = (HERE.parent / "README.md").read_text(encoding="utf-8")
        source[0] = f"{mended(readme, HERE.parent)}\n{source[0]}"
    else:
        source[0] = mended(source[0], HERE)


def mended(text: str, folder: Path) -> str:
    """Return text whose links are relative to `folder` as a page of this folder.

    A link to a folder, or to a text of the repository that is no page here, is none any more.
    """

    def mend(link: re.Match[str]) -> str:
        words, target = link.groups()
        file = target.partition("#")[0]
        page, path = (Path(os.path.normpath(base / file)) for base in (HERE, folder))
        if page.is_relative_to(HERE) and page.is_file():
            return link[0]
        if path.is_dir() or (path.suffix == ".md" and not path.is_relative_to(HERE)):
            return words
        return f"[{words}]({os.path.relpath(folder / target, HERE)})"

    return re.sub(r"\[([^\]]+)\]\((?!\w+:|#)([^)\s]+)\)", mend, text)


def plain_text(
    app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Make reStructuredText of a docstring: its only markup is `names`, sections and formulas.

    What stands indented after an empty line, before the first section, is shown as it is.
    """
    made: list[str] = []
    literal, sections = False, False
    for line in lines:
        sections = sections or bool(SECTION.match(line))
        indented = line.startswith("    ") and not sections
        if indented and not literal and made and not made[-1]:
            made += ["::", ""]
            literal = True
        elif line and not indented:
            literal = False
        made.append(line if literal else escaped(line))
    lines[:] = made


def escaped(line: str) -> str:
    """Escape what reStructuredText would take for markup, outside of backticks."""
    parts = re.split(r"(`[^`]*`)", line)
    parts[::2] = [re.sub(r"([|*\\]|_\b)", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)


def inline_formula(self: Any, node: nodes.math) -> None:
    """Write a formula within a line."""
    self.body.append(mathml(node.astext()))
    raise nodes.SkipNode


def formula(self: Any, node: nodes.math_block) -> None:
    """Write a formula on lines of its own, with its number if it has one."""
    tex, *number = re.split(r"\\tag\{(.*?)\}", node.astext())[:2]
    told = f"<span style='float: right'>({number[0]})</span>" if number else ""
    self.body.append(f"<div>{told}{mathml(tex, as_block=True)}</div>")
    raise nodes.SkipNode


def mathml(tex: str, **options: Any) -> str:
    """Return a formula as MathML, which browsers draw by themselves."""
    return str(tex2mathml(tex.replace("×", r"\times "), **options))
