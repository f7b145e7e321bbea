"""What the values beside clicks mean, which of them count, and that every row, person and item is accounted for."""

import numpy as np
import pytest
from layouts import SPLIT, write

from macrid.data.ids import ids_from, ids_text
from macrid.data.interactions import Asked, read
from macrid.data.scale import ANY, Column, scale_of
from macrid.data.split import recbole, strong, to_clicks
from macrid.errors import InputError


def scale(*values, kind="rating", rows=1, told=None):
    found, counts = np.unique(np.array(values, float), return_counts=True)
    return scale_of(found, counts * rows, Column("mark", kind, "r.csv", told))


@pytest.mark.parametrize(
    ("values", "kind", "threshold", "unrated"),
    [
        (range(1, 6), "rating", 4, ()),
        ((3, 4, 5), "rating", 4, ()),
        (np.arange(0.5, 5.5, 0.5), "rating", 4, ()),
        (range(1, 11), "rating", 7, ()),
        ((4, 9), "rating", 7, ()),
        (range(0, 11), "rating", 7, (0,)),
        ((0, 9), "rating", 7, (0,)),
        ((-1, 7, 10), "rating", 7, (-1,)),
        ((-1, 0, 1, 5), "rating", 4, (-1, 0)),
        ((20, 100), "rating", 61, ()),
        ((-9.5, 3, 10), "rating", 2, ()),
        ((0.1, 0.7), "rating", 0.6, ()),
        (range(1, 8), "rating", 5, ()),
    ],
)
def test_scales_of_marks(values, kind, threshold, unrated):
    found = scale(*values, kind=kind)
    assert (found.kind, found.threshold, found.unrated) == ("rating", threshold, unrated)


@pytest.mark.parametrize(
    ("values", "kind", "wanted", "threshold"),
    [
        ((0, 1), "rating", "label", 1),
        ((0, 1), "label", "label", 1),
        ((-1, 1), "value", "label", 1),
        ((0,), "label", "label", 1),
        ((1, 2, 900), "count", "count", 1),
        ((0, 3, 5), "count", "count", 3),
        ((0.5, 80), "count", "count", 0.5),
        ((5,), "rating", "none", ANY),
        ((), "rating", "none", ANY),
        ((1, 3, 5), "label", "rating", 4),
    ],
)
def test_what_is_no_scale_of_marks(values, kind, wanted, threshold):
    assert (scale(*values, kind=kind).kind, scale(*values, kind=kind).threshold) == (wanted, threshold)


def test_a_scale_ends_at_its_greatest_mark_if_there_are_many():
    assert scale(1, 2, 3, 4, rows=400).threshold == 3
    assert scale(1, 2, 3, 4, rows=4).threshold == 4


def test_marks_or_counts_is_a_question():
    for values, kind in (((1, 2, 300), "rating"), ((1, 40), "value")):
        with pytest.raises(InputError, match=r"marks or counts\? say --min-rating 1 if each counts"):
            scale(*values, kind=kind)
        assert scale(*values, kind=kind, told=7.0).threshold == 7


HEAD = "user,item,rating\n"
ROWS = [(f"u{u}", f"i{i}", ["", 0, 1, 2, 3, 4, 5][(u * 3 + i) % 7]) for u in range(30) for i in range(12)]


def test_every_row_is_accounted_for(tmp_path):
    path = write(tmp_path, {"r.csv": HEAD + "".join(f"{u},{i},{r}\n" for u, i, r in ROWS)}) / "r.csv"
    data = read(path)
    for clicks in (to_clicks(data, min_clicks=3), to_clicks(data, 5, 1), to_clicks(data, 1, 1), to_clicks(data, -np.inf, 1)):
        said = clicks.statement
        assert said.counted + sum(o.number for o in said.out if o.what == "rows") == len(ROWS)
        assert said.people + sum(o.number for o in said.out if o.what == "people") == data.n_users
        assert said.items + sum(o.number for o in said.out if o.what == "items") == data.n_items
        assert said.clicks <= said.counted
    reasons = {out.why: out.number for out in to_clicks(data, min_clicks=3).statement.out}
    assert reasons["no rating given"] == sum(r == "" for *_, r in ROWS)
    assert reasons["rating 0, which stands for no mark"] == sum(r == 0 for *_, r in ROWS)
    assert reasons["rating below 4"] == sum(r in (1, 2, 3) for *_, r in ROWS)
    first = next(out for out in to_clicks(data, min_clicks=3).statement.out if "below" in out.why)
    assert first.examples[0] == "user u0 and item i10 (2)"  # by id, as text


