from __future__ import annotations

import gzip
import os
import re
import shutil
import struct
import sys
from pathlib import Path

import pytest
import torch

from bakeoff.data import draw_digit_sets, draw_pair_sets, mnist
from bakeoff.data.mnist import block_means, load_mnist, resolve_data_dir
from bakeoff.errors import DataError
from bakeoff.training.keys import data_hash

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def sparse(path):
    """Make a file of 1 TiB, in which nothing is written."""
    with path.open("wb") as file:
        file.truncate(2**40)


def dangling(path):
    path.symlink_to("/nowhere/at/all")


class TestBlockMeans:
    def test_by_hand(self):
        image = torch.tensor(
            [[0, 1, 255, 255], [2, 4, 255, 255], [10, 0, 0, 0], [0, 0, 1, 2]], dtype=torch.uint8
        )
        means = block_means(image[None])
        assert means.dtype == torch.float32
        assert means.tolist() == [[[1.75, 255.0], [2.5, 0.75]]]

    def test_each_image_by_itself_over_pieces(self):
        generator = torch.Generator().manual_seed(3)
        images = torch.randint(256, (2345, 4, 6), generator=generator, dtype=torch.uint8)
        expected = images.double().unflatten(2, (3, 2)).unflatten(1, (2, 2)).mean((2, 4))
        assert torch.equal(block_means(images).double(), expected)


class TestEmbedded:
    def test_shapes_ranges_and_counts(self):
        digits = load_mnist()
        for split, count in ((digits.train, 60_000), (digits.test, 10_000)):
            assert split.images.shape == (count, 14, 14)
            assert split.images.dtype == torch.float32
            assert split.labels.shape == (count,)
            assert split.labels.dtype == torch.int64
            assert split.images.min() == 0
            assert 250 < split.images.max() <= 255

    def test_it_is_mnist(self):
        """Class counts and the first labels are published; means follow from the known 0.1307."""
        train, test = load_mnist()
        counts = torch.bincount(train.labels).tolist()
        assert counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
        counts = torch.bincount(test.labels).tolist()
        assert counts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
        assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        assert train.images.double().mean() / 255 == pytest.approx(0.1307, abs=5e-5)

    def test_read_once(self):
        assert load_mnist() is load_mnist()

    def test_licence_lies_beside_the_data(self):
        text = (mnist.EMBEDDED / "LICENSE").read_text()
        for words in ("Yann LeCun", "Corinna Cortes", "Christopher J.C. Burges", "CC BY-SA 3.0"):
            assert words in text

    @pytest.mark.parametrize("name", FILES)
    def test_changed_file_is_refused(self, tmp_path: Path, monkeypatch, name):
        """One byte of gzip's time stamp: content, CRC and size all stay right."""
        copy = tmp_path / "mnist"
        shutil.copytree(mnist.EMBEDDED, copy)
        changed = copy / f"{name}.gz"
        data = bytearray(changed.read_bytes())
        data[4] ^= 1
        changed.write_bytes(data)
        monkeypatch.setattr(mnist, "EMBEDDED", copy)
        with pytest.raises(DataError, match=r"found SHA-256 [0-9a-f]{64}, expected") as caught:
            load_mnist()
        assert name in str(caught.value)
        assert mnist.SHA256[name] in str(caught.value)


class TestFolder:
    @pytest.mark.parametrize("zipped", [True, False])
    def test_content(self, make_folder, zipped):
        train, test = load_mnist(make_folder(zipped=zipped))
        assert train.images[:, 3, 5].tolist() == [float(i % 256) for i in range(300)]
        assert test.images[:, 13, 0].tolist() == [float((100 + i) % 256) for i in range(200)]
        assert train.labels.tolist() == [i % 10 for i in range(300)]
        assert test.labels.tolist() == [i % 10 for i in range(200)]

    def test_environment(self, make_folder, monkeypatch):
        monkeypatch.setenv("BAKEOFF_DATA", str(make_folder()))
        assert len(load_mnist().train.labels) == 300

    def test_argument_goes_before_environment(self, make_folder, monkeypatch):
        monkeypatch.setenv("BAKEOFF_DATA", "/nowhere/at/all")
        assert len(load_mnist(make_folder()).train.labels) == 300

    def test_relative_folder(self, make_folder, monkeypatch):
        folder = make_folder()
        monkeypatch.chdir(folder.parent)
        assert resolve_data_dir("set") == folder
        assert len(load_mnist("set").train.labels) == 300

    def test_empty_environment_is_none(self, monkeypatch):
        monkeypatch.setenv("BAKEOFF_DATA", "")
        assert resolve_data_dir() is None

    def test_changed_files_are_read_anew(self, make_folder, idx_bytes):
        folder = make_folder()
        first = load_mnist(folder)
        assert load_mnist(folder) is first
        path = folder / "t10k-labels-idx1-ubyte.gz"
        path.write_bytes(gzip.compress(idx_bytes([7] * 200, (200,))))
        os.utime(path, ns=(1, 1))
        assert load_mnist(folder).test.labels.tolist() == [7] * 200


