"""Build the wheel and the sdist into dist/, and try them where no repository is near.

    .venv/bin/python tools/dist.py [--python INTERPRETER]... [--tag TAG]

What is in them is held against the files under version control: nothing may be missing and nothing
may have strayed in. Each is built twice, to the same bytes. The wheel is then installed by itself
into an empty environment, with what it depends on as constraints.txt pins it, and its commands run
in an empty folder, on this interpreter or on each one named: with nobody's home, and with no
program on the path but that environment's, so without make, git, a compiler or a shell's tools.
A tag, v and the version, says that this is a release, which the changelog and the citation date.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
MEGABYTE = 1_000_000
LARGEST = 16 * MEGABYTE
WITHIN = 1800  # seconds, for a command

# Under version control, but of no use without it.
NOT_SHIPPED = (".ci/", ".gitignore")

# What a user runs first, and what its output has to hold: without an extra, then with two of them.
FILES = {
    "numbers.csv": "round,a,b\n" + "".join(f"{r},{r},{r + 1}\n" for r in range(8)),
    "draw.py": "import sys\nprint('score', int(sys.argv[1]) % 7 + float(sys.argv[2]))\n",
    "draws.toml": """name = "draws"
question = "Is one more than nothing?"
comparisons = [["one", "nothing"]]
rounds = 8
command.run = "python draw.py {seed} {more}"
metric = { name = "score", better = "higher" }
competitors = [{ name = "nothing", more = 0 }, { name = "one", more = 1 }]
""",
}
RACE = "race a='python draw.py {seed} 0' b='python draw.py {seed} 1' --metric score --rounds 8"
BARE = {
    "": "reverse is better than swap",
    RACE: "b is better than a by 1",
    "run draws.toml": "one is better than nothing by 1",
    "compare one nothing": "one is better than nothing by 1",
    "compare numbers.csv --higher-is-better": "b is better than a",
    "studies": "ablation",
}
WITH_REPORT = {"report draws": "wrote report/index.html"}
WITH_TORCH = {
    "run ablation --rounds 2": "model2 and model1",
    "show ablation": "model2 and model1",
    "disk test": "accuracy 9",
}
BARE_LARGEST = 300 * MEGABYTE


class BrokenError(Exception):
    """A check failed; the message says why."""


def main() -> None:
    """Build and check, a line for each check that passes; end with 1 at the first that fails."""
    arguments = argparse.ArgumentParser(description="Build the wheel and the sdist, and try them.")
    arguments.add_argument(
        "--python", action="append", metavar="INTERPRETER", help="to install the wheel on"
    )
    arguments.add_argument("--tag", help="of the release that this is, such as v0.2.0")
    told = arguments.parse_args()
    pythons = told.python or [sys._base_executable]
    shutil.rmtree(DIST, ignore_errors=True)
    try:
        if told.tag is not None:
            check_tag(told.tag)
        check_files()
        for python in pythons:
            with tempfile.TemporaryDirectory(prefix="bakeoff-dist-") as folder:
                check_alone(python, Path(folder))
    except (BrokenError, subprocess.SubprocessError, OSError) as error:
        sys.exit(f"FAILED  {error}")


def passed(name: str, words: str = "") -> None:
    """Tell of a check that was passed."""
    print(f"passed  {name:<40}  {words}", flush=True)


def check_tag(tag: str) -> None:
    """Hold a release's tag against the version and the date that the sources tell."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if tag != f"v{version}":
        raise BrokenError(f"the tag is {tag}, and the version {version}: expected v{version}")
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    date = re.search(rf"\nversion: {re.escape(version)}\ndate-released: (\S+)\n", citation)
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    if date is None or f"\n## {version} - {date[1]}\n" not in changes:
        raise BrokenError(f"CITATION.cff and CHANGELOG.md do not both date {version}")
    passed("the tag is the version's", f"{tag}, of {date[1]}")


# ---- what is in the files ------------------------------------------------------------------


