"""What a session remembers, without a page: defaults, what goes with a bundle, and what the board's events do."""

import pytest

from macrid.errors import InputError
from macrid.labelling.answers import Answers, Attribute
from ui.naming import Naming, Saved, described
from ui.state import DIALS, PAGES, UNDONE, Disentanglement, Frame, MacroMap, Name, Steer, Turn, forget_bundle


def where(dim: int) -> int:
    """Where somebody stands on the dials of a factor."""
    return {0: 50, 1: 20, 2: 70}[dim]


@pytest.fixture
def steer() -> Steer:
    state = Steer({})
    state.factor = 1
    return state


# keys --------------------------------------------------------------------------------------------------------------------


def test_values_have_a_default_and_live_in_the_session():
    session = {}
    one, other = Steer(session), Steer(session)
    assert (one.who, one.dials, one.strength, one.earlier, session) == ("person", {}, 100, [], {})
    assert not one.is_set("dials")
    one.dials = {(0, 1): 5}
    assert other.dials == {(0, 1): 5} == session["dials"]
    assert other.is_set("dials")


def test_a_default_is_not_shared():
    Steer({}).dials[0, 0] = 1
    Steer({}).items.append("a")
    assert Steer({}).dials == {}
    assert Steer({}).items == []


def test_pages_share_no_key_but_the_person():
    owners = {}
    for page in PAGES:
        for key in page.owned():
            owners.setdefault(key, []).append(page.__name__)
    assert {key: pages for key, pages in owners.items() if len(pages) > 1} == {"user": ["Steer", "Method"]}
    assert set(Steer.owned()) == set(Steer.owned(of_bundle=True)) | set(Steer.owned(of_bundle=False))


def test_another_bundle_forgets_what_is_of_the_first():
    kept = {"bundle": "b", "missing": {}, "who": "profile", "strength": 40, "scope": "all", "n": 24, "keep": True,
            "shown": 10, "seq": 7, "staged": 3, "layout": "umap", "model": "dot", "measure": "nmi", "naming": {"a": 1},
            "elsewhere": 1}
    gone = dict.fromkeys(("user", "items", "factor", "dim", "dials", "earlier", "steered", "favourite", "intention",
                          "attribute", "colour", "of", "axis", "find", "window", "prototype", "against", "sweep", "compare",
                          "run", "wishes", "likes", "hides", "added", "said", "kept", "side", "other", "amiss"), 1)
    session, address = kept | gone, {"bundle": "b", "n": "24", "user": "x", "dials": "0.0-1", "run": "3"}
    forget_bundle(session, address)
    assert session == kept
    assert address == {"bundle": "b", "n": "24"}
    forget_bundle(session, address)  # once more: there is nothing to forget
    assert Frame(session).bundle == "b"


# steer -------------------------------------------------------------------------------------------------------------------


def on_stage(what: str, **more) -> dict:
    return {"what": what, "seq": 1, **more}


def test_turns_are_kept_taken_up_and_forgotten(steer):
    steer.wishes, steer.hides = {"size": 60}, ["a"]
    steer.hear(on_stage("keep", name="big"), dict)
    steer.hear(on_stage("reset"), dict)
    steer.hear(on_stage("recall", name="big"), dict)
    assert (steer.wishes, steer.hides) == ({"size": 60}, ["a"])
    steer.undo()
    assert not steer.is_turned
    steer.bring({"small": Turn({}, 100, {"size": -60}, [], [])}, 9)
    steer.hear(on_stage("recall", name="small"), dict)
    assert (steer.wishes, list(steer.kept)) == ({"size": -60}, ["big", "small"])
    steer.hear(on_stage("forget", name="big"), dict)
    steer.hear(on_stage("recall", name="big"), dict)  # it is gone
    assert (steer.wishes, list(steer.kept)) == ({"size": -60}, ["small"])


def test_a_click_puts_a_dial(steer):
    steer.put(2, 5, 83, at=40)
    assert (steer.dials, steer.factor, steer.dim) == ({(2, 5): 83}, 2, 5)
    steer.put(2, 5, 40, at=40)  # back where the person stands
    assert steer.dials == {}
    steer.undo()
    assert steer.dials == {(2, 5): 83}


