"""A worker takes more memory than there is: the kernel kills it, or an allocation fails."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator

from case import Case, NotHereError, not_here, recovered
from mounts import memory_group
from trial import REFUSED, trial

MIB = 1 << 20
PROMISED = "the run ends in a sentence that names the competitor; what is kept stays"
STUDY = """
name = "faults"
question = "Is there room for it?"
rounds = {rounds}
train_size = 100
test_size = 100
recipe = {{ epochs = 1 }}
competitors = [
    {{ name = "small", network = "model2" }},
    {{ name = "hungry", network = "hungry:Hungry" }},
]
"""
NETWORK = f"""
import multiprocessing

import torch

class Hungry(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(2 * 14 * 14, 2)

    def forward(self, x):
        if self.training and multiprocessing.parent_process():  # in a worker
            torch.ones({1536 * MIB}, dtype=torch.uint8)
        return self.linear(x.flatten(1))
"""
FOR_ALL = 1700 * MIB
ADDRESSES = 1900 * MIB
ROUNDS = 2
DEATHS = 3


def killed_by_the_kernel() -> Case:
    """Give the whole run, as in a container, less memory than the network takes."""
    with (
        trial(ROUNDS, study=STUDY, network=NETWORK, made_up=False) as one,
        memory_group(FOR_ALL) as processes,
    ):

        def join() -> None:
            processes.write_text(str(os.getpid()))

        said = (f"died {DEATHS} times", "hungry", "out of memory")
        ended = one.ends(one.start(prepare=join), REFUSED, *said)
        moment = "a container's limit"
        return recovered(one, "out of memory", moment, ended.words(), PROMISED, faults=DEATHS)


def refused_by_the_kernel() -> Case:
    """Give each process less address space than the network takes."""
    with trial(ROUNDS, study=STUDY, network=NETWORK, made_up=False) as one:

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))

        said = ("ran out of memory", "hungry", "finished rounds are kept")
        ended = one.ends(one.start(prepare=limit), REFUSED, *said)
        return recovered(one, "out of memory", "a process's limit", ended.words(), PROMISED)


def cases() -> Iterator[Case]:
    """Try both."""
    try:
        yield killed_by_the_kernel()
    except NotHereError as error:
        yield not_here(error, "out of memory", "a container's limit", PROMISED)
    yield refused_by_the_kernel()
