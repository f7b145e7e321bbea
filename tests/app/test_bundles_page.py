"""The page of bundles, without a browser: what stands there, and what can be done by whom."""

import json
import shutil

from driving import EVIL, Elements, change_meta, fine, opened, press, raw, shown

from macrid.bundle import shelf as shelves
from ui import bundles, owner

PAGE, TITLE = "pages/bundles.py", "Bundles"


def test_bundles_are_shown_as_text_with_their_figures(small):
    change_meta(small, lambda meta: meta["data"].update(name=EVIL))
    (small.parent / "bad").mkdir()
    (small.parent / "bad" / "bundle.json").write_text("{")
    at = fine(opened(PAGE), TITLE)
    found = raw(at)
    assert not {"script", "img"} & Elements(found).tags
    assert "cannot be read" in found
    meta = json.loads((small / "bundle.json").read_text())
    assert f"{meta['metrics']['ndcg@100']:#.3g}" in found
    assert 'download="tiny.zip"' in found


def test_without_bundles_one_may_be_taken_in(shelf):
    at = fine(opened(PAGE), TITLE)
    assert shown(at, "take-in")["accept"] == ".zip"
    assert not at.selectbox


def test_a_bundle_is_renamed_and_deleted_and_others_may_not(small, monkeypatch):
    monkeypatch.setattr(owner, "is_here", lambda: True)
    shelves.give("tiny", "somebody else")
    at = fine(opened(PAGE), TITLE)
    assert not any(b.label in ("Rename", "Delete") for b in at.button)
    assert any("only they can rename or delete it" in c.value for c in at.caption)
    shelves.give("tiny", "")
    at = fine(opened(PAGE), TITLE)
    at.text_input(key="called-tiny").set_value("shop").run()
    next(b for b in at.button if b.label == "Rename").click().run()
    assert "is the name of a data set that everybody knows" in at.error[0].value
    at.text_input(key="called-tiny").set_value("mine").run()
    press(at, "Rename")
    assert (small.parent / "mine" / "bundle.json").exists()
    assert next(b for b in at.button if b.label == "Delete").disabled
    at.checkbox(key="sure-mine").set_value(True).run()
    press(at, "Delete")
    assert not (small.parent / "mine").exists()


def test_two_bundles_are_set_side_by_side(small):
    shutil.copytree(small, small.parent / "other")
    at = fine(opened(PAGE, left="tiny", right="other"), TITLE)
    assert any("both rank alike to the last place" in m.value for m in at.markdown)
    assert "NDCG@100" in raw(at)


def test_a_bundle_of_a_browser_never_bears_the_name_of_known_data(small):
    assert bundles.label("ml-1m") == "MovieLens 1M"
    shelves.give("ml-1m", "somebody")
    assert bundles.label("ml-1m") == "ml-1m"


def test_what_nobody_made_may_be_changed_by_who_sits_here(monkeypatch):
    class Here:
        ip_address, headers, cookies = None, {}, {}

    class There:
        ip_address, headers, cookies = "10.0.0.7", {}, {}

    class Forwarded:
        ip_address, headers, cookies = None, {"X-Forwarded-For": "10.0.0.7"}, {}

    for context, wanted in ((Here, True), (There, False), (Forwarded, False)):
        monkeypatch.setattr(owner.st, "context", context)
        assert owner.may_change("") is wanted
        assert not owner.may_change("somebody")