def did(what: str, values=None, strength: int = 100, chosen: int = 0, seq: int = 1) -> dict:
    return {"what": what, "values": values or {}, "strength": strength, "chosen": chosen, "seq": seq}


def test_turns_are_taken_and_taken_back(steer):
    steer.dials = {(3, 0): 99}
    steer.take(did("turn", {"0": 50, "1": 35}, chosen=1, seq=4), where, 8)
    assert (steer.dials, steer.dim, steer.seq) == ({(1, 1): 35, (3, 0): 99}, 1, 4)
    steer.take(did("strength", {"0": 50, "1": 35}, strength=60), where, 8)
    assert (steer.strength, len(steer.earlier)) == (60, 2)
    steer.take(did("reset"), where, 8)
    assert (steer.dials, steer.strength, steer.is_turned) == ({}, 100, False)
    for dials, strength in (({(1, 1): 35, (3, 0): 99}, 60), ({(1, 1): 35, (3, 0): 99}, 100), ({(3, 0): 99}, 100)):
        steer.take(did("undo"), where, 8)
        assert (steer.dials, steer.strength) == (dials, strength)
    steer.take(did("undo"), where, 8)  # nothing is left to be taken back
    assert steer.dials == {(3, 0): 99}


def test_what_changes_nothing_cannot_be_taken_back(steer):
    steer.take(did("turn", {"0": 50, "2": 70}), where, 8)
    steer.take(did("choose", chosen=2), where, 8)
    steer.take(did("reset"), where, 8)
    assert (steer.earlier, steer.dim) == ([], 0)


def test_so_many_turns_can_be_taken_back(steer):
    for value in range(UNDONE + 9):
        steer.take(did("turn", {"1": value + 21}), where, 8)
    assert len(steer.earlier) == UNDONE
    assert (steer.earlier[-1].dials, steer.earlier[-1].strength) == ({(1, 1): UNDONE + 28}, 100)


def test_more_and_fewer_dials(steer):
    shown = []
    for _ in range(3):
        steer.take(did("more"), where, 12)
        shown.append(steer.shown)
    assert shown == [2 * DIALS, 3 * DIALS, DIALS]


def heard(what: str, **more) -> dict:
    return {"what": what, "seq": 1, **more}


def test_what_the_stage_reports(steer):
    """Wishes, likes and hides are one history with the dials: each can be taken back, the last one first."""
    steer.dials = {(1, 0): 9}
    done = [heard("wish", wishes={"year": 40, "Comedy": 0}), heard("words", text="funny"), heard("like", item="a"),
            heard("like", item="a"), heard("hide", item="b"), heard("drop", kind="dial", key="1.0"),
            heard("drop", kind="like", key="a"), heard("reset")]
    seen = []
    for event in done:
        steer.hear(event, lambda text: {"Comedy": 60})
        seen.append((steer.dials, steer.wishes, steer.likes, steer.hides))
    assert seen[0] == ({(1, 0): 9}, {"year": 40}, [], [])
    assert seen[1] == ({(1, 0): 9}, {"year": 40, "Comedy": 60}, [], [])
    assert seen[3] == seen[2] == ({(1, 0): 9}, {"year": 40, "Comedy": 60}, ["a"], [])
    assert seen[6] == ({}, {"year": 40, "Comedy": 60}, [], ["b"])
    assert seen[7] == ({}, {}, [], [])
    assert not steer.is_turned
    for state in (seen[6], seen[5], seen[4], seen[3], seen[1], seen[0]):
        steer.hear(heard("undo"), dict)
        assert (steer.dials, steer.wishes, steer.likes, steer.hides) == state
    steer.hear(heard("add", name="War"), dict)
    assert steer.added == ["War"]
    steer.hear(heard("drop", kind="wish", key="year"), dict)
    steer.hear(heard("drop", kind="hide", key="z"), dict)
    assert steer.wishes == {}


