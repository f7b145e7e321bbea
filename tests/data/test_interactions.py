"""The laws that reading keeps: ids in order, repeated pairs merged, ready splits checked, what was written is read."""

import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import HEAD, SPLIT, assert_says, dense, write, zipped
from scipy.sparse import csr_matrix

from macrid.data.interactions import PARTS, Interactions, read
from macrid.errors import InputError, InputWarning


def test_parquet_and_its_parts(tmp_path):
    table = pd.DataFrame({"visitor_id": [1, 1, 2, 10], "item": ["a", "b", "a", "c"], "score": [1.0, 0.0, 2.0, 3.0]})
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    table.to_parquet(tmp_path / "one" / "clicks.parquet")
    table[:2].to_parquet(tmp_path / "two" / "part-0.parquet")
    table[2:].to_parquet(tmp_path / "two" / "part-1.parquet")
    items = pd.DataFrame({"item_id": ["b", "a"], "title": ["B", None], "price": [2, 1], "stock": ["x", ""]})
    items["image_url"] = ["http://b", None]
    items.to_parquet(tmp_path / "one" / "items.parquet")
    one, two = read(tmp_path / "one"), read(tmp_path / "two")
    assert dense(one) == dense(two) == {("1", "a"): 1, ("1", "b"): 0, ("2", "a"): 2, ("10", "c"): 3}
    assert list(one.items.columns) == ["item_id", "title", "category", "price", "stock", "image_url"]
    assert list(one.items["title"]) == ["a", "B", "c"]
    np.testing.assert_array_equal(one.items["price"], [1, 2, np.nan])
    assert list(one.items["stock"]) == ["", "x", ""]
    assert list(one.items["image_url"]) == ["", "http://b", ""]
    assert list(two.items["category"]) == ["", "", ""]
    with zipfile.ZipFile(tmp_path / "clicks.zip", "w") as out:
        out.write(tmp_path / "one" / "clicks.parquet", "deep/clicks.parquet")
    assert dense(read(tmp_path / "clicks.zip")) == dense(one)


def test_parquet_ids_that_became_floats_and_dates(tmp_path):
    pd.DataFrame(
        {
            "user": [1.0, 2.0, 1.0],
            "item": ["a", "a", "a"],
            "rating": [1, 2, 3],
            "time": pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-01"]),
        }
    ).to_parquet(tmp_path / "x.parquet")
    with pytest.warns(InputWarning, match=r"row 3"):
        assert dense(read(tmp_path / "x.parquet")) == {("1", "a"): 1, ("2", "a"): 2}


@pytest.mark.parametrize("root", ["", "ml/", "ml/pro_sg/"])
def test_pro_sg(tmp_path, root):
    files = {root + n: c for n, c in SPLIT.items()}
    files["movies.dat" if root else "movies.csv"] = (
        "1::Matrix, The (1999)::Action|Sci-Fi\n"
        if root
        else 'movieId,title,genres\n1,"Matrix, The (1999)",Action|Sci-Fi\n'
    )
    data = read(zipped(tmp_path / "ml.zip", files))
    assert list(data.item_ids) == ["30", "1", "2"]  # in the order of unique_sid.txt
    assert list(data.user_ids) == ["0", "1", "2", "10"]
    assert not data.rated
    assert set(dense(data).values()) == {1.0}
    assert data.parts.dtype == np.int8
    coo = data.parts.tocoo()
    found = {(data.user_ids[u], data.item_ids[i], PARTS[v]) for u, i, v in zip(coo.row, coo.col, coo.data, strict=True)}
    assert found == {
        ("0", "30", "train"),
        ("0", "1", "train"),
        ("1", "2", "train"),
        ("2", "30", "validation_tr"),
        ("2", "1", "validation_te"),
        ("10", "1", "test_tr"),
        ("10", "30", "test_te"),
    }
    assert list(data.items["title"]) == ["30", "The Matrix", "2"]
    assert list(data.items["category"])[1] in ("Action", "Sci-Fi")


PRO_SG_FAULTS = {
    "index beyond unique_sid.txt": (
        {"test_te.csv": "uid,sid\n10,0\n10,3\n"},
        r"test_te\.csv, row 3: .*index is 3.*3 lines",
    ),
    "no index": ({"train.csv": "uid,sid\n0,x\n"}, r"train\.csv, row 2: .*index is x"),
    "no user index": ({"train.csv": "uid,sid\n0,1\nbob,1\n"}, r"train\.csv, row 3: .*'bob'"),
    "pair in two parts": (
        {"test_te.csv": "uid,sid\n10,0\n10,1\n"},
        r"test_te\.csv, row 3: user 10 and item 1 .*test_tr\.csv, row 2",
    ),
    "user in two groups": (
        {"test_te.csv": "uid,sid\n10,0\n0,2\n"},
        r"test_te\.csv, row 3: user 0 is also in train\.csv",
    ),
    "a part missing": ({"test_te.csv": None}, r"lacks test_te\.csv"),
    "id listed twice": ({"unique_sid.txt": "1\n2\n1\n"}, r"unique_sid\.txt, row 3: item '1' is already in row 1"),
    "id blank": ({"unique_sid.txt": "1\n\n2\n"}, r"unique_sid\.txt, row 2: .*blank"),
    "category row short": ({"item_cate.csv": "1,a\n2\n"}, r"item_cate\.csv, row 2: has 1 fields"),
}


