"""How large the house is: its counts are printed after every run, and may only fall."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SRC = ROOT / "src" / "bakeoff"
MOST = {
    "lines of src": 44_556,
    "files of src": 250,
    "lines of the largest file of src": 500,
    "files of src with one importer and at most 130 lines": 22,
    "lines of tests": 44_804,
    "lines of tools": 3_514,
    "lines of benchmarks": 2_459,
}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def imports(path: Path) -> set[str]:
    """The modules of bakeoff that a file imports, by their dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def with_one_importer(files: list[Path]) -> list[Path]:
    """The files that a single other one imports: perhaps half an idea each."""
    imported = {path: imports(path) for path in files}
    found = []
    for path in files:
        name = ".".join(path.relative_to(SRC.parent).with_suffix("").parts)
        importers = [other for other, names in imported.items() if name in names]
        if path.name != "__init__.py" and len(importers) == 1 and lines(path) <= 130:
            found.append(path)
    return found


def test_the_house_grows_no_more(record_property):
    files = sorted(SRC.rglob("*.py"))
    counts = {
        "lines of src": sum(map(lines, files)),
        "files of src": len(files),
        "lines of the largest file of src": max(map(lines, files)),
        "files of src with one importer and at most 130 lines": len(with_one_importer(files)),
        **{
            f"lines of {folder}": sum(map(lines, (ROOT / folder).rglob("*.py")))
            for folder in ("tests", "tools", "benchmarks")
        },
    }
    for words, count in counts.items():
        record_property(words, count)
    assert {words for words in counts if counts[words] > MOST[words]} == set()
