"""Fetching without a network (pip and the download are played), and once for real."""

import hashlib
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from layouts import LASTFM

from macrid.data import fetch as module
from macrid.data.fetch import NAMES, available, fetch
from macrid.data.interactions import read
from macrid.errors import InputError

ATOMIC = {
    "ml-100k.inter": "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3\t4\n",
    "ml-100k.item": "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n2\tX, The\t1990\tWar\n",
    "ml-100k.user": "user_id:token\n1\n",
}
CSV = {"ml-1m/ratings.dat": "1::2::3::4\n", "ml-1m/movies.dat": "2::X, The (1990)::War\n"}


def pack(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name, text in files.items():
            out.writestr(name, text)
    return path


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel that the played pip "downloads"; returns the commands it was given."""
    path = pack(tmp_path / "recbole-1.2.1-py3-none-any.whl", {module._WHEEL_FOLDER + n: t for n, t in ATOMIC.items()})
    monkeypatch.setattr(module, "_WHEEL_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    commands = []

    def run(command, **_):
        commands.append(command)
        (Path(command[-1]) / path.name).write_bytes(path.read_bytes())
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(module.subprocess, "run", run)
    return commands


@pytest.fixture
def publisher(tmp_path, monkeypatch):
    """GroupLens, played: a function of the url gives the bytes or raises."""
    path = pack(tmp_path / "published.zip", CSV)
    place = SimpleNamespace(asked=[], fault=None, body=path.read_bytes())
    digest = "sha256:" + hashlib.sha256(place.body).hexdigest()
    monkeypatch.setattr(module, "_CHECKSUMS", dict.fromkeys(NAMES, digest))

    def get(url, **_):
        place.asked.append(url)
        if place.fault is not None:
            raise place.fault
        chunks = [place.body[:40], place.body[40:]]
        return SimpleNamespace(
            raise_for_status=lambda: None,
            iter_content=lambda chunk_size: iter(chunks),
            headers={"content-length": str(len(place.body))},
        )

    monkeypatch.setattr(requests, "get", get)
    return place


@pytest.fixture
def no_pip(monkeypatch):
    monkeypatch.setattr(
        module.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="ERROR: no index\nERROR: x")
    )


def left_over(home: Path) -> list[str]:
    return [p.name for p in home.iterdir() if p.name not in NAMES]


def test_ml_100k_comes_out_of_the_wheel_and_only_once(tmp_path, wheel):
    home = tmp_path / "home"
    assert available("ml-100k", home) is None
    path = fetch("ml-100k", home)
    assert path == available("ml-100k", home) == fetch("ml-100k", home)
    assert len(wheel) == 1
    assert {"--no-deps", "--only-binary=:all:", "--retries", "--timeout"} <= set(wheel[0])
    assert read(path).items["title"].tolist() == ["The X"]
    assert read(path).name == "ml-100k"
    assert left_over(home) == []


def test_the_default_place(tmp_path, wheel, monkeypatch):
    monkeypatch.setenv("MACRID_DATA", str(tmp_path / "mine"))
    assert fetch("ml-100k") == tmp_path / "mine" / "ml-100k"
    monkeypatch.delenv("MACRID_DATA")
    monkeypatch.setattr(module, "_cache", lambda: tmp_path / "cache")
    assert available("ml-100k") is None
    assert fetch("ml-100k") == tmp_path / "cache" / "ml-100k"


def test_what_was_changed_is_fetched_again(tmp_path, wheel):
    path = fetch("ml-100k", tmp_path / "home")
    whole = (path / "ml-100k.inter").read_text()
    (path / "ml-100k.inter").write_text(whole.replace("3", "5"))  # same size
    assert fetch("ml-100k", tmp_path / "home") == path
    assert (path / "ml-100k.inter").read_text() == whole
    (path / "ml-100k.item").unlink()
    assert available("ml-100k", tmp_path / "home") is None
    (path / "fetched.json").write_text("[]")
    assert available("ml-100k", tmp_path / "home") is None
    fetch("ml-100k", tmp_path / "home")
    assert len(wheel) == 3
    assert left_over(tmp_path / "home") == []


def test_another_wheel_is_refused(tmp_path, wheel, monkeypatch):
    monkeypatch.setattr(module, "_WHEEL_SHA256", "0" * 64)
    with pytest.raises(InputError, match=r"recbole-1\.2\.1.*checksum.*--source FILE"):
        fetch("ml-100k", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


def test_without_an_index_ml_100k_comes_from_its_publisher(tmp_path, no_pip, publisher):
    path = fetch("ml-100k", tmp_path / "home")
    assert path.name == "ml-100k.zip"
    assert len(publisher.asked) == 1
    assert read(path).n_interactions == 1


@pytest.mark.parametrize("name", [n for n in NAMES if n != "ml-100k"])
def test_the_others_come_from_their_publisher(tmp_path, publisher, name, capsys, caplog):
    seen = []
    path = fetch(name, tmp_path, progress=lambda done, total: seen.append((done, total)))
    where = "hetrec2011/hetrec2011-lastfm-2k" if name == "lastfm-2k" else f"movielens/{name}"
    assert publisher.asked == [f"https://files.grouplens.org/datasets/{where}.zip"]
    assert path == tmp_path / name / f"{name}.zip" == available(name, tmp_path)
    size = len(publisher.body)
    assert seen[-1] == (size, size)
    assert all(done <= total for done, total in seen)
    assert capsys.readouterr() == ("", "")
    assert caplog.records == []
    assert fetch(name, tmp_path) == path
    assert len(publisher.asked) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (requests.exceptions.ConnectionError("long\nchain"), "no connection"),
        (requests.exceptions.ReadTimeout("x"), "nothing for 15 seconds"),
        (requests.exceptions.HTTPError("404 Client Error"), "404 Client Error"),
    ],
)
def test_no_network(tmp_path, no_pip, publisher, fault, words):
    publisher.fault = fault
    with pytest.raises(InputError, match=rf"ml-1m: no answer from GroupLens \({words}\).*fetch ml-1m --source FILE"):
        fetch("ml-1m", tmp_path / "home")
    with pytest.raises(InputError, match=r"ml-100k: no package index .* and no answer from GroupLens"):
        fetch("ml-100k", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []


@pytest.mark.parametrize("fault", [FileNotFoundError("no python"), subprocess.TimeoutExpired("pip", 120)])
def test_a_pip_that_does_not_run(tmp_path, publisher, monkeypatch, fault):
    def run(*_, **__):
        raise fault

    monkeypatch.setattr(module.subprocess, "run", run)
    assert fetch("ml-100k", tmp_path).name == "ml-100k.zip"


def test_a_damaged_download(tmp_path, publisher):
    publisher.body = publisher.body[:-1]
    with pytest.raises(InputError, match=r"ml-20m\.zip: .*checksum.*--source FILE") as caught:
        fetch("ml-20m", tmp_path / "home")
    assert "\n" not in str(caught.value)
    assert list((tmp_path / "home").iterdir()) == []


def test_an_interruption_leaves_nothing_and_what_was_there_stays(tmp_path, publisher):
    source = pack(tmp_path / "mine.zip", CSV)
    home = tmp_path / "home"
    before = fetch("ml-1m", home, source=source)
    publisher.fault = KeyboardInterrupt()
    before.write_bytes(b"damaged")
    with pytest.raises(KeyboardInterrupt):
        fetch("ml-1m", home)
    assert left_over(home) == []
    assert before.read_bytes() == b"damaged"


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_source_is_copied_and_replaces_what_was_there(tmp_path, publisher, kind):
    home = tmp_path / "home"
    fetch("ml-1m", home)
    text = {"ratings.dat": "1::2::3::4\n2::2::3::4\n", "movies.dat": CSV["ml-1m/movies.dat"]}
    if kind == "zip":
        source = pack(tmp_path / "mine.zip", text)
    else:
        source = tmp_path / "mine"
        source.mkdir()
        for name, body in text.items():
            (source / name).write_text(body)
    path = fetch("ml-1m", home, source=str(source))
    assert path == available("ml-1m", home) == fetch("ml-1m", home)
    assert read(path).n_users == 2
    assert source.exists()
    assert left_over(home) == []
    assert len(publisher.asked) == 1


def test_a_source_that_cannot_be_read(tmp_path):
    (tmp_path / "x.csv").write_text("user,item\n1,2\n")
    with pytest.raises(InputError, match=r"x\.csv: is not a zip"):
        fetch("ml-1m", tmp_path / "home", source=tmp_path / "x.csv")
    with pytest.raises(InputError, match="no such file"):
        fetch("ml-1m", tmp_path / "home", source=tmp_path / "none.zip")
    with pytest.raises(InputError, match="holds no interactions"):
        fetch("ml-1m", tmp_path / "home", source=pack(tmp_path / "y.zip", {"a.txt": "hello"}))
    assert not (tmp_path / "home").exists()


def test_an_unknown_name(tmp_path):
    for call in (fetch, available):
        with pytest.raises(InputError, match=r"'ml1m' is no data set .*did you mean ml-1m.*ml-latest-small"):
            call("ml1m", tmp_path)


def test_a_place_that_cannot_be_written(tmp_path, wheel):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"file/sets: cannot be written .*--to or MACRID_DATA"):
        fetch("ml-100k", tmp_path / "file" / "sets")


def test_lastfm_from_a_copy(tmp_path):
    files = {name: text if isinstance(text, str) else text.decode("latin-1") for name, text in LASTFM.items()}
    path = fetch("lastfm-2k", tmp_path / "home", source=pack(tmp_path / "hetrec2011-lastfm-2k.zip", files))
    data = read(path, name="lastfm-2k")
    assert (data.n_users, data.n_items, data.found.scale.kind) == (2, 2, "count")
    assert data.items["title"].tolist() == ["Duran Duran", "Motörhead"]


@pytest.mark.network
def test_ml_100k_for_real(tmp_path):
    try:
        path = fetch("ml-100k", tmp_path)
    except InputError as error:
        if "no answer" not in str(error):
            raise
        pytest.skip(str(error))
    data = read(path)
    assert (data.n_users, data.n_items, data.n_interactions) == (943, 1682, 100_000)
    assert data.items["title"][0] == "Toy Story"
    assert (data.items["category"] != "").mean() > 0.99
