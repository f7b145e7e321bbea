"""The page of shelves, without a browser: what it shows, what an act changes, the map, undoing, saving a copy."""

import json
import time

import pytest
from driving import EVIL, change_items, fine, opened, press, shown, widget

from macrid.bundle import load
from ui.shelving import Shelving

PAGE, TITLE = "pages/intentions.py", "Name the intentions"


@pytest.fixture
def tiny(small):
    return fine(opened(PAGE, bundle="tiny"), TITLE), load(small)


def shelving(at) -> Shelving:
    return at.session_state["shelving"]["tiny"]


def act(at, bundle, **event):
    """What the component would report."""
    shelving(at).take({"seq": shelving(at).seq + 1, **event}, bundle)
    return at.run()


def names(at) -> list[str]:
    return [shelf["name"] for shelf in shown(at, "shelves")["shelves"]]


def test_every_factor_has_a_shelf_with_its_typical_items(tiny):
    at, bundle = tiny
    used = [factor for factor in bundle.factors if factor.share]
    assert names(at) == [factor.name for factor in used]
    ids = bundle.items["item_id"].tolist()
    for shelf, factor in zip(shown(at, "shelves")["shelves"], used, strict=True):
        assert [item["id"] for item in shelf["items"]] == [ids[i] for i in factor.typical[:12]]
        assert shelf["share"] == f"{factor.share:.0%}"
    assert len(at.get("plotly_chart")) == 1
    assert next(b for b in at.button if b.label == "Undo").disabled


def test_acts_change_shelves_and_map_and_are_undone(tiny):
    at, bundle = tiny
    before, colours = names(at), at.get("plotly_chart")[0].proto.spec
    fine(act(at, bundle, what="rename", shelf=0, name="sacks"))
    assert names(at) == ["sacks", *before[1:]]
    item = shown(at, "shelves")["shelves"][1]["items"][0]["id"]
    fine(act(at, bundle, what="move", item=item, to=0))
    assert shown(at, "shelves")["shelves"][0]["items"][0]["id"] == item
    assert shelving(at).groups(bundle)[bundle.positions([item])[0]] == 0
    fine(act(at, bundle, what="merge", shelf=1, into=0))
    assert names(at) == ["sacks", *before[2:]]
    assert shelving(at).groups(bundle).max() == len(before) - 2
    fine(act(at, bundle, what="split", shelf=0))
    assert names(at) == ["sacks", "sacks 2", *before[2:]]
    assert at.get("plotly_chart")[0].proto.spec != colours
    for _ in range(4):
        press(at, "Undo")
    assert names(at) == before
    widget(at, "plane").set_value("umap").run()
    assert at.query_params["plane"] in ("umap", ["umap"])


def test_what_cannot_be_done_is_said(tiny):
    at, bundle = tiny
    act(at, bundle, what="rename", shelf=0, name=names(at)[1])
    assert len(at.error) == 1
    assert "already" in at.error[0].value
    assert not at.exception


def test_titles_and_names_are_data(small):
    change_items(small, title=EVIL)
    at = fine(opened(PAGE, bundle="tiny"), TITLE)
    items = shown(at, "shelves")["shelves"][0]["items"]
    assert {item["title"] for item in items} == {EVIL}  # the component writes it as text


def test_a_copy_is_saved_by_a_process_beside(tiny, shelf):
    at, bundle = tiny
    fine(act(at, bundle, what="rename", shelf=0, name="my own"))
    at.text_input[0].set_value("bad/name")
    next(b for b in at.button if b.label == "Save").click().run()
    assert "cannot be the name of a bundle" in at.error[0].value
    at.text_input[0].set_value("mine")
    press(at, "Save")
    job = shelving(at).saving.job
    until = time.monotonic() + 240
    while job.running and time.monotonic() < until:
        time.sleep(0.1)
    assert job.code == 0, job.log.read_text()
    until = time.monotonic() + 5
    while not any("Saved as" in s.value for s in fine(at.run()).success) and time.monotonic() < until:
        pass
    assert any("Saved as **mine**" in s.value for s in at.success)
    assert load(shelf / "mine").factors[0].name == "my own"
    assert json.loads((shelf / "tiny" / "bundle.json").read_text())["name"] == bundle.name
