"""MNIST's digits at 14×14 or 28×28: the embedded files, or a folder of files of the same format.

The images of the paper are those of 14×14: each holds the means of the 2×2 blocks of a 28×28 one,
grey values 0 to 255. Nothing is ever downloaded.

MNIST: Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, "Gradient-based learning applied to document
recognition", Proceedings of the IEEE 86(11), 1998. Fashion-MNIST, KMNIST, QMNIST and the digits of
EMNIST come in files of the same or like names, and fit as they are.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import torch

from bakeoff.checks import check_count
from bakeoff.data.idx import open_file, read_any_idx
from bakeoff.errors import ArgumentError, DataError, DTypeError

EMBEDDED = Path(__file__).parent / "mnist"
ENVIRONMENT = "BAKEOFF_DATA"
TRAIN_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
TEST_FILES = ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SIDE = 28
CLASSES = 10
PARTS = {"images": 3, "labels": 1}  # dimensions
PART = re.compile(r"((?:.*-)?)(train|t10k|test)-(images|labels)[-.]idx[1-9]-\w+(?:\.gz)?")
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
        side: of the images, in pixels: 14 for the paper's, 28 for the files' own.

    Returns:
        Training and test digits; the embedded files' SHA-256 has been checked.

    Raises:
        DataError: if a file is missing or faulty (see `bakeoff.data.idx.parse_idx`), differs from
            the embedded one that it should be, holds numbers that are no grey values or no label
            from 0 to 9, or if a set's numbers of images and labels differ.
        ArgumentError: for another side.
    """
    if side not in (SIDE // 2, SIDE):
        raise ArgumentError(f"MNIST: got side {side}, expected {SIDE // 2} or {SIDE}")
    folder = resolve_data_dir(data_dir)
    embedded = folder is None
    found = data_files(folder or EMBEDDED)
    paths = tuple(found.get(name) or _missing(folder or EMBEDDED, name) for name in SHA256)
    stamp = tuple(_stamp(path) for path in paths)
    return _load(paths, stamp, embedded, side)


def _stamp(path: Path) -> tuple[int, int]:
    with open_file(path) as file:
        stat = os.fstat(file.fileno())
    return stat.st_size, stat.st_mtime_ns


def resolve_data_dir(data_dir: str | os.PathLike[str] | None = None) -> Path | None:
    """Say which folder the digits come from.

    Args:
        data_dir: a folder of the four IDX files, 28×28, as `data_files` finds them; None for the
            folder that the environment variable BAKEOFF_DATA names.

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
    """Return the exact means of 2×2 blocks: (n, h, w) uint8 to (n, h/2, w/2) float32."""
    # Pieces of a thousand images stay in the cache: four times as fast as the whole at once.
    return torch.cat([_block_means(piece.float()) for piece in torch.split(images, 1000)])


def _block_means(x: torch.Tensor) -> torch.Tensor:
    top, bottom = x[:, 0::2], x[:, 1::2]
    return (top[..., 0::2] + top[..., 1::2] + bottom[..., 0::2] + bottom[..., 1::2]) / 4


def data_files(folder: Path) -> dict[str, Path]:
    """Return the files of a folder that hold a part of such a set, by MNIST's names for the parts.

    A name may end in .gz (the other file is taken if both are there), begin with the name of a set
    (the files without one are taken if both are there), have a dot before idx, "test" for "t10k",
    and another type or number of dimensions: emnist-digits-test-labels.idx1-ubyte.gz,
    qmnist-train-labels-idx2-int.
    """
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error
    parts = [match for name in names if (match := PART.fullmatch(name))]
    sets = sorted({match[1] for match in parts})
    if len(sets) > 1 and sets[0]:
        told = ", ".join(name.rstrip("-") for name in sets)
        raise DataError(f"{folder}: found the sets {told}, expected one; give each its own folder")
    found: dict[str, Path] = {}
    for name, of, split, kind in ((match[0], *match.groups()) for match in parts):
        if of == sets[0]:
            part = f"{split.replace('test', 't10k')}-{kind}-idx{PARTS[kind]}-ubyte"
            there = found.setdefault(part, folder / name)
            if there.name.removesuffix(".gz") != name.removesuffix(".gz"):
                raise DataError(f"{folder}: found {there.name} and {name}, expected one of them")
    return found


def _missing(folder: Path, name: str) -> Path:
    raise DataError(
        f"{folder / name}: found no such file, with or without .gz, expected one of the four IDX "
        f"files {', '.join(SHA256)}"
    )


@lru_cache(maxsize=2)
def _load(
    paths: tuple[Path, ...], stamp: tuple[tuple[int, int], ...], embedded: bool, side: int
) -> Mnist:
    """Read the four files; `stamp`, their sizes and times, makes changed files be read anew."""
    if embedded:
        for path in paths:
            _check_sha256(path, path.read_bytes())
    images, labels, test_images, test_labels = paths
    return Mnist(_read_digits(images, labels, side), _read_digits(test_images, test_labels, side))


def _check_sha256(path: Path, content: bytes) -> None:
    found, expected = sha256(content).hexdigest(), SHA256[path.stem]
    if found != expected:
        raise DataError(
            f"{path}: found SHA-256 {found}, expected {expected}; "
            "reinstall bakeoff, or name another folder by data_dir"
        )


def _read_digits(image_path: Path, label_path: Path, side: int) -> Digits:
    """Read the two files of one split."""
    labels = read_any_idx(label_path, None)
    labels = labels if labels.ndim == 1 else labels[:, 0]  # QMNIST's further columns name a writer
    wrong = (labels != labels.long()) | (labels < 0) | (labels >= CLASSES)
    if wrong.any():
        at = int(wrong.int().argmax())
        raise DataError(
            f"{label_path}: found label {labels[at].item():g} at item {at}, expected 0 to "
            f"{CLASSES - 1}: pairs and digits have ten classes, data of your own any number"
        )
    images = read_any_idx(image_path, (SIDE, SIDE))
    if images.dtype != torch.uint8:
        images = _greys(images, image_path)
    if len(images) != len(labels):
        raise DataError(
            f"{label_path}: found {len(labels)} labels, expected {len(images)}, "
            f"as many as the images of {image_path.name}"
        )
    return Digits(images if side == SIDE else block_means(images), labels.long())


def _greys(images: torch.Tensor, path: Path) -> torch.Tensor:
    """Return images of another type as bytes."""
    wrong = (images < 0) | (images > 255) | (images != images.trunc())
    if wrong.any() or images.isnan().any():
        found = images[wrong | images.isnan()][0].item()
        raise DataError(f"{path}: found the value {found}, expected whole grey values of 0 to 255")
    return images.to(torch.uint8)


# ---- which digit is it? single images, as everyone else trains on MNIST --------------------------


class DigitSets(NamedTuple):
    """Images and the digits that they show.

    Attributes:
        train_input: (n, 1, 14, 14) or (n, 1, 28, 28) float32, grey values 0 to 255.
        train_target: (n,) int64, 0 to 9.
        test_input: as train_input, of other images.
        test_target: as train_target.
    """

    train_input: torch.Tensor
    train_target: torch.Tensor
    test_input: torch.Tensor
    test_target: torch.Tensor


def draw_digit_sets(
    mnist: Mnist, n: int, test_n: int, *, train: torch.Generator, test: torch.Generator
) -> DigitSets:
    """Draw n of the training images and test_n of the test images, none twice.

    Args:
        mnist: the digits to draw from, of either side.
        n: images to train on, at most as many as there are.
        test_n: images to test on, likewise.
        train: generator of the images to train on.
        test: generator of the others.

    Raises:
        DTypeError, ArgumentError: if a number is not an integer of at least 1.
        DataError: if a number is larger than there are images.
    """
    return DigitSets(
        *_draw(mnist.train, n, train, "train"), *_draw(mnist.test, test_n, test, "test")
    )


def _draw(
    digits: Digits, n: int, generator: torch.Generator, split: str
) -> tuple[torch.Tensor, torch.Tensor]:
    n = check_count("digit sets", "n", n, wrong_type=DTypeError)
    there = len(digits.labels)
    if n > there:
        raise DataError(f"digit sets: got n={n}, expected at most {there}, all {split} images")
    chosen = torch.randperm(there, generator=generator)[:n]
    return digits.images[chosen].float().unsqueeze(1), digits.labels[chosen]
