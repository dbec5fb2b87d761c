from __future__ import annotations

import gzip
import struct
import tracemalloc
from math import prod
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bakeoff.data import idx
from bakeoff.data.idx import parse_idx, read_idx
from bakeoff.errors import DataError

shapes = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)


def images(idx_bytes, count=3) -> bytes:
    return idx_bytes([i % 256 for i in range(count * 784)], (count, 28, 28))


def refusal(data: bytes, item_shape=(28, 28)) -> str:
    """Return the message of the refusal, which must be one sentence that names the file."""
    with pytest.raises(DataError) as caught:
        parse_idx(data, item_shape, name="some/file")
    message = str(caught.value)
    assert message.startswith("some/file: found ")
    assert "expected" in message
    assert "\n" not in message
    return message


@given(shape=shapes, data=st.data(), zipped=st.booleans())
def test_round_trip(idx_bytes, shape, data, zipped):
    values = data.draw(st.binary(min_size=prod(shape), max_size=prod(shape)))
    file = idx_bytes(values, shape)
    read = parse_idx(gzip.compress(file) if zipped else file, shape[1:], name="f")
    assert read.dtype == torch.uint8
    assert read.shape == shape
    assert read.flatten().tolist() == list(values)


def test_larger_than_a_chunk(idx_bytes, monkeypatch):
    monkeypatch.setattr(idx, "CHUNK", 100)
    file = images(idx_bytes)
    assert parse_idx(file, (28, 28), name="f").flatten().tolist() == list(file[16:])


def test_members_of_a_gzip_file_are_joined(idx_bytes):
    file = images(idx_bytes)
    zipped = gzip.compress(file[:1000]) + gzip.compress(file[1000:])
    assert parse_idx(zipped, (28, 28), name="f").flatten().tolist() == list(file[16:])


def test_result_is_memory_of_its_own(idx_bytes):
    file = images(idx_bytes)
    parse_idx(file, (28, 28), name="f").zero_()
    assert parse_idx(file, (28, 28), name="f").sum() > 0


@pytest.mark.parametrize("zip_", [bytes, gzip.compress], ids=["plain", "gzip"])
class TestFaults:
    def test_wrong_magic(self, idx_bytes, zip_):
        file = idx_bytes(bytes(10), (10,))
        message = refusal(zip_(file))
        assert "found magic number 0x00000801, expected 0x00000803" in message

    @pytest.mark.parametrize("magic", [0x00000D03, 0x03080000, 0x01000803, 0x00000802])
    def test_other_magics(self, idx_bytes, zip_, magic):
        file = idx_bytes(bytes(784), (1, 28, 28), magic=magic)
        assert f"0x{magic:08x}" in refusal(zip_(file))

    def test_wrong_dimensions(self, idx_bytes, zip_):
        file = idx_bytes(bytes(32 * 32), (1, 32, 32))
        assert "found items of 32×32, expected 28×28" in refusal(zip_(file))

    def test_transposed_dimensions(self, idx_bytes, zip_):
        file = idx_bytes(bytes(6), (1, 2, 3))
        assert "found items of 2×3, expected 3×2" in refusal(zip_(file), (3, 2))

    @pytest.mark.parametrize("missing", [1, 784, 2351])
    def test_short_file(self, idx_bytes, zip_, missing):
        message = refusal(zip_(images(idx_bytes)[:-missing]))
        assert str(2352 - missing) in message
        assert "3×28×28 = 2352" in message

    @pytest.mark.parametrize("length", range(16))
    def test_short_header(self, idx_bytes, zip_, length):
        message = refusal(zip_(images(idx_bytes)[:length]))
        if length >= 4:
            assert f"found {length} bytes, expected an IDX header of 16" in message

    @pytest.mark.parametrize("extra", [1, 5000])
    def test_long_file(self, idx_bytes, zip_, extra):
        message = refusal(zip_(images(idx_bytes) + bytes(extra)))
        assert "found more bytes behind the header, expected 3×28×28 = 2352" in message

    def test_no_items(self, idx_bytes, zip_):
        assert "found 0 items" in refusal(zip_(idx_bytes(b"", (0, 28, 28))))
        assert "found 0 items" in refusal(zip_(idx_bytes(b"", (0,))), ())

    @pytest.mark.parametrize("items", [10**6, 2**32 - 1])
    def test_header_claims_more_than_the_file_can_hold(self, idx_bytes, zip_, items):
        file = zip_(idx_bytes(bytes(784), (items, 28, 28)))
        tracemalloc.start()
        message = refusal(file)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert f"claims {items}×28×28 = {items * 784} bytes" in message
        assert peak < 200_000

    def test_claim_over_the_cap(self, idx_bytes, zip_, monkeypatch):
        file = zip_(images(idx_bytes))
        monkeypatch.setattr(idx, "MAX_BYTES", 2352)
        assert len(parse_idx(file, (28, 28), name="f")) == 3
        monkeypatch.setattr(idx, "MAX_BYTES", 2351)
        assert "expected at most 2351" in refusal(file)


