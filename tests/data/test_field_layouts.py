"""The layouts of the field's data sets, as their publishers write them, read to the same clicks."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from layouts import LASTFM, dense, write

from macrid.data.interactions import Asked, read
from macrid.data.split import to_clicks
from macrid.errors import InputError

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
