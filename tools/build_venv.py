"""Build `.venv`, the environment of every make target, when it is missing or out of date.

    PYTHON tools/build_venv.py [--any-python]

It runs on the interpreter that the environment is for, before anything is installed, so it uses
the standard library alone. An environment is out of date when the dependencies, their pins, this
file or the folder it stands in have changed, or when it was built for another interpreter. It is
then built anew: what is no longer declared must not linger. With `--any-python` the interpreter
that an environment was built for stays its interpreter.

If the interpreter already has a torch that is new enough, that one is used: torch is by far the
largest thing to install, and its owner may have chosen a build for their machine.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - here to say so in a sentence
    sys.exit(
        "bakeoff needs Python 3.11 or newer, but {} is {}.{}: name another one with "
        "`make PYTHON=python3.11 ...`.".format(sys.executable, *sys.version_info[:2])
    )

import fcntl
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sysconfig
import time
import tomllib
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "bakeoff.json"  # written last: without it the environment counts as half built
CONSTRAINTS = ROOT / "constraints.txt"


def main() -> None:
    """Build the environment if its stamp is not the one that it should have."""
    if Path(sys.prefix) == VENV:  # activated: step out of what may have to be built anew
        start_again(sys._base_executable)
    any_python = sys.argv[1:] == ["--any-python"]
    with CONSTRAINTS.open() as constraints:
        fcntl.flock(constraints, fcntl.LOCK_EX)  # a second make waits for the first to build
        found, wanted = read_stamp(), stamp()
        usual = found.get("interpreter", "")
        if any_python and usual != sys.executable and Path(usual).is_file():
            start_again(usual)
        if found != wanted or not VENV_PYTHON.exists():
            build()
            STAMP.write_text(json.dumps(wanted, indent=2) + "\n")


def start_again(interpreter: str) -> None:
    """Run this program on another interpreter instead; this one ends here."""
    os.execv(interpreter, [interpreter, *sys.argv])


def stamp() -> dict[str, str]:
    """Return what an up-to-date environment of this interpreter was built from."""
    project = read_pyproject()
    declared = {
        "root": str(ROOT),
        "build-system": project["build-system"],
        "project": project["project"],
        "constraints": CONSTRAINTS.read_text(),
        "builder": Path(__file__).read_text(),
    }
    digest = hashlib.sha256(json.dumps(declared, sort_keys=True).encode()).hexdigest()
    return {"interpreter": sys.executable, "python": sys.version, "built from": digest}


def read_stamp() -> dict[str, str]:
    """Return the stamp of the environment that stands, or an empty one."""
    try:
        found = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def read_pyproject() -> dict[str, Any]:
    """Return the project's declarations."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def build() -> None:
    """Make the environment anew and install the package in it, editable, with all it needs."""
    started = time.monotonic()
    project = read_pyproject()["project"]
    extras = project["optional-dependencies"]
    requirements = [*project["dependencies"], *extras["torch"], *extras["dev"]]
    at_least = next(r for r in requirements if r.startswith("torch>="))
    reuse = has_torch(at_least)
    if reuse:
        requirements.remove(at_least)
    say(f"building .venv for Python {sys.version.split()[0]} ({sys.executable})")
    if VENV.is_symlink():
        VENV.unlink()
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except subprocess.CalledProcessError:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(f"make: {sys.executable} cannot make environments (on Debian: python3-venv).")
    # Compiling all of torch takes as long as installing it, and only part of it is ever imported.
    pip("install", "--no-compile", "--constraint", str(CONSTRAINTS), *requirements)
    if reuse:
        pip("uninstall", "--quiet", "--yes", "setuptools")  # an old one, in the way of torch's
        share_packages()
    # The build back end is installed by now: without isolation pip does not fetch it again.
    pip("install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    if subprocess.call([str(VENV_PYTHON), "-c", "import torch, scipy.stats"]):
        sys.exit("make: torch or scipy was installed but cannot be imported (see above).")
    say(f"built .venv in {time.monotonic() - started:.0f} s")


def has_torch(at_least: str) -> bool:
    """Tell whether this interpreter has a torch that meets a requirement 'torch>=X.Y'."""
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return False
    enough = numbers(version) >= numbers(at_least)
    say(f"torch {version} of {sys.executable}: {'reused' if enough else f'not {at_least}'}")
    return enough


def numbers(version: str) -> list[int]:
    """Return the major and minor number in a version or a requirement."""
    return [int(number) for number in re.findall(r"\d+", version)[:2]]


def share_packages() -> None:
    """Let the environment see this interpreter's packages, after its own.

    A path file, because an environment's `--system-site-packages` looks past an interpreter that
    is itself in an environment. It comes after pip has installed the rest, so that nothing but
    torch and what torch needs is taken from there.
    """
    shared = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    own = sysconfig.get_path("purelib", "venv", {"base": str(VENV)})
    Path(own, "shared_torch.pth").write_text("\n".join(shared) + "\n")


def pip(*arguments: str) -> None:
    """Run the environment's pip, which tells its progress to a person alone; end if it fails."""
    quiet = [] if sys.stdout.isatty() else ["-qq"]
    code = subprocess.call([str(VENV_PYTHON), "-m", "pip", *quiet, *arguments])
    if code:
        sys.exit(f"make: pip could not install what bakeoff needs (exit code {code}, see above).")


def say(sentence: str) -> None:
    """Tell what is being done, in the order of pip's own output."""
    print(f"make: {sentence}", flush=True)


if __name__ == "__main__":
    main()