def check_files() -> None:
    """Build both files and hold what is in them against the files under version control."""
    tracked = set(run("git", "ls-files", "-z", cwd=ROOT).strip("\0").split("\0"))
    wheel = build("wheel", ROOT, DIST)
    size = wheel.stat().st_size
    told = f"{wheel.name}: {size / MEGABYTE:.1f} MB of at most {LARGEST / MEGABYTE:.0f}"
    if size >= LARGEST:
        raise BrokenError(f"the wheel is too large: {told}")
    passed("the wheel is small enough", told)

    held = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    wanted = {name.removeprefix("src/") for name in tracked if name.startswith("src/")}
    passed("the wheel is the package, nothing else", same(held, wanted))

    sdist = build("sdist", ROOT, DIST)
    with tarfile.open(sdist) as archive, tempfile.TemporaryDirectory() as folder:
        held = {m.name.partition("/")[2] for m in archive.getmembers() if m.isfile()}
        wanted = {name for name in tracked if not name.startswith(NOT_SHIPPED)}
        passed("the sdist is the repository", same(held - {"PKG-INFO", ".gitignore"}, wanted))
        archive.extractall(folder, filter="data")
        unpacked = next(Path(folder).iterdir())
        for first, source in ((wheel, unpacked), (wheel, ROOT), (sdist, ROOT)):
            target = "wheel" if first is wheel else "sdist"
            again = build(target, source, Path(tempfile.mkdtemp(dir=folder)))
            if again.read_bytes() != first.read_bytes():
                raise BrokenError(f"the {target} is another when {source} builds it again")
        passed("the sdist builds the same wheel, and both files are the same when built again")


def build(target: str, source: Path, folder: Path) -> Path:
    """Build a wheel or an sdist of a source folder; return the one file."""
    before = set(folder.glob("*"))
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder), cwd=source)
    (made,) = set(folder.glob("*")) - before
    return made


def same(held: set[str], wanted: set[str]) -> str:
    """Return how many files there are; raise a BrokenError that names those that differ."""
    if held != wanted:
        parts = {"strayed in": held - wanted, "missing": wanted - held}
        raise BrokenError(
            "; ".join(f"{word}: {', '.join(sorted(n))}" for word, n in parts.items() if n)
        )
    return f"{len(held)} files"


# ---- the wheel alone -----------------------------------------------------------------------


def check_alone(python: str, folder: Path) -> None:
    """Install the wheel into an empty environment, and run its commands in an empty folder."""
    environment, nowhere = folder / "environment", folder / "nowhere"
    nowhere.mkdir()
    (wheel,) = DIST.glob("*.whl")
    run(python, "-m", "venv", str(environment), cwd=nowhere)
    own, pins = str(environment / "bin" / "python"), str(ROOT / "constraints.txt")
    install = (own, "-m", "pip", "install", "--quiet", "-c", pins)
    run(*install, str(wheel), cwd=nowhere)
    run(own, "-m", "pip", "check", cwd=nowhere)
    where = run(own, "-c", "print(__import__('bakeoff').__file__)", cwd=nowhere)
    if not Path(where).is_relative_to(environment):
        raise BrokenError(f"bakeoff was imported from {where}")
    size = sum(path.lstat().st_size for path in environment.rglob("*"))
    told = f"{size / MEGABYTE:.0f} MB of at most {BARE_LARGEST / MEGABYTE:.0f}"
    if size > BARE_LARGEST or any(environment.rglob("site-packages/torch")):
        raise BrokenError(f"the base install is too large, or brings torch: {told}")
    passed(f"installs alone: {python}", f"{run(python, '--version', cwd=nowhere)}, {told}")
    for name, text in FILES.items():
        (nowhere / name).write_text(text)
    check_commands(environment / "bin" / "bakeoff", BARE, nowhere)
    for extra, commands in {"report": WITH_REPORT, "torch": WITH_TORCH}.items():
        # Of what is installed already pip knows the extras: no index need have it.
        run(*install, f"bakeoff[{extra}]", cwd=nowhere)
        run(own, "-m", "pip", "check", cwd=nowhere)
        passed(f"installs with {extra}")
        check_commands(environment / "bin" / "bakeoff", commands, nowhere)


def check_commands(bakeoff: Path, commands: dict[str, str], folder: Path) -> None:
    """Run commands in a folder; each must print a line that holds its words."""
    for words, sought in commands.items():
        output = run(str(bakeoff), *shlex.split(words), cwd=folder, alone=True)
        line = next((line for line in output.splitlines() if sought in line), None)
        if line is None:
            raise BrokenError(f"bakeoff {words}: no {sought!r} in what it printed: {output[-500:]}")
        passed(f"bakeoff {words}", line.strip())


def run(*command: str, cwd: Path, alone: bool = False) -> str:
    """Run a command that sees nothing of this repository; return what it printed.

    Args:
        command: the program and its arguments.
        cwd: the folder to run in.
        alone: whether it finds no home, and no programs but those beside its own.

    Raises:
        BrokenError: if it fails; with the last line that it printed.
    """
    ours = ("PYTHON", "BAKEOFF", "VIRTUAL_ENV")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    if alone:
        home = tempfile.mkdtemp(dir=cwd.parent)
        environment |= {"PATH": str(Path(command[0]).parent), "HOME": home}
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN,
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise BrokenError(f"{Path(command[0]).name} ended with {done.returncode}: {''.join(last)}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
