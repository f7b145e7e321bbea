"""The stage of the Steer page without a browser: wishes, likes and hides, and what the routes of app.py tell."""

from functools import partial
from urllib.parse import parse_qsl

import pytest
from driving import ROOT, fine, opened, own, shown, titles

from macrid.bundle import load
from macrid.errors import InputError
from ui import item_pictures, kept, stage, state

STEER = "pages/steer.py"


def heard(at, **event):
    """What the stage reports is taken, as its callback does, and the page runs again."""
    bundle = load(ROOT / "models" / "shop")
    page = state.Steer({key: at.session_state[key] for key in state.Steer.owned() if key in at.session_state})
    page.hear({"seq": page.staged + 1, **event},
              lambda text: {name: round(100 * value) for name, value in bundle.wishes.understand(text).wishes.items()})
    return own(at, **page.session)


def test_more_of_something_and_newer_in_two_words(shops):
    at = fine(opened(STEER))
    before = titles(at, "List after")
    heard(at, what="words", text="bigger, cheaper, with sequins")
    stage = shown(at, "stage")
    assert at.session_state["wishes"] == {"size": 60, "price": -60}
    assert stage["unknown"] == ["sequins"]
    assert [chip["text"] for chip in stage["chips"]] == ["larger 60", "cheaper 60"]
    assert [slider["value"] for slider in stage["sliders"] if slider["value"]] != []
    assert titles(at, "List after") != before == titles(at, "List before")
    assert "→" in stage["list"]["readings"]["size"]
    assert at.query_params["wishes"] == "price:-60~size:60"
    heard(at, what="drop", kind="wish", key="price")
    assert at.session_state["wishes"] == {"size": 60}
    heard(at, what="undo")
    heard(at, what="undo")
    assert titles(at, "List after") == before
    assert not shown(at, "stage")["turned"]


def test_what_is_liked_and_hidden(shops):
    at = fine(opened(STEER))
    first, second = shown(at, "stage")["list"]["items"][:2]
    heard(at, what="hide", item=first["id"])
    assert first["title"] not in titles(at, "List after")
    heard(at, what="like", item=second["id"])
    assert second["title"] not in titles(at, "List after")  # it counts as clicked
    assert (at.query_params["hides"], at.query_params["likes"]) == (first["id"], second["id"])
    heard(at, what="reset")
    assert [item["title"] for item in shown(at, "stage")["list"]["items"][:2]] == [first["title"], second["title"]]
    assert "hides" not in at.query_params


def test_dials_stand_beside_wishes(shops):
    """The dials that move this list most have sliders of their own, are read and can be taken back as wishes are."""
    bundle = load(shops / "shop")
    person = bundle.person(bundle.history_of(bundle.people[0]))
    at = fine(opened(STEER))
    before = titles(at, "List after")
    rows = shown(at, "stage")["sliders"]
    assert {row["kind"] for row in rows} == {"wish", "dial"}
    dial = next(row for row in rows if row["kind"] == "dial")
    factor, dim = map(int, dial["key"].split("."))
    label = bundle.dials.label(factor, dim)
    assert (dial["says"], dial["label"], dial["reads"]) == ([label.low, label.high], label.name, [label.name])
    assert dial["value"] == dial["at"] == round(100 * person.stands(factor, dim))
    end = 0 if dial["at"] > 50 else 100
    heard(at, what="dial", key=dial["key"], value=end)
    turned = shown(at, "stage")
    assert next(row for row in turned["sliders"] if row["key"] == dial["key"])["value"] == end
    assert turned["chips"][0]["text"].startswith(f"{dial['says'][end > 0]} at {end} %")
    assert "→" in turned["list"]["readings"][label.name]
    found = bundle.steer({(factor, dim): bundle.dials.coordinate(factor, dim, end / 100)}, user=bundle.people[0], n=12).after
    assert titles(at, "List after") == list(found["title"]) != before
    assert at.query_params["dials"] == f"{dial['key']}-{end}"
    assert kept.heard(bundle, turned["earlier"]) == [state.Turn({}, 100, {}, [], [])]
    assert kept.heard(bundle, [5, {"wishes": "size:9"}, {"wishes": 4}])[0].wishes == {"size": 9}
    assert kept.heard(bundle, "x") == []
    heard(at, what="dial", key=dial["key"], value=None)
    assert titles(at, "List after") == before


def test_the_routes_tell_what_the_page_shows(shops):
    """While a slider is dragged, app.py answers with the list that the page would show."""
    bundle = load(shops / "shop")
    at = fine(opened(STEER, wishes="size:80", dials="0.0-90"))
    given = shown(at, "stage")
    query = dict(parse_qsl(given["query"]))
    scene = stage.scene_of(bundle, query)
    told = stage.listed(bundle, scene, [])["items"]
    assert [item["id"] for item in told] == [item["id"] for item in given["list"]["items"]]
    why = stage.explained(bundle, scene, given["list"]["items"][0]["at"])
    assert why["rank"] == 1
    assert len(why["lines"]) == 2
    assert {item["at"] for item in why["near"]} <= set(bundle.history_of(bundle.people[0]).tolist())
    version = item_pictures.version_of(bundle)
    assert stage.answer("shop", version, lambda found: {"name": found.name}) == {"name": "shop"}
    for name, told in (("nobody", version), ("shop", "old"), ("../shop", version)):
        assert stage.answer(name, told, lambda found: {}) is None
    for wrong in ({"user": "nobody"}, {"user": bundle.people[0], "n": "x"}, {"user": bundle.people[0], "factor": "99"}):
        make = partial(lambda query, found: stage.listed(found, stage.scene_of(found, query), []), wrong)
        assert stage.answer("shop", version, make) is None
    with pytest.raises(InputError, match="position 99999"):
        stage.explained(bundle, scene, 99999)
