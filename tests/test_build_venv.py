"""When tools/build_venv.py builds the environment, and whose torch it takes; nothing is built."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def builder(tmp_path, monkeypatch):
    """Load the builder on a copy of the project's declarations, with a build that only counts."""
    spec = importlib.util.spec_from_file_location("build_venv", ROOT / "tools" / "build_venv.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    environment = tmp_path / ".venv"
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setattr(module, "VENV", environment)
    monkeypatch.setattr(module, "VENV_PYTHON", environment / "bin" / "python")
    monkeypatch.setattr(module, "STAMP", environment / "bakeoff.json")
    module.builds = 0

    def build():
        module.builds += 1
        module.VENV_PYTHON.parent.mkdir(parents=True, exist_ok=True)
        module.VENV_PYTHON.touch()

    monkeypatch.setattr(module, "build", build)
    return module


@pytest.fixture
def make(builder, monkeypatch):
    """Return a function that does what `make venv` does and returns how often it has built."""

    def make(*options):
        monkeypatch.setattr(sys, "argv", ["build_venv.py", *options])
        builder.main()
        return builder.builds

    return make


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_builds_once(make):
    assert make() == 1
    assert make() == 1


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("constraints.txt", "torch==", "torch==9"),
        ("pyproject.toml", '"attrs>=', '"attrs>=9'),
        ("pyproject.toml", '"pytest>=', '"pytest>=9'),
        ("pyproject.toml", 'bakeoff = "bakeoff.__main__', 'bake = "bakeoff.__main__'),
        ("pyproject.toml", '"hatchling.build"', '"other.build"'),
    ],
)
def test_builds_anew_when_what_it_installs_changes(builder, make, name, old, new):
    make()
    replace(builder.ROOT / name, old, new)
    assert make() == 2
    assert make() == 2


def test_settings_of_tools_do_not_outdate_it(builder, make):
    make()
    replace(builder.ROOT / "pyproject.toml", "line-length = 100", "line-length = 99")
    assert make() == 1


def test_a_half_built_or_broken_one_is_built_anew(builder, make):
    make()
    builder.STAMP.unlink()
    assert make() == 2
    builder.VENV_PYTHON.unlink()  # the interpreter it was linked to is gone
    assert make() == 3
    builder.STAMP.write_text("{")
    assert make() == 4


def test_another_interpreter_outdates_it_if_named(make, monkeypatch):
    make()
    monkeypatch.setattr(sys, "executable", "another")
    assert make() == 2


def test_if_none_is_named_it_keeps_to_its_interpreter(builder, make, monkeypatch):
    usual = sys.executable
    make()
    started = []

    def execv(path, words):
        started.append((path, words))
        raise SystemExit

    monkeypatch.setattr(builder.os, "execv", execv)
    monkeypatch.setattr(sys, "executable", "another")
    with pytest.raises(SystemExit):
        make("--any-python")
    assert started == [(usual, [usual, "build_venv.py", "--any-python"])]
    assert builder.builds == 1


def test_a_new_release_of_its_interpreter_outdates_it(make, monkeypatch):
    make()
    monkeypatch.setattr(sys, "version", "3.99")
    assert make("--any-python") == 2


def test_it_is_built_for_another_if_its_interpreter_is_gone(make, monkeypatch):
    monkeypatch.setattr(sys, "executable", "gone")
    make()
    monkeypatch.setattr(sys, "executable", "another")
    assert make("--any-python") == 2


@pytest.mark.parametrize(
    ("version", "enough"),
    [("2.5.1", False), ("1.13.0", False), ("2.6.0", True), ("2.13.0+cpu", True), ("3.0", True)],
)
def test_a_torch_that_is_new_enough_is_reused(builder, monkeypatch, version, enough):
    monkeypatch.setattr(importlib.metadata, "version", {"torch": version}.__getitem__)
    assert builder.has_torch("torch>=2.6") is enough


def test_no_torch_is_none_to_reuse(builder, monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert builder.has_torch("torch>=2.6") is False
