"""The Steer page without a browser: the board and what its events mean, the lists, people and profiles."""

import pandas as pd
import pytest
from driving import FOLDS, ROOT, cards, change_items, fine, opened, own, press, raw, shown, titles, widget

from macrid.bundle import load
from ui import finder, state

STEER = "pages/steer.py"


# the board ---------------------------------------------------------------------------------------------------------------


def test_what_an_event_of_the_board_means():
    at = {0: 50, 1: 20, 2: 70}.get
    dials = {(1, 0): 10, (3, 0): 99}
    assert state.turned({"0": 10, "1": 35, "2": 70}, 1, at, dials) == {(1, 0): 10, (1, 1): 35, (3, 0): 99}
    assert state.turned({"0": 50, "1": 20, "2": 70}, 1, at, dials) == {(3, 0): 99}  # back where they stand
    assert dials == {(1, 0): 10, (3, 0): 99}


@pytest.mark.parametrize("name", ["shop", "tiny"])
def test_a_dial_changes_the_list_and_back_restores_it(shops, name):
    at = fine(opened(STEER, bundle=name, scope="factor", side="before"))
    factor, before = shown(at, "chips")["chosen"], cards(at, "List before")
    seen = set()
    for value in (0, 100):
        own(at, dials={(factor, 0): value})
        assert cards(at, "List before") == before
        after = cards(at, "List after")
        assert [title for title, _ in after] != [title for title, _ in before] or name == "tiny"  # it has few to offer
        was = [title for title, _ in before]
        for rank, (title, mark) in enumerate(after):  # the marks say what happened
            moved = was.index(title) - rank if title in was else None
            assert mark == ("new in the list" if moved is None else f"up {moved}" if moved > 0 else f"down {-moved}" if moved
                            else "")
        gone = [title for title in was if title not in titles(at, "List after")]
        assert [item["title"] for item in shown(at, "stage")["list"]["gone"]] == gone
        seen.add(tuple(after))
    assert len(seen) == 2 or name == "tiny"
    own(at, dials={})
    assert cards(at, "List after") == before
    assert "dials" not in at.query_params


def test_what_is_folded_is_made_as_it_is_opened(shops):
    at = own(fine(opened(STEER)), **dict.fromkeys(FOLDS, False))
    folded = {block.proto.id.rpartition("-")[2] for block in at.get("bidi_component")}
    assert "stage" in folded
    assert not folded & {"chips", "board", "strip"}
    assert 'aria-label="History"' not in raw(at)
    assert shown(own(at, more=True), "board")["dials"]


def test_at_no_strength_nothing_changes(shops):
    at = fine(opened(STEER, scope="factor"))
    factor = shown(at, "chips")["chosen"]
    own(at, dials={(factor, 0): 100}, wishes={"size": 80}, strength=0)
    assert cards(at, "List after") == cards(at, "List before")
    own(at, strength=100)
    assert cards(at, "List after") != cards(at, "List before")


def test_another_person_starts_where_they_stand(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, dials="0.0-2"))
    assert at.session_state["dials"] == {(0, 0): 2}
    own(at, user=bundle.people[9])
    assert at.session_state["dials"] == {}
    assert cards(at, "List after") == cards(at, "List before")
    assert "dials" not in at.query_params
    board, person = shown(at, "board"), bundle.person(bundle.history_of(bundle.people[9]))
    factor = shown(at, "chips")["chosen"]
    for dial in board["dials"]:
        assert dial["at"] == dial["value"] == round(100 * person.stands(factor, dial["dim"]))


