"""docs/paper.md: its commands run, and print what stands below them."""

import re
import shlex
from pathlib import Path

import pytest

from bakeoff.cli import main
from bakeoff.study.machine import this_machine

DOCS = Path(__file__).parents[2] / "docs"
VERSION = this_machine().bakeoff
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def told():
    """Each command of the page, with what it is said to print."""
    for block in BLOCK.findall((DOCS / "paper.md").read_text(encoding="utf-8")):
        for part in block.split("$ bakeoff ")[1:]:
            command, _, output = part.partition("\n")
            yield shlex.split(command), output


def test_the_commands_of_the_page_run_and_print_what_it_says(tmp_path, monkeypatch, capsys):
    (tmp_path / "verdicts.csv").write_bytes((DOCS / "verdicts.csv").read_bytes())
    monkeypatch.chdir(tmp_path)
    for words, output in told():
        with pytest.raises(SystemExit) as ended:
            main(words)
        printed = capsys.readouterr()
        assert ended.value.code == 0, printed.err
        if output:
            assert printed.out == output.replace("bakeoff 0.1.0", f"bakeoff {VERSION}"), words
    assert (tmp_path / "differences.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "page" / "index.html").exists()
