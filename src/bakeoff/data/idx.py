"""A strict reader of IDX, the file format of MNIST: a short header, then numbers, row-major.

    byte 0, 1   zero
    byte 2      the type of the numbers, see `TYPES`; mostly 0x08, unsigned bytes
    byte 3      how many dimensions
    4 each      the size of each dimension, big-endian, the number of items first
    the rest    the numbers, big-endian

A file is hostile until read to its end: a header is believed only as far as the bytes behind it
can back it, and memory grows with bytes that have arrived, never with bytes that were promised.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

import numpy as np
import torch

from bakeoff.errors import DataError

TYPES = MappingProxyType({0x08: "u1", 0x09: "i1", 0x0B: "i2", 0x0C: "i4", 0x0D: "f4", 0x0E: "f8"})
GZIP_MAGIC = b"\x1f\x8b"
# Deflate spends at least 2 bits on a run of 258 bytes, so no byte of a gzip file can stand for
# more than 258 * 8 / 2 bytes of content (https://zlib.net/zlib_tech.html).
DEFLATE_RATIO = 1032
MAX_BYTES = 1 << 30  # 23 times MNIST's largest file: room for any relative of it, none for a bomb
CHUNK = 1 << 20


class Wanted(NamedTuple):
    """What a file is to hold; without an item's shape, numbers or rows of any length."""

    name: str
    item_shape: tuple[int, ...] | None
    types: tuple[int, ...]


def read_idx(path: Path, item_shape: tuple[int, ...]) -> torch.Tensor:
    """Read one IDX file; see `parse_idx`.

    Args:
        path: a file, gzipped or not, whatever its name ends in.
        item_shape: the shape that each item must have: (28, 28) for images, () for labels.

    Returns:
        Items of shape (items, *item_shape), uint8, 0 to 255.

    Raises:
        DataError: if the file cannot be read or is not what `parse_idx` takes.
    """
    return read_any_idx(path, item_shape, types=(0x08,))


def read_any_idx(
    path: Path, item_shape: tuple[int, ...] | None, *, types: tuple[int, ...] = tuple(TYPES)
) -> torch.Tensor:
    """Read one IDX file of numbers of any of the types, otherwise as `read_idx`.

    No more of it is read than its header says.
    """
    with open_file(path) as file:
        return _unzipped(file, path.stat().st_size, Wanted(str(path), item_shape, types))


@contextmanager
def open_file(path: Path) -> Iterator[io.BufferedReader]:
    """Give a regular file of at most `MAX_BYTES` to read, or raise a `DataError`."""
    try:
        if not path.is_file():
            found = "something that is not a file" if path.exists() else "no such file"
            raise DataError(f"{path}: found {found}, expected an IDX file")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise DataError(
                f"{path}: found {size} bytes, expected an IDX file of at most {MAX_BYTES}"
            )
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise DataError(
            f"{path}: found a file that cannot be read ({error.strerror}), expected an IDX file"
        ) from error


def parse_idx(data: bytes, item_shape: tuple[int, ...], *, name: str) -> torch.Tensor:
    """Turn the bytes of an IDX file into a tensor.

    Args:
        data: the file's bytes, gzipped (told by their first two) or not.
        item_shape: the shape that each item must have: (28, 28) for images, () for labels.
        name: what to call the file in an error.

    Returns:
        Items of shape (items, *item_shape), uint8, 0 to 255, in memory of their own.

    Raises:
        DataError: for a wrong magic number, items of another shape, no items, a header that
            claims more than the file can hold or more than `MAX_BYTES`, too few or too many
            bytes behind the header, or a broken gzip stream.
    """
    return _unzipped(io.BytesIO(data), len(data), Wanted(name, item_shape, (0x08,)))


def _unzipped(file: BinaryIO, size: int, wanted: Wanted) -> torch.Tensor:
    """Read a file of so many bytes, gzipped or not."""
    zipped = file.read(2) == GZIP_MAGIC
    file.seek(0)
    if not zipped:
        return _parse(file, size, wanted)
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            return _parse(stream, DEFLATE_RATIO * size, wanted)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{wanted.name}: found a broken gzip stream ({error}), expected a whole one; "
            "copy the file again"
        ) from error


def _parse(stream: BinaryIO | gzip.GzipFile, capacity: int, wanted: Wanted) -> torch.Tensor:
    """Read header and items from a stream that cannot yield more than `capacity` bytes."""
    kind, shape = _read_header(stream, wanted)
    width = kind.itemsize
    claimed = prod(shape) * width
    factors = (*shape, width) if width > 1 else shape
    claim = f"{'×'.join(map(str, factors))} = {claimed}"
    limit = min(capacity - 4 - 4 * len(shape), MAX_BYTES)
    if claimed > limit:
        raise DataError(
            f"{wanted.name}: found a header that claims {claim} bytes, expected at most {limit}, "
            "all that can be behind it; the file is cut short or not what it says"
        )
    # One byte beyond the claim tells a long file, and makes gzip reach and check its CRC.
    content = _read_up_to(stream, claimed + 1)
    if len(content) != claimed:
        found = "more" if len(content) > claimed else str(len(content))
        raise DataError(
            f"{wanted.name}: found {found} bytes behind the header, expected {claim}; copy the file"
            " again"
        )
    numbers = np.frombuffer(content, kind).astype(kind.newbyteorder("="), copy=False)
    return torch.from_numpy(numbers).view(shape)


def _read_header(
    stream: BinaryIO | gzip.GzipFile, wanted: Wanted
) -> tuple[np.dtype[np.generic], tuple[int, ...]]:
    """Check an IDX header; return the type of the numbers and their shape, the items first."""
    name, item_shape, types = wanted
    magic = stream.read(4)
    count = 1 + (magic[3:] == b"\2" if item_shape is None else len(item_shape))
    if len(magic) == 4 and magic not in [bytes((0, 0, kind, count)) for kind in types]:
        expected = " or ".join(f"0x0000{kind:02x}{count:02x}" for kind in types)
        raise DataError(
            f"{name}: found magic number 0x{magic.hex()}, expected {expected} "
            f"({'unsigned bytes' if len(types) == 1 else 'numbers'} in {count} "
            f"dimension{'s' if count > 1 else ''})"
        )
    header = magic + stream.read(4 * count)
    if len(header) < 4 + 4 * count:
        raise DataError(
            f"{name}: found {len(header)} bytes, expected an IDX header of {4 + 4 * count}"
        )
    items, *item = shape = struct.unpack(f">{count}I", header[4:])
    if item_shape is not None and tuple(item) != item_shape:
        raise DataError(
            f"{name}: found items of {'×'.join(map(str, item))}, "
            f"expected {'×'.join(map(str, item_shape))}"
        )
    if 0 in shape:
        raise DataError(f"{name}: found {items} items, expected at least 1")
    return np.dtype(f">{TYPES[magic[2]]}"), shape


def _read_up_to(stream: BinaryIO | gzip.GzipFile, size: int) -> bytearray:
    """Read `size` bytes, or fewer where the stream ends first."""
    content = bytearray()
    while len(content) < size:
        chunk = stream.read(min(CHUNK, size - len(content)))
        if not chunk:
            break
        content += chunk
    return content
