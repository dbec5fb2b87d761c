"""The door of JSON files: exports of a store, and the documents of a run."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from damage import VALUES, altered, as_json, damaged
from door import Door
from filled import filled_store, results

from bakeoff.report.source import source_of_file
from bakeoff.study.document import document
from bakeoff.study.machine import this_machine
from bakeoff.study.store.transfer import export_json
from bakeoff.study.verdicts import judge

STRANGE: tuple[Any, ...] = (
    *VALUES,
    {"base64": "AAA="},
    {"base64": "!"},
    {"base64": 1},
    "[0.5]",
    "[]",
)


def door(folder: Path) -> Door:
    """Return the door; its files lie in `folder`."""
    with filled_store() as store:
        exported = json.loads(export_json(store))
    told = document(results(), this_machine())
    valid = (exported, exported, json.loads(json.dumps(told)))
    return Door(
        "exports",
        "JSON files of stores and of runs",
        partial(make, valid),
        partial(enter, folder / "case.json"),
    )


def make(valid: tuple[Any, ...], random: Random) -> bytes:
    """Draw a file: altered as a tree, or its bytes damaged."""
    told = random.choice(valid)
    if random.random() < 0.8:
        told = altered(told, random, STRANGE)
    if "studies" in told and random.random() < 0.3:
        told = _inner(told, random)
    content = as_json(told, random).encode("utf-8", "surrogatepass")
    return damaged(content, random) if random.random() < 0.2 else content


def _inner(told: Any, random: Random) -> Any:
    """Alter a JSON text that stands in the export: a study's or a round's."""
    try:
        table, column = random.choice((("studies", "spec"), ("rounds", "diverged")))
        row = dict(random.choice(told[table]))
        row[column] = as_json(altered(json.loads(row[column] or "[]"), random, STRANGE), random)
        return {**told, table: [row]}
    except (TypeError, ValueError, KeyError, IndexError):
        return told  # it was altered too much for that already


def enter(path: Path, content: bytes) -> bool:
    """Read the file as `bakeoff report` and `import` do, and judge what it holds."""
    path.write_bytes(content)
    source = source_of_file(path)
    judge(source.results, source.planned)
    source.results.summaries()
    document(source.results, this_machine(), {})
    return True
