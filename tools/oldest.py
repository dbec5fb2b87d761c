"""Print the oldest releases that pyproject.toml allows, a requirement a line, for `make oldest`.

    python3.11 tools/oldest.py

The lowest version of every dependency and of the extras that the tests need, and what is not
tested, as constraints.txt pins it.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("torch", "live", "report", "onnx", "cluster")
# These are not what is tested: as constraints.txt pins them.
TOOLS = ("hatchling", "hypothesis", "pytest", "pytest-timeout", "pytest-xdist", "statsmodels")


def bounds() -> list[str]:
    """Return the ranges of the dependencies, those of the extras among them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    found = [*project["dependencies"], *(bound for extra in EXTRAS for bound in extras[extra])]
    return [bound for bound in found if not bound.startswith("bakeoff")]


def lowest_of(bound: str) -> str:
    """Return the requirement of a range's lowest version: "torch==2.6" of "torch>=2.6"."""
    match = re.fullmatch(r"([\w-]+)>=([\d.]+)", bound)
    if match is None:
        raise ValueError(f"oldest: got {bound!r}, expected a bound such as 'torch>=2.6'")
    return f"{match[1]}=={match[2]}"


def pins() -> list[str]:
    """Return the tools' lines of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line.partition("==")[0] in TOOLS]


if __name__ == "__main__":
    print("\n".join([*map(lowest_of, bounds()), *pins()]))