IMAGES = bytes(range(4)) * 196  # of 28×28
KINDS = {"b": 0x09, "h": 0x0B, "i": 0x0C, "f": 0x0D, "d": 0x0E}


def write_set(folder, names, *, labels, images="B", label_type="B", columns=None, count=3):
    """Write a set of two or more files, of numbers of the types that struct names so."""
    folder.mkdir(exist_ok=True)
    for name in names:
        kind = label_type if "labels" in name else images
        shape = (count, 28, 28) if "images" in name else (count, columns) if columns else (count,)
        values = IMAGES * count if "images" in name else labels
        magic = KINDS.get(kind, 0x08) << 8 | len(shape)
        content = struct.pack(f">{1 + len(shape)}I", magic, *shape)
        content += struct.pack(f">{len(values)}{kind}", *values)
        (folder / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    return folder


class TestRelatives:
    """Files as they are found: other names, types, columns and numbers of images."""

    @pytest.mark.parametrize(
        ("before", "test", "between", "after"),
        [
            ("", "t10k", ".", ""),
            ("", "t10k", ".", ".gz"),
            ("emnist-mnist-", "test", "-", ""),
            ("qmnist-", "test", "-", ".gz"),
        ],
    )
    def test_names(self, tmp_path, before, test, between, after):
        names = [f"{before}{of}-images{between}idx3-ubyte{after}" for of in ("train", test)]
        names += [f"{before}{of}-labels{between}idx1-ubyte{after}" for of in ("train", test)]
        found = load_mnist(write_set(tmp_path, names, labels=[4, 0, 9]))
        assert found.train.labels.tolist() == found.test.labels.tolist() == [4, 0, 9]
        before = data_hash(str(tmp_path))
        write_set(tmp_path, names, labels=[4, 0, 8])
        assert data_hash(str(tmp_path)) != before

    def test_the_first_of_a_labels_columns(self, tmp_path):
        """QMNIST's labels have eight columns of 32 bits: class, source, writer, ..."""
        names = [f"qmnist-{of}-images-idx3-ubyte" for of in ("train", "test")]
        write_set(tmp_path, names, labels=())
        names = [f"qmnist-{of}-labels-idx2-int" for of in ("train", "test")]
        labels = [5, 0, 2600, 7, 1, 3907, 2, 8, 12]
        write_set(tmp_path, names, labels=labels, label_type="i", columns=3)
        assert load_mnist(tmp_path).test.labels.tolist() == [5, 7, 2]

    @pytest.mark.parametrize("kind", ["h", "i", "f", "d"])
    def test_other_types_of_whole_numbers(self, tmp_path, kind):
        folder = write_set(tmp_path, FILES, labels=[1, 2, 3], images=kind, label_type=kind)
        found = load_mnist(folder, side=28)
        assert found.train.images.dtype == torch.uint8
        assert found.train.images[2].flatten().tolist() == list(IMAGES)
        assert found.train.labels.tolist() == [1, 2, 3]

    def test_a_training_set_of_ten_thousand(self, tmp_path):
        write_set(tmp_path, FILES, labels=[i % 10 for i in range(10_000)], count=10_000)
        found = load_mnist(tmp_path)
        one, other = (torch.Generator().manual_seed(i) for i in range(2))
        assert (
            len(draw_digit_sets(found, 10_000, 1000, train=one, test=other).train_target) == 10_000
        )
        assert len(draw_pair_sets(found, 1000, train=one, test=other).train_target) == 1000

    @pytest.mark.parametrize(
        ("labels", "told"),
        [
            ([26, 1, 2], "found label 26 at item 0, expected 0 to 9: pairs and digits have ten"),
            ([1, -2, 3], "found label -2 at item 1, expected 0 to 9"),
            ([1, 2, 0.5], "found label 0.5 at item 2, expected 0 to 9"),
            ([1, float("nan"), 2], "found label nan at item 1, expected 0 to 9"),
        ],
    )
    def test_other_labels_are_refused(self, tmp_path, labels, told):
        write_set(tmp_path, FILES, labels=labels, label_type="f")
        with pytest.raises(DataError, match=told):
            load_mnist(tmp_path)

    @pytest.mark.parametrize("value", [-1.0, 255.5, 256.0, float("nan"), float("inf")])
    def test_other_images_are_refused(self, tmp_path, monkeypatch, value):
        monkeypatch.setattr(sys.modules[__name__], "IMAGES", [value, *IMAGES[1:]])
        write_set(tmp_path, FILES, labels=[1, 2, 3], images="f")
        with pytest.raises(DataError, match=f"found the value {value}, expected whole grey values"):
            load_mnist(tmp_path)

    def test_two_sets_in_a_folder(self, tmp_path):
        names = [f"{of}-train-images-idx3-ubyte" for of in ("emnist-letters", "emnist-digits")]
        write_set(tmp_path, names, labels=())
        for read in (load_mnist, data_hash):
            with pytest.raises(
                DataError, match="found the sets emnist-digits, emnist-letters, exp"
            ):
                read(tmp_path)
        write_set(tmp_path, FILES, labels=[1, 2, 3])  # MNIST's own names go before
        assert load_mnist(tmp_path).train.labels.tolist() == [1, 2, 3]
        write_set(tmp_path, ["train-labels.idx1-ubyte"], labels=[1, 2, 3])
        with pytest.raises(
            DataError, match=r"found train-labels-idx1-ubyte and .*, expected one of"
        ):
            load_mnist(tmp_path)

    @pytest.mark.timeout(20)
    @pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, sparse, dangling])
    def test_nothing_but_files_of_some_size_is_opened(self, make_folder, make):
        folder = make_folder()
        make(folder / "notes-ubyte")
        assert len(data_hash(str(folder))) == 32
        part = folder / "t10k-images-idx3-ubyte"
        make(part)
        for read in (load_mnist, data_hash):
            with pytest.raises(
                DataError,
                match=r"found (something that is not a file|no such file|[0-9]+ bytes), expected",
            ):
                read(folder)


