"""Files of named intentions: what they say, faults with row and remedy, the round trip."""

import numpy as np
import pandas as pd
import pytest

from macrid.data import intention_file
from macrid.data.intention_file import Intentions
from macrid.errors import InputError, InputWarning

IDS = pd.Series(["a1", "a2", "b1", "b2", "c1"])


def parsed(text: str) -> Intentions:
    return intention_file.parse(text.encode(), "few.csv", IDS)


def test_what_a_file_says():
    told = parsed("title;intention;item_id\nx;bags;a1\n;phones;\ny; shoes ;b1\nz;bags;a2\n")
    assert told.names == ("bags", "phones", "shoes")
    assert told.items == {"a1": "bags", "b1": "shoes", "a2": "bags"}
    assert (told.with_items, told.to_be_found) == (("bags", "shoes"), ("phones",))
    np.testing.assert_array_equal(told.known(IDS), [0, 0, 1, -1, -1])
    assert told.counts() == {"bags": 2, "phones": 0, "shoes": 1}


def test_what_is_written_is_read_again():
    told = Intentions(('quo"ted, name', "to be found", "<b>"), {"a1": "<b>", "a2": 'quo"ted, name'})
    again = parsed(told.to_csv(pd.Series("a, title", index=IDS)))
    assert (again.names, again.items) == (told.names, told.items)


@pytest.mark.parametrize(("text", "message"), [
    ("", "few.csv is empty; the first row names the columns: item_id and intention"),
    ("item_id,kind\na1,bags\n", "there is no column intention, only item_id, kind; the first row names"),
    ("item_id,intention,intention\na1,x,y\n", "there are two columns intention"),
    ("item_id,intention\na1,bags\na9,bags\n", "row 3: there is no item 'a9'; for example a"),
    ("item_id,intention\na1,bags\na2\n", "row 3: has 1 fields, not 2; mend or drop the row"),
    ("item_id,intention\na1,\n", "names no item"),  # that says nothing of a1
    ("movieId,asin,intention\na1,a1,x\n", "movieId and asin could be the item ids"),
    ("item_id,intention\na1,bags\nb1,x\na1,shoes\n", "row 4: item 'a1' stands in row 2 already; keep one"),
    ("item_id,intention\n,bags\n", "names no item; give at least one intention some items"),
    (f"item_id,intention\na1,{'x' * 61}\n", "row 2: intention is 'xxx"),
])
def test_a_fault_names_row_and_remedy(text, message):
    with pytest.raises(InputError, match=message) as raised:
        parsed(text)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", [
    ",movieId,intention\n0,a1,bags\n1,b1,\n2,c1,NA\n3,,shoes\n",  # with the index of pandas
    "id,Intention\na1,bags\nb1,nan\nNA,shoes\n"])
def test_the_rules_are_those_of_labels(text):
    """An index is no column, the id has its names, what is missing says nothing."""
    told = parsed(text)
    assert (told.names, told.items) == (("bags", "shoes"), {"a1": "bags"})


def test_items_that_a_bundle_lacks_are_counted():
    text = b"item_id,intention\na1,bags\nz1,bags\nz2,boats\n"
    with pytest.warns(InputWarning, match=r"few\.csv: 2 of 3 items are not among those .* left out: z1, z2"):
        told = intention_file.parse(text, "few.csv", IDS, leave_out=True)
    assert (told.names, told.items) == (("bags", "boats"), {"a1": "bags"})
    with pytest.raises(InputError, match="row 2: there is no item 'z1'"):
        intention_file.parse(b"item_id,intention\nz1,bags\n", "few.csv", IDS, leave_out=True)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"there is no file .*few.csv; --intentions takes a CSV"):
        intention_file.read(tmp_path / "few.csv", IDS)


def test_items_that_nobody_trains_on_are_left_out(tmp_path):
    told = Intentions(("bags", "shoes"), {"a1": "bags", "b1": "shoes"})
    with pytest.warns(InputWarning, match=r"1 of 2 items have too few clicks .* left out: b1"):
        kept = intention_file.of_items(told, IDS[:2], tmp_path)
    assert (kept.names, kept.items) == (("bags", "shoes"), {"a1": "bags"})
    with pytest.raises(InputError, match="none of its items has enough clicks"):
        intention_file.of_items(told, IDS[4:], tmp_path)


def test_one_fingerprint_for_the_same_intentions():
    told = Intentions(("bags",), {"a1": "bags"})
    assert told.fingerprint() == Intentions(("bags",), {"a1": "bags"}).fingerprint()
    assert told.fingerprint() != Intentions(("bags", "shoes"), {"a1": "bags"}).fingerprint()
    assert told.fingerprint() != Intentions(("bags",), {"a2": "bags"}).fingerprint()
