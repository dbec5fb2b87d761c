"""MNIST's digits at 14×14 or 28×28: the embedded files, or a folder of files of the same format.

The images of the report are those of 14×14: each holds the means of the 2×2 blocks of a 28×28 one,
grey values 0 to 255. Nothing is ever downloaded.

MNIST: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998. Fashion-MNIST and KMNIST come in files of the
same names and fit as they are.
"""

from __future__ import annotations

import os
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch

from bakeoff.data.idx import parse_idx, read_file
from bakeoff.errors import ArgumentError, DataError

EMBEDDED = Path(__file__).parent / "mnist"
ENVIRONMENT = "BAKEOFF_DATA"
TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SIDE = 28
CLASSES = 10
SHA256 = {
    "train-images-idx3-ubyte": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}


class Digits(NamedTuple):
    """Labelled images; the tensors are shared by all who load them and must not be written to.

    Attributes:
        images: (n, 14, 14) float32, grey values 0 to 255 in steps of a quarter; or, of side 28,
            (n, 28, 28) uint8, as a float32 takes 188 MB for MNIST.
        labels: (n,) int64, 0 to 9.
    """

    images: torch.Tensor
    labels: torch.Tensor


class Mnist(NamedTuple):
    """Training digits (60,000 in MNIST) and test digits (10,000)."""

    train: Digits
    test: Digits


def load_mnist(data_dir: str | os.PathLike[str] | None = None, *, side: int = SIDE // 2) -> Mnist:
    """Load the digits, once a process for as long as their files stay as they are.

    Args:
        data_dir: as in `resolve_data_dir`.
        side: of the images, in pixels: 14 for the report's, 28 for the files' own.

    Returns:
        Training and test digits; the embedded files' SHA-256 has been checked.

    Raises:
        DataError: if a file is missing or faulty (see `bakeoff.data.idx.parse_idx`), differs from
            the embedded one that it should be, holds a label over 9, or if a set's numbers of
            images and labels differ.
        ArgumentError: for another side.
    """
    if side not in (SIDE // 2, SIDE):
        raise ArgumentError(f"MNIST: got side {side}, expected {SIDE // 2} or {SIDE}")
    folder = resolve_data_dir(data_dir)
    embedded = folder is None
    paths = tuple(_find(folder or EMBEDDED, name) for name in (*TRAIN_FILES, *TEST_FILES))
    stats = [path.stat() for path in paths]
    stamp = tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)
    return _load(paths, stamp, embedded, side)


def resolve_data_dir(data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Say which folder the digits come from.

    Args:
        data_dir: a folder of the four IDX files, 28×28, with or without ".gz" in their names;
            None for the folder that the environment variable BAKEOFF_DATA names.

    Returns:
        The folder's absolute path, or None for the embedded MNIST if neither is given.

    Raises:
        DataError: if there is no such folder.
    """
    named = data_dir if data_dir is not None else os.environ.get(ENVIRONMENT) or None
    if named is None:
        return None
    folder = Path(named).absolute()
    if not os.path.isdir(folder):  # unlike Path.is_dir, no error where access is denied
        origin = "data_dir" if data_dir is not None else ENVIRONMENT
        raise DataError(f"{folder}: found no such folder, expected the data folder {origin} names")
    return folder


def block_means(images: torch.Tensor) -> torch.Tensor:
    """Halve each side of the images by taking the means of 2×2 blocks, exactly.

    Args:
        images: (n, h, w) uint8 with even h and w.

    Returns:
        (n, h/2, w/2) float32, 0 to 255.
    """
    # Pieces of a thousand images stay in the cache: four times as fast as the whole at once.
    return torch.cat([_block_means(piece.float()) for piece in torch.split(images, 1000)])


def _block_means(x: torch.Tensor) -> torch.Tensor:
    top, bottom = x[:, 0::2], x[:, 1::2]
    return (top[..., 0::2] + top[..., 1::2] + bottom[..., 0::2] + bottom[..., 1::2]) / 4


def _find(folder: Path, name: str) -> Path:
    """Return the path of one of the four files, the unzipped one if both are there."""
    for path in (folder / name, folder / f"{name}.gz"):
        if os.path.exists(path):
            return path
    raise DataError(
        f"{folder / name}: found no such file, with or without .gz, expected one of the four IDX "
        f"files {', '.join((*TRAIN_FILES, *TEST_FILES))}"
    )


@lru_cache(maxsize=2)
def _load(
    paths: tuple[Path, ...], stamp: tuple[tuple[int, int], ...], embedded: bool, side: int
) -> Mnist:
    """Read the four files; `stamp`, their sizes and times, makes changed files be read anew."""
    files = [(path, read_file(path)) for path in paths]
    if embedded:
        for path, content in files:
            _check_sha256(path, content)
    (images, labels, test_images, test_labels) = files
    return Mnist(_parse_digits(images, labels, side), _parse_digits(test_images, test_labels, side))


def _check_sha256(path: Path, content: bytes) -> None:
    found, expected = sha256(content).hexdigest(), SHA256[path.stem]
    if found != expected:
        raise DataError(
            f"{path}: found SHA-256 {found}, expected {expected}; "
            "reinstall bakeoff, or name another folder by data_dir"
        )


def _parse_digits(
    image_file: tuple[Path, bytes], label_file: tuple[Path, bytes], side: int
) -> Digits:
    """Turn the two files of one split, each a path and its content, into digits."""
    (image_path, image_content), (label_path, label_content) = image_file, label_file
    labels = parse_idx(label_content, (), name=str(label_path))
    largest = int(labels.max())
    if largest >= CLASSES:
        raise DataError(
            f"{label_path}: found label {largest} at item {int(labels.argmax())}, "
            f"expected 0 to {CLASSES - 1}"
        )
    images = parse_idx(image_content, (SIDE, SIDE), name=str(image_path))
    if len(images) != len(labels):
        raise DataError(
            f"{label_path}: found {len(labels)} labels, expected {len(images)}, "
            f"as many as the images of {image_path.name}"
        )
    return Digits(images if side == SIDE else block_means(images), labels.long())
