"""Files are read whole, but neither endless nor huge ones."""

import os
import threading
from pathlib import Path

import pytest

from bakeoff.errors import DataError, StudyError
from bakeoff.files import CHUNK, parse_json, read_at_most, read_json, read_text


@pytest.mark.parametrize("size", [0, 1, CHUNK, CHUNK + 1])
def test_a_file_of_the_size_allowed_is_read_whole(tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "file").write_bytes(content)
    assert read_at_most(tmp_path / "file", size) == content


@pytest.mark.parametrize("size", [1, CHUNK, CHUNK + 1])
def test_a_file_one_byte_too_large_is_refused(tmp_path, size):
    (tmp_path / "file").write_bytes(bytes(size))
    with pytest.raises(OSError, match=f"holds more than {size - 1:,} bytes"):
        read_at_most(tmp_path / "file", size - 1)


def test_a_device_that_never_ends_is_refused():
    with pytest.raises(StudyError, match=r"/dev/zero: .* \(holds more than 100 bytes\)"):
        read_text(Path("/dev/zero"), 100, StudyError)


def test_a_pipe_is_read_to_its_end(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(b"x" * 100_000,))
    writer.start()
    assert read_at_most(tmp_path / "pipe", CHUNK) == b"x" * 100_000
    writer.join()


def test_text_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "text").write_bytes("\ufeffé".encode())
    assert read_text(tmp_path / "text", 10, DataError) == "é"


def test_what_cannot_be_read_is_told_with_what_to_do(tmp_path):
    (tmp_path / "latin").write_bytes("né".encode("latin-1"))
    with pytest.raises(DataError, match="latin: byte 1 is not UTF-8; save it as UTF-8 text"):
        read_text(tmp_path / "latin", 10, DataError)
    with pytest.raises(StudyError, match=r"none: cannot be read \(No such file .*\); look there$"):
        read_text(tmp_path / "none", 10, StudyError, hint="look there")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[NaN]", r"is not JSON \(NaN is no number of JSON's\)"),
        ('{"a": -Infinity}', r"is not JSON \(-Infinity is no number of JSON's\)"),
        ("{", "is not JSON"),
        ("", "is not JSON"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, text, words):
    with pytest.raises(DataError, match=words):
        parse_json(text)
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(StudyError, match=f"odd.json: {words}"):
        read_json(tmp_path / "odd.json", StudyError)


def test_json_is_read_as_it_is(tmp_path):
    (tmp_path / "good.json").write_text('\ufeff{"é": [1, 2.5, null]}', encoding="utf-8")
    assert read_json(tmp_path / "good.json", StudyError) == {"é": [1, 2.5, None]}
