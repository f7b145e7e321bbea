"""Laws of reading: a table that pandas, Spark or Excel can write comes back the same; any bytes give a result or one clear
line."""

import csv
import warnings

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from layouts import LAYOUTS, dense

from macrid.data.interactions import Asked, read
from macrid.data.reading.names import missing
from macrid.errors import InputError, InputWarning

letters = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n")
nasty = st.sampled_from(
    ['"', '""', ",", ";", "\t", "|", "'", "\\", '\\"', "\n", "::", " ", "é", "007", "NA", "None", "nan", "1.0", "-", "#"]
)
names = st.one_of(st.text(letters, min_size=1, max_size=6), st.lists(nasty, min_size=1, max_size=4).map("".join)).map(
    str.strip
)
ids = names.filter(lambda name: name and not (set(name) >= {"\n"} and set(name) & set(",;\t|\x01 ")))
ratings = st.one_of(st.integers(1, 5), st.floats(0.5, 5, allow_subnormal=False), st.just(3.5))
tables = st.dictionaries(st.tuples(ids, ids), ratings, min_size=1, max_size=8)


def frame_of(table: dict) -> pd.DataFrame:
    return pd.DataFrame([(u, i, r) for (u, i), r in table.items()], columns=["user_id", "item_id", "rating"])


def comparable(table: dict) -> dict:
    return {pair: pytest.approx(float(rating), rel=1e-6) for pair, rating in table.items()}


def numbers_and_nothing(table: dict) -> bool:
    """Whether some ids are numbers and all others words for nothing, which text cannot tell from missing values."""
    return any(
        any(map(missing, column)) and all(missing(i) or i.isdigit() for i in column) for column in zip(*table, strict=True)
    )


def check(path, table):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        assert dense(read(path)) == comparable(table)


@settings(max_examples=80, deadline=None)
@given(
    table=tables,
    sep=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    index=st.booleans(),
)
def test_text_of_pandas(tmp_path_factory, table, sep, quoting, end, encoding, index):
    assume(not numbers_and_nothing(table))
    path = tmp_path_factory.mktemp("law") / "t.csv"
    frame_of(table).to_csv(path, sep=sep, quoting=quoting, lineterminator=end, encoding=encoding, index=index)
    check(path, table)


def spark_text(table: dict) -> str:
    """As Spark writes CSV: quotes only where they are needed, a backslash before a quotation mark within."""

    def field(value):
        text = str(value)
        if any(sign in text for sign in ',"\n\r'):
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if '"' in text else f'"{text}"'
        return text

    rows = [["user_id", "item_id", "rating"], *([u, i, r] for (u, i), r in table.items())]
    return "".join(",".join(map(field, row)) + "\n" for row in rows)


@settings(max_examples=60, deadline=None)
@given(table=tables)
def test_text_of_spark(tmp_path_factory, table):
    assume(not numbers_and_nothing(table))
    assume(not any("\\" in name for pair in table for name in pair if '"' not in name))  # means itself there, unquoted
    assume(not any("\\" in name.replace('"', "") for pair in table for name in pair))
    folder = tmp_path_factory.mktemp("law") / "t.csv"
    folder.mkdir()
    (folder / "_SUCCESS").write_text("")
    (folder / "part-00000-1f.csv").write_text(spark_text(table))
    check(folder, table)


@settings(max_examples=60, deadline=None)
@given(table=tables, kind=st.sampled_from(["parquet", "feather", "lines", "records", "arrow csv", "columns"]))
def test_typed_files(tmp_path_factory, table, kind):
    path = tmp_path_factory.mktemp("law") / "t.file"
    frame = frame_of(table)
    if kind == "parquet":
        frame.to_parquet(path)
    elif kind == "feather":
        frame.to_feather(path)
    elif kind == "arrow csv":
        assume(not numbers_and_nothing(table))
        pa.csv.write_csv(pa.Table.from_pandas(frame), path)
    else:
        form = {"lines": {"orient": "records", "lines": True}, "records": {"orient": "records"}, "columns": {}}[kind]
        frame.to_json(path, double_precision=15, **form)
    check(path, table)


