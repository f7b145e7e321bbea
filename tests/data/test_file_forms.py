"""The same ratings in every form that files have: columns and separators, parts, packing, encodings, types."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from layouts import dense, write

from macrid.data.interactions import read
from macrid.errors import InputError

PAIRS = [("u1", "a", 5), ("u1", "b", 2), ("u2", "a", 4), ("u3", "c", 1)]
WANTED = {(u, i): float(r) for u, i, r in PAIRS}


def lines(*rows, sep=","):
    return "".join(sep.join(map(str, row)) + "\n" for row in rows)


FILES = {
    "amazon 2014, no header": (
        {"r.csv": lines(*[(f"A{u}XXXXXXXXX", f"B00000000{i}", f"{r}.0", 1390000000) for u, i, r in PAIRS])},
        "amazon",
    ),
    "amazon 2018, the item first": (
        {"r.csv": lines(*[(f"B00000000{i.upper()}", f"A{u.upper()}XXXXXXXXX", f"{r}.0", 1390000000) for u, i, r in PAIRS])},
        "amazon",
    ),
    "header in capitals": ({"r.csv": "USER ID,Item-Id,RATING\n" + lines(*PAIRS)}, None),
    "reviews in JSON lines": (
        {
            "r.json": "".join(
                json.dumps({"reviewerID": u, "asin": i, "overall": float(r), "helpful": [0, 1]}) + "\n" for u, i, r in PAIRS
            )
        },
        None,
    ),
    "a JSON array": ({"r.json": json.dumps([{"user_id": u, "item_id": i, "rating": r} for u, i, r in PAIRS])}, None),
    "a JSON array with indents": (
        {"r.json": json.dumps([{"user_id": u, "item_id": i, "rating": r} for u, i, r in PAIRS], indent=2)},
        None,
    ),
    "JSON as pandas writes it": ({"r.json": pd.DataFrame(PAIRS, columns=["user", "item", "rating"]).to_json()}, None),
    "JSON records of pandas": (
        {"r.json": pd.DataFrame(PAIRS, columns=["user", "item", "rating"]).to_json(orient="records", lines=True)},
        None,
    ),
    "lines of Python": (
        {"r.json": "".join(f"{{u'user_id': u'{u}', u'item_id': '{i}', 'score': {r}}}\n" for u, i, r in PAIRS)},
        None,
    ),
    "tabs and CRLF": ({"r.tsv": ("user\titem\tstars\n" + lines(*PAIRS, sep="\t")).replace("\n", "\r\n")}, None),
    "old Mac line ends": ({"r.csv": ("user,item,stars\n" + lines(*PAIRS)).replace("\n", "\r")}, None),
    "Excel's sep=": ({"r.csv": "sep=;\nuser;item;stars\n" + lines(*PAIRS, sep=";")}, None),
    "comments before": ({"r.txt": "% bip weighted\n# about\nuser item rating\n" + lines(*PAIRS, sep=" ")}, None),
    "a written index": ({"r.csv": pd.DataFrame(PAIRS, columns=["user", "item", "rating"]).to_csv()}, None),
    "bars": ({"r.txt": "user|item|rating\n" + lines(*PAIRS, sep="|")}, None),
    "hive": ({"r.txt": "user\x01item\x01rating\n" + lines(*PAIRS, sep="\x01")}, None),
    "the item first": ({"r.csv": "movieId,rating,userId\n" + lines(*[(i, r, u) for u, i, r in PAIRS])}, None),
    "two files of parts": (
        {
            "part-00000.csv": "user,item,rating\n" + lines(*PAIRS[:2]),
            "part-00001.csv": "user,item,rating\n" + lines(*PAIRS[2:]),
        },
        None,
    ),
    "numbered files": (
        {"r_1.csv": "user,item,rating\n" + lines(*PAIRS[:2]), "r_2.csv": "user,item,rating\n" + lines(*PAIRS[2:])},
        None,
    ),
    "partitions": (
        {
            "_SUCCESS": "",
            "rating=5/part-0.csv": "user,item\nu1,a\n",
            "rating=2/part-0.csv": "user,item\nu1,b\n",
            "rating=4/part-0.csv": "user,item\nu2,a\n",
            "rating=1/part-0.csv": "user,item\nu3,c\n",
        },
        None,
    ),
    "parts without a header": (
        {"_SUCCESS": "", "part-0.csv": lines(*PAIRS[:3]), "part-1.csv": lines(*PAIRS[3:]), "part-2.csv": ""},
        None,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_layouts_of_ratings(tmp_path, name):
    files, kind = FILES[name]
    data = read(write(tmp_path / "set", files))
    if kind == "amazon":
        assert all(u.startswith("A") for u in data.user_ids)
        assert all(i.startswith("B") for i in data.item_ids)
        assert sorted(dense(data).values()) == [1, 2, 4, 5]
    else:
        assert dense(data) == WANTED
    assert data.found.rows == 4


TABLE = pd.DataFrame(PAIRS, columns=["user_id", "item_id", "rating"])
PACKED = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, "zstd", asbytes=True),
}


@pytest.mark.parametrize("kind", [*PACKED, "zip"])
@pytest.mark.parametrize("inner", ["csv", "json", "parquet"])
def test_packed_files(tmp_path, kind, inner):
    content = {
        "csv": TABLE.to_csv(index=False).encode(),
        "json": TABLE.to_json(orient="records", lines=True).encode(),
        "parquet": TABLE.to_parquet(),
    }[inner]
    if kind == "zip":
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            file.writestr("ratings.csv", content)
        packed = out.getvalue()
    else:
        packed = PACKED[kind](content)
    write(tmp_path / "set", {f"r.{inner}.{kind}": packed, "items.csv.gz": gzip.compress(b"item_id,title\na,Anna\n")})
    assert dense(read(tmp_path / "set")) == dense(read(tmp_path / "set" / f"r.{inner}.{kind}")) == WANTED
    assert read(tmp_path / "set").items["title"][0] == "Anna"
    (tmp_path / "set" / f"r.{inner}.{kind}").write_bytes(packed[: len(packed) - 9])
    with pytest.raises(InputError, match=rf"r\.{inner}\.{kind}: "):
        read(tmp_path / "set" / f"r.{inner}.{kind}")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]
)
def test_encodings(tmp_path, encoding):
    text = "user,item\nJosé,Café\nZoë,Crème\nJosé,Crème\n" + ("Zoë,“Euro”\n" if encoding == "cp1252" else "")
    write(tmp_path, {"r.csv": text.encode(encoding)})
    data = read(tmp_path / "r.csv")
    assert list(data.user_ids) == ["José", "Zoë"]
    assert set(data.item_ids) >= {"Café", "Crème"}
    said = [note for note in data.found.notes if "Latin-1" in note]
    assert bool(said) == (encoding in ("latin-1", "cp1252"))
    assert all("row 2: José,Café" in note for note in said)


def test_arrow_types(tmp_path):
    columns = {
        "user": [
            pa.array(["u1", "u1", "u2", "u3"]),
            pa.array(["u1", "u1", "u2", "u3"]).dictionary_encode(),
            pa.array(["u1", "u1", "u2", "u3"], pa.large_string()),
            pa.array([b"u1", b"u1", b"u2", b"u3"]),
        ],
        "item": [pa.array(["a", "b", "a", "c"]), pa.array(["a", "b", "a", "c"]).dictionary_encode()],
        "rating": [
            pa.array([5, 2, 4, 1], pa.int8()),
            pa.array([5, 2, 4, 1], pa.float32()),
            pa.array(["5", "2", "4", "1"]),
            pa.array([5, 2, 4, 1]).cast(pa.float64()).cast(pa.decimal128(5, 2)),
            pa.array(["5", "2", "4", "1"]).dictionary_encode(),
        ],
        "time": [
            pa.array([1, 2, 3, 4], pa.timestamp("ns", "UTC")),
            pa.array([1, 2, 3, 4], pa.date32()),
            pa.array(["2020-01-01"] * 4),
            pa.array([1, 2, None, 4]),
        ],
    }
    for role, kinds in columns.items():
        for kind in kinds:
            table = pa.table({r: kind if r == role else all_[0] for r, all_ in columns.items()})
            pa.parquet.write_table(table, tmp_path / "r.parquet")
            pa.feather.write_feather(table, tmp_path / "r.feather", compression="zstd")
            assert dense(read(tmp_path / "r.parquet")) == WANTED, (role, kind.type)
            assert dense(read(tmp_path / "r.feather")) == WANTED, (role, kind.type)


def test_lists_of_items_and_struct_ids(tmp_path):
    table = pa.table({"user_id": [1, 2, 3], "items": [["a", "b"], [], ["b"]], "name": ["x", "y", "z"]})
    pa.parquet.write_table(table.rename_columns(["user_id", "item_id", "name"]), tmp_path / "r.parquet")
    assert dense(read(tmp_path / "r.parquet")) == {("1", "a"): 1, ("1", "b"): 1, ("3", "b"): 1}
    write(tmp_path, {"r.json": '{"user": {"$oid": "u1"}, "item": ["a", "b"]}\n{"user": {"$oid": "u2"}, "item": ["a"]}\n'})
    assert dense(read(tmp_path / "r.json")) == {("u1", "a"): 1, ("u1", "b"): 1, ("u2", "a"): 1}


def test_excel(tmp_path):
    with pd.ExcelWriter(tmp_path / "r.xlsx") as book:
        TABLE.to_excel(book, sheet_name="ratings", index=False)
        pd.DataFrame({"note": ["about"]}).to_excel(book, sheet_name="notes")
    assert dense(read(tmp_path / "r.xlsx")) == WANTED
    assert dense(read(tmp_path)) == WANTED


def test_old_excel():
    """An .xls, made once by xlwt: ids as numbers and as text, blank ratings, dates."""
    found = read(Path(__file__).parents[1] / "fixtures" / "reading" / "ratings.xls")
    pairs = {(str(100 + u), f"{(u + k) % 9:03d}"): float(1 + (u + 2 * k) % 5) for u in range(12) for k in range(6)}
    blank = {(str(100 + u), f"{(u + k) % 9:03d}") for u in range(12) for k in range(6) if not (u + k) % 10}
    got = dense(found)
    assert got.keys() == pairs.keys()
    assert {pair for pair, value in got.items() if np.isnan(value)} == blank
    assert all(value == pairs[pair] for pair, value in got.items() if pair not in blank)
    assert found.found.columns["time"] == "date"


@pytest.mark.parametrize("mode", ["tar", "tar.gz", "tar.bz2", "txz"])
def test_tar_archives(tmp_path, mode):
    """As a folder would be read; links in it, also to files outside, are not looked at."""
    (tmp_path / "secret.csv").write_text("user,item\nx,y\n")
    write(tmp_path, {"d/ratings.csv": TABLE.to_csv(index=False), "d/items.csv": "item_id,title\na,Apple\nb,Bread\n"})
    packing = {"tar": "", "txz": "xz"}.get(mode, mode.removeprefix("tar."))
    with tarfile.open(tmp_path / f"x.{mode}", f"w:{packing}") as file:
        file.add(tmp_path / "d", "./d")
        link = tarfile.TarInfo("d/more.csv")
        link.type, link.linkname = tarfile.SYMTYPE, "../../secret.csv"
        file.addfile(link)
    packed, plain = read(tmp_path / f"x.{mode}"), read(tmp_path / "d")
    assert dense(packed) == dense(plain)
    assert packed.items.equals(plain.items)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["d", "secret.csv", f"x.{mode}"]
