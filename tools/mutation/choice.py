"""Which mutants are tried, and which tests each has to get past."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from itertools import islice
from pathlib import Path, PurePosixPath

from .cover import Cover
from .operators import Mutant, mutants_of

PACKAGES = ("autodiff", "optim", "study")
SECONDS = 30.0  # of tests a mutant, beyond its file's own


def all_mutants(tree: Path) -> list[Mutant]:
    """Return every mutant of the packages in a copy of the repository, in a fixed order."""
    files = [p for name in PACKAGES for p in (tree / "src" / "bakeoff" / name).rglob("*.py")]
    return [
        mutant
        for path in sorted(files)
        for mutant in mutants_of(path.read_bytes(), path.relative_to(tree).as_posix())
    ]


def sample(tree: Path, count: int, seed: int) -> list[Mutant]:
    """Draw mutants: the same ones from the same sources with the same seed.

    Each mutant has a number of its own, the hash of its key, and those with the smallest are
    drawn; so a change of one source exchanges hardly any of the others.

    Args:
        tree: a copy of the repository.
        count: how many.
        seed: of the draw.
    """
    seen: Counter[str] = Counter()
    numbered = []
    for mutant in all_mutants(tree):
        text = f"{seed} {mutant.key} {seen[mutant.key]}"
        seen[mutant.key] += 1
        numbered.append((blake2b(text.encode(), digest_size=8).digest(), mutant))
    numbered.sort(key=lambda pair: pair[0])
    standing = (m for _, m in numbered if m.compiles((tree / m.file).read_bytes()))
    return list(islice(standing, count))


def tests_for(mutant: Mutant, cover: Cover) -> tuple[str, ...]:
    """Return the tests that a mutant has to pass to survive, those likeliest to fail first.

    They are the tests of the mutant's own file, then others that run its line, the quickest first,
    up to half a minute of them. Where the line runs as the file is imported, or no test runs it
    because another process does, those that run any line of the file follow.
    """
    lines = cover.lines.get(mutant.file, {})
    first, last = mutant.lines
    span = range(first, last + 1)
    found = frozenset().union(*(lines.get(line, ()) for line in span))
    more = frozenset().union(*lines.values())
    found = found or more
    if cover.imported.get(mutant.file, frozenset()).isdisjoint(span):
        more = found
    own = {test for test in cover.seconds if is_own(test, mutant.file)}
    others = sorted(more - own, key=lambda test: (test not in found, cover.seconds[test], test))
    chosen = sorted(own, key=lambda test: (test not in found, cover.seconds[test], test))
    spent = 0.0
    for test in others:
        spent += cover.seconds[test]
        if spent > SECONDS:
            break
        chosen.append(test)
    return tuple(chosen)


def is_own(test: str, file: str) -> bool:
    """Tell whether a test is in the file of tests that mirrors a source.

    The mirror of src/bakeoff/study/store/ledger.py is tests/study/store/test_ledger.py; where
    another test has that name, a word more stands in it: study/test_study_ledger.py.
    """
    source = PurePosixPath(file).relative_to("src/bakeoff")
    path = PurePosixPath(test.partition("::")[0]).relative_to("tests")
    mirrors = path.stem == f"test_{source.stem}" or path.stem.endswith(f"_{source.stem}")
    return path.parent == source.parent and mirrors
