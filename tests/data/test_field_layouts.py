"""The layouts of the field's data sets, as their publishers write them, read to the same clicks."""

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
from layouts import LASTFM, dense, write

from macrid.data.interactions import Asked, read
from macrid.data.split import to_clicks
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


OTTO = [(0, 7, "clicks"), (0, 8, "carts"), (1, 7, "orders"), (1, 9, "clicks"), (2, 8, "clicks")]


def otto() -> str:
    """Sessions of OTTO with their events; one has none."""
    events = {s: [{"aid": a, "ts": 1659304800025 + k, "type": t} for k, (u, a, t) in enumerate(OTTO) if u == s]
              for s in range(4)}
    return "".join(json.dumps({"session": s, "events": rows}) + "\n" for s, rows in events.items())


@pytest.mark.parametrize("array", [False, True])
def test_sessions_with_their_events(tmp_path, array):
    text = f"[{','.join(otto().splitlines())}]" if array else otto()
    write(tmp_path, {"train.jsonl": text})
    every = read(tmp_path / "train.jsonl", asked=Asked(events=("clicks", "carts", "orders")))
    assert dense(every).keys() == {(str(s), str(a)) for s, a, _ in OTTO}
    bought = read(tmp_path / "train.jsonl", asked=Asked(events=("orders",)))
    assert dense(bought).keys() == {("1", "7")}
    assert bought.found.events == {"clicks": 3, "carts": 1, "orders": 1}
    with pytest.raises(InputError, match="say which of them count, such as --events"):
        read(tmp_path / "train.jsonl")


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


def test_book_crossing(tmp_path):
    files = {
        "BX-Book-Ratings.csv": '"User-ID";"ISBN";"Book-Rating"\n"276725";"034545104X";"0"\n"276726";"0155061224";"5"\n'
        '"276727";"034545104X";"8"\n'.replace("\n", "\r\n"),
        "BX-Books.csv": '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication"\n'
        '"034545104X";"Größe \\"A\\"; ein";"X";"2002"\n'
        '"0155061224";"Plain";"Y";"0"\n'.encode("latin-1"),
        "BX-Users.csv": '"User-ID";"Location";"Age"\n"276725";"usa";NULL\n',
    }
    data = read(write(tmp_path / "bx", files))
    assert dense(data) == {("276725", "034545104X"): 0, ("276726", "0155061224"): 5, ("276727", "034545104X"): 8}
    assert data.items.set_index("item_id")["title"]["034545104X"] == 'Größe "A"; ein'
    assert data.found.scale.unrated == (0,)
    assert data.found.scale.threshold == 7
    assert any("Latin-1" in note for note in data.found.notes)


def test_lightgcn(tmp_path):
    files = {
        "train.txt": "0 0 1 2\n1 3\n2 0\n",
        "test.txt": "0 4\n1 0\n2\n",
        "user_list.txt": "org_id remap_id\na 0\n",
        "item_list.txt": "org_id remap_id\nx 0\n",
    }
    data = read(write(tmp_path / "gowalla", files))
    assert set(dense(data)) == {("0", "0"), ("0", "1"), ("0", "2"), ("1", "3"), ("2", "0"), ("0", "4"), ("1", "0")}
    assert any("train.txt and test.txt are read together" in note for note in data.found.notes)
    assert len(dense(read(tmp_path / "gowalla" / "train.txt"))) == 5


def test_citeulike(tmp_path):
    data = read(write(tmp_path / "c", {"users.dat": "2 10 11\n1 10\n3 10 11 12\n", "README.txt": "about\n"}))
    assert set(dense(data)) == {("0", "10"), ("0", "11"), ("1", "10"), ("2", "10"), ("2", "11"), ("2", "12")}


