"""What is declared, what is imported and what is shipped agree."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
REQUIRED = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = PROJECT["optional-dependencies"]
FOR_TESTS = [Requirement(text) for text in EXTRAS["dev"]]
ON_REQUEST = [
    Requirement(text)
    for name in EXTRAS.keys() - {"dev"}
    for text in EXTRAS[name]
    if not text.startswith("bakeoff[")
]
DATA = [
    "demo/networks/model2.safetensors",
    "demo/static/index.html",
    "models/disk.safetensors",
    "models/record.safetensors",
    "report/templates/page.html",
]
MNIST = [
    f"bakeoff/data/mnist/{name}"
    for name in (
        "LICENSE",
        "t10k-images-idx3-ubyte.gz",
        "t10k-labels-idx1-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz",
    )
]


def build(target, folder):
    """Build a wheel or sdist with the declared back end; return its one file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (built,) = folder.iterdir()
    return built


def imports_of(folder):
    """Return the top-level names of all absolute imports in a folder's Python files."""
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.partition(".")[0])
    return names


def test_the_version_is_the_declared_one():
    import bakeoff

    assert bakeoff.__version__ == PROJECT["version"]


def test_the_version_costs_no_import_of_torch():
    code = "import sys, bakeoff; bakeoff.__version__; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_every_import_of_the_package_is_a_declared_dependency():
    distributions = importlib.metadata.packages_distributions()
    third_party = imports_of(ROOT / "src") - set(sys.stdlib_module_names) - {"bakeoff"}
    needed = {canonicalize_name(distributions[name][0]) for name in third_party}
    assert needed <= {canonicalize_name(required.name) for required in REQUIRED + ON_REQUEST}


def test_the_pins_lie_in_the_declared_ranges():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    versions = {canonicalize_name(pin.name): next(iter(pin.specifier)).version for pin in pins}
    declared = {
        canonicalize_name(required.name): required for required in REQUIRED + FOR_TESTS + ON_REQUEST
    }
    assert declared.keys() <= versions.keys(), "not pinned in constraints.txt"
    for name, required in declared.items():
        assert required.specifier.contains(versions[name]), required


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel")))


def test_the_wheel_holds_the_package_and_its_data(wheel):
    source = ROOT / "src"
    files = {path for path in source.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    shipped = {name for name in wheel.namelist() if name.startswith("bakeoff/")}
    assert shipped == {str(path.relative_to(source)) for path in files}
    assert {"bakeoff/py.typed", *MNIST, *(f"bakeoff/{name}" for name in DATA)} <= shipped


def test_the_wheel_holds_nothing_else_and_is_small(wheel):
    about = f"bakeoff-{PROJECT['version']}.dist-info/"
    others = {name for name in wheel.namelist() if not name.startswith(("bakeoff/", about))}
    assert others == set()
    assert Path(wheel.filename).stat().st_size < 16_000_000


def test_the_wheel_names_both_licences(wheel):
    metadata = wheel.read(f"bakeoff-{PROJECT['version']}.dist-info/METADATA").decode()
    assert "License-Expression: MIT AND CC-BY-SA-3.0" in metadata
    assert "License-File: LICENSE" in metadata
    assert "License-File: src/bakeoff/data/mnist/LICENSE" in metadata


def test_the_sdist_holds_what_make_needs(tmp_path):
    with tarfile.open(build("sdist", tmp_path)) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {f"src/{name}" for name in MNIST} <= names
    wanted = "pyproject.toml README.md LICENSE Makefile constraints.txt tools/build_venv.py"
    assert {*wanted.split(), ".pre-commit-config.yaml", "docs/conf.py", "CITATION.cff"} <= names
    assert ".github/workflows/tests.yml" in names  # of which make lint judges
    assert {"tests/conftest.py", "tests/allowed_skips.txt"} <= names
