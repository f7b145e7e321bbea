"""Small data sets in every layout, and what the tests of reading share."""

import zipfile
from pathlib import Path

import pytest

from macrid.data.interactions import Interactions, read
from macrid.data.reading.look import GENRES_100K
from macrid.errors import InputError


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


def assert_says(path: Path, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    assert str(path.parent) in text or str(path) in text  # names the file
    assert len(text) < 900
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # no chain of tracebacks


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

SPLIT = {
    "unique_sid.txt": "30\n1\n2\n",
    "train.csv": "uid,sid\n0,0\n0,1\n1,2\n",
    "validation_tr.csv": "uid,sid\n2,0\n",
    "validation_te.csv": "uid,sid\n2,1\n",
    "test_tr.csv": "uid,sid\n10,1\n",
    "test_te.csv": "uid,sid\n10,0\n",
}
HEAD = "user_id,item_id,rating,timestamp\n"
GOOD = "".join(f"u{u},i{(u + k) % 9},{1 + (u + k) % 5},{k}\n" for u in range(30) for k in range(8))
CSV = HEAD + GOOD

LASTFM = {
    "user_artists.dat": "userID\tartistID\tweight\n2\t51\t13883\n2\t52\t11690\n3\t51\t1\n",
    "artists.dat": "id\tname\turl\tpictureURL\n51\tDuran Duran\thttp://x\thttp://p\n52\tMot\xf6rhead\thttp://x\thttp://p\n"
    "53\tNobody\thttp://x\thttp://p\n",
    "tags.dat": "tagID\ttagValue\n1\tmetal\n2\tnew wave\n3\tcaf\xe9\n".encode("latin-1"),
    "user_taggedartists.dat": "userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t2\t1\t4\t2009\n3\t51\t2\t1\t4\t2009\n"
    "2\t52\t1\t1\t4\t2009\n",
    "user_taggedartists-timestamps.dat": "userID\tartistID\ttagID\ttimestamp\n2\t51\t2\t12385\n3\t51\t2\t1\n2\t52\t1\t1\n",
    "user_friends.dat": "userID\tfriendID\n2\t275\n",
    "readme.txt": "about\n",
}
