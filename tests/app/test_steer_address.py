"""The address of the Steer page without a browser: what it restores, what it keeps, and what it cannot mean."""

import json

import pytest
from driving import cards, fine, keys, opened, own, press, raw, shown, titles, widget

from macrid.bundle import load
from ui import address as ui
from ui import kept, state

STEER = "pages/steer.py"


def test_a_link_restores_what_a_person_saw(shops):
    bundle = load(shops / "shop")
    user = bundle.people[7]
    favourite, factor = bundle.interest(bundle.history_of(user)).argsort()[[-1, -2]].tolist()
    hidden, liked = bundle.items["item_id"][[3, 500]]
    address = {"bundle": "shop", "user": user, "factor": str(factor), "dim": "3", "n": "24", "strength": "80",
               "dials": f"{favourite}.1-5~{factor}.0-11~{factor}.3-93", "keep": "True", "wishes": "mugs:-100~price:55",
               "likes": liked, "hides": hidden, "side": "before", "added": "shade", "said": "cheaper, no mugs"}
    at = fine(opened(STEER, **address))
    assert {key: str(widget(at, key).value) for key in ("n", "keep", "side")}.items() <= address.items()
    assert shown(at, "find-person")["value"].startswith(f"{user} · ")
    assert at.session_state["added"] == ["shade"]
    assert shown(at, "stage")["heard"] == ["“cheaper”: cheaper", "“no mugs”: less mugs"]
    assert shown(at, "chips")["chosen"] == factor
    board = shown(at, "board")
    assert (board["chosen"], board["strength"], board["turned"], board["can_undo"]) == (3, 80, True, False)
    assert {dial["dim"]: dial["value"] for dial in board["dials"]}.items() >= {0: 11, 3: 93}.items()
    assert dict(at.query_params) == address
    turned = ((favourite, 1, 0.05), (factor, 0, 0.11), (factor, 3, 0.93))
    dials = {(k, j): bundle.dials.coordinate(k, j, share) for k, j, share in turned}
    person = bundle.person([*bundle.history_of(user), *bundle.positions([liked])])
    found = person.steer(dials, {"mugs": -1.0, "price": 0.55}, n=24, strength=0.8, hide_seen=False,
                         without=bundle.positions([hidden]))
    assert titles(at, "List after") == list(found.after["title"])
    assert titles(at, "List before") == list(found.before["title"])
    assert titles(at, "List after") != titles(at, "List before")


def test_what_a_person_does_is_in_the_address(shops, framed):
    at = opened(bundle="tiny").switch_page(STEER).run()
    bundle = load(shops / "tiny")
    own(at, user=bundle.people[3])
    for key, value in {"scope": "factor", "n": 6}.items():
        fine(widget(at, key).set_value(value).run())
    factor = bundle.interest(bundle.history_of(bundle.people[3])).argsort()[0]  # not the one that the address leaves out
    dim = bundle.dials.order(factor)[2]
    own(at, factor=int(factor), dim=dim, dials={(int(factor), dim): 97}, strength=55, wishes={"size": -40})
    assert dict(at.query_params) == {"bundle": "tiny", "user": bundle.people[3], "factor": str(factor), "dim": str(dim),
                                     "scope": "factor", "n": "6", "dials": f"{factor}.{dim}-97", "strength": "55",
                                     "wishes": "size:-40"}
    again = fine(opened(STEER, **dict(at.query_params)))
    assert cards(again, "List after") == cards(at, "List after")
    assert cards(again, "List before") == cards(at, "List before")


def test_dials_in_an_address():
    dials = {(0, 3): 7, (11, 0): 100, (0, 0): 0}
    text = ui.dials_text(dials)
    assert text == "0.0-0~0.3-7~11.0-100"
    assert ui.dials_from(text, range(12), range(4)) == dials
    assert ui.dials_from(text, [0], range(3)) == {(0, 0): 0}
    for nonsense in ("", "x", "0.0", "0.0-101", "0.0--1", "0.0-5;drop", "~~~", "0.0-5.5", "-1.0-5", "<b>0.0-5"):
        assert ui.dials_from(nonsense, range(12), range(4)) == {}
    assert ui.dials_from("0.0-5~nonsense~0.1-6", range(12), range(4)) == {(0, 0): 5, (0, 1): 6}


def test_wishes_in_an_address():
    wishes = {"Sci-Fi": -100, "a~b:c": 5, "déjà vu, & more": 60}
    assert ui.wishes_from(ui.wishes_text(wishes), wishes) == wishes
    assert ui.wishes_from(ui.wishes_text(wishes), ["Sci-Fi"]) == {"Sci-Fi": -100}
    for nonsense in ("", "x", "Sci-Fi", "Sci-Fi:0", "Sci-Fi:101", "Sci-Fi:-999", "Sci-Fi:5.5", "~~", "Sci-Fi:nan"):
        assert ui.wishes_from(nonsense, wishes) == {}
    assert ui.ids_from("a,b,a,zzz", {"a", "b"}) == ["a", "b"]


def test_a_link_to_a_profile(shops):
    items = list(load(shops / "shop").items["item_id"][[4, 8, 15]])
    at = fine(opened(STEER, who="profile", items=",".join([*items, "no such item", items[0]])))
    assert [item["position"] for item in shown(at, "picker-remove")["items"]] == [4, 8, 15]
    assert at.query_params["items"] == ",".join(items)