def test_wide_matrices(tmp_path):
    rng = np.random.default_rng(0)
    jester = np.full((5, 20), 99.0)
    jester[rng.random((5, 20)) < 0.5] = -3.5
    jester[0, 0] = 7.25
    body = "".join(f"{(row != 99).sum()}," + ",".join(f"{v:g}" for v in row) + "\n" for row in jester)
    data = read(write(tmp_path / "j", {"jester-data-1.csv": body}))
    assert data.n_interactions == (jester != 99).sum()
    assert dense(data)["0", "1"] == 7.25
    assert data.found.scale.threshold == 2  # the upper two fifths of -10 to 10
    frame = pd.DataFrame(jester).replace(99.0, np.nan)
    frame.columns = [f"joke {k}" for k in frame.columns]
    frame.index = pd.Index([f"p{k}" for k in range(5)], name="user_id")
    write(tmp_path / "w", {"m.csv": frame.to_csv()})
    assert dense(read(tmp_path / "w"))["p0", "joke 0"] == 7.25
    assert read(tmp_path / "w").n_interactions == data.n_interactions


def test_netflix(tmp_path):
    files = {
        "combined_data_1.txt": "1:\n1488844,3,2005-09-06\n822109,5,2005-05-13\n2:\n822109,4,2005-10-19\n",
        "combined_data_2.txt": "3:\n1488844,1,2005-09-06\n",
        "probe.txt": "1:\n30878\n",
        "qualifying.txt": "1:\n1046323,2005-12-19\n",
        "movie_titles.csv": "1,2003,Dinosaur Planet\n2,2004,Isle of Man, The\n3,NULL,Caf\xe9\n".encode("latin-1"),
    }
    data = read(write(tmp_path / "netflix", files))
    assert dense(data) == {("1488844", "1"): 3, ("822109", "1"): 5, ("822109", "2"): 4, ("1488844", "3"): 1}
    assert list(data.items["title"]) == ["Dinosaur Planet", "Isle of Man, The", "Café"]
    assert data.items["year"][0] == 2003
    parts = {f"training_set/mv_000000{k}.txt": f"{k}:\n7,3,2005-09-06\n" for k in (1, 2)}
    assert set(dense(read(write(tmp_path / "old", parts)))) == {("7", "1"), ("7", "2")}


def test_lastfm_2k(tmp_path):
    data = read(write(tmp_path / "lastfm", LASTFM))
    assert dense(data) == {("2", "51"): 13883, ("2", "52"): 11690, ("3", "51"): 1}
    assert list(data.items["title"]) == ["Duran Duran", "Motörhead"]
    assert list(data.items["tags"]) == ["new wave", ""]  # one that two people gave
    assert data.found.scale.kind == "count"
    assert to_clicks(data, min_clicks=1).n_interactions == 3


def test_mind(tmp_path):
    files = {
        "behaviors.tsv": "1\tU1\t11/11/2019 9:05:58 AM\tN1 N2\tN3-1 N4-0\n2\tU2\t11/12/2019 9:05:58 AM\t\tN1-0 N3-1\n",
        "news.tsv": 'N1\tsports\tgolf\tA "title"\tabstract\thttps://x\t[]\t[]\nN2\tnews\tus\tB\t\thttps://x\t[]\t[]\n'
        "N3\tnews\tus\tC\t\thttps://x\t[]\t[]\nN4\tnews\tus\tD\t\thttps://x\t[]\t[]\n",
        "entity_embedding.vec": "Q1\t0.1\t0.2\n",
    }
    data = read(write(tmp_path / "mind", files))
    clicks = to_clicks(data, min_clicks=1)
    assert set(dense(clicks)) == {("U1", "N1"), ("U1", "N2"), ("U1", "N3"), ("U2", "N3")}
    assert list(data.items["category"]) == ["sports", "news", "news", "news"]
    assert data.items["title"][0] == 'A "title"'
    assert [(out.what, out.number) for out in clicks.statement.out] == [("rows", 2), ("items", 1)]


HEAD = "timestamp,visitorid,event,itemid,transactionid\n"
EVENTS = HEAD + "1,7,view,a,\n2,7,view,b,\n3,7,addtocart,b,\n4,8,transaction,b,9\n4,8,view,c,\n"


