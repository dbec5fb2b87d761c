"""Make each notebook of this folder anew from its source, with what its cells show.

    python make.py           # all of them
    python make.py luck      # one

A source is a script whose cells begin with `# %%`, and with `# %% [markdown]` where they are text.
Cells run in one process, in an empty folder, as a notebook's do: what they print is kept, and the
value of the last expression. Progress on stderr is not.
"""

import ast
import io
import json
import linecache
import os
import sys
import tempfile
from contextlib import chdir, redirect_stdout
from pathlib import Path

FOLDER = Path(__file__).parent


def cells(source: str) -> list[tuple[str, str]]:
    """Return each cell's kind, "markdown" or "code", and its text."""
    found = []
    for part in source.split("# %%")[1:]:
        kind, _, text = part.partition("\n")
        lines = text.strip().splitlines()
        if "[markdown]" in kind:
            lines = [line.removeprefix("#").removeprefix(" ") for line in lines]
        found.append(("markdown" if "[markdown]" in kind else "code", "\n".join(lines)))
    return found


def run(code: str, name: str, namespace: dict) -> list[dict]:
    """Run a cell; return its outputs as a notebook holds them."""
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    tree = ast.parse(code, name)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, name, "exec"), namespace)  # noqa: S102 - as a notebook does
        if last is not None:
            value = eval(compile(ast.Expression(last.value), name, "eval"), namespace)  # noqa: S307
    outputs = []
    if told := printed.getvalue():
        outputs.append({"output_type": "stream", "name": "stdout", "text": lines(told)})
    if value is not None:
        data = {"text/plain": lines(repr(value))}
        if hasattr(value, "_repr_html_"):
            data["text/html"] = lines(value._repr_html_())
        outputs.append({"output_type": "execute_result", "metadata": {}, "data": data})
    return outputs


def lines(text: str) -> list[str]:
    """Return a text as a notebook holds it."""
    return text.splitlines(keepends=True)


def notebook(source: str) -> dict:
    """Run a source's cells; return the notebook, format 4.5."""
    namespace, made, number = {"__name__": "__main__"}, [], 0
    for place, (kind, text) in enumerate(cells(source)):
        cell = {"cell_type": kind, "id": f"cell-{place}", "metadata": {}, "source": lines(text)}
        if kind == "code":
            number += 1
            outputs = run(text, f"cell-{number}", namespace)
            for output in outputs:
                if output["output_type"] == "execute_result":
                    output["execution_count"] = number
            cell |= {"execution_count": number, "outputs": outputs}
        made.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": made}


def main(names: list[str]) -> None:
    """Make the notebooks of those names, or all."""
    sources = [path for path in sorted(FOLDER.glob("*.py")) if path.name != Path(__file__).name]
    for source in sources:
        if not names or source.stem in names:
            with tempfile.TemporaryDirectory() as empty, chdir(empty):
                told = notebook(source.read_text(encoding="utf-8"))
            text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
            source.with_suffix(".ipynb").write_text(text, encoding="utf-8")
            print(f"wrote {os.path.relpath(source.with_suffix('.ipynb'))}")


if __name__ == "__main__":
    main(sys.argv[1:])