NONSENSE = {
    "bundle": ["nonsense", "../../etc", ""], "user": ["nobody", ""], "factor": ["99", "-1", "x", "1.5"],
    "dim": ["64", "-1", "one"],
    "dials": ["0.0-101", "9.0-5", "0.64-5", "nan", "<b>"], "strength": ["101", "-1", "nan", "5.5"],
    "wishes": ["nonsense:5", "size:101", "size"], "likes": ["x,y"], "hides": ["<b>"], "side": ["perhaps"],
    "who": ["me"], "scope": ["everything"], "items": ["x,y"], "n": ["0", "13", "x"], "keep": ["perhaps"],
}


@pytest.mark.parametrize("key", NONSENSE)
def test_what_an_address_cannot_mean_is_ignored(small, key):
    plain = fine(opened(STEER))
    for value in NONSENSE[key]:
        at = fine(opened(STEER, **{key: value}), "Steer")
        at.session_state["amiss"], at.session_state["missing"] = [], {}  # what is not there was said
        at.run()
        assert raw(at) == raw(plain), value
        assert {k: widget(at, k).value for k in keys(at)} == {k: widget(plain, k).value for k in keys(plain)}
        assert shown(at, "board") == shown(plain, "board")
        assert shown(at, "stage") == shown(plain, "stage")
    fine(opened(**{key: NONSENSE[key][0]}), "What clicks alone can tell")


def test_another_bundle_forgets_the_people_and_items_of_the_first(shops, framed):
    at = opened(bundle="shop").switch_page(STEER).run()
    bundle = load(shops / "tiny")
    own(at, user=load(shops / "shop").people[5])
    own(at, factor=6, dim=4, dials={(6, 4): 5})
    fine(at.sidebar.selectbox[0].set_value("tiny").run(), "Steer")
    assert dict(at.query_params) == {"bundle": "tiny"}
    assert at.session_state["user"] == bundle.people[0]
    assert shown(at, "board")["chosen"] == bundle.dials.order(shown(at, "chips")["chosen"])[0]
    assert cards(at, "List after") == cards(at, "List before")
    fine(widget(at, "who").set_value("profile").run())
    press(at, "An example")
    assert all(item["position"] < len(bundle.items) for item in shown(at, "picker-remove")["items"])
    fine(at.sidebar.selectbox[0].set_value("shop").run(), "Steer")
    assert widget(at, "who").value == "profile"
    assert "Click a few items" in at.info[0].value
    assert "items" not in at.query_params


def test_the_choice_of_a_person_outlives_other_pages(shops, framed):
    at = opened(bundle="tiny").switch_page(STEER).run()
    person = load(shops / "tiny").people[4]
    own(at, user=person)
    own(at, dials={(1, 0): 90}, factor=1)
    fine(at.switch_page("pages/macro_map.py").run())
    fine(at.switch_page(STEER).run())
    assert at.session_state["user"] == person
    assert next(dial["value"] for dial in shown(at, "board")["dials"] if dial["dim"] == 0) == 90
    assert at.sidebar.selectbox[0].value == "tiny"


def test_what_is_not_there_is_said_and_the_nearest_offered(shops):
    bundle = load(shops / "shop")
    user, liked = bundle.people[7], bundle.items["item_id"][3]
    at = fine(opened(STEER, user=f"{user}0", factor="99", likes=f"{liked},{liked}x"))
    said = [block.value for block in at.markdown if "There is no" in block.value]
    assert [text.split("“")[1].split("”")[0] for text in said] == [f"{user}0", "99", f"{liked}x"]
    assert at.session_state["likes"] == [liked]  # what is there is taken
    press(at, user)
    assert at.session_state["user"] == user
    assert len([block for block in at.markdown if "There is no" in block.value]) == 2
    press(at, bundle.factors[5].name)
    assert shown(at, "chips")["chosen"] == 5


def test_a_bundle_that_is_not_there(shops, framed):
    at = opened(bundle="tinny", wishes="size:80").switch_page(STEER).run()
    assert any("There is no bundle “tinny” here" in block.value for block in at.markdown)
    assert at.session_state["bundle"] == "shop"
    press(at, "tiny")
    assert (at.session_state["bundle"], at.session_state["wishes"]) == ("tiny", {"size": 80})  # the rest of the link holds
    assert not any("There is no bundle" in block.value for block in at.markdown)


def test_turns_are_kept_by_name(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, wishes="size:80", dials="0.0-90", hides=bundle.items["item_id"][3]))
    turn = state.Turn({(0, 0): 90}, 100, {"size": 80}, [], [bundle.items["item_id"][3]])
    own(at, kept={"for “Ann” & me": turn})
    again = fine(opened(STEER, kept=at.query_params["kept"], side="kept:for “Ann” & me"))
    assert again.session_state["kept"] == {"for “Ann” & me": turn}
    assert kept.read(bundle, json.dumps(shown(again, "stage")["kept_file"])) == {"for “Ann” & me": turn}  # as a file
    assert titles(again, "List beside") == titles(at, "List after") != titles(again, "List after")
    own(again, kept={})
    assert "kept" not in again.query_params
    assert again.session_state["side"] == ""
    for nonsense in ("", "{", "[]", "5", '{"a": 5}', '{"a": {}}', '{"a": {"wishes": "none:5", "strength": 900}}'):
        assert kept.read(bundle, nonsense) == {}
