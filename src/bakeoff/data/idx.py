"""A strict reader of IDX, the file format of MNIST: a short header, then bytes in row-major order.

    byte 0, 1   zero
    byte 2      the type of the numbers; 0x08, unsigned bytes, is the only one taken here
    byte 3      how many dimensions
    4 each      the size of each dimension, big-endian, the number of items first
    the rest    the numbers

A file is hostile until read to its end: a header is believed only as far as the bytes behind it
can back it, and memory grows with bytes that have arrived, never with bytes that were promised.
"""

from __future__ import annotations

import gzip
import io
import struct
import zlib
from math import prod
from pathlib import Path

import torch

from bakeoff.errors import DataError

UNSIGNED_BYTE = 0x08
GZIP_MAGIC = b"\x1f\x8b"
# Deflate spends at least 2 bits on a run of 258 bytes, so no byte of a gzip file can stand for
# more than 258 * 8 / 2 bytes of content (https://zlib.net/zlib_tech.html).
DEFLATE_RATIO = 1032
MAX_BYTES = 1 << 30  # 23 times MNIST's largest file: room for any relative of it, none for a bomb
CHUNK = 1 << 20


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
    return parse_idx(read_file(path), item_shape, name=str(path))


def read_file(path: Path) -> bytes:
    """Return a regular file's bytes, at most `MAX_BYTES` of them, or raise a `DataError`."""
    try:
        if not path.is_file():
            found = "something that is not a file" if path.exists() else "no such file"
            raise DataError(f"{path}: found {found}, expected an IDX file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(
                f"{path}: found {size} bytes, expected an IDX file of at most {MAX_BYTES}"
            )
        return path.read_bytes()
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
    if not data.startswith(GZIP_MAGIC):
        return _parse(io.BytesIO(data), len(data), item_shape, name)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return _parse(stream, DEFLATE_RATIO * len(data), item_shape, name)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(
            f"{name}: found a broken gzip stream ({error}), expected a whole one; "
            "copy the file again"
        ) from error


def _parse(
    stream: io.BufferedIOBase, capacity: int, item_shape: tuple[int, ...], name: str
) -> torch.Tensor:
    """Read header and items from a stream that cannot yield more than `capacity` bytes."""
    header_size = 4 + 4 * (1 + len(item_shape))
    items = _read_header(stream.read(header_size), item_shape, name)
    shape = (items, *item_shape)
    claimed = prod(shape)
    claim = f"{'×'.join(map(str, shape))} = {claimed}"
    limit = min(capacity - header_size, MAX_BYTES)
    if claimed > limit:
        raise DataError(
            f"{name}: found a header that claims {claim} bytes, expected at most {limit}, "
            "all that can be behind it; the file is cut short or not what it says"
        )
    # One byte beyond the claim tells a long file, and makes gzip reach and check its CRC.
    content = _read_up_to(stream, claimed + 1)
    if len(content) != claimed:
        found = "more" if len(content) > claimed else str(len(content))
        raise DataError(
            f"{name}: found {found} bytes behind the header, expected {claim}; copy the file again"
        )
    return torch.frombuffer(content, dtype=torch.uint8).view(shape)


def _read_header(header: bytes, item_shape: tuple[int, ...], name: str) -> int:
    """Check an IDX header and return its number of items."""
    dimensions = 1 + len(item_shape)
    expected = bytes((0, 0, UNSIGNED_BYTE, dimensions))
    if header[:4] != expected[: len(header)]:
        raise DataError(
            f"{name}: found magic number 0x{header[:4].hex()}, expected 0x{expected.hex()} "
            f"(unsigned bytes in {dimensions} dimension{'s' if dimensions > 1 else ''})"
        )
    if len(header) < 4 + 4 * dimensions:
        raise DataError(
            f"{name}: found {len(header)} bytes, expected an IDX header of {4 + 4 * dimensions}"
        )
    items, *item = struct.unpack(f">{dimensions}I", header[4:])
    if tuple(item) != item_shape:
        raise DataError(
            f"{name}: found items of {'×'.join(map(str, item))}, "
            f"expected {'×'.join(map(str, item_shape))}"
        )
    if items == 0:
        raise DataError(f"{name}: found 0 items, expected at least 1")
    return int(items)


def _read_up_to(stream: io.BufferedIOBase, size: int) -> bytearray:
    """Read `size` bytes, or fewer where the stream ends first."""
    content = bytearray()
    while len(content) < size:
        chunk = stream.read(min(CHUNK, size - len(content)))
        if not chunk:
            break
        content += chunk
    return content