class TestFaults:
    def refusal(self, folder: Path, pattern: str) -> None:
        with pytest.raises(DataError, match=pattern) as caught:
            load_mnist(folder)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize("name", FILES)
    def test_missing_file(self, make_folder, name):
        folder = make_folder()
        (folder / f"{name}.gz").unlink()
        self.refusal(folder, rf"set/{name}: found no such file, with or without \.gz, expected")

    def test_missing_folder(self, tmp_path, monkeypatch):
        self.refusal(tmp_path / "nowhere", r"nowhere: found no such folder.* data_dir")
        monkeypatch.setenv("BAKEOFF_DATA", str(tmp_path / "void"))
        self.refusal(None, r"void: found no such folder.* BAKEOFF_DATA")

    def test_file_for_a_folder(self, make_folder):
        folder = make_folder()
        self.refusal(folder / "t10k-labels-idx1-ubyte.gz", "found no such folder")

    @pytest.mark.parametrize("prefix", ["train", "t10k"])
    def test_label_over_nine(self, make_folder, idx_bytes, prefix):
        folder = make_folder(train=5, test=5)
        name = f"{prefix}-labels-idx1-ubyte"
        (folder / f"{name}.gz").write_bytes(idx_bytes([0, 9, 3, 10, 2], (5,)))
        self.refusal(folder, rf"{name}\.gz: found label 10 at item 3, expected 0 to 9")

    @pytest.mark.parametrize("prefix", ["train", "t10k"])
    @pytest.mark.parametrize("count", [4, 6])
    def test_counts_differ(self, make_folder, idx_bytes, prefix, count):
        folder = make_folder(train=5, test=5)
        name = f"{prefix}-labels-idx1-ubyte"
        (folder / f"{name}.gz").write_bytes(idx_bytes([1] * count, (count,)))
        self.refusal(folder, rf"{name}\.gz: found {count} labels, expected 5")

    @pytest.mark.parametrize("name", FILES)
    def test_faults_of_the_format_name_the_file(self, make_folder, name):
        folder = make_folder()
        path = folder / f"{name}.gz"
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes())[:-1]))
        self.refusal(folder, rf"{re.escape(str(path))}: found")

    def test_other_image_size(self, make_folder, idx_bytes):
        folder = make_folder(train=5, test=5)
        path = folder / "train-images-idx3-ubyte.gz"
        path.write_bytes(idx_bytes(bytes(5 * 196), (5, 14, 14)))
        self.refusal(folder, "found items of 14×14, expected 28×28")
