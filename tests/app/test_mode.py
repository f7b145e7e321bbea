"""What the app keeps on its server, by its mode."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from awaiting import awaited
from starlette.requests import Request as Question
from streamlit.testing.v1 import AppTest

from macrid.errors import InputError
from macrid.jobs import Request
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