def test_event_logs(tmp_path):
    path = write(tmp_path, {"events.csv": EVENTS}) / "events.csv"
    with pytest.raises(
        InputError, match=r"has the events view \(3 rows\), addtocart \(1 rows\), transaction.*say which.*--events"
    ):
        read(path)
    data = read(path, asked=Asked(events=("transaction", "AddToCart")))
    assert set(dense(data)) == {("7", "b"), ("8", "b")}
    assert data.found.events == {"view": 3, "addtocart": 1, "transaction": 1}
    with pytest.raises(InputError, match=r"there is no event 'buy'; found view"):
        read(path, asked=Asked(events=("buy",)))


def test_steam(tmp_path):
    rows = (
        '151603712,"The Elder Scrolls V Skyrim",purchase,1.0,0\n151603712,"The Elder Scrolls V Skyrim",play,273.0,0\n'
        '7,"Fallout, 4",purchase,1.0,0\n'
    )
    path = write(tmp_path, {"steam-200k.csv": rows}) / "steam-200k.csv"
    with pytest.raises(InputError, match=r"purchase \(2 rows\), play \(1 rows\)"):
        read(path)
    assert set(dense(read(path, asked=Asked(events=("purchase",))))) == {
        ("151603712", "The Elder Scrolls V Skyrim"),
        ("7", "Fallout, 4"),
    }


def test_hm_and_anime(tmp_path):
    hm = {
        "transactions_train.csv": "t_dat,customer_id,article_id,price,sales_channel_id\n2018-09-20,00ab,0663713001,0.05,2\n"
        "2018-09-21,00ac,0541518023,0.03,2\n",
        "articles.csv": "article_id,product_code,prod_name,product_type_name\n0663713001,0663713,Push,Underwear\n"
        "0541518023,0541518,Rae,Bra\n",
        "customers.csv": "customer_id,age\n00ab,20\n",
    }
    data = read(write(tmp_path / "hm", hm))
    assert set(dense(data)) == {("00ab", "0663713001"), ("00ac", "0541518023")}
    assert list(data.items["title"]) == ["Rae", "Push"]
    anime = {
        "rating.csv": "user_id,anime_id,rating\n1,20,-1\n1,24,8\n2,20,10\n",
        "anime.csv": 'anime_id,name,genre,type,episodes,rating,members\n20,Naruto,"Action, Comedy",TV,220,7.81,683297\n'
        '24,School,"Comedy",TV,24,7.5,1000\n',
    }
    data = read(write(tmp_path / "anime", anime))
    clicks = to_clicks(data, min_clicks=1)
    assert set(dense(clicks)) == {("1", "24"), ("2", "20")}
    assert "which stands for no mark" in clicks.statement.out[0].why
    assert list(data.items["genres"]) == ["Action|Comedy", "Comedy"]


def test_yelp_and_goodreads(tmp_path):
    review = (
        '{"review_id": "r", "user_id": "u", "business_id": "b", "stars": 4.0, "useful": 1, "date": "2015-01-01 10:00:00"}\n'
    )
    business = (
        '{"business_id": "b", "name": "Café", "categories": "Food, Coffee", "hours": {"Monday": "8:0"}, "stars": 3.5}\n'
    )
    files = {
        "yelp_academic_dataset_review.json": review,
        "yelp_academic_dataset_business.json": business,
        "yelp_academic_dataset_user.json": '{"user_id": "u", "name": "Jane"}\n',
    }
    data = read(write(tmp_path / "yelp", files))
    assert dense(data) == {("u", "b"): 4}
    assert (data.items["title"][0], data.items["genres"][0]) == ("Café", "Food|Coffee")
    files = {
        "goodreads_interactions_x.json.gz": gzip.compress(
            b'{"user_id": "u", "book_id": "7", "is_read": true, "rating": 0}\n'
            b'{"user_id": "u", "book_id": "8", "is_read": true, "rating": 5}\n'
        ),
        "goodreads_books_x.json.gz": gzip.compress(
            b'{"book_id": "7", "title": "Seven", "popular_shelves": [{"count": "1", "name": "x"}]}\n'
        ),
    }
    data = read(write(tmp_path / "goodreads", files))
    assert dense(data) == {("u", "7"): 0, ("u", "8"): 5}
    assert data.items["title"][0] == "Seven"
