"""Answers: every change gives a new object, anything can be undone, and a table is what was said."""

import json
import math

import numpy as np
import pandas as pd
import pytest

from macrid.errors import InputError
from macrid.labelling.answers import UNDO_STEPS, Answers, Attribute

SIZE = Attribute("size", ("small", "large"))
NAN = float("nan")


@pytest.fixture
def some():
    """Two answers about size and one that it does not apply."""
    found = Answers().with_attribute(SIZE)
    for item, value in {"a": 1.0, "b": 5.0, "c": NAN}.items():
        found = found.answered("size", item, value, f"{item} placed")
    return found


def test_in_the_order_in_which_they_were_given(some):
    assert list(some.given["size"]) == ["a", "b", "c"]
    again = some.answered("size", "a", 2.0, "a placed")
    assert list(again.given["size"].items())[1:] == [*list(some.given["size"].items())[2:], ("a", 2.0)]
    assert some.given["size"]["a"] == 1.0


def test_anything_can_be_undone(some):
    table = pd.DataFrame({"dear": [1.0, 0.0]}, index=["a", "d"])
    changes = [some.answered("size", "d", 3.0, "d placed"), some.with_attribute(Attribute("dear", yes_no=True)),
               some.renamed("size", Attribute("bulk")), some.without("size"), some.cleared("size", {"a", "c"}),
               some.with_table(table, "import"), some.with_labels(SIZE, {"a": 4.0, "e": 2.0}, "a column")]
    for changed in changes:
        assert changed.undone() == some
        assert changed.did
    for left in range(4, 0, -1):
        assert some.did == ("new attribute size" if left == 1 else f"{'abc'[left - 2]} placed")
        some = some.undone()
    assert some.before is None
    assert some.undone() is some


def states_held(answers):
    """How many states of answers an object keeps alive, itself among them."""
    seen, left = set(), [answers]
    while left:
        one = left.pop()
        if isinstance(one, Answers) and id(one) not in seen:
            seen.add(id(one))
            left += [*one.past, *vars(one).values()]
    return len(seen)


def test_a_bounded_number_of_steps_can_be_undone():
    answers, states = Answers().with_attribute(SIZE), []
    for step in range(3 * UNDO_STEPS):
        states.append(answers)
        answers = answers.answered("size", f"item {step % 7}", float(step % 5 + 1), f"step {step}")
        assert states_held(answers) <= UNDO_STEPS + 1
    for state in states[:-1 - UNDO_STEPS:-1]:
        answers = answers.undone()
        assert (answers.given, answers.did) == (state.given, state.did)
    assert answers.before is None
    assert answers.undone() is answers


def test_cleared_only_where_asked(some):
    assert list(some.cleared("size", {"a", "x"}).given["size"]) == ["b", "c"]


def test_renamed_in_place(some):
    two = some.with_attribute(Attribute("dear", yes_no=True))
    found = two.renamed("size", Attribute("bulk", ("slim", "wide")))
    assert list(found.attributes) == ["bulk", "dear"]
    assert found.attributes["bulk"].low == "slim"
    assert list(found.given["bulk"]) == ["a", "b", "c"]
    assert two.renamed("size", Attribute("size")).attributes["size"].high == "more size"
    with pytest.raises(InputError, match="already"):
        two.renamed("size", Attribute("dear"))
    with pytest.raises(InputError, match="already"):
        two.with_attribute(SIZE)


@pytest.mark.parametrize("name", ["", "item_id", "a\tb", "title"])
def test_a_name_that_no_csv_could_hold(name):
    with pytest.raises(InputError, match="attribute"):
        Attribute(name)


def test_the_table_leaves_out_what_does_not_apply(some):
    found = some.with_attribute(Attribute("dear", yes_no=True)).answered("dear", "d", 1.0, "")
    found = found.with_attribute(Attribute("idle"))
    table = found.table()
    assert list(table.columns) == ["size", "dear"]
    assert table.index.tolist() == ["a", "b", "d"]
    np.testing.assert_array_equal(table, [[1, np.nan], [5, np.nan], [np.nan, 1]])
    assert table.attrs["ends"] == {"size": ("small", "large")}
    assert found.counts() == {"size": 2, "dear": 1}
    assert Answers().table().empty


def test_taken_up_again_from_a_table(some):
    found = some.with_attribute(Attribute("dear", yes_no=True)).answered("dear", "d", 1.0, "")
    again = Answers.of(found.table())
    assert again.attributes == found.attributes
    assert again.undone() is again
    pd.testing.assert_frame_equal(again.table(), found.table())
    assert again.table().attrs == found.table().attrs


def test_a_table_adds_to_what_there_is(some):
    table = pd.DataFrame({"size": [4.0, 2.0], "dear": [1.0, 0.0]}, index=["b", "e"])
    found = some.with_table(table, "import of few.csv")
    assert {item: value for item, value in found.given["size"].items() if not math.isnan(value)} == {"a": 1, "b": 4, "e": 2}
    assert found.attributes["size"] == SIZE  # the ends keep their names where the table has none
    assert found.attributes["dear"].yes_no
    with pytest.raises(InputError, match="size is a scale so far and yes or no there"):
        some.with_table(pd.DataFrame({"size": [1.0, 0.0]}, index=["x", "y"]), "")


def test_the_steps_of_a_scale(some):
    assert some.scale("size") == (1, 2, 3, 4, 5)
    assert some.with_attribute(Attribute("dear", yes_no=True)).scale("dear") == (0, 1)
    years = some.with_labels(Attribute("year"), {"a": 1950.0, "b": 1990.0, "c": NAN}, "")
    assert years.scale("year") == (1950, 1960, 1970, 1980, 1990)


def test_a_draft_says_all_but_what_could_be_undone(some):
    told = some.with_dial((2, 3), Attribute("mood <b>", ("dark", "cheerful"))).with_attribute(Attribute("dear", yes_no=True))
    again = Answers.of_json(json.loads(json.dumps(told.as_json(), allow_nan=False)))
    assert (again.attributes, again.dials, again.past) == (told.attributes, told.dials, ())
    assert [list(given) for given in again.given.values()] == [list(given) for given in told.given.values()]
    np.testing.assert_array_equal(list(again.given["size"].values()), [1.0, 5.0, NAN])


@pytest.mark.parametrize("wrong", [{}, {"attributes": [], "dials": [[0, 0, "no such"]]}, {"attributes": 3, "dials": []},
                                   {"attributes": [{"name": "title", "ends": None, "yes_no": False, "items": [],
                                                    "values": []}], "dials": []}])
def test_what_is_no_draft(wrong):
    with pytest.raises((InputError, KeyError, TypeError, ValueError)):
        Answers.of_json(wrong)


def test_a_named_dial_follows_its_attribute(some):
    named = some.with_dial((0, 1), Attribute("mood"))
    assert named.named_dials() == [{"factor": 0, "dim": 1, "attribute": "mood", "low": "less mood", "high": "more mood"}]
    assert named.renamed("mood", Attribute("tone")).dials == {(0, 1): "tone"}
    assert named.without("mood").dials == {}
    assert named.undone() == some
    assert Answers().with_dials(named.named_dials()).dials == named.dials
