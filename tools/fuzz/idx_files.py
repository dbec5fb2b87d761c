"""The door of IDX files: images and labels, gzipped or not."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from random import Random

import torch
from damage import NUMBERS, damaged
from door import Door, Unmet

from bakeoff.data.idx import parse_idx

SHAPES = ((28, 28), ())
Case = tuple[bytes, tuple[int, ...]]


def door(folder: Path) -> Door:
    """Return the door."""
    return Door("idx", "IDX files of images and labels", make, enter)


def make(random: Random) -> Case:
    """Draw a file and what is expected of it."""
    shape = random.choice(SHAPES)
    items = random.choice((1, 1, 2, 5))
    sizes = [items, *shape]
    magic = 0x0800 + len(sizes)
    body = random.randbytes(items * (784 if shape else 1))
    for _ in range(random.choice((0, 1, 1, 2))):
        match random.randrange(4):
            case 0:
                magic = random.choice((0, 0x0803, 0x0801, 0x08FF, 0x0D03, random.getrandbits(32)))
            case 1:
                sizes[random.randrange(len(sizes))] = random.choice(NUMBERS[:17]) % 2**32
            case 2:
                sizes = sizes[:-1] or random.choices((1, 2**31), k=200)
            case 3:
                body = body[: random.randrange(len(body) + 1)] + bytes(random.choice((0, 1, 9999)))
    file = struct.pack(f">I{len(sizes)}I", magic, *sizes) + body
    if random.random() < 0.4:
        cut = random.randrange(len(file))
        file = gzip.compress(file[:cut], 1) + gzip.compress(file[cut:], random.randrange(10))
    if random.random() < 0.6:
        file = damaged(file, random, within=40)
    if random.random() < 0.01:
        file = gzip.compress(file + bytes(10_000_000), 1)
    return file, shape


def enter(case: Case) -> bool:
    """Read the file."""
    content, shape = case
    read = parse_idx(content, shape, name="file")
    if read.dtype != torch.uint8 or tuple(read.shape[1:]) != shape or len(read) == 0:
        raise Unmet(f"read as {tuple(read.shape)} of {read.dtype}")
    return True
