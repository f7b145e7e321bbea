"""Drafts of names: the old ones, and those of too many browsers, are removed."""

import os
import time

from ui import drafts


def test_old_drafts_and_too_many_are_removed(tmp_path, monkeypatch):
    monkeypatch.setattr(drafts, "DRAFTS", 3)
    now = time.time()
    ages = {"a/old": drafts.LONGEST + 60, "a/new": 5, "b/older": drafts.LONGEST + 90, "c/one": 10, "d/two": 20,
            "d/three": 30}
    for name, age in ages.items():
        file = tmp_path / f"{name}.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text("{}")
        os.utime(file, (now - age, now - age))
    drafts.prune(tmp_path)
    assert sorted(str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")) == [
        "a", "a/new.json", "c", "c/one.json", "d", "d/two.json"]
