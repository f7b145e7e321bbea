"""Every layout on small files, every fault with its row, and the laws that reading keeps."""

import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from macrid.data import PARTS, Interactions, read
from macrid.errors import InputError, InputWarning
from macrid.readers import GENRES_100K


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return folder


def zipped(path: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name, content)
    return path


def dense(data: Interactions) -> dict[tuple[str, str], float]:
    coo = data.matrix.tocoo()
    return {(data.user_ids[u], data.item_ids[i]): float(v) for u, i, v in zip(coo.row, coo.col, coo.data, strict=True)}


def flags(*genres: str) -> str:
    return "|".join("1" if g in genres else "0" for g in GENRES_100K)


MOVIES = [("1", "Matrix, The (1999)", "Action|Sci-Fi"), ("2", "Léon (1994)", "Action|Crime"), ("30", "Odd", "Action")]
WANTED = {("1", "1"): 5.0, ("1", "2"): 3.0, ("2", "1"): 4.0, ("10", "30"): 0.5}

LAYOUTS = {
    "udata": {
        "u.data": "1\t1\t5\t10\n10\t30\t0.5\t13\n1\t2\t3\t11\n2\t1\t4\t12\n",
        "u.item": "".join(
            f"{i}|{t}|01-Jan-1999||http://x|{flags(*g.split('|'))}\n"
            for i, t, g in [*MOVIES, ("4", "Unseen (1900)", "")]
        ).encode("latin-1"),
        "u.user": "1|24|M|technician|85711\n",
        "u1.base": "1\t1\t5\t10\n",
        "README": "about the set\n",
    },
    "dat": {
        "ratings.dat": "1::1::5::10\n10::30::0.5::13\n1::2::3::11\n2::1::4::12\n",
        "movies.dat": "".join(f"{i}::{t}::{g}\n" for i, t, g in MOVIES).encode("latin-1"),
        "users.dat": "1::F::1::10::48067\n",
    },
    "dat-utf8": {
        "ratings.dat": "1::1::5::10\n10::30::0.5::13\n1::2::3::11\n2::1::4::12\n",
        "movies.dat": "".join(f"{i}::{t}::{g}\n" for i, t, g in MOVIES),
    },
    "csv": {
        "ratings.csv": "userId,movieId,rating,timestamp\r\n1,1,5.0,10\r\n10,30,0.5,13\r\n1,2,3,11\r\n2,1,4,12\r\n",
        "movies.csv": "movieId,title,genres\n" + "".join(f'{i},"{t}",{g}\n' for i, t, g in MOVIES),
        "tags.csv": "userId,movieId,tag,timestamp\n1,1,funny,10\n",
        "links.csv": "movieId,imdbId,tmdbId\n1,1,1\n",
    },
    "atomic": {
        "x.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t1\t5\t10\n10\t30\t0.5\t13\n"
        "1\t2\t3\t11\n2\t1\t4\t12\n",
        "x.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
        "1\tMatrix, The\t1999\tAction Sci-Fi\n2\tLéon\t1994\tAction Crime\n30\tOdd\tV\tAction\n",
        "x.user": "user_id:token\tage:token\n1\t24\n",
    },
    "items.csv": {
        "clicks.csv": "\ufeffUID;ProdUct_ID;Stars\n1;1;5\n10;30;0.5\n1;2;3\n\n2;1;4\n",
        "items.csv": "item_id,title,year,genres\n1,The Matrix,1999,Action|Sci-Fi\n2,Léon,1994,Action|Crime\n"
        "30,Odd,,Action\n",
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["folder", "zip", "zip with a folder"])
def test_every_layout_gives_the_same(tmp_path, layout, kind):
    files = LAYOUTS[layout]
    if kind == "folder":
        path = write(tmp_path / "set", files)
    else:
        inner = {f"set/{n}": c for n, c in files.items()} if "folder" in kind else files
        path = zipped(tmp_path / "set.zip", inner | {"__MACOSX/ratings.csv": "user,item\n1,1\n"})
    data = read(path)
    assert (data.name, data.rated, data.parts) == ("set", True, None)
    assert (data.n_users, data.n_items, data.n_interactions) == (3, 3, 4)
    assert list(data.user_ids) == ["1", "2", "10"]  # as numbers, not as text
    assert list(data.item_ids) == ["1", "2", "30"]  # the unseen film is left out
    assert data.user_ids.dtype == object
    assert all(type(v) is str for v in [*data.user_ids, *data.item_ids])
    assert dense(data) == WANTED
    assert data.matrix.dtype == np.float32
    assert list(data.items["title"]) == ["The Matrix", "Léon", "Odd"]
    assert list(data.items["category"]) == ["Sci-Fi", "Crime", "Action"]
    assert list(data.items["genres"]) == ["Action|Sci-Fi", "Action|Crime", "Action"]
    np.testing.assert_array_equal(data.items["year"], [1999, 1994, np.nan])
    assert list(data.items.columns) == ["item_id", "title", "category", "genres", "year"]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_single_file_takes_its_items_along(tmp_path, layout):
    folder = write(tmp_path, LAYOUTS[layout])
    name = next(iter(LAYOUTS[layout]))
    data = read(folder / name, name="mine")
    assert data.name == "mine"
    assert dense(data) == WANTED
    assert data.items["title"][0] == "The Matrix"


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


# pro_sg --------------------------------------------------------------------------------------------------------------

SPLIT = {
    "unique_sid.txt": "30\n1\n2\n",
    "train.csv": "uid,sid\n0,0\n0,1\n1,2\n",
    "validation_tr.csv": "uid,sid\n2,0\n",
    "validation_te.csv": "uid,sid\n2,1\n",
    "test_tr.csv": "uid,sid\n10,1\n",
    "test_te.csv": "uid,sid\n10,0\n",
}


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


def test_pro_sg_categories_and_untouched_items_stay(tmp_path):
    files = SPLIT | {"unique_sid.txt": "30\n1\n2\n99\n", "item_cate.csv": "1,bags\n99,phones\n5,unknown item\n"}
    data = read(write(tmp_path, files))
    assert list(data.items["category"]) == ["", "bags", "", "phones"]
    assert data.n_items == 4


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
    "category twice": ({"item_cate.csv": "1,a\n1,b\n"}, r"item_cate\.csv, row 2: item '1' is already in row 1"),
    "category row short": ({"item_cate.csv": "1,a\n2\n"}, r"item_cate\.csv, row 2: has 1 fields"),
}