def test_what_the_board_shows_of_a_dial(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    factor = shown(at, "chips")["chosen"]
    for dial in shown(at, "board")["dials"]:
        label = bundle.dials.label(factor, dial["dim"])
        assert dial["name"] == (label.name if label else f"dial {dial['dim'] + 1}")
        assert dial["confidence"] == (label.confidence if label else None)
        assert (dial["low"]["word"], dial["high"]["word"]) == ((label.low, label.high) if label else ("", ""))
        assert len(dial["low"]["pictures"]) == len(dial["high"]["pictures"]) == 3
        assert f"{bundle.influence[factor, dial['dim']]:.0%} of a list" in dial["hint"]
    assert shown(at, "board")["more"] == "More dials"
    own(at, shown=16)
    assert len(shown(at, "board")["dials"]) == 16
    assert shown(at, "board")["more"] == "Fewer dials"


def test_a_dial_that_is_turned_is_shown(shops):
    """Whatever a link holds can be seen and put back."""
    at = fine(opened(STEER, factor=2, dials="2.12-90"))
    assert next(dial["value"] for dial in shown(at, "board")["dials"] if dial["dim"] == 12) == 90
    chips = {chip["factor"]: chip["turned"] for chip in shown(at, "chips")["chips"]}
    assert [factor for factor, turned in chips.items() if turned] == [2]


def test_the_film_strip_marks_where_the_dial_stands(shops):
    at = fine(opened(STEER, bundle="tiny", factor=2))
    for dim in range(6):
        own(at, dim=dim, dials={(2, dim): 100})
        assert at.query_params.get("dim", str(load(shops / "tiny").dials.order(2)[0])) == str(dim)
        assert shown(at, "strip")["here"] == 6  # the last frame is marked
        assert [frame["percent"] for frame in shown(at, "strip")["frames"]] == [0, 17, 33, 50, 67, 83, 100]


# the lists ---------------------------------------------------------------------------------------------------------------


def test_intention_or_whole_catalogue(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, scope="factor"))
    category = dict(zip(bundle.items["title"], bundle.items["category"], strict=True))
    wanted = shown(at, "chips")["chosen"]
    factor_of = dict(zip(bundle.items["title"], bundle.factor, strict=True))
    assert {factor_of[title] for title in titles(at, "List before")} == {wanted}
    fine(widget(at, "scope").set_value("all").run())
    assert len({category[title] for title in titles(at, "List before")}) > 1
    assert "scope" not in at.query_params
    fine(widget(at, "scope").set_value("factor").run())
    assert at.query_params["scope"] == "factor"


def test_the_history_is_left_out_unless_asked_for(shops):
    bundle = load(shops / "tiny")
    at = fine(opened(STEER, bundle="tiny"))
    history = set(bundle.items["title"].iloc[bundle.history_of(bundle.people[0])])
    assert not history & set(titles(at, "List before"))
    assert not history & set(titles(at, "List after"))
    fine(widget(at, "keep").set_value(True).run())
    assert history & set(titles(at, "List before"))
    fine(widget(at, "keep").set_value(False).run())
    assert not history & set(titles(at, "List before"))


def test_the_place_of_each_item_on_the_dial(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, dials="0.0-100", scope="factor", factor=0, dim=0, side="True"))  # as links of before have it
    body = next(part for part in raw(at).splitlines() if 'aria-label="List after"' in part)
    stands = [float(part.split("%")[0]) for part in body.split('mc-stand" role="img" aria-label="at ')[1:]]
    listed = bundle.steer({(0, 0): bundle.dials.coordinate(0, 0, 1.0)}, user=bundle.people[0], factor=0, n=12).after["index"]
    assert stands == pytest.approx(100 * bundle.dials.stands(listed, 0, 0), abs=0.51)


def test_the_list_as_csv(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, n=24, dials="0.0-100", scope="factor", factor=0))
    button = at.get("download_button")[0]
    assert button.proto.label == "List as CSV"
    assert len(titles(at, "List after")) == 24
    found = bundle.steer({(0, 0): bundle.dials.coordinate(0, 0, 1.0)}, user=bundle.people[0], factor=0, n=24).after
    assert list(found.columns) == ["rank", "item_id", "title", "category", "score", "index", "mark"]


# who ---------------------------------------------------------------------------------------------------------------------


def positions(at, action="remove") -> list[int]:
    return [item["position"] for item in shown(at, f"picker-{action}")["items"]]


