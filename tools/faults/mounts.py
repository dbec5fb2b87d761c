"""Real limits of this machine: a small disk, a read-only one, a container's memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from case import NotHereError

MEMORY = Path("/sys/fs/cgroup/memory")
UNIFIED = Path("/sys/fs/cgroup")


@contextmanager
def small_disk(folder: Path, kilobytes: int = 4096) -> Iterator[None]:
    """Have a folder be a file system of its own, as small as that.

    Raises:
        NotHereError: where mounting is not allowed.
    """
    _mount("-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)  # noqa: S607


def remount(folder: Path, how: str) -> None:
    """Make a mounted folder read-only ("ro") or writable ("rw")."""
    _mount("-o", f"remount,{how}", str(folder))


def _mount(*arguments: str) -> None:
    try:
        subprocess.run(
            ["mount", *arguments],  # noqa: S607
            check=True,
            capture_output=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        why = getattr(error, "stderr", None) or str(error)
        raise NotHereError(f"mount: {why.strip().splitlines()[-1]}") from error


def fill(folder: Path) -> Path:
    """Fill a folder's file system to the last byte with a file; return the file."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 16, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass
    return filler


@contextmanager
def memory_group(byte_count: int) -> Iterator[Path]:
    """Give the list of processes of a control group that may use so much memory together.

    Raises:
        NotHereError: where no such group can be made.
    """
    old = (MEMORY / "memory.limit_in_bytes").exists()
    group = (MEMORY if old else UNIFIED) / f"bakeoff-faults-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise NotHereError(f"no control group can be made ({error.strerror})") from error
    try:
        limit = group / ("memory.limit_in_bytes" if old else "memory.max")
        try:
            limit.write_text(str(byte_count))
        except OSError as error:
            raise NotHereError(f"no memory can be limited ({error.strerror})") from error
        yield group / "cgroup.procs"
    finally:
        _remove(group)


def _remove(group: Path) -> None:
    # The kernel takes a moment to let go of processes that have just died.
    for _ in range(100):
        try:
            group.rmdir()
        except OSError:
            sleep(0.05)
        else:
            return
