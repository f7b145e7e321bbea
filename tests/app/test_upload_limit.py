"""What a visitor of a public app may send by Streamlit's own way."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import config

from ui.upload_limit import ALL, ONE, UploadLimit, limit_files

FILE = b"x" * (15 << 20)
WHERE = "/_stcore/upload_file"


@pytest.fixture
def sending(monkeypatch):
    """Sends a file for a session, in a mode: the status of the answer. Sessions a and b are there."""
    def make(mode):
        monkeypatch.setenv("MACRID_MODE", mode)
        routes = [Route(f"{WHERE}/{{session}}/{{file}}", lambda request: Response(status_code=204), methods=["PUT"])]
        guard = Middleware(UploadLimit, is_there={"a", "b"}.__contains__)
        client = TestClient(Starlette(routes=routes, middleware=[guard]))
        return lambda session, content=FILE, **how: client.put(f"{WHERE}/{session}/f", content=content, **how).status_code

    return make


def test_a_session_sends_so_much_and_no_more(sending):
    send = sending("public")
    assert send("a", b"x" * ((ONE << 20) + 1)) == 413  # it does not count
    assert [send("a") for _ in range(6)] == [204] * 4 + [413] * 2
    assert send("a", b"") == 204  # what still fits
    assert send("a", b"x") == 413
    assert send("b") == 204  # another session
    assert [send("nobody") for _ in range(6)] == [204] * 6  # the app itself refuses those
    assert send("b", iter([b"x"])) == 411  # in pieces: nobody knows how many
    assert send("b", b"x", headers={"content-length": "-1"}) == 411
    assert send("b", b"x", headers={"transfer-encoding": "chunked", "content-length": "1"}) == 411


def test_who_works_at_home_sends_what_they_like(sending):
    send = sending("local")
    assert [send("a") for _ in range(6)] == [204] * 6


def test_files_are_smaller_in_public(monkeypatch):
    before = config.get_option("server.maxUploadSize")
    try:
        for mode, expected in (("team", before), ("public", ONE)):
            monkeypatch.setenv("MACRID_MODE", mode)
            limit_files()
            assert config.get_option("server.maxUploadSize") == expected < ALL or mode == "team"
    finally:
        config.set_option("server.maxUploadSize", before)
