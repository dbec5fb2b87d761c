"""What machines that train rounds of one study must have in common.

The same versions and sources, or a result would be kept under the key of another one; the same
data; the same kind of CPU, or the last bits would differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from attrs import evolve, field, frozen

from bakeoff.errors import BakeoffError
from bakeoff.study.machine import Machine
from bakeoff.study.spec import kind_of
from bakeoff.study.user_code import BESIDE

DIGITS = 12  # of a hash, which a message can show


@frozen
class Files:
    """What of a study is read from files.

    Attributes:
        kind: of the study, a name of `spec.KINDS`.
        code: users' own code, "module:name".
        data_dir: folder of the data files, as `RunOptions` has it.
        beside: the folders in which modules lie beside a study's file, as `code.BESIDE` has them.
    """

    kind: str = "network"
    code: tuple[str, ...] = ()
    data_dir: str | None = None
    beside: tuple[tuple[str, str], ...] = field(factory=lambda: tuple(BESIDE.items()))


@frozen
class Node:
    """A process that trains, or that hands out what is to be trained.

    Attributes:
        machine: its versions and its CPU.
        hashes: of what is read from files, (what, hash); or in its place why it cannot be read.
    """

    machine: Machine
    hashes: tuple[tuple[str, str], ...] = ()

    def with_cpu_of(self, other: Node) -> Node:
        """Return this node with the CPU of another."""
        return evolve(self, machine=evolve(self.machine, cpu=other.machine.cpu))

    def common(self) -> dict[str, str]:
        """Return all that must be alike, by name."""
        return {**self.machine.versions(), **dict(self.hashes), "CPU": self.machine.cpu}


@cache
def this_node(files: Files) -> Node:
    """Describe this process."""
    BESIDE.update(files.beside)
    kind = kind_of(files.kind)
    hashes = {what: _or_why_not(read) for what, read in kind.files_read(files).items()}
    return Node(kind.machine(), tuple(hashes.items()))


def _or_why_not(read: Callable[[], str]) -> str:
    try:
        return read()[:DIGITS]
    except BakeoffError as error:
        return f"none ({error})"


def unlike(expected: Node, nodes: Mapping[str, Node]) -> str:
    """Return the first thing that is not as expected, and where; "" if all are alike.

    Args:
        expected: what all should have in common.
        nodes: those to look at, by their addresses.
    """
    for what, value in expected.common().items():
        got = {where: node.common().get(what, "none") for where, node in nodes.items()}
        wrong = [where for where, theirs in got.items() if theirs != value]
        if wrong:
            more = f" and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            return f"got {what} {got[wrong[0]]} on {wrong[0]}{more}, expected {value} everywhere"
    return ""
