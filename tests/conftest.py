"""What holds for every test: one thread, no settings of the user's, no skip without leave."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

from bakeoff.study.workers import LocalPool

# Before torch is imported. One thread each: the tests run in as many processes as there are cores,
# and so do the studies within them. `make processors` asks for two.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = os.environ.get("BAKEOFF_TEST_THREADS", "1")
for variable in ("BAKEOFF_DATA", "COLUMNS", "FORCE_COLOR", "NO_COLOR"):
    os.environ.pop(variable, None)

# Continuous integration draws the same examples each time, so that a red run is red again; on a
# developer's machine each run draws new ones. HYPOTHESIS_PROFILE=ci repeats the former at home.
# `make fuzz` draws very many.
settings.register_profile("local", deadline=None, print_blob=True)
settings.register_profile("ci", deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile(
    "fuzz", deadline=None, print_blob=True, max_examples=int(os.environ.get("CASES", "10000"))
)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "local")
)


def pytest_sessionstart() -> None:
    """Let the server that forks workers import, once for all tests, what any of them needs."""
    LocalPool(1, needs="bakeoff.training.trainer").stop()


@pytest.fixture(autouse=True)
def no_study_read_before() -> Iterator[None]:
    """Forget the folders of studies that a test has read: a process at work reads one study."""
    yield
    if (code := sys.modules.get("bakeoff.study.user_code")) is not None:
        code.BESIDE.clear()


@pytest.fixture(autouse=True)
def quick_pdfs(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embed the fonts of PDFs as type 3, at a fifth of the time, where none is looked at."""
    style = sys.modules.get("bakeoff.report.figures.style")
    if style is not None and request.path.name not in ("test_folder.py", "test_paper.py"):
        monkeypatch.setattr(style, "SETTINGS", style.SETTINGS | {"pdf.fonttype": 3})


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Load one of the programs of tools/ by its name, as a script beside the others."""
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "tools")
    return importlib.import_module


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give an empty current folder, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    yield tmp_path
    for name in [name for name, module in sys.modules.items() if str(tmp_path) in repr(module)]:
        del sys.modules[name]


SKIPS = Path(__file__).with_name("allowed_skips.txt")


def allowed_skips() -> list[str]:
    """Return the reasons for which a test may be skipped, one a line of the list."""
    lines = map(str.strip, SKIPS.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def fail_if_not_allowed(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure if its reason is not on the list; an expected failure is none."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return
    path, line, message = report.longrepr
    reason = message.removeprefix("Skipped: ")
    if reason not in allowed_skips():
        report.outcome = "failed"
        report.longrepr = f"{path}:{line}: skipped for a reason not in {SKIPS.name}: {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fail_if_not_allowed(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_if_not_allowed(report)
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted by `record_property`, summed over tests of the same words."""
    totals: dict[str, int] = {}
    for report in terminalreporter.getreports("passed"):
        for words, count in report.user_properties:
            totals[words] = totals.get(words, 0) + count
    for words, count in totals.items():
        terminalreporter.write_line(f"{words}: {count:,}")
