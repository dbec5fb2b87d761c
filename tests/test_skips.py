"""The rule of tests/conftest.py that a skip needs a reason on the list, in a pytest of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

ALLOWED = """
import pytest

def test_skipped_by_leave():
    pytest.skip("no such hardware")

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail():
    assert False
"""

FORBIDDEN = """
import pytest

@pytest.fixture
def lazy():
    pytest.skip("too lazy")

def test_inside():
    pytest.skip("too lazy")

@pytest.mark.skip(reason="too lazy")
def test_mark():
    pass

@pytest.mark.skipif(True, reason="too lazy")
class TestCondition:
    def test_method(self):
        pass

def test_fixture(lazy):
    pass
"""

FORBIDDEN_MODULE = "import pytest\n\npytest.skip('too lazy', allow_module_level=True)\n"
FORBIDDEN_IMPORT = "import pytest\n\npytest.importorskip('no_such_module')\n"


@pytest.fixture
def run(tmp_path):
    """Return a function that runs pytest on sources beside our conftest and one allowed reason."""
    (tmp_path / "conftest.py").write_text((TESTS / "conftest.py").read_text())
    (tmp_path / "allowed_skips.txt").write_text("# a comment\n\nno such hardware\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --disable-plugin-autoload\n")

    def run(*sources, options=()):
        for number, source in enumerate(sources):
            (tmp_path / f"test_{number}.py").write_text(source)
        command = [sys.executable, "-m", "pytest", "--continue-on-collection-errors", *options]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def counts(finished):
    """Return the numbers of pytest's closing line by name."""
    closing = finished.stdout.splitlines()[-1]
    return {name.rstrip("s"): int(n) for n, name in re.findall(r"(\d+) ([a-z]+)", closing)}


def test_a_listed_reason_and_an_expected_failure_pass(run):
    finished = run(ALLOWED)
    assert counts(finished) == {"skipped": 1, "xfailed": 1}, finished.stdout
    assert finished.returncode == 0


@pytest.mark.parametrize("options", [(), ("-p", "xdist", "-n", "1")], ids=["alone", "xdist"])
def test_any_other_reason_fails(run, options):
    finished = run(ALLOWED, FORBIDDEN, FORBIDDEN_MODULE, FORBIDDEN_IMPORT, options=options)
    # A skip in a fixture or of a whole file is an error, as any failure outside a test's body.
    assert counts(finished) == {"skipped": 1, "xfailed": 1, "failed": 1, "error": 5}
    assert finished.returncode == 1
    assert finished.stdout.count("not in allowed_skips.txt: too lazy") >= 5
    assert "not in allowed_skips.txt: could not import 'no_such_module'" in finished.stdout