def test_claim_that_gzip_could_hold_but_does_not(idx_bytes):
    """Random bytes do not shrink: the claim is within reach of deflate, the content is not."""
    noise = torch.randint(
        256, (100 * 784,), generator=torch.Generator().manual_seed(0), dtype=torch.uint8
    )
    file = gzip.compress(idx_bytes(noise.tolist(), (100_000, 28, 28)))
    tracemalloc.start()
    message = refusal(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "found 78400 bytes behind the header" in message
    assert peak < 10_000_000  # the claim is 78,400,000


def test_gzip_bomb_is_not_unpacked(idx_bytes):
    bomb = gzip.compress(idx_bytes(bytes(784), (1, 28, 28)) + bytes(100_000_000), 1)
    tracemalloc.start()
    refusal(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_broken_gzip(idx_bytes):
    whole = gzip.compress(images(idx_bytes))
    wrong_crc = whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]
    wrong_size = whole[:-1] + bytes([whole[-1] ^ 1])
    wrong_method = whole[:2] + b"\x07" + whole[3:]
    for broken in (wrong_crc, wrong_size, wrong_method, whole[:-1], whole[:30], whole[:2]):
        assert "broken gzip stream" in refusal(broken)
    assert "broken gzip stream" in refusal(whole + b"what is this")


@settings(max_examples=300)
@given(data=st.data(), zipped=st.booleans())
def test_damaged_files_give_named_errors_only(idx_bytes, data, zipped):
    file = images(idx_bytes, count=1)
    damaged = bytearray(gzip.compress(file, mtime=0) if zipped else file)
    for _ in range(data.draw(st.integers(1, 4))):
        # Most bytes of a plain file are content, which may be anything: prefer the header.
        at = data.draw(st.integers(0, 30) | st.integers(0, len(damaged) - 1))
        damaged[at] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.just(len(damaged)) | st.integers(0, len(damaged)))]
    try:
        assert parse_idx(bytes(damaged), (28, 28), name="f").shape == (1, 28, 28)
    except DataError as error:
        assert "\n" not in str(error)  # noqa: PT017


@given(data=st.binary(max_size=64), item_shape=st.sampled_from([(), (28, 28), (1,)]))
def test_any_bytes_give_named_errors_only(data, item_shape):
    for file in (data, b"\x1f\x8b\x08" + data, struct.pack(">I", 0x0801) + data):
        try:
            assert parse_idx(file, item_shape, name="f").numel() <= len(file)
        except DataError as error:
            assert str(error).startswith("f: found")  # noqa: PT017


class TestReadIdx:
    def test_told_by_content_not_by_name(self, idx_bytes, tmp_path: Path):
        file = images(idx_bytes)
        (tmp_path / "plain.gz").write_bytes(file)
        (tmp_path / "zipped").write_bytes(gzip.compress(file))
        plain = read_idx(tmp_path / "plain.gz", (28, 28))
        assert torch.equal(plain, read_idx(tmp_path / "zipped", (28, 28)))

    def test_missing_file(self, tmp_path: Path):
        with pytest.raises(DataError, match=r"nowhere: found no such file, expected an IDX file"):
            read_idx(tmp_path / "nowhere", ())

    def test_folder(self, tmp_path: Path):
        with pytest.raises(DataError, match="found something that is not a file"):
            read_idx(tmp_path, ())

    def test_file_over_the_cap(self, idx_bytes, tmp_path: Path, monkeypatch):
        (tmp_path / "big").write_bytes(images(idx_bytes))
        monkeypatch.setattr(idx, "MAX_BYTES", 2000)
        with pytest.raises(DataError, match=r"big: found 2368 bytes, expected .* at most 2000"):
            read_idx(tmp_path / "big", (28, 28))

    def test_unreadable_file(self, tmp_path: Path, monkeypatch):
        (tmp_path / "locked").write_bytes(b"")

        def deny(self, mode):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", deny)
        with pytest.raises(DataError, match=r"locked: found .* cannot be read \(Permission denied"):
            read_idx(tmp_path / "locked", ())
