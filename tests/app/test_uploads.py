"""Files from browsers: written as they come, under names that go nowhere else, no more than there is room for."""

import pytest
from awaiting import awaited

from ui import uploads


async def blocks(*parts):
    for part in parts:
        yield part


def kept(folder, *parts, name="a.csv", length=None):
    return awaited(uploads.keep(blocks(*parts), folder, name, length))


def test_a_file_is_written_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "_BLOCK", 4)
    assert kept(tmp_path / "new", b"ab", b"cdef", b"g", length=7) == 7
    assert (tmp_path / "new" / "a.csv").read_bytes() == b"abcdefg"
    assert kept(tmp_path / "new", b"x") == 1  # again, in its place
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a.csv"]


@pytest.mark.parametrize("length", [9, None])
def test_what_is_too_large_is_refused_and_leaves_nothing(tmp_path, monkeypatch, length):
    monkeypatch.setattr(uploads, "MOST", 10)
    kept(tmp_path, b"1234", name="first")
    with pytest.raises(uploads.Refused, match="larger than"):
        kept(tmp_path, b"12345", b"6789", length=length)
    assert [path.name for path in tmp_path.iterdir()] == ["first"]


def test_what_is_cut_off_and_one_file_too_many(tmp_path, monkeypatch):
    with pytest.raises(uploads.Refused, match="cut off"):
        kept(tmp_path, b"12", length=3)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(uploads, "FILES", 1)
    kept(tmp_path, b"1", name="one")
    with pytest.raises(uploads.Refused, match="pack them into a zip"):
        kept(tmp_path, b"1", name="two")


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "LEFT_FREE", 1 << 60)
    with pytest.raises(uploads.Refused, match="nearly full"):
        kept(tmp_path, b"1")


@pytest.mark.parametrize(("given", "name"), [
    ("a b.csv", "a b.csv"), ("../../etc/passwd", "passwd"), ("..", "file"), ("", "file"), ("C:\\x\\y.csv", "y.csv"),
    (".hidden", "hidden"), ("größe.csv", "größe.csv"), ("a\x00b<c>.csv", "a_b_c_.csv"), ("x" * 500, "x" * 120),
    ("a/", "file"),
])
def test_names_go_nowhere(given, name):
    assert uploads.safe_name(given) == name


def test_a_token_is_known_only_here(tmp_path):
    token = uploads.token(tmp_path)
    assert uploads.is_known(token)
    assert not uploads.is_known("x")
    assert token != uploads.token(tmp_path)
