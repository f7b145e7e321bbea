"""What stands before the app: its own names, its own pages, and what these may load."""

import resource

import pytest
from awaiting import awaited
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from macrid.cli.main import main
from macrid.service.limits import more_files
from macrid.service.shield import Shield


async def page(request):
    own = {"Content-Security-Policy": "default-src 'none'"} if "own" in request.query_params else {}
    return Response("a page", headers=own)


async def talk(socket):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


@pytest.fixture
def shielded():
    def make():
        routes = [Route("/", page, methods=["GET", "POST"]), WebSocketRoute("/stream", talk)]
        return TestClient(Starlette(routes=routes, middleware=[Middleware(Shield)]), base_url="http://localhost:8501")

    return make


def test_what_every_answer_says(shielded):
    headers = shielded().get("/").headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert "http" not in policy["script-src"] + policy["connect-src"] + policy["style-src"]
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "same-origin"


def test_an_answer_may_be_stricter(shielded):
    assert shielded().get("/?own").headers.get_list("content-security-policy") == ["default-src 'none'"]


def test_pages_that_may_show_it_in_a_frame(shielded, monkeypatch):
    monkeypatch.setenv("MACRID_FRAMES", "https://huggingface.co  https://a.example")
    headers = shielded().get("/").headers
    assert "frame-ancestors https://huggingface.co https://a.example" in headers["content-security-policy"]
    assert "x-frame-options" not in headers


@pytest.mark.parametrize("host", ["evil.example", "", "localhost.evil.example", "a b", "evil.example:8501"])
def test_a_name_of_somebody_elses(shielded, host):
    answer = shielded().get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "MACRID_HOSTS" in answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_its_names(shielded, monkeypatch):
    monkeypatch.setenv("MACRID_HOSTS", "lists.example")
    for host in ("localhost:8501", "127.0.0.1:9", "[::1]:8501", "192.168.1.7:8501", "lists.example"):
        assert shielded().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:9999", "http://localhost", "[", "http://[::1"])
def test_pages_of_others_may_not_ask(shielded, origin, monkeypatch):
    for method in ("GET", "POST"):
        assert shielded().request(method, "/", headers={"Origin": origin}).status_code == 403
    with pytest.raises(WebSocketDisconnect), shielded().websocket_connect(
            "ws://localhost:8501/stream", headers={"Origin": origin}):
        pass
    monkeypatch.setenv("MACRID_ORIGINS", f"https://other.example {origin}")
    assert shielded().get("/", headers={"Origin": origin}).status_code == 200


def test_its_own_pages_may(shielded):
    assert shielded().post("/", headers={"Origin": "http://localhost:8501"}).status_code == 200
    for headers in ({}, {"Origin": "http://localhost:8501"}):
        with shielded().websocket_connect("ws://localhost:8501/stream", headers=headers) as socket:
            assert socket.receive_text() == "hello"


def test_headers_that_are_no_text(shielded):
    """Twice, or bytes that no name has."""
    sent = []

    async def send(message):
        sent.append(message)

    async def ask(headers):
        await Shield(None)({"type": "http", "headers": headers}, None, send)

    for headers in ([(b"host", b"\xff\xfe")], [(b"host", b"localhost"), (b"host", b"evil.example")], []):
        awaited(ask(headers))
    assert [message["status"] for message in sent if "status" in message] == [421] * 3


def test_a_process_may_open_as_many_files_as_the_system_lets_it():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        assert more_files() >= min(65_536, before[1]) or before[1] == resource.RLIM_INFINITY
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_both_servers_listen_on_this_machine_alone():
    for command in ("app", "serve"):
        (host,) = [each for each in main.commands[command].params if each.name == "host"]
        assert host.default == "127.0.0.1"
        assert "0.0.0.0" in CliRunner().invoke(main, [command, "--help"]).output
