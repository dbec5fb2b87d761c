from __future__ import annotations

import gzip
import os
import re
import shutil
from pathlib import Path

import pytest
import torch

from bakeoff.data import mnist
from bakeoff.data.mnist import block_means, load_mnist, resolve_data_dir
from bakeoff.errors import DataError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


class TestBlockMeans:
    def test_by_hand(self):
        image = torch.tensor(
            [
                [0, 1, 255, 255],
                [2, 4, 255, 255],
                [10, 0, 0, 0],
                [0, 0, 1, 2],
            ],
            dtype=torch.uint8,
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