@settings(max_examples=25, deadline=None)
@given(
    table=st.dictionaries(
        st.tuples(st.text("aé7\",;'#\n", min_size=1, max_size=5).map(str.strip).filter(bool), st.integers(0, 99)),
        st.one_of(st.integers(1, 5), st.just(2.5)),
        min_size=1,
        max_size=8,
    )
)
def test_workbooks(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("law") / "t.xlsx"
    assume(not any(u.startswith("=") for u, _ in table))
    frame_of(table).to_excel(path, index=False)
    check(path, {(u, str(i)): r for (u, i), r in table.items()})


@settings(max_examples=40, deadline=None)
@given(
    pairs=st.lists(st.tuples(st.integers(0, 10**12), st.integers(0, 10**12)), min_size=2, max_size=20, unique=True),
    sep=st.sampled_from(",\t;| "),
    seed=st.integers(0, 9),
)
def test_numbers_without_a_header(tmp_path_factory, pairs, sep, seed):
    path = tmp_path_factory.mktemp("law") / "t.txt"
    table = {(str(u), str(i)): 1 + (seed + k) % 5 for k, (u, i) in enumerate(pairs)}
    path.write_text("".join(sep.join([u, i, str(r), str(1_000_000_000 + r)]) + "\n" for (u, i), r in table.items()))
    check(path, table)


pieces = st.sampled_from(
    [
        b"user,item\n",
        b"user_id\titem_id\trating\n",
        b'{"user": "a", "item": ',
        b"[",
        b"]",
        b"}",
        b'"',
        b"\n",
        b"\r",
        b",",
        b"\t",
        b"::",
        b"1",
        b"a",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\0",
        b"\xe9",
        "é".encode(),
        b"PK\x03\x04",
        b"PAR1",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"ARROW1",
        b"7:\n",
        b"1,2,3\n",
        b"N1-1",
        b" ",
        b"%",
        b"#",
        b"sep=;\n",
        b"nan",
        b"1e999",
        b"99",
        b"user_id:token\titem_id:token\n",
        b"-1",
        b"2020-01-01",
    ]
)


@settings(max_examples=200, deadline=None)
@given(
    content=st.one_of(st.binary(max_size=60), st.lists(st.one_of(pieces, st.binary(max_size=3)), max_size=16).map(b"".join)),
    asked=st.sampled_from([Asked(), Asked(user="1", item="2"), Asked(user="user", item="item", events=("a",))]),
)
def test_any_bytes_give_a_result_or_one_line(tmp_path_factory, content, asked):
    path = tmp_path_factory.mktemp("law") / "t"
    path.write_bytes(content)
    result_or_line(path, asked)


@settings(max_examples=100, deadline=None)
@given(
    layout=st.sampled_from(sorted(LAYOUTS)),
    changes=st.lists(
        st.tuples(st.integers(0, 5), st.floats(0, 1), st.one_of(pieces, st.binary(max_size=4))), min_size=1, max_size=3
    ),
)
def test_damaged_folders_give_a_result_or_one_line(tmp_path_factory, layout, changes):
    files = {name: content if isinstance(content, bytes) else content.encode() for name, content in LAYOUTS[layout].items()}
    for which, at, put in changes:
        name = list(files)[which % len(files)]
        cut = int(at * len(files[name]))
        files[name] = files[name][:cut] + put + files[name][cut:]
    folder = tmp_path_factory.mktemp("law")
    for name, content in files.items():
        (folder / name).write_bytes(content)
    result_or_line(folder, Asked())


def result_or_line(path, asked):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        try:
            data = read(path, asked=asked)
        except InputError as error:
            said = str(error)
        else:
            assert data.n_interactions > 0
            return
    assert "\n" not in said
    assert len(said) < 1500
    assert str(path) in said or str(path.parent) in said
