"""The door of TOML studies."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from damage import VALUES, altered, damaged, reworded
from door import Door

from bakeoff.study.canonical import plain
from bakeoff.study.files import TEMPLATE, load_study, study_from_toml
from bakeoff.study.studies import ABLATION
from bakeoff.study.tune.toml import study_toml

WORDS = (
    *("inf", "nan", "-1", "1_000", "0x7f", "1979-05-27T07:32:00Z", "07:32:00", "[[a]]", "[a.b]"),
    *("'''", '"""', "\\u0000", "\\UFFFFFFFF", "a.b.c = 1\n", "[[competitors]]\n", "=", "\r", "\t"),
    *('name = "x"\n', "[recipe]\n", 'network = "os:system"\n', "rounds = 10\n", "true", "{}", "#"),
)


def door(folder: Path) -> Door:
    """Return the door; its files lie in `folder`."""
    texts = (TEMPLATE.format(name="mine"), study_toml(ABLATION))
    return Door(
        "studies",
        "TOML files of studies",
        partial(make, texts),
        partial(enter, folder / "case.toml"),
    )


def make(texts: tuple[str, ...], random: Random) -> Any:
    """Draw a file's bytes, or what a file with a few other values would be read as."""
    if random.random() < 0.4:
        told = json.loads(json.dumps(plain(ABLATION)))
        told["recipe"] = {"base": "published"}
        return altered(told, random, (*VALUES, float("inf"), float("nan")))
    text = reworded(random.choice(texts), random, WORDS)
    content = text.encode("utf-8", "surrogatepass")
    return damaged(content, random) if random.random() < 0.2 else content


def enter(path: Path, case: Any) -> bool:
    """Read the study."""
    if isinstance(case, bytes):
        path.write_bytes(case)
        load_study(path)
    elif isinstance(case, dict):
        study_from_toml(case, "case.toml")
    return True
