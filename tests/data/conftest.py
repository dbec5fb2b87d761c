"""IDX files made by the tests themselves, from bytes, with no help of the reader under test."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

IdxBytes = Callable[..., bytes]
MakeFolder = Callable[..., Path]


def _idx_bytes(
    values: Sequence[int] | bytes, shape: tuple[int, ...], *, magic: int | None = None
) -> bytes:
    magic = 0x0800 + len(shape) if magic is None else magic
    return struct.pack(f">{1 + len(shape)}I", magic, *shape) + bytes(values)


@pytest.fixture(scope="session")
def idx_bytes() -> IdxBytes:
    """Function (values, shape, magic=None) -> the bytes of an IDX file."""
    return _idx_bytes


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Function (train=300, test=200, zipped=True) -> a folder of four small faultless files.

    Image i of a split is filled with i % 256 (test images count from 100), its label is i % 10.
    """

    def make(train: int = 300, test: int = 200, *, zipped: bool = True, name: str = "set") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for prefix, count, start in (("train", train, 0), ("t10k", test, 100)):
            grey = torch.arange(start, start + count).remainder(256).to(torch.uint8)
            images = grey.view(-1, 1, 1).expand(-1, 28, 28).flatten().tolist()
            labels = [i % 10 for i in range(count)]
            for file, data in (
                (f"{prefix}-images-idx3-ubyte", _idx_bytes(images, (count, 28, 28))),
                (f"{prefix}-labels-idx1-ubyte", _idx_bytes(labels, (count,))),
            ):
                if zipped:
                    (folder / f"{file}.gz").write_bytes(gzip.compress(data))
                else:
                    (folder / file).write_bytes(data)
        return folder

    return make


@pytest.fixture(autouse=True)
def global_generator_untouched():
    """Fail any test of data in which torch's global generator moves."""
    before = torch.random.get_rng_state()
    yield
    assert torch.equal(torch.random.get_rng_state(), before)
