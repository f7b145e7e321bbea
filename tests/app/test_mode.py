"""What the app keeps on its server, by its mode."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from awaiting import awaited
from starlette.requests import Request as Question
from streamlit.testing.v1 import AppTest
from streamlit.web.server.starlette import starlette_app_utils

from macrid.bundle import shelf
from macrid.errors import InputError
from macrid.jobs import Request
from macrid.labelling.answers import Answers, Attribute
from ui import background, drafts, mode, owner, uploads

PAGES = Path(__file__).resolve().parents[2] / "pages"


@pytest.mark.parametrize(("given", "named", "keeps"), [
    (None, "local", True), ("", "local", True), ("local", "local", True), ("team", "team", True),
    ("public", "public", False), ("Public", "public", False), ("anything", "public", False)])
def test_modes(monkeypatch, given, named, keeps):
    """One that there is not lets people do least."""
    monkeypatch.delenv(mode.MODE, raising=False)
    if given is not None:
        monkeypatch.setenv(mode.MODE, given)
    assert (mode.name(), mode.keeps()) == (named, keeps)


def test_in_public_nothing_is_started_written_or_taken(monkeypatch, tmp_path, bundle):
    token = uploads.token(tmp_path / "up")
    monkeypatch.setenv(mode.MODE, "public")
    monkeypatch.setenv("MACRID_MODELS", str(tmp_path))
    with pytest.raises(InputError, match="keeps nothing on its server"):
        background.submit(Request("sweep", "A sweep", ("sweep",), tmp_path / "out"))
    assert not drafts.write(bundle, None)

    async def body():
        return {"type": "http.request", "body": b"x" * 99, "more_body": False}

    scope = {"type": "http", "method": "PUT", "path": "/", "headers": [], "path_params": {"token": token, "name": "a.csv"}}
    assert awaited(uploads.receive(Question(scope, body))).status_code == 404
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("small")
def test_pages_in_public_say_so_and_offer_no_saving(monkeypatch):
    monkeypatch.setenv(mode.MODE, "public")
    for page in ("name", "intentions", "disentanglement"):
        shown = AppTest.from_file(PAGES / f"{page}.py", default_timeout=60).run()
        assert not shown.exception
        assert any("keeps nothing on its server" in each.value for each in shown.caption)
        assert not any(button.label in ("Save", "Start the sweep") for button in shown.button)


def test_a_team_signs_in(monkeypatch, shops):
    """Nothing of a page is shown before; whoever has signed in is told apart by what the provider calls them."""
    monkeypatch.setenv(mode.MODE, "team")
    monkeypatch.setattr("streamlit.user", SimpleNamespace(is_logged_in=False))
    shown = AppTest.from_function(_frame).run()
    assert [button.label for button in shown.button] == ["Sign in"]
    assert not shown.markdown or "after" not in [each.value for each in shown.markdown]

    class User(dict):
        is_logged_in = True

    keys = []
    for subject in ("1", "2", "1"):
        monkeypatch.setattr("streamlit.user", User(iss="https://a", sub=subject))
        keys.append(owner.key())
    assert keys[0] == keys[2] != keys[1]


def _frame():
    import streamlit as st

    from ui import mode

    mode.sign_in()
    st.markdown("after")


def test_a_route_knows_who_has_signed_in_by_a_signed_cookie_alone(monkeypatch):
    """As Streamlit sets it, for this app, signed with its secret; in other modes everybody may see everything."""
    from streamlit.web.server.starlette import starlette_websocket

    def cookie(origin="https://lists.example", secret="s" * 32, **said):
        told = json.dumps({"origin": origin, "is_logged_in": True, "iss": "https://a", "sub": "1"} | said)
        return {"_streamlit_user": starlette_app_utils.create_signed_value(secret, "_streamlit_user", told).decode()}

    monkeypatch.setattr(starlette_websocket, "get_cookie_secret", lambda: "s" * 32)
    monkeypatch.setattr(mode, "get_origin_from_redirect_uri", lambda: "https://lists.example")
    assert mode.person_of(cookie()) is None
    assert owner.may_see("anything", {})
    monkeypatch.setenv(mode.MODE, "team")
    assert mode.person_of(cookie()) == "https://a 1"
    for wrong in ({}, {"_streamlit_user": "x"}, {"_streamlit_user": "\xff.a.b"}, cookie("https://evil.example"),
                  cookie(secret="t" * 32), cookie(is_logged_in=False), {"_streamlit_user": "chunks-3"}):
        assert mode.person_of(wrong) is None
        assert not owner.may_see("anything", wrong)


def test_trainings_of_others_are_watched_in_a_team_where_they_are_shared(monkeypatch, small):
    jobs = [SimpleNamespace(request=Request("train", "x", (), small.parent / name, owner=of))
            for name, of in (("mine", owner.key()), ("theirs", "b"), ("shared", "b"))]
    monkeypatch.setattr(background, "queue", lambda: SimpleNamespace(jobs=lambda kind: jobs))
    for name in ("theirs", "shared"):
        shelf.give(name, "b")
    shelf.share("shared", True)
    assert background.seen("train") == jobs
    monkeypatch.setenv(mode.MODE, "team")
    monkeypatch.setattr("streamlit.user", SimpleNamespace(is_logged_in=False))
    assert [job.request.out.name for job in background.seen("train")] == ["mine", "shared"]


@pytest.mark.parametrize("spoil", [
    lambda file: "[" * 100_000, lambda file: "", lambda file: "7", lambda file: "{}", lambda file: "\xff",
    lambda file: json.dumps(file | {"of": ["x", "y"]}), lambda file: json.dumps(file | {"answers": []}),
    lambda file: json.dumps(file | {"answers": file["answers"] | {"dials": [[0, 99, "mood"]]}}),
    lambda file: json.dumps(file | {"answers": file["answers"] | {"dials": [[1e999, 0, "mood"]]}}),
    lambda file: json.dumps(file | {"answers": file["answers"] | {"dials": [[0, 0, "other"]]}}),
    lambda file: json.dumps(file).replace(file["answers"]["attributes"][0]["items"][0], "nothing"),
    lambda file: json.dumps(file).replace('"name": "mood"', '"name": ["mood"]'),
    lambda file: json.dumps(file | {"answers": file["answers"] | {"attributes": file["answers"]["attributes"] * 501}}),
    lambda file: json.dumps(file).replace('"name": "mood"', '"name": "' + "(" * 60_000 + " to " * 30_000 + '"'),
    lambda file: json.dumps(file).replace("0.5", "Infinity")], ids=range(15))
def test_names_that_somebody_brings_are_theirs_or_one_line(bundle, spoil):
    """What the page gave is taken; whatever else a file holds is refused."""
    given = Answers().with_dial((0, 1), Attribute("mood", ("dark", "light"))).answered("mood", bundle.item_ids[0], 0.5, "x")
    text = drafts.text(bundle, given)
    again = drafts.parse(bundle, text.encode())
    assert (again.dials, again.given, again.attributes) == (given.dials, given.given, given.attributes)
    with pytest.raises(InputError, match=r"^names\.json: .*bring|a dial is named|no CSV"):
        drafts.parse(bundle, spoil(json.loads(text)).encode("latin-1"), "names.json")