def test_dials_beside_the_list(steer):
    """A dial that is put back to where the person stands (None) is not turned; what the browser remembers is taken once."""
    for key, value in (("1.0", 80), ("3.2", 5), ("1.0", 85), ("3.2", None)):
        steer.hear(heard("dial", key=key, value=value), dict)
    assert (steer.dials, len(steer.earlier)) == ({(1, 0): 85}, 4)
    fresh = Steer({})
    fresh.remember(steer.earlier, 7)
    fresh.remember([Turn({}, 100, {"size": 5}, [], [])], 8)
    assert (fresh.staged, fresh.earlier) == (8, steer.earlier)
    fresh.undo()
    assert fresh.dials == {(1, 0): 85, (3, 2): 5}


def test_another_person_starts_where_they_stand(steer):
    steer.meet("shop", [3, 4], favourite=1)
    steer.dials, steer.earlier, steer.factor = {(1, 0): 9}, [({}, 100)], 5
    steer.meet("shop", (3, 4), favourite=1)  # the same: all stays
    assert (steer.dials, steer.factor) == ({(1, 0): 9}, 5)
    steer.meet("shop", [3, 4, 6], favourite=1)  # another, who leans the same way: the choice of a factor stays
    assert (steer.dials, steer.earlier, steer.factor) == ({}, [], 5)
    steer.meet("shop", [8], favourite=2)
    assert steer.factor == 2


def test_dials_of_a_link_are_kept_for_the_first_person(steer):
    steer.dials = {(1, 0): 9}
    steer.meet("shop", [3], favourite=1)
    assert steer.dials == {(1, 0): 9}


def test_a_profile(steer):
    for item in ("a", "b", "a"):
        steer.add(item)
    assert steer.items == ["a", "b"]
    steer.remove("a")
    steer.remove("c")
    assert steer.items == ["b"]
    steer.choose(4, 0)
    assert (steer.factor, steer.dim) == (4, 0)


# maps and sweeps ---------------------------------------------------------------------------------------------------------


def test_a_click_on_a_star_counts_once():
    state = MacroMap({})
    state.clicked(None, [1, 2, 5])
    assert state.prototype == 1
    state.clicked(5, [1, 2, 5])
    state.prototype = 2  # chosen by its name, while the star is still selected on the map
    state.clicked(5, [1, 2, 5])
    assert state.prototype == 2


def test_a_click_on_a_run_counts_once():
    state = Disentanglement({})
    state.click(4)
    state.run = 1
    state.click(4)
    state.click(None)
    assert state.run == 1


# naming ------------------------------------------------------------------------------------------------------------------


def test_what_cannot_be_done_leaves_the_answers_and_is_told_once():
    naming = Naming(Answers(), saved=Saved("b", [], []))
    answers = naming.answers

    def fails():
        raise InputError("not so")

    assert not naming.change(fails)
    assert naming.answers is answers
    assert naming.saved is not None
    assert [naming.take_fault(), naming.take_fault()] == ["not so", None]
    assert naming.change(lambda: answers.with_attribute(Attribute("size")))
    assert naming.saved is None  # these answers are not saved yet


def test_names_for_what_has_none():
    naming = Naming(Answers())
    names = []
    for _ in range(3):
        names.append(naming.unnamed())
        naming.change(lambda: naming.answers.with_attribute(Attribute(names[-1])))
    assert names == ["unnamed", "unnamed 2", "unnamed 3"]
    assert Name({"naming": {"b": naming}}).naming["b"] is naming


def test_questions_begin_anew_when_a_bundle_is_read_again(bundle, twin):
    naming = Naming(Answers())
    first = naming.interview(bundle, 0)
    assert naming.interview(bundle, 0) is first
    assert naming.interview(twin, 0) is not first


def test_what_a_form_describes():
    assert described(" the  size ", ("small ", " large"), False, "x") == Attribute("the size", ("small", "large"))
    assert described("", ("", ""), True, "unnamed") == Attribute("unnamed", None, True)
    with pytest.raises(InputError):
        described("size", ("small", ""), False, "x")
