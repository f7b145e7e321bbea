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


def test_it_is_held_as_long_as_it_is_kept(tmp_path):
    with locks.Held(locks.take(tmp_path / "lock")):
        assert locks.is_held(tmp_path / "lock")
    kept = locks.Held(locks.take(tmp_path / "lock"))
    assert locks.is_held(tmp_path / "lock")
    del kept
    assert not locks.is_held(tmp_path / "lock")


def test_a_file_that_was_removed_locks_nothing(tmp_path):
    old = locks.take(tmp_path / "lock")
    (tmp_path / "lock").unlink()
    new = locks.take(tmp_path / "lock")
    assert new is not None
    os.close(old)
    assert locks.is_held(tmp_path / "lock")
    os.close(new)
