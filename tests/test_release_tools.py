"""What `make dist`, `make oldest` and the workflows go by; none runs here, where no index is."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def tool(name):
    """Import a file of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dist, oldest = tool("dist"), tool("oldest")


def test_files_that_are_the_same_are_counted():
    assert dist.same({"a", "b"}, {"b", "a"}) == "2 files"


def test_files_that_strayed_in_or_are_missing_are_named():
    with pytest.raises(dist.BrokenError, match=r"strayed in: b, c; missing: d"):
        dist.same({"a", "c", "b"}, {"a", "d"})


def test_the_first_check_that_fails_ends_it(monkeypatch, tmp_path, capsys):
    def check():
        dist.passed("one", "fine")
        raise dist.BrokenError("no such file")

    monkeypatch.setattr(dist, "check_files", check)
    monkeypatch.setattr(dist, "DIST", tmp_path / "dist")
    monkeypatch.setattr("sys.argv", ["dist.py"])
    with pytest.raises(SystemExit, match=r"^FAILED  no such file$"):
        dist.main()
    assert capsys.readouterr().out.split() == ["passed", "one", "fine"]


def test_a_command_that_fails_is_told_with_its_last_line(tmp_path):
    with pytest.raises(dist.BrokenError, match=r"^sh ended with 3: why$"):
        dist.run("sh", "-c", "echo before >&2; echo why >&2; exit 3", cwd=tmp_path)


def test_a_command_sees_nothing_of_this_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "src")
    monkeypatch.setenv("BAKEOFF_DATA", "somewhere")
    seen = dist.run("env", cwd=tmp_path)
    assert "PATH=" in seen
    assert "PYTHONPATH" not in seen
    assert "BAKEOFF_DATA" not in seen


def test_alone_a_command_finds_no_home_and_nothing_but_what_stands_beside_it(tmp_path):
    (tmp_path / "in").mkdir()
    code = "import os, shutil; print(shutil.which('sh'), os.listdir(os.path.expanduser('~')))"
    assert dist.run(sys.executable, "-c", code, cwd=tmp_path / "in", alone=True) == "None []"


def test_a_release_is_tagged_by_its_version_and_dated_twice(monkeypatch, tmp_path, capsys):
    dist.check_tag(f"v{PROJECT['version']}")
    assert f"v{PROJECT['version']}, of 20" in capsys.readouterr().out
    with pytest.raises(dist.BrokenError, match=rf"expected v{PROJECT['version']}$"):
        dist.check_tag("v0.0.1")
    for name in ("pyproject.toml", "CITATION.cff", "CHANGELOG.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(
            re.sub(r"date-released: \S+", "date-released: 2001-01-01", text)
        )
    monkeypatch.setattr(dist, "ROOT", tmp_path)
    with pytest.raises(dist.BrokenError, match="do not both date"):
        dist.check_tag(f"v{PROJECT['version']}")


def test_a_workflow_does_what_make_does():
    """So that whatever fails elsewhere can be tried here; what may not is Windows' and GitHub's."""
    targets = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    called, others = [], []
    for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            for run in filter(None, (step.get("run") for step in job.get("steps", ()))):
                words = re.sub(r'ARGS=".*"', "", run).split()
                called += words[1:] if words[0] == "make" else []
                others += [" ".join(words[:3])] if words[0] != "make" else []
    assert {"lint", "types", "pytest", "docs", "dist", "oldest", "faults"} < set(called)
    assert set(called) <= set(targets)
    assert others == ["gh release create", "python -m pip"]


def test_the_lowest_version_of_a_range():
    assert oldest.lowest_of("torch>=2.6") == "torch==2.6"
    with pytest.raises(ValueError, match="expected a bound such as"):
        oldest.lowest_of("torch")


def test_every_dependency_has_a_lower_bound():
    bounds = oldest.bounds()
    assert set(PROJECT["dependencies"]) < set(bounds)
    assert len({oldest.lowest_of(bound) for bound in bounds}) == len(bounds)


def test_the_tools_of_the_oldest_are_pinned_and_its_tests_are_there():
    assert {pin.partition("==")[0] for pin in oldest.pins()} == set(oldest.TOOLS)
    told = re.search(
        r"^OLDEST_TESTS := .*?\)$", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL
    )[0]
    names = re.findall(r"[\w/]+/[\w.]+|data|floors|interop|nn|optim", told.partition(",")[2])
    assert len(names) > 10
    assert [name for name in names if not (ROOT / "tests" / name).exists()] == []