def test_after_the_split_people_and_items_still_add_up(tmp_path):
    path = write(tmp_path, {"r.csv": HEAD + "".join(f"{u},{i},{r}\n" for u, i, r in ROWS)}) / "r.csv"
    data = read(path)
    split = strong(to_clicks(data, min_clicks=2))
    said = split.statement
    assert said.people == split.train.shape[0] + len(split.validation.user_ids) + len(split.test.user_ids)
    assert said.items == split.train.shape[1]
    assert said.people + sum(o.number for o in said.out if o.what == "people") == data.n_users
    assert recbole(to_clicks(data, min_clicks=2)).statement.clicks == said.clicks
    assert said.as_json()["left_out"][0].keys() == {"what", "number", "why", "examples"}
    assert all(isinstance(line, str) for line in said.lines())


def test_repeated_pairs_by_what_their_values_are(tmp_path):
    def value(text, name="r.csv"):
        with pytest.warns(UserWarning, match="merged"):
            return read(write(tmp_path, {name: text}) / name).matrix.toarray()[0].tolist()

    assert value("user,item,plays\nu,i,1\nu,i,2\nu,j,1\n") == [3, 1]
    assert value("user,item,label\nu,i,1\nu,i,0\nu,j,0\n") == [1, 0]
    assert value("user,item,rating\nu,i,1\nu,i,5\nu,j,3\n") == [5, 3]
    assert value("user,item,rating\nu,i,5\nu,i,0\nu,j,3\n") == [5, 3]  # no mark says nothing
    assert value("user,item,rating,time\nu,i,1,9\nu,i,5,2\nu,j,3,1\n") == [1, 3]


def test_a_published_split_keeps_people_with_few_clicks(tmp_path):
    data = read(write(tmp_path / "ml-1m", SPLIT))
    assert to_clicks(data).n_users == data.n_users
    assert to_clicks(data, min_clicks=2).n_users < data.n_users


def test_a_name_decides_nothing(tmp_path):
    text = "user,item\n" + "".join(f"u{u},i{i}\n" for u in range(40) for i in range(8))
    data = read(write(tmp_path / "ml-20m", {"r.csv": text}))
    assert data.name == "ml-20m"
    assert len(strong(to_clicks(data)).test.user_ids) == 4


@pytest.mark.parametrize(
    "ids", [["a"], ["a", "b c"], ["War 40,000", "a"], ['say "hi"', "a,b"], ["", "x"], ["a,b", "a", "b"], ["1", "007"]]
)
def test_ids_on_one_line(ids):
    given = [i for i in ids if i]
    assert ids_from(ids_text(given), set(given)) == given


def test_ids_as_people_type_them():
    known = {"War 40,000 Dawn", "a", "b", "x, y", "a,c"}
    assert ids_from("War 40,000 Dawn", known) == ["War 40,000 Dawn"]
    assert ids_from("a, War 40,000 Dawn,b", known) == ["a", "War 40,000 Dawn", "b"]
    assert ids_from("x, y,a", known) == ["x, y", "a"]
    assert ids_from("a,nothing", known) == ["a", "nothing"]
    assert ids_from("", known) == ids_from(" , ", known) == []


def test_the_columns_as_told(tmp_path):
    text = "who,what,stars,when,rating\n" + "u,i,5,1,1\nu,j,2,2,1\n"
    path = write(tmp_path, {"r.csv": text}) / "r.csv"
    data = read(path, asked=Asked("who", "WHAT", "stars", "when"))
    assert data.found.columns == {"user": "who", "item": "what", "rating": "stars", "time": "when"}
    assert data.matrix.toarray().tolist() == [[5, 2]]
    assert read(path, asked=Asked("1", "2", "5")).found.columns == {"user": "who", "item": "what", "rating": "rating"}


def test_one_mark_and_blanks(tmp_path):
    path = write(tmp_path, {"r.csv": "user,item,rating\nu,i,5\nu,j,\nv,i,5\nv,k,5\n"}) / "r.csv"
    said = to_clicks(read(path), min_clicks=1).statement
    assert (said.counted, said.out[0].why) == (3, "no rating given")


def test_told_columns_without_a_header_need_no_more(tmp_path):
    text = "".join(f"{k}\t2010-10-19T23:55:27Z\t30.{k}\t-97.7\t{k % 3}\n" for k in range(9))
    path = write(tmp_path, {"checkins.txt": text}) / "checkins.txt"
    with pytest.raises(InputError, match="--user 1 --item 2"):
        read(path)
    data = read(path, asked=Asked("1", "5"))
    assert (data.n_users, data.n_items, data.rated) == (9, 3, False)
    path = write(tmp_path, {"twice.csv": "user,item,user\na,b,c\n"}) / "twice.csv"
    with pytest.raises(InputError, match="say --user 1 or --user 3"):
        read(path)
    assert list(read(path, asked=Asked(user="3")).user_ids) == ["c"]
