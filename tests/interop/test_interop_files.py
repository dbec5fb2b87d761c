from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bakeoff.errors import DTypeError, ModelFileError
from bakeoff.interop.safetensors import model_path, read_bytes, write_bytes

GOOD = ["disk", "disk 2", "2-25-25-25-1", "réseau", "模型", "v1.2", "con1", "lpt", "x" * 200]
BAD = [
    "", ".", "..", ".hidden", "../disk", "a/b", "a\\b", "/tmp/disk", "\\\\server\\share", "C:disk",
    "a\0b", "a\nb", "a\x7fb", "a\u202eb", "\ud800", "disk ", " disk", "disk.", "what?", "a*", "a|b",
    '"a"', "<a>", "con", "NUL", "Aux.backup", "com1", "LPT9.x", "COM¹", "nul .x", "x" * 201,
    "é" * 101, "disk.safetensors", "disk.SafeTensors",
]  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_plain_name_is_a_file_in_the_folder(name, tmp_path):
    path = model_path(name, tmp_path)
    assert path == tmp_path / f"{name}.safetensors"
    write_bytes(path, b"1")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_folder_is_models_by_default():
    assert model_path("disk") == Path("models/disk.safetensors")


@pytest.mark.parametrize("name", BAD)
def test_any_other_name_is_refused_in_one_sentence(name):
    with pytest.raises(ModelFileError, match=r"^model name: got .* expected a plain name") as told:
        model_path(name)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", [None, 3, b"disk", Path("disk")])
def test_a_name_is_a_string(name):
    with pytest.raises(DTypeError, match="model name: got"):
        model_path(name)


@given(st.text(max_size=30))
def test_no_name_leaves_the_folder(name):
    try:
        path = model_path(name, "models")
    except ModelFileError:
        return
    assert path.parent == Path("models")
    assert os.path.normpath(path) == str(path)
    assert Path(os.path.abspath(path)).parent == Path("models").absolute()


def test_writing_makes_the_folder_and_replaces_the_file(tmp_path):
    path = tmp_path / "a" / "b" / "disk.safetensors"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert read_bytes(path) == b"new"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_new_file_is_as_readable_as_any_other(tmp_path):
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "x", b"")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


def test_a_file_kept_from_others_stays_so(tmp_path):
    path = tmp_path / "x"
    write_bytes(path, b"old")
    path.chmod(0o600)
    write_bytes(path, b"new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, error):
    path = tmp_path / "disk.safetensors"
    write_bytes(path, b"old")

    def fail(descriptor):
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    expected = ModelFileError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_is_replaced_and_what_it_points_to_stays(tmp_path):
    outside = tmp_path / "outside"
    outside.write_bytes(b"precious")
    link = tmp_path / "models" / "disk.safetensors"
    link.parent.mkdir()
    link.symlink_to(outside)
    write_bytes(link, b"new")
    assert outside.read_bytes() == b"precious"
    assert not link.is_symlink()


def test_files_that_cannot_be_written_or_read(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelFileError, match=r"file/x: cannot be written \("):
        write_bytes(tmp_path / "file" / "x", b"")
    with pytest.raises(ModelFileError, match=r"cannot be written \("):
        write_bytes(tmp_path, b"")
    with pytest.raises(ModelFileError, match=r"cannot be read \(Is a directory\)"):
        read_bytes(tmp_path)
    with pytest.raises(ModelFileError, match=r"/dev/zero: cannot be read \(it is no file\)"):
        read_bytes("/dev/zero")


def test_a_missing_file_names_the_nearest(tmp_path):
    write_bytes(tmp_path / "disk.safetensors", b"")
    with pytest.raises(ModelFileError, match=r"found no such file.*did you mean 'disk'\?"):
        read_bytes(tmp_path / "dsk.safetensors")
    with pytest.raises(ModelFileError, match=r"found no such file, expected a saved network$"):
        read_bytes(tmp_path / "nowhere" / "dsk.safetensors")
