"""Run the tests of the package with the oldest releases that pyproject.toml allows.

    python3.11 tools/oldest.py [pytest's arguments]

Makes build/oldest, an environment with the lowest version of every dependency and of the extras
that the tests need, on the interpreter that runs this file: name the oldest one allowed. It is by
hand that this is called, when a bound or what stands on it has changed: where the package index
has no CPU build of so old a torch, pip fetches several gigabytes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = ROOT / "build" / "oldest"
EXTRAS = ("demo", "report", "onnx", "cluster")
# These are not what is tested: as constraints.txt pins them.
TOOLS = ("hatchling", "hypothesis", "pytest", "pytest-timeout", "pytest-xdist", "statsmodels")
# Fast ones, of all that stands on a dependency.
TESTS = (
    "autodiff/test_registry.py",
    "autodiff/test_tensor.py",
    "cli/test_json_output.py",
    "data",
    "demo/test_demo_app.py",
    "demo/test_guard.py",
    "floors",
    "interop",
    "nn",
    "optim",
    "report/test_formats.py",
    "report/test_study_page.py",
    "study/statistics/test_holm.py",
    "study/statistics/test_signflip.py",
    "study/test_files.py",
    "study/test_nodes.py",
    "study/test_spec.py",
)
# What is deprecated today was the way to write it then.
PATIENT = ("-W", "ignore::DeprecationWarning")


def main() -> int:
    """Make the environment, tell what is in it, run the tests in it; return pytest's exit code."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = project["dependencies"]
    for extra in EXTRAS:
        bounds += project["optional-dependencies"][extra]
    lowest = [lowest_of(bound) for bound in bounds]
    print("\n".join([f"Python {sys.version.split()[0]}", *lowest]), flush=True)
    venv.create(OLDEST, clear=True, symlinks=True, with_pip=True)
    pip("install", "--no-compile", *lowest, *pins())
    pip("install", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    tests = [str(ROOT / "tests" / name) for name in TESTS]
    return subprocess.call(
        [OLDEST / "bin" / "python", "-m", "pytest", *PATIENT, "-n", "auto", *tests, *sys.argv[1:]],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
    )


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


def pip(*arguments: str) -> None:
    """Run the environment's pip; end if it fails."""
    code = subprocess.call([OLDEST / "bin" / "python", "-m", "pip", "--quiet", *arguments])
    if code:
        sys.exit(f"oldest: pip ended with {code} (see above)")


if __name__ == "__main__":
    sys.exit(main())