@pytest.mark.parametrize("fault", PRO_SG_FAULTS)
def test_pro_sg_faults(tmp_path, fault):
    changes, message = PRO_SG_FAULTS[fault]
    files = {n: c for n, c in (SPLIT | changes).items() if c is not None}
    assert_says(write(tmp_path, files), message)


def test_one_part_of_pro_sg_is_not_taken_for_a_table(tmp_path):
    assert_says(write(tmp_path, SPLIT) / "train.csv", r"one part of a pro_sg data set; give the folder")


def test_the_topmost_layout_wins(tmp_path):
    files = LAYOUTS["csv"] | {f"pro_sg/{n}": c for n, c in SPLIT.items()}
    assert dense(read(write(tmp_path, files))) == WANTED
    assert read(tmp_path / "pro_sg").parts is not None


# Faults --------------------------------------------------------------------------------------------------------------


def assert_says(path: Path, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path.parent) in text or str(path) in text  # names the file
    assert len(text) < 900
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # no chain of tracebacks


HEAD = "user_id,item_id,rating,timestamp\n"
FAULTS = {
    "empty": ("x.csv", "", r"x\.csv: is empty"),
    "blank lines only": ("x.csv", "\n\n", r"x\.csv: is empty"),
    "header only": ("x.csv", HEAD, r"x\.csv: has no rows"),
    "no user": ("x.csv", "who,item_id\na,b\n", r"columns who, item_id, no column for user.*user_id, userId"),
    "no item": ("x.csv", "user,what\na,b\n", r"columns user, what, no column for item.*movieId"),
    "no header": ("x.csv", "1,2,3\n", r"no column for user and item"),
    "two users": ("x.csv", "user_id,uid,item_id\na,b,c\n", r"'user_id' and 'uid' both stand for the user"),
    "rating is text": ("x.csv", HEAD + "a,b,5,1\n\na,c,good,1\n", r"row 4: the rating is 'good'.*finite number"),
    "rating blank": ("x.csv", HEAD + "a,b,,1\n", r"row 2: the rating is blank"),
    "rating nan": ("x.csv", HEAD + "a,b,nan,1\n", r"row 2: the rating is 'nan'"),
    "rating inf": ("x.csv", HEAD + "a,b,1,1\na,c,-inf,1\n", r"row 3: the rating is '-inf'"),
    "rating with a comma": ("x.csv", "user;item;rating\na;b;4,5\n", r"row 2: the rating is '4,5'"),
    "time is text": ("x.csv", HEAD + "a,b,5,1\na,c,5,soon\n", r"row 3: the time stamp is 'soon'.*ISO date"),
    "time after dates": ("x.csv", HEAD + "a,b,5,2024-01-01\na,c,5,17\n", r"row 3: .*'17'"),
    "user blank": ("x.csv", HEAD + "a,b,5,1\n  ,c,5,1\n", r"row 3: the user id is blank"),
    "user nan": ("x.csv", HEAD + "a,b,5,1\nNaN,c,5,1\n", r"row 3: the user id is NaN"),
    "item blank": ("x.csv", HEAD + 'a,b,5,1\n"",b,5,1\na,,5,1\n', r"row 3: the user id is blank"),
    "row short": ("x.csv", HEAD + "a,b,5,1\n\na,b\n", r"row 4: has 2 fields, not 4"),
    "row long": ("x.csv", HEAD + "a,b,5,1,9\n", r"row 2: has 5 fields, not 4"),
    "row after a long text": (
        "x.csv",
        'user,item,rating,note\na,b,1,"two\nlines"\na,c,?,x\n',
        r"row 4: the rating is '\?'",
    ),
    "not UTF-8": ("x.csv", HEAD.encode() + b"a,b,5,1\na,caf\xe9,5,1\n", r"row 3: is not UTF-8 text"),
    "UTF-16": ("x.csv", HEAD.encode("utf-16"), r"is not UTF-8 text, Parquet or zip"),
    "Parquet cut off": ("x.parquet", b"PAR1 and then nothing", r"x\.parquet: cannot be read"),
    "no zip": ("x.zip", b"PK but no zip", r"x\.zip: is not a zip file"),
    "u.data text": ("u.data", "1\t1\t5\t10\n1\t2\tfine\t10\n", r"u\.data, row 2: the rating is 'fine'"),
    "u.data first row": ("u.data", "1\t1\tfine\t10\n1\t2\t3\t10\n", r"u\.data, row 1: the rating is 'fine'"),
    "u.data short": ("u.data", "1\t1\t5\t10\n1\t2\n", r"u\.data, row 2: has 2 fields, not 4"),
    "ratings.dat text": ("ratings.dat", "1::1::5::10\n1::2::5::ten\n", r"ratings\.dat, row 2: the time stamp is 'ten'"),
    "ratings.dat short": ("ratings.dat", "1::1::5::10\n1::2::5\n", r"ratings\.dat, row 2: has 3 fields, not 4"),
    "atomic text": ("a.inter", "user_id:token\titem_id:token\trating:float\na\tb\tc\n", r"a\.inter, row 2: .*'c'"),
    "atomic without user": ("a.inter", "item_id:token\trating:float\nb\t1\n", r"no column for user"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_in_a_file(tmp_path, fault):
    name, content, message = FAULTS[fault]
    assert_says(write(tmp_path, {name: content}) / name, message)


@pytest.mark.parametrize("fault", ["rating is text", "row short", "not UTF-8", "user nan", "header only"])
def test_faults_in_a_zip(tmp_path, fault):
    name, content, message = FAULTS[fault]
    assert_says(zipped(tmp_path / "all.zip", {f"in/{name}": content}), message)


ITEM_FAULTS = {
    "described twice": (
        {"items.csv": "item_id,title\nb,B\nc,C\nb,D\n"},
        r"items\.csv, row 4: item 'b' is already in row 2",
    ),
    "id blank": ({"items.csv": "item_id,title\n,B\n"}, r"items\.csv, row 2: the item id is ''"),
    "row short": ({"items.csv": "item_id,title\nb,B\nc\n"}, r"items\.csv, row 3: has 1 fields, not 2"),
    "no id": ({"items.csv": "id,title\nb,B\n"}, r"items\.csv: found columns id, title, no item id.*item_id"),
    "two tables": (
        {"items.csv": "item_id\nb\n", "items.tsv": "item_id\nb\n"},
        r"items\.csv and items\.tsv both describe",
    ),
    "column twice": ({"items.csv": "item_id,title,Title\nb,B,C\n"}, r"items\.csv: has the column 'title' twice"),
    "not UTF-8": ({"items.csv": b"item_id,title\nb,B\nc,caf\xe9\n"}, r"items\.csv, row 3: is not UTF-8"),
    "corrupt Parquet": ({"items.parquet": b"PAR1 nothing"}, r"items\.parquet: cannot be read"),
}


@pytest.mark.parametrize("fault", ITEM_FAULTS)
def test_faults_in_the_items(tmp_path, fault):
    files, message = ITEM_FAULTS[fault]
    assert_says(write(tmp_path, {"x.csv": "user,item\na,b\n"} | files), message)


def test_faults_of_parquet(tmp_path):
    def says(message, **columns):
        pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"]} | columns).to_parquet(tmp_path / "x.parquet")
        assert_says(tmp_path / "x.parquet", message)

    says(r"row 2: the user id is blank", user=["a", None])
    says(r"row 2: the item id is blank", item=[1.5, np.nan])
    says(r"row 2: the rating is blank", rating=[1.0, None])
    says(r"row 1: the rating is inf", rating=[np.inf, 1])
    says(r"row 2: the rating is 'good'", rating=["1", "good"])
    says(r"the user column holds list", user=[["a"], ["b"]])
    says(r"the rating column holds list", rating=[["a"], ["b"]])
    pd.DataFrame({"user": [], "item": []}).to_parquet(tmp_path / "x.parquet")
    assert_says(tmp_path / "x.parquet", "has no rows")


def test_faults_of_paths(tmp_path):
    assert_says(tmp_path / "nowhere.csv", "no such file or folder")
    (tmp_path / "void").mkdir()
    assert_says(tmp_path / "void", "holds no files")
    write(tmp_path / "notes", {"a.txt": "hello\n", "b.csv": "x,y\n1,2\n"})
    assert_says(tmp_path / "notes", r"holds no interactions; found a\.txt \(columns hello\), b\.csv \(columns x, y\)")
    damaged = zipped(tmp_path / "d.zip", {"x.csv": HEAD + "a,b,5,1\n" * 5000})
    raw = bytearray(damaged.read_bytes())
    raw[60:70] = bytes(10)
    damaged.write_bytes(bytes(raw))
    assert_says(damaged, r"d\.zip/x\.csv: cannot be (read|unpacked)")


@pytest.mark.parametrize(
    "files",
    [
        {"a.csv": "user,item\na,b\n", "b.csv": "user,item\na,b\n"},
        {"a.csv": "user,item\na,b\n", "ratings.dat": "1::1::5::10\n"},
        {"a/a.csv": "user,item\na,b\n", "b/b.csv": "user,item\na,b\n"},
        {"a.inter": "user_id:token\titem_id:token\n1\t1\n", "b.inter": "user_id:token\titem_id:token\n1\t1\n"},
        SPLIT | {"a.csv": "user,item\na,b\n"},
    ],
)
def test_two_layouts_are_never_guessed_between(tmp_path, files):
    assert_says(write(tmp_path, files), r"2 data sets fit equally well: .*give the path of the one meant")


# Mended input and laws -----------------------------------------------------------------------------------------------


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


def test_items_of_another_set_are_reported(tmp_path):
    write(tmp_path, {"x.csv": "user,item\na,b\n", "items.csv": "item_id,title\n7,Seven\n"})
    with pytest.warns(InputWarning, match="describes none of the 1 items"):
        assert list(read(tmp_path).items["title"]) == ["b"]


def test_zero_ratings_are_interactions(tmp_path):
    write(tmp_path, {"x.csv": "user,item,rating\na,x,0\na,y,1\nb,x,0\n"})
    data = read(tmp_path / "x.csv")
    assert data.n_interactions == 3
    kept = data.select(users=np.array([True, False]), items=np.array([1, 0]))
    assert dense(kept) == {("a", "x"): 0, ("a", "y"): 1}
    assert list(kept.items["item_id"]) == list(kept.item_ids) == ["y", "x"]


def test_titles_and_years(tmp_path):
    titles = {
        "Seven (a.k.a. Se7en) (1995)": ("Seven (a.k.a. Se7en)", 1995),
        "City of Lost Children, The (Cité des enfants perdus, La) (1995)": (
            "The City of Lost Children (La Cité des enfants perdus)",
            1995,
        ),
        "Avventura, L' (Adventure, The) (1960)": ("L'Avventura (The Adventure)", 1960),
        "Trou, Le (Hole, The) (Night Watch, The) (1960)": ("Le Trou (The Hole) (The Night Watch)", 1960),
        "Good, the Bad and the Ugly, The (1966)": ("The Good, the Bad and the Ugly", 1966),
        "Death Note (2006–2007)": ("Death Note", 2006),
        "2001": ("2001", np.nan),
        "Bed of Roses, A": ("A Bed of Roses", np.nan),
    }
    movies = "movieId,title,genres\n" + "".join(f'{k},"{t}",(no genres listed)\n' for k, t in enumerate(titles))
    ratings = "userId,movieId,rating,timestamp\n" + "".join(f"1,{k},1,1\n" for k in range(len(titles)))
    items = read(write(tmp_path, {"movies.csv": movies, "ratings.csv": ratings})).items
    assert list(items["title"]) == [t for t, _ in titles.values()]
    np.testing.assert_array_equal(items["year"], [y for _, y in titles.values()])
    assert set(items["category"]) == set(items["genres"]) == {""}


def test_a_category_is_kept_and_attributes_are_typed(tmp_path):
    items = "item_id,title,category,genres,size,colour,code\nx,X,bags,a|b,1.5,red,007\ny,Y,,a,,blue,\n"
    out = read(write(tmp_path, {"x.csv": "user,item\na,x\na,y\nb,z\n", "items.csv": items})).items
    assert list(out.columns) == ["item_id", "title", "category", "size", "colour", "code", "genres"]
    assert list(out["category"]) == ["bags", "", ""]
    np.testing.assert_array_equal(out["size"], [1.5, np.nan, np.nan])
    assert list(out["colour"]) == ["red", "blue", ""]


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


@settings(max_examples=60, deadline=None)
@given(
    layout=st.sampled_from(sorted(LAYOUTS)),
    target=st.integers(0, 1),
    at=st.floats(0, 1),
    cut=st.integers(0, 12),
    put=st.one_of(st.binary(max_size=4), st.sampled_from([b"\n", b'"', b"\t", b"::", b",", b"\x00", b"1e999", b"nan"])),
)
def test_a_damaged_file_is_read_or_explained(tmp_path_factory, layout, target, at, cut, put):
    files = {n: c if isinstance(c, bytes) else c.encode() for n, c in LAYOUTS[layout].items()}
    name = list(files)[target]
    start = int(at * len(files[name]))
    files[name] = files[name][:start] + put + files[name][start + cut :]
    folder = write(tmp_path_factory.mktemp("fuzz"), files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        said = ""
        try:
            read(folder)
        except InputError as error:
            said = str(error)
    assert "\n" not in said
