"""Which tests run which lines, and how long each takes."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path

import pytest
from attrs import define, field, frozen
from coverage import Coverage, CoverageData

from .slots import Trial

# The rooms that are mutated and those right above them; the tests of others are slow to notice.
ROOMS = ("autodiff", "optim", "nn", "network", "models", "study")
SECONDS = 900.0


@frozen
class Cover:
    """What is known of the tests.

    Attributes:
        seconds: of processor time of each test that passes, as other work on the machine hardly
            stretches it; a test is a function, with all its parameters.
        failed: the tests that fail, and are left out.
        lines: the tests that run each line, by file and line.
        imported: the lines that run as a file is imported, by file: defaults, tables and the like.
    """

    seconds: dict[str, float]
    failed: tuple[str, ...]
    lines: dict[str, dict[int, frozenset[str]]]
    imported: dict[str, frozenset[int]]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        tests = sorted(self.seconds)
        number = {test: at for at, test in enumerate(tests)}
        told = {
            "seconds": [[test, self.seconds[test]] for test in tests],
            "failed": list(self.failed),
            "lines": {
                file: {
                    line: sorted(number[test] for test in found) for line, found in lines.items()
                }
                for file, lines in self.lines.items()
            },
            "imported": {file: sorted(lines) for file, lines in self.imported.items()},
        }
        path.write_text(json.dumps(told))

    @staticmethod
    def read(path: Path) -> Cover:
        """Read what `write` wrote."""
        told = json.loads(path.read_text())
        tests = [test for test, _ in told["seconds"]]
        lines = {
            file: {int(line): frozenset(tests[n] for n in found) for line, found in lines.items()}
            for file, lines in told["lines"].items()
        }
        imported = {file: frozenset(lines) for file, lines in told["imported"].items()}
        return Cover(dict(told["seconds"]), tuple(told["failed"]), lines, imported)


def trials(tree: Path, folder: Path) -> Iterator[tuple[Path, Trial]]:
    """Yield for each file of tests a trial that measures it, and where that writes.

    Args:
        tree: a copy of the repository.
        folder: for what is measured.
    """
    files = [path for room in ROOMS for path in (tree / "tests" / room).rglob("test_*.py")]
    for at, path in enumerate(sorted(files)):
        name, place = path.relative_to(tree).as_posix(), folder / str(at)
        yield place, Trial((name,), SECONDS, plugin=partial(Measuring, place))


def is_measured(place: Path) -> bool:
    """Tell whether a trial has written what it measured there."""
    return place.with_suffix(".json").exists()


def gathered(places: list[Path]) -> Cover:
    """Return what was measured.

    Args:
        places: where each trial wrote.
    """
    seconds: dict[str, float] = {}
    failed: set[str] = set()
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    imported: dict[str, set[int]] = defaultdict(set)
    for place in places:
        told = json.loads(place.with_suffix(".json").read_text())
        seconds |= told["seconds"]
        failed.update(told["failed"])
        data = CoverageData(str(place))
        data.read()
        for file in data.measured_files():
            name = Path(file).relative_to(told["tree"]).as_posix()
            for line, tests in data.contexts_by_lineno(file).items():
                found[name][line].update(filter(None, tests))
                if "" in tests:
                    imported[name].add(line)
    passing = {test: took for test, took in seconds.items() if test not in failed}
    lines = {
        file: {line: frozenset(tests & passing.keys()) for line, tests in lines.items()}
        for file, lines in found.items()
    }
    at_import = {file: frozenset(lines) for file, lines in imported.items()}
    return Cover(passing, tuple(sorted(failed)), lines, at_import)


@define(eq=False)
class Measuring:
    """A plugin of pytest that notes each test's lines and seconds, with those of its fixtures."""

    place: Path
    seconds: defaultdict[str, float] = field(factory=lambda: defaultdict(float))
    failed: set[str] = field(factory=set)
    tree: Path = field(init=False, factory=Path.cwd)
    coverage: Coverage = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Begin at once, before anything of bakeoff is imported."""
        self.coverage = Coverage(
            data_file=str(self.place),
            config_file=False,
            source=[str(self.tree / "src" / "bakeoff")],
        )
        self.coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Name the test that runs from here on, and note what it takes."""
        test = function_of(item.nodeid)
        self.coverage.switch_context(test)
        before = sum(os.times()[:4])
        result = yield
        self.seconds[test] += sum(os.times()[:4]) - before
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that fails."""
        if report.failed:
            self.failed.add(function_of(report.nodeid))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Note a file that cannot be imported."""
        if report.failed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write it all."""
        self.coverage.stop()
        self.coverage.save()
        told = {"tree": str(self.tree), "seconds": self.seconds, "failed": sorted(self.failed)}
        self.place.with_suffix(".json").write_text(json.dumps(told))


def function_of(nodeid: str) -> str:
    """Return a test's name without its parameters."""
    return nodeid.partition("[")[0]
