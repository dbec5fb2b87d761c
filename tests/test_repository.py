"""What no file of the repository may hold, and no source of the package may do."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Written in pieces, so that this file passes its own test.
HOSTS = ["pypi" + r"\.org", "pythonhosted" + r"\.org", "download" + r"\.pytorch", "npm" + r"js\."]
MACHINE_PATHS = [rf"(?<![\w.~-])/{folder}/" for folder in ("wo" + "rk", "ro" + "ot", "ho" + "me")]

UNSAFE_MODULES = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml", "pty"}
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "execfile"}
UNSAFE_ATTRIBUTES = {
    *(("torch", "load"), ("torch", "save"), ("np", "load"), ("numpy", "load")),
    *(("os", "system"), ("os", "popen"), ("builtins", "eval"), ("builtins", "exec")),
    *(("tempfile", "mktemp"), ("ctypes", "CDLL"), ("subprocess", "getoutput")),
    *(("xml", "etree"), ("code", "interact"), ("runpy", "run_path"), ("runpy", "run_module")),
}
OS_STARTERS = ("exec", "spawn", "posix_spawn")
IMPORTERS = {
    *("__init__.py", "checks.py", "study/notebook.py", "study/spec.py", "study/user_code.py")
}
"""The files that import a module by a variable: of names from lists of our own but for the last,
which imports what a study names."""


def repository_files():
    """Return the files under version control and those about to be."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


def unsafe(tree):
    """Return the line and name of everything in a syntax tree that can run data as code."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                modules = {alias.name.partition(".")[0] for alias in names}
                found += [(node.lineno, name) for name in modules & UNSAFE_MODULES]
            case ast.ImportFrom(module=str(module), names=names):
                found += [(node.lineno, module)] * (module.partition(".")[0] in UNSAFE_MODULES)
                taken = [(module, alias.name) for alias in names]
                found += [
                    (node.lineno, f"{m}.{n}") for m, n in taken if (m, n) in UNSAFE_ATTRIBUTES
                ]
            case ast.Name(id=name) if name in UNSAFE_CALLS:
                found.append((node.lineno, name))
            case ast.keyword(arg="shell", value=value):
                found += [(value.lineno, "shell")] * (getattr(value, "value", None) is not False)
            case ast.Attribute(value=ast.Name(id="os"), attr=name) if name.startswith(OS_STARTERS):
                found.append((node.lineno, f"os.{name}"))
            case ast.Attribute(value=ast.Name(id=owner), attr=name):
                found += [(node.lineno, f"{owner}.{name}")] * ((owner, name) in UNSAFE_ATTRIBUTES)
    return found


@pytest.mark.parametrize("pattern", [*HOSTS, *MACHINE_PATHS])
def test_no_file_names_a_registry_or_a_folder_of_one_machine(pattern):
    files = repository_files()
    assert ROOT / "README.md" in files
    sought = re.compile(pattern.encode())
    found = [str(path.relative_to(ROOT)) for path in files if sought.search(path.read_bytes())]
    assert found == []


def test_no_source_runs_data_as_code():
    sources = list((ROOT / "src").rglob("*.py"))
    assert sources
    found = {path: unsafe(ast.parse(path.read_text())) for path in sources}
    told = {str(path.name): {name for _, name in names} for path, names in found.items() if names}
    # A function of the caller's own, sent to a process of the same run; YAML, of which:
    assert told == {"function.py": {"cloudpickle"}, "contents.py": {"yaml"}}


def test_yaml_is_read_by_a_safe_loader_alone():
    source = (ROOT / "src/bakeoff/runs/contents.py").read_text()
    used = set(re.findall(r"yaml\.(\w+)", source)) - {"org"}
    assert used == {"SafeLoader", "YAMLError", "Node", "MappingNode", "SequenceNode"}


def test_few_sources_import_what_they_are_told():
    package = ROOT / "src" / "bakeoff"
    importing = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if re.search(r"\bimport_module\(|\bexec_module\(|spec_from_file", path.read_text())
    }
    assert importing == IMPORTERS


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "compile(text, 'x', 'exec')",
        "from os import system",
        "from torch import load",
        "os.system('ls')",
        "os.execv('/bin/ls', [])",
        "subprocess.run('ls', shell=True)",
        "subprocess.run('ls', shell=asked)",
        "import os, pickle as p",
        "from dill import loads",
        "import joblib.externals",
        "eval('1')",
        "run = exec",
        "torch.load(path)",
    ],
)
def test_the_scan_finds(source):
    assert unsafe(ast.parse(source))


@pytest.mark.parametrize(
    "source",
    ["network.eval()", "re.compile('x')", "import copy", "load(x)", "run(['ls'], shell=False)"],
)
def test_the_scan_passes(source):
    assert not unsafe(ast.parse(source))