@pytest.mark.parametrize("fault", PRO_SG_FAULTS)
def test_pro_sg_faults(tmp_path, fault):
    changes, message = PRO_SG_FAULTS[fault]
    files = {n: c for n, c in (SPLIT | changes).items() if c is not None}
    assert_says(write(tmp_path, files), message)


def test_repeated_pairs(tmp_path):
    write(
        tmp_path,
        {"t.csv": HEAD + "a,x,1,30\nb,x,2,1\na,x,3,20\na,x,4,10\n", "n.csv": "user,item,rating\na,x,1\na,x,2\n"},
    )
    with pytest.warns(InputWarning, match=r"t\.csv, row 4: user 'a' and item 'x' .*merged 2 repeated rows") as caught:
        assert dense(read(tmp_path / "t.csv")) == {("a", "x"): 1, ("b", "x"): 2}
    assert len(caught) == 1
    with pytest.warns(InputWarning, match=r"n\.csv, row 3: .*keeping the last"):
        assert dense(read(tmp_path / "n.csv")) == {("a", "x"): 2}


def test_dates_decide_between_repeated_pairs(tmp_path):
    rows = "a,x,1,2024-03-01T10:00:00Z\na,x,2,2023-03-01 10:00:00\n"
    write(tmp_path, {"t.csv": HEAD + rows})
    with pytest.warns(InputWarning):
        assert dense(read(tmp_path / "t.csv")) == {("a", "x"): 1}


def test_zero_ratings_are_interactions(tmp_path):
    write(tmp_path, {"x.csv": "user,item,rating\na,x,0\na,y,1\nb,x,0\n"})
    data = read(tmp_path / "x.csv")
    assert data.n_interactions == 3
    kept = data.select(users=np.array([True, False]), items=np.array([1, 0]))
    assert dense(kept) == {("a", "x"): 0, ("a", "y"): 1}
    assert list(kept.items["item_id"]) == list(kept.item_ids) == ["y", "x"]


def small(**changes):
    matrix = csr_matrix(np.array([[1, 0], [0, 2]], np.float32))
    ids = np.array(["a", "b"], dtype=object)
    fields = {"matrix": matrix, "user_ids": ids, "item_ids": ids, "name": "n", "rated": True}
    fields["items"] = pd.DataFrame({"item_id": ["a", "b"], "title": ["A", "B"], "category": ["", ""]})
    return Interactions(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"user_ids": np.array(["a"], dtype=object)}, "user_ids: has 1 entries"),
        ({"item_ids": np.array(["b", "a"], dtype=object)}, "items: its column item_id"),
        ({"matrix": csr_matrix(np.eye(2))}, "matrix: is float64"),
        ({"items": pd.DataFrame({"item_id": ["a", "b"]})}, "items: lacks the column title, category"),
        ({"parts": csr_matrix(np.array([[1, 1], [0, 0]], np.int8))}, "parts: "),
    ],
)
def test_interactions_check_their_shapes(changes, message):
    assert small().n_interactions == 2
    with pytest.raises(InputError, match=message):
        small(**changes)


@pytest.mark.parametrize("mask", [np.array([True]), np.array([0, 0]), np.array([2])])
def test_select_checks_its_masks(mask):
    with pytest.raises(InputError, match="users: the"):
        small().select(users=mask)


def test_select_keeps_parts_in_step(tmp_path):
    data = read(write(tmp_path, SPLIT)).select(users=np.array([2, 0]), items=np.array([False, True, True]))
    assert list(data.user_ids) == ["2", "0"]
    assert data.parts.toarray().tolist() == [[2, 0], [0, 0]]
    assert data.parts.nnz == data.n_interactions == 2  # the stored 0 (train) is still there


IDS = st.text("abcXYZ0129é _-,;\"'", min_size=1, max_size=6).filter(lambda s: s.strip() == s and s.lower() != "na")
ROWS = st.dictionaries(st.tuples(IDS, IDS), st.integers(-3, 10).map(lambda v: v / 2), min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 99), suffix=st.sampled_from([".csv", ".tsv", ".parquet"]))
def test_what_was_written_is_read_in_any_row_order(tmp_path_factory, rows, seed, suffix):
    path = tmp_path_factory.mktemp("law") / f"x{suffix}"
    table = pd.DataFrame([(u, i, r) for (u, i), r in rows.items()], columns=["user_id", "item_id", "rating"])

    def through(frame):
        if suffix == ".parquet":
            frame.to_parquet(path)
        else:
            frame.to_csv(path, index=False, sep="," if suffix == ".csv" else "\t")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return read(path)

    data, shuffled = through(table), through(table.sample(frac=1, random_state=seed))
    assert dense(data) == rows
    assert list(data.user_ids) == list(shuffled.user_ids)
    assert (data.matrix != shuffled.matrix).nnz == 0
