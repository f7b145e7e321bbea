"""Files of data that cannot be right: each gets one line that names the file, the row, the value and the remedy."""

import bz2
import gzip
import io
import lzma
import warnings
import zipfile

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from commands import quick, said  # noqa: F401 (quick is a fixture)
from layouts import CSV, HEAD, SPLIT, write

from macrid.data.interactions import read
from macrid.data.prepare import prepare
from macrid.errors import InputError, InputWarning


def parquet(**columns) -> bytes:
    out = io.BytesIO()
    pa.parquet.write_table(pa.table(columns), out)
    return out.getvalue()


def workbook(frame: pd.DataFrame) -> bytes:
    out = io.BytesIO()
    frame.to_excel(out, index=False)
    return out.getvalue()


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in files.items():
            file.writestr(name.replace("__", "."), content)
    return out.getvalue()


def scaled(*values: object) -> str:
    return "user,item,rating\n" + "".join(f"u{k},i{k % 7},{v}\n" for k, v in enumerate(values * 3))


# name: (files, what --data names, more arguments, what the line says)
FILES = {
    "empty": ({"x.csv": ""}, "x.csv", r"x\.csv: is empty; give a file with a header line"),
    "blank lines": ({"x.csv": "\n \n"}, "x.csv", r"x\.csv: is empty"),
    "a header only": ({"x.csv": HEAD}, "x.csv", r"x\.csv: has no rows; give at least one"),
    "a comment only": ({"x.txt": "# nothing\n"}, "x.txt", r"x\.txt: is empty"),
    "PDF": ({"x.pdf": b"%PDF-1.7\n\0"}, "x.pdf", r"x\.pdf: is a PDF, which is not read; save it as CSV"),
    "picture": ({"x.png": b"\x89PNG\r\n\x1a\n"}, "x.png", r"is a picture, which is not read"),
    "old Excel": ({"x.xls": b"\xd0\xcf\x11\xe0\xa1\xb1"}, "x.xls", r"x\.xls: cannot be read as a workbook.*as CSV"),
    "tar cut off": ({"x.tar": b"nothing of a tar"}, "x.tar", r"x\.tar: cannot be read"),
    "packed tar cut off": ({"x.tar.gz": gzip.compress(bytes(5000))[:20]}, "x.tar.gz", r"x\.tar\.gz: cannot be read"),
    "tar of nothing": ({"x.tgz": gzip.compress(bytes(10240))}, "x.tgz", r"x\.tgz: holds no files"),
    "session without a list": (
        {"x.jsonl": '{"session": 1, "events": [{"aid": 2, "ts": 3}]}\n{"session": 2, "events": 4}\n'},
        "x.jsonl",
        r"x\.jsonl, record 2: events is '4', not a list of JSON objects; mend or drop the record",
    ),
    "HDF5": ({"x.h5": b"\x89HDF\r\n\x1a\n"}, "x.h5", r"is HDF5, which is not read"),
    "SQLite": ({"x.db": b"SQLite format 3\0"}, "x.db", r"is a database of SQLite"),
    "7z": ({"x.7z": b"7z\xbc\xaf\x27\x1c"}, "x.7z", r"is a 7z archive"),
    "ORC": ({"x.orc": b"ORC\x11\0"}, "x.orc", r"is ORC"),
    "random bytes": ({"x.bin": bytes(range(256))}, "x.bin", r"x\.bin: is not text"),
    "pickle": ({"x.pkl": b"\x80\x04\x95\x0b\0\0\0\0\0\0\0"}, "x.pkl", r"x\.pkl: is not text"),
    "no file": ({}, "nothing.csv", r"there is no data set and no file .*nothing\.csv.*--data takes"),
    "empty folder": ({"sub/.hidden": "x"}, "sub", r"sub: holds no files"),
    "notes only": (
        {"n/a.txt": "hello\n", "n/b.csv": "x,y\n1,2\n"},
        "n",
        r"holds no interactions; found a\.txt \(columns hello\)",
    ),
    "no zip": ({"x.zip": b"PK but none"}, "x.zip", r"x\.zip: is not a zip file, or it is cut off"),
    "empty zip": ({"x.zip": zipped()}, "x.zip", r"x\.zip: holds no files"),
    "zip of notes": ({"x.zip": zipped(readme="hello")}, "x.zip", r"x\.zip: holds no interactions; found readme"),
    "cut off gzip": ({"x.csv.gz": gzip.compress(CSV.encode())[:-20]}, "x.csv.gz", r"x\.csv\.gz: cannot be read.*complete"),
    "cut off bzip2": ({"x.csv.bz2": bz2.compress(CSV.encode())[:-20]}, "x.csv.bz2", r"x\.csv\.bz2: cannot be read"),
    "cut off xz": ({"x.csv.xz": lzma.compress(CSV.encode())[:-20]}, "x.csv.xz", r"x\.csv\.xz: cannot be read"),
    "cut off zstd": ({"x.csv.zst": pa.compress(CSV.encode(), "zstd", asbytes=True)[:-20]}, "x.csv.zst", r"x\.csv\.zst: "),
    "broken gzip": ({"x.csv.gz": b"\x1f\x8b\x08\0 nothing"}, "x.csv.gz", r"x\.csv\.gz: cannot be read"),
    "zip of two in a folder": ({"d/x.csv.zip": zipped(a__csv=CSV, b__csv=CSV)}, "d", r"x\.csv\.zip: holds 2 files"),
    "broken Parquet": ({"x.parquet": b"PAR1 nothing"}, "x.parquet", r"x\.parquet: cannot be read"),
    "broken Feather": ({"x.feather": b"ARROW1\0\0 nothing"}, "x.feather", r"x\.feather: cannot be read"),
    "broken Excel": ({"x.xlsx": zipped(**{"xl/workbook__xml": "<no"})}, "x.xlsx", r"x\.xlsx: cannot be read as a workbook"),
    "empty Parquet": (
        {"x.parquet": parquet(user=pa.array([], pa.string()), item=pa.array([], pa.string()))},
        "x.parquet",
        r"has no rows",
    ),
    "one column": ({"x.csv": "user\na\nb\n"}, "x.csv", r"found columns user, no column for item; say --item NAME"),
    "no user": ({"x.csv": "who,item_id\na,b\n"}, "x.csv", r"no column for user; say --user NAME, or call it one of user_id"),
    "no item": ({"x.csv": "user,what\na,b\n"}, "x.csv", r"no column for item; say --item NAME, or call it one of item_id"),
    "two users": (
        {"x.csv": "user_id,uid,item\na,b,c\n"},
        "x.csv",
        r"'user_id' and 'uid' both.*say --user user_id or --user uid",
    ),
    "two items": (
        {"x.csv": "user,asin,parent_asin\na,b,c\n"},
        "x.csv",
        r"'asin' and 'parent_asin'.*--item asin or --item parent_",
    ),
    "three items": (
        {"x.csv": "user,artist,album,track\na,b,c,d\n"},
        "x.csv",
        r"all stand for the item; say --item artist or",
    ),
    "two ratings": (
        {"x.csv": "user,item,rating,score\na,b,1,2\n"},
        "x.csv",
        r"both stand for the rating; say --rating rating or",
    ),
    "names unknown": (
        {"x.csv": "a,b,c\nd,e,f\n"},
        "x.csv",
        r"found columns a, b, c, no column for user or item; say.*--user 1 --item 2 if",
    ),
    "five numbers, no header": ({"x.csv": "1,2,3,4,5\n6,7,8,9,10\n"}, "x.csv", r"no header line.*--user 1 --item 2"),
    "two data sets": ({"d/a.csv": CSV, "d/b.csv": CSV}, "d", r"2 data sets fit equally well: a\.csv.*b\.csv.*give the path"),
    "folds": ({"d/fold1.csv": CSV, "d/fold2.csv": CSV}, "d", r"2 data sets fit equally well"),
    "train and test": ({"d/train.csv": CSV, "d/test.csv": CSV}, "d", r"2 data sets fit equally well: test\.csv"),
    "two sizes of one set": ({"d/ml-1m.csv": CSV, "d/ml-10m.csv": CSV}, "d", r"2 data sets fit equally well"),
    "two folders": ({"d/a/r.csv": CSV, "d/b/r.csv": CSV}, "d", r"2 data sets fit equally well: a/r\.csv"),
    "short row": ({"x.csv": CSV + "a,b\n"}, "x.csv", r"x\.csv, row 242: has 2 fields, not 4; mend or drop"),
    "long row": ({"x.csv": CSV + "a,b,5,1,9\n"}, "x.csv", r"x\.csv, row 242: has 5 fields, not 4"),
    "id with an unquoted comma": ({"x.csv": HEAD + "a,War 40,000,5,1\n"}, "x.csv", r"row 2: has 5 fields, not 4"),
    "text in the rating": (
        {"x.csv": CSV + "a,b,good,1\n"},
        "x.csv",
        r"row 242: the rating is 'good'; it must be a finite number",
    ),
    "infinite rating": ({"x.csv": CSV + "a,b,inf,1\n"}, "x.csv", r"row 242: the rating is 'inf'"),
    "thousands in the rating": ({"x.csv": CSV + 'a,b,"1,234",1\n'}, "x.csv", r"row 242: the rating is '1,234'"),
    "text in the time": ({"x.csv": CSV + "a,b,5,soon\n"}, "x.csv", r"row 242: the time stamp is 'soon'.*ISO date"),
    "date among numbers": ({"x.csv": CSV + "a,b,5,2024-01-01\n"}, "x.csv", r"row 242: the time stamp is '2024-01-01'"),
    "no such month": ({"x.csv": HEAD + "a,b,5,2024-13-01\n"}, "x.csv", r"row 2: the time stamp is '2024-13-01'"),
    "blank user": ({"x.csv": CSV + ",b,5,1\n"}, "x.csv", r"row 242: the user id is blank; fill it in or drop"),
    "blank item": ({"x.csv": CSV + "a,  ,5,1\n"}, "x.csv", r"row 242: the item id is blank"),
    "NaN among numbers": (
        {"x.csv": "user,item\n1,2\nNaN,3\n"},
        "x.csv",
        r"row 3: the user id is NaN, all others are numbers",
    ),
    "null in Parquet": (
        {"x.parquet": parquet(user=["a", None], item=["x", "y"])},
        "x.parquet",
        r"row 2: the user id is blank",
    ),
    "list of users": (
        {"x.parquet": parquet(user=[["a"], ["b"]], item=["x", "y"])},
        "x.parquet",
        r"the user column holds list",
    ),
    "list of ratings": (
        {"x.parquet": parquet(user=["a"], item=["x"], rating=[[1]])},
        "x.parquet",
        r"the rating column holds list",
    ),
    "struct of items": (
        {"x.parquet": parquet(user=["a"], item=[{"a": 1, "b": 2}])},
        "x.parquet",
        r"the item column holds struct",
    ),
    "blank cell in Excel": (
        {"x.xlsx": workbook(pd.DataFrame({"user": ["a", None], "item": ["x", "y"]}))},
        "x.xlsx",
        r"x\.xlsx, row 3: the user id is blank",
    ),
    "Excel without columns": ({"x.xlsx": workbook(pd.DataFrame({"a": [1], "b": [2]}))}, "x.xlsx", r"found columns a, b"),
    "broken JSON": (
        {"x.json": '{"user": "a", "item": "b"}\n{"user": "a", \n'},
        "x.json",
        r"x\.json, row 2: is '\{\"user\": \"a\"",
    ),
    "JSON of numbers": ({"x.json": "[1, 2, 3]"}, "x.json", r"x\.json: "),
    "JSON array cut off": ({"x.json": '[{"user": "a", "item": "b"},\n'}, "x.json", r"x\.json"),
    "JSON without an item": ({"x.json": '{"user": "a"}\n'}, "x.json", r"found columns user, no column for item"),
    "JSON with a null id": (
        {"x.json": '{"user": "a", "item": null}\n{"user": "a", "item": "b"}\n'},
        "x.json",
        r"row 1: the item id is",
    ),
    "deep JSON": ({"x.json": "[" * 100_000}, "x.json", r"x\.json"),
    "quote that never closes": ({"x.csv": 'user,item\na,"b\nc,d,e\n'}, "x.csv", r"x\.csv, row 3: has 3 fields, not 2"),
    "half UTF-8": (
        {"x.csv": "user,item\né,ü\n".encode() + b"b,\xe9\n"},
        "x.csv",
        r"row 3: is not UTF-8 text, though other rows",
    ),
    "a line without end": ({"x.csv": b"user,item\n" + b"a" * (1 << 20) + b",b,c\n"}, "x.csv", r"row 2: has 3 fields"),
    "marks or counts": (
        {"x.csv": scaled(1, 2, 300)},
        "x.csv",
        r"values of rating go from 1 to 300: marks or counts\? say --min-rating",
    ),
    "values to 60": ({"x.csv": scaled(1, 2, 60).replace("rating", "value")}, "x.csv", r"values of value go from 1 to 60"),
    "events": (
        {"x.csv": "user,item,event\na,b,view\nc,d,buy\n"},
        "x.csv",
        r"has the events view \(1 rows\), buy.*say which of them",
    ),
    "all labels no": ({"x.csv": scaled(0, 0).replace("rating", "label")}, "x.csv", r"nobody has 5 ratings of at least 1"),
    "too few people": ({"x.csv": "user,item\na,b\n"}, "x.csv", r"nobody has 5 interactions; lower --min-clicks"),
    "citeulike miscounted": (
        {"users.dat": "2 1 2\n1 3\n" * 50 + "3 1 2\n"},
        "users.dat",
        r"row 101: says 3 items and has 2",
    ),
    "Netflix without a movie": ({"x.txt": "1:\n7,3,2005-09-06\n7,3\n"}, "x.txt", r"row 3: is '7,3'; after a line `movie:`"),
    "MIND without a sign": (
        {"b.tsv": "1\tU\tt\t\tN1-1\n" * 50 + "1\tU\tt\t\tN1\n"},
        "b.tsv",
        r"row 51: an impression is 'N1'",
    ),
    "MIND cut short": ({"b.tsv": "1\tU\tt\t\tN1-1\n" * 50 + "1\tU\n"}, "b.tsv", r"row 51: has 2 fields, not 5"),
    "items twice": (
        {"d/r.csv": CSV, "d/items.csv": "item_id,title\ni1,A\ni1,B\n"},
        "d",
        r"items\.csv, row 3: item 'i1' is already",
    ),
    "item id blank": ({"d/r.csv": CSV, "d/items.csv": "item_id,title\n,A\n"}, "d", r"items\.csv, row 2: the item id is ''"),
    "items without id": (
        {"d/r.csv": CSV, "d/items.csv": "key,title\n1,A\n"},
        "d",
        r"items\.csv: found columns key, title, no item id",
    ),
    "two items tables": (
        {"d/r.csv": CSV, "d/items.csv": "item_id\ni1\n", "d/items.tsv": "item_id\ni1\n"},
        "d",
        r"both describe",
    ),
    "items cut short": (
        {"d/r.csv": CSV, "d/items.csv": "item_id,title\ni1,A\ni2\n"},
        "d",
        r"items\.csv, row 3: has 1 fields",
    ),
    "items column twice": ({"d/r.csv": CSV, "d/items.csv": "item_id,a,A\ni1,2,3\n"}, "d", r"has the column 'a' twice"),
    "two item ids": ({"d/r.csv": CSV, "d/items.csv": "asin,isbn,title\n1,2,A\n"}, "d", r"'asin' and 'isbn' both stand"),
    "broken items": ({"d/r.csv": CSV, "d/items.parquet": b"PAR1 nothing"}, "d", r"items\.parquet: cannot be read"),
    "pro_sg lacks a part": (
        {f"d/{n}": c for n, c in SPLIT.items() if n != "test_te.csv"},
        "d",
        r"lacks test_te\.csv; put all five",
    ),
    "pro_sg part alone": (
        {f"d/{n}": c for n, c in SPLIT.items()},
        "d/train.csv",
        r"one part of a pro_sg data set; give the folder",
    ),
    "pro_sg index": (
        {f"d/{n}": c for n, c in (SPLIT | {"train.csv": "uid,sid\n0,9\n"}).items()},
        "d",
        r"the item index is 9, but",
    ),
    "pro_sg user": (
        {f"d/{n}": c for n, c in (SPLIT | {"train.csv": "uid,sid\nx,0\n"}).items()},
        "d",
        r"the user index is 'x'",
    ),
    "pro_sg pair twice": (
        {f"d/{n}": c for n, c in (SPLIT | {"test_te.csv": "uid,sid\n10,1\n"}).items()},
        "d",
        r"a pair belongs",
    ),
    "pro_sg person twice": (
        {f"d/{n}": c for n, c in (SPLIT | {"test_te.csv": "uid,sid\n0,2\n"}).items()},
        "d",
        r"must differ",
    ),
    "RecBole without a user": ({"a.inter": "item_id:token\trating:float\nb\t1\n"}, "a.inter", r"no column for user"),
    "RecBole's rating": (
        {"a.inter": "user_id:token\titem_id:token\trating:float\na\tb\tc\n"},
        "a.inter",
        r"row 2: the rating is 'c'",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_cannot_be_right(tmp_path, monkeypatch, name):
    files, data, message = FILES[name]
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    said(message, "train", "--data", data, "--dry-run")
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()} == set(files)


def test_reading_out_of_core_says_the_same(tmp_path, monkeypatch):
    def message_of(do) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", InputWarning)
            try:
                do()
            except InputError as error:
                return str(error)
        return ""

    for k, (files, data, _) in enumerate(FILES.values()):
        (tmp_path / str(k)).mkdir()
        monkeypatch.chdir(write(tmp_path / str(k), files))
        message = message_of(lambda data=data: read(data))
        told = message_of(lambda data=data, k=k: prepare(data, tmp_path / f"out-{k}"))
        assert told == message or "comes with a split of its own" in told


def test_there_are_many():
    assert len(FILES) >= 95