def test_a_profile_of_one_s_own(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    fine(widget(at, "who").set_value("profile").run())
    assert "Click a few items" in at.info[0].value
    assert "List before" not in raw(at)
    assert len(positions(at, "add")) == 10
    assert len({int(bundle.factor[p]) for p in positions(at, "add")}) == 7  # something of every intention is offered
    items = list(bundle.items["item_id"][bundle.items["category"] == "mugs"][:3])
    own(at, items=items)
    assert not at.info
    assert positions(at) == bundle.positions(items).tolist()
    assert not set(positions(at)) & set(positions(at, "add"))
    factor = shown(at, "chips")["chosen"]
    found = bundle.person(bundle.positions(items)).steer(n=12)
    assert titles(at, "List before") == list(found.before["title"])
    assert bundle.factors[factor].name == "Mugs"
    assert at.query_params["who"] == "profile"
    assert at.query_params["items"] == ",".join(items)
    own(at, items=[])
    assert "Click a few items" in at.info[0].value
    assert dict(at.query_params) == {"who": "profile"}
    fine(widget(at, "who").set_value("person").run())
    assert len(titles(at, "List before")) == 12


def test_finding_items_and_people(shops):
    """What a box finds while somebody types, and what it does with what is chosen."""
    bundle = load(shops / "shop")
    at = fine(opened(STEER, who="profile", items=bundle.items["item_id"][4]))
    assert (shown(at, "find-item")["value"], shown(at, "find-item")["live"]) == ("", None)  # nobody serves routes here
    found = finder.found(bundle, {"what": "items", "text": "LAMP oxb"})["found"]
    assert [each["id"] for each in found] == list(bundle.items["item_id"].iloc[bundle.search("lamp oxb", 8)])
    fewer = finder.found(bundle, {"what": "items", "text": "LAMP oxb", "taken": found[0]["id"]})["found"]
    assert [each["id"] for each in fewer[:7]] == [each["id"] for each in found[1:]]
    assert len(finder.found(bundle, {"what": "items"})["found"]) == 8
    assert finder.found(bundle, {"what": "items", "text": "<b>nothing"}) == {"found": []}
    user = bundle.people[7]
    assert finder.found(bundle, {"what": "people", "text": user})["found"][0]["id"] == user
    title = str(bundle.items["title"].iloc[bundle.history_of(user)[0]])
    for each in finder.found(bundle, {"what": "people", "text": title})["found"]:
        assert any(bundle.items["title"].iloc[bundle.history_of(each["id"])].str.startswith(title))


def test_two_people_side_by_side(shops):
    bundle = load(shops / "shop")
    one, other = bundle.people[:2]
    at = fine(opened(STEER, user=one, side="person", other=other, wishes="size:80"))
    found = bundle.steer(wishes={"size": 0.8}, user=other, n=12).after
    assert titles(at, "List beside") == list(found["title"])
    assert shown(at, "find-other")["value"].startswith(f"{other} · ")
    both = set(titles(at, "List beside")) & set(titles(at, "List after"))
    assert {title for title, mark in cards(at, "List after") if mark == "in both lists"} == both


def test_an_example(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, who="profile"))
    seen = set()
    for _ in range(4):
        press(at, "An example")
        assert len(positions(at)) == 4
        assert len(set(bundle.factor[positions(at)])) == 1  # they go together
        assert len(titles(at, "List after")) == 12
        seen.add(tuple(positions(at)))
    assert len(seen) > 1


def test_surprise_me(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    people = [press(at, "Surprise me").session_state["user"] for _ in range(4)]
    assert set(people) <= set(bundle.people)
    assert len(set(people)) > 1
    history = bundle.history_of(people[-1])
    assert bundle.items["title"].iloc[history[0]] in raw(at)


def test_the_chips_show_the_person(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    interest = bundle.interest(bundle.history_of(bundle.people[0]))
    chips = shown(at, "chips")["chips"]
    assert [chip["share"] for chip in chips] == sorted((round(100 * share) for share in interest), reverse=True)
    person = bundle.person(bundle.history_of(bundle.people[0]))
    for chip in chips:
        assert chip["name"] == bundle.factors[chip["factor"]].name
        assert chip["stands"] == [person.stands(chip["factor"], j) for j in bundle.dials.order(chip["factor"])[:5]]


def test_the_intention_follows_the_history(shops):
    """Somebody else, or another profile, is shown by what they are after, not by what the one before was after."""
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    favourite = {user: int(bundle.interest(bundle.history_of(user)).argmax()) for user in bundle.people[:40]}
    for wanted in (5, 3, 1):
        user = next(user for user, factor in favourite.items() if factor == wanted)
        own(at, user=user)
        assert shown(at, "chips")["chosen"] == wanted
        assert "factor" not in at.query_params
    fine(widget(at, "who").set_value("profile").run())
    mugs = bundle.items[bundle.items["category"] == "mugs"]["item_id"]
    own(at, items=list(mugs[:3]))
    assert bundle.factors[shown(at, "chips")["chosen"]].name == "Mugs"
    other = next(factor.index for factor in bundle.factors if factor.name == "Shoes")
    own(at, factor=other)
    own(at, items=list(mugs[:4]))
    assert shown(at, "chips")["chosen"] == other  # a choice holds as long as the profile leans the same way


def test_titles_that_are_markup_stay_titles(small):
    evil = "<img src=x onerror=alert(1)>"
    items = change_items(small, title=evil, category=evil)
    assert len(items) == len(pd.read_parquet(small / "items.parquet"))
    at = fine(opened(STEER, who="profile", items="mugs-0001"))
    assert "<img src=x" not in raw(at)
    assert shown(at, "picker-remove")["items"][0]["title"] == evil  # the script writes it as text
    for script in ("element.js", "stage.js", "board.js", "chips.js", "picker.js", "shelves.js", "share.js",
                   "finder.js", "strip.js"):
        assert "innerHTML" not in (ROOT / "assets" / script).read_text()
