"""Every layout on small files, recognised and never guessed, and every fault of a file with its row."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layouts import HEAD, LAYOUTS, SPLIT, WANTED, assert_says, dense, write, zipped

from macrid.data.interactions import read
from macrid.errors import InputError, InputWarning


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


def test_the_topmost_layout_wins(tmp_path):
    files = LAYOUTS["csv"] | {f"pro_sg/{n}": c for n, c in SPLIT.items()}
    assert dense(read(write(tmp_path, files))) == WANTED
    assert read(tmp_path / "pro_sg").parts is not None


def test_one_part_of_pro_sg_is_not_taken_for_a_table(tmp_path):
    assert_says(write(tmp_path, SPLIT) / "train.csv", r"one part of a pro_sg data set; give the folder")


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


FAULTS = {
    "empty": ("x.csv", "", r"x\.csv: is empty"),
    "blank lines only": ("x.csv", "\n\n", r"x\.csv: is empty"),
    "header only": ("x.csv", HEAD, r"x\.csv: has no rows"),
    "no user": ("x.csv", "who,item_id\na,b\n", r"columns who, item_id, no column for user.*user_id, userId"),
    "no item": ("x.csv", "user,what\na,b\n", r"columns user, what, no column for item.*movieId"),
    "no header": ("x.csv", "a,b,x,y\nc,d,w,z\n", r"columns a, b, x, y, no column for user or item; say .*--user 1 --item 2"),
    "no header, many numbers": ("x.csv", "1,2,3,4,5\n", r"no header line, and which of its 5 columns.*--user 1 --item 2"),
    "two users": ("x.csv", "user_id,uid,item_id\na,b,c\n", r"'user_id' and 'uid' both stand for the user"),
    "rating is text": ("x.csv", HEAD + "a,b,5,1\n\na,c,good,1\n", r"row 4: the rating is 'good'.*finite number"),
    "rating inf": ("x.csv", HEAD + "a,b,1,1\na,c,-inf,1\n", r"row 3: the rating is '-inf'"),
    "rating with a comma": ("x.csv", "user;item;rating\na;b;4,500\n", r"row 2: the rating is '4,500'"),
    "time is text": ("x.csv", HEAD + "a,b,5,1\na,c,5,soon\n", r"row 3: the time stamp is 'soon'.*ISO date"),
    "time after dates": ("x.csv", HEAD + "a,b,5,2024-01-01\na,c,5,17\n", r"row 3: .*'17'"),
    "user blank": ("x.csv", HEAD + "a,b,5,1\n  ,c,5,1\n", r"row 3: the user id is blank"),
    "user nan": ("x.csv", HEAD + "7,b,5,1\nNaN,c,5,1\n", r"row 3: the user id is NaN, all others are numbers"),
    "item blank": ("x.csv", HEAD + 'a,b,5,1\n"",b,5,1\na,,5,1\n', r"row 3: the user id is blank"),
    "row short": ("x.csv", HEAD + "a,b,5,1\n\na,b\n", r"row 4: has 2 fields, not 4"),
    "row long": ("x.csv", HEAD + "a,b,5,1,9\n", r"row 2: has 5 fields, not 4"),
    "row after a long text": (
        "x.csv",
        'user,item,rating,note\na,b,1,"two\nlines"\na,c,?,x\n',
        r"row 4: the rating is '\?'",
    ),
    "not UTF-8": ("x.csv", HEAD.encode() + "a,é,5,1\n".encode() + b"a,caf\xe9,5,1\n" + "a,ü,5,1\n".encode(),
                  r"row 3: is not UTF-8 text, though"),
    "bytes": ("x.csv", b"\0\1\2\0\0\7" * 9, r"is not text, which is not read; save it as CSV"),
    "PDF": ("x.pdf", b"%PDF-1.7\n", r"is a PDF, which is not read"),
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


def test_faults_of_parquet(tmp_path):
    def says(message, **columns):
        pd.DataFrame({"user": ["a", "b"], "item": ["x", "y"]} | columns).to_parquet(tmp_path / "x.parquet")
        assert_says(tmp_path / "x.parquet", message)

    says(r"row 2: the user id is blank", user=["a", None])
    says(r"row 2: the item id is blank", item=[1.5, np.nan])
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
