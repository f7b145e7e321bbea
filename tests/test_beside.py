"""Files and folders written beside their place: what a killed program leaves goes, what somebody writes stays."""

import errno
import fcntl
import os

import pytest

from macrid import beside, files
from macrid.beside import own_name, swap, sweep


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def made(folder, name, text):
    (folder / name).mkdir()
    (folder / name / "a").write_text(text)
    return folder / name


def test_what_killed_programs_leave_goes_when_the_same_is_written_again(tmp_path):
    own_name(tmp_path / "x", "new").write_text("half")
    made(tmp_path, own_name(tmp_path / "x", "new").name, "half")
    own_name(tmp_path / "x", "new").symlink_to(tmp_path)
    other = own_name(tmp_path / "x.y", "new")
    other.write_text("half of another")
    for name in ("x", ".x.new", ".x.123.new", "x.12345678.new"):
        (tmp_path / name).write_text("somebody's")
    files.write_text(tmp_path / "x", "whole")
    assert left(tmp_path) == sorted([other.name, "x", ".x.new", ".x.123.new", "x.12345678.new"])
    assert (tmp_path / "x").read_text() == "whole"
    sweep(tmp_path)
    assert not other.exists()
    sweep(tmp_path / "nowhere")


@pytest.mark.parametrize("folder", [True, False])
def test_what_somebody_writes_is_left_alone(tmp_path, folder):
    with beside.beside(tmp_path / "x", folder) as first, beside.beside(tmp_path / "x", folder) as second:
        sweep(tmp_path)
        assert left(tmp_path) == sorted([first.name, second.name])
    assert left(tmp_path) == []


@pytest.mark.parametrize("when", ["before it is opened", "before it is locked"])
def test_a_folder_that_is_swept_as_it_is_made_is_made_again(tmp_path, monkeypatch, when):
    swept, real = [], {"before it is opened": os.open, "before it is locked": fcntl.flock}[when]

    def late(of, *rest):
        if not swept:
            swept.extend(tmp_path.iterdir())
            swept[0].rmdir()
        return real(of, *rest)

    monkeypatch.setattr(*{"before it is opened": (os, "open"), "before it is locked": (fcntl, "flock")}[when], late)
    with beside.beside(tmp_path / "x", folder=True) as new:
        assert new.is_dir()
        assert new not in swept
    assert len(swept) == 1


@pytest.mark.parametrize("at_once", [True, False])
def test_two_folders_change_places(tmp_path, monkeypatch, at_once):
    if not at_once:
        monkeypatch.setattr(beside, "_exchange", lambda one, other: False)
    with beside.beside(tmp_path / "x", folder=True) as new:
        (new / "a").write_text("first")
        swap(new, tmp_path / "x")
    with beside.beside(tmp_path / "x", folder=True) as new:
        (new / "a").write_text("second")
        swap(new, tmp_path / "x")
    assert left(tmp_path) == ["x"]
    assert (tmp_path / "x" / "a").read_text() == "second"


def test_a_folder_that_was_on_its_way_out_is_put_back_unless_another_stands_there(tmp_path):
    made(tmp_path, own_name(tmp_path / "x", "old").name, "first")
    sweep(tmp_path)
    assert left(tmp_path) == ["x"]
    made(tmp_path, own_name(tmp_path / "x", "old").name, "older")
    sweep(tmp_path)
    assert left(tmp_path) == ["x"]
    assert (tmp_path / "x" / "a").read_text() == "first"


def test_where_names_cannot_be_exchanged_the_one_before_comes_back(tmp_path, monkeypatch):
    made(tmp_path, "x", "first")
    replace = os.replace

    def fails(one, other):
        if one.name.endswith(".new"):
            raise OSError(errno.EIO, "it is broken")
        replace(one, other)

    monkeypatch.setattr(beside, "_exchange", lambda one, other: False)
    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="broken"), beside.beside(tmp_path / "x", folder=True) as new:
        swap(new, tmp_path / "x")
    assert left(tmp_path) == ["x"]


def test_tensors_leave_nothing_and_may_be_read_by_whoever_may_read_the_rest(tmp_path):
    import torch

    files.write_tensors(tmp_path / "w", {"a": torch.ones(3)})
    (tmp_path / "plain").write_text("x")
    assert left(tmp_path) == ["plain", "w"]
    assert (tmp_path / "w").stat().st_mode == (tmp_path / "plain").stat().st_mode
