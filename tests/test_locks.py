"""Locks that last as long as the process that holds them."""

import os
import subprocess
import sys

from macrid import locks


def test_only_one_has_it(tmp_path):
    held = locks.take(tmp_path / "lock")
    assert locks.take(tmp_path / "lock") is None
    assert locks.is_held(tmp_path / "lock")
    os.close(held)
    assert not locks.is_held(tmp_path / "lock")
    assert not locks.is_held(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_process_that_it_is_handed_to_holds_it_until_it_ends(tmp_path):
    held = locks.take(tmp_path / "lock")
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], pass_fds=(held,))
    os.close(held)
    assert locks.is_held(tmp_path / "lock")
    child.kill()
    child.wait()
    assert not locks.is_held(tmp_path / "lock")


def test_alone_leaves_nothing_and_says_whether_it_could_be_had(tmp_path):
    with locks.alone(tmp_path / "lock") as first:
        assert first
        with locks.alone(tmp_path / "lock") as second:
            assert not second
        assert (tmp_path / "lock").exists()
    assert not (tmp_path / "lock").exists()
