"""Who may ask, how much, and what mistakes are answered with."""

import json
from multiprocessing import get_context
from pathlib import Path

import pytest
from service_problems import problem
from starlette.websockets import WebSocketDisconnect

from macrid.errors import InputError
from macrid.reports import OneLine
from macrid.service.counts import Counts
from macrid.service.hosts import Hosts
from macrid.service.options import read_keys
from macrid.service.rates import Rates

KEY = "k" * 20
STEER = "/v1/bundles/tiny/steer"


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def test_without_a_key_nobody_asks_where_there_are_keys(serving):
    http = serving(key=f"{'o' * 16},{KEY}")
    assert http.get("/v1/bundles", headers=bearer(KEY)).status_code == 200
    for headers in ({}, bearer("wrong" * 9), bearer(""), {"Authorization": f"Basic {KEY}"}, bearer(KEY + "x")):
        assert "Authorization: Bearer KEY" in problem(http.get("/v1/bundles", headers=headers), 401)
    assert problem(http.get("/metrics"), 401)
    assert problem(http.get("/openapi.json"), 401)
    assert http.get("/health").status_code == http.get("/ready").status_code == 200


def test_keys_of_a_file(tmp_path, monkeypatch):
    monkeypatch.delenv("MACRID_KEYS", raising=False)
    (file := tmp_path / "keys").write_text(f"# ours\n\n{KEY}\n")
    keys = read_keys(str(file))
    assert keys.knows(KEY)
    assert not keys.knows("# ours")
    assert KEY not in repr(keys)
    for text, said in {"short\n": "16 or more", "# none\n": "holds no key"}.items():
        file.write_text(text)
        with pytest.raises(InputError, match=said):
            read_keys(str(file))
    file.write_bytes(b"\xff" * 20)
    for path in (file, tmp_path / "nothing"):
        with pytest.raises(InputError, match="cannot be read"):
            read_keys(str(path))


def test_a_bucket_empties_and_fills():
    now = 0.0
    rates = Rates(2.0, lambda: now)
    assert [rates.wait("a") for _ in range(4)] == [0, 0, 0, 0]
    assert rates.wait("a") == 0.5
    assert rates.wait("b") == 0
    now = 0.5
    assert (rates.wait("a"), rates.wait("a")) == (0, 0.5)
    for k in range(20_000):
        rates.wait(k)
    assert len(rates._known) == 10_000


def test_too_many_questions_are_told_when_to_ask_again(serving):
    http = serving(rate=1.0)
    assert [http.get("/v1/bundles").status_code for _ in range(3)] == [200, 200, 429]
    refused = http.get("/v1/bundles")
    assert "wait" in problem(refused, 429)
    assert int(refused.headers["retry-after"]) >= 1
    batch = serving(rate=1.0)
    assert batch.post("/v1/bundles/tiny/batch", json={"requests": [{"user": "x"}] * 2}).status_code == 200
    assert "wait" in problem(batch.get("/v1/bundles"), 429)  # each of its questions counted


def test_bounds(serving, bundle):
    http, user = serving(most_bytes=2000, most_items=30, most_batch=2), bundle.people[0]
    assert "2,000 bytes" in problem(http.post(STEER, content=b"x" * 2001), 413)
    assert "2,000 bytes" in problem(http.post(STEER, content=(b"x" * 500 for _ in range(9))), 413)
    assert "at most 30" in problem(http.post(STEER, json={"user": user, "n": 20, "offset": 11}), 422)
    assert "at most 30" in problem(http.post(STEER, json={"items": ["a"] * 31}), 422)
    assert "at most 2" in problem(http.post("/v1/bundles/tiny/batch", json={"requests": [{"user": user}] * 3}), 422)
    assert "at most 30" in problem(http.get("/v1/bundles/tiny/items?n=31"), 422)


def test_what_takes_too_long_is_given_up(serving, monkeypatch, bundle):
    from time import sleep

    from macrid.service import answers

    monkeypatch.setattr(answers, "about", lambda bundle: sleep(0.4))
    assert "longer than 0.1 s" in problem(serving(seconds=0.1).get("/v1/bundles/tiny"), 503)
    assert "waiting" in problem(serving(waiting=0).get("/v1/bundles/tiny"), 503)


def test_a_fault_of_ours_is_in_the_log_without_what_was_asked(http, monkeypatch, caplog, tmp_path):
    from macrid.service import answers

    monkeypatch.setenv("MACRID_REPORTS", str(tmp_path))

    def broken(*_):
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(answers, "search", broken)
    said = problem(http.get("/v1/bundles/tiny/items?search=private"), 500)
    assert "a secret" not in said
    number = said.split()[-1]
    record = next(record for record in caplog.records if number in record.getMessage())
    assert "private" not in caplog.text
    logged, (report,) = [OneLine(kind, ["serve"]).format(record) for kind in ("text", "json")], tmp_path.iterdir()
    told = report.read_text()
    for line in logged:
        assert "\n" not in line
        assert number in line
        assert str(report) in line
        assert "a secret" not in line
    assert json.loads(logged[1])["level"] == "ERROR"
    assert "builtins.ZeroDivisionError" in told
    assert "macrid/service/answers.py" in told or "macrid/service/app.py" in told
    assert not any(word in told for word in ("a secret", "private", str(tmp_path), str(Path.home())))


def test_the_log_says_nothing_of_who_asks(serving, caplog, bundle):
    with caplog.at_level("INFO"):
        serving(log="json").get(f"/v1/bundles/tiny/factors?user={bundle.people[0]}")
    record = next(record for record in caplog.records if record.name == "macrid.service.requests")
    line = json.loads(OneLine("json").format(record))
    assert line.pop("ms") > 0
    assert line.pop("at")
    assert OneLine("text").format(record).count("GET /v1/bundles/{bundle}/factors 200") == 1
    assert line == {"level": "INFO", "method": "GET", "route": "/v1/bundles/{bundle}/factors", "status": 200}
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("macrid")]
    assert not any(bundle.people[0] in text for text in ours)


def test_a_name_that_the_service_does_not_go_by(serving):
    http = serving(hosts=("lists.example",))
    assert "does not go by the name 'evil.example'" in problem(http.get("/health", headers={"Host": "evil.example"}), 421)
    for name in ("lists.example", "LISTS.example:80", "127.0.0.1:8700", "[::1]:8700", "localhost", "10.0.0.3"):
        assert http.get("/health", headers={"Host": name}).status_code == 200, name


@pytest.mark.parametrize("name", ["", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "[::1", "a b", "@",
                                  "evil.example:localhost", "localhost@evil.example", "//localhost"])
def test_names_of_others(name, monkeypatch):
    monkeypatch.setenv("MACRID_HOSTS", " lists.example ,")
    hosts = Hosts()
    assert hosts.knows("lists.example")
    assert not hosts.knows(name)


def test_pages_of_others_may_not_ask_unless_they_are_named(serving):
    page = {"Origin": "https://shop.example"}
    assert "access-control-allow-origin" not in serving().get("/v1/bundles", headers=page).headers
    http = serving(origins=("https://shop.example",), key=KEY)
    assert http.get("/v1/bundles", headers=page | bearer(KEY)).headers["access-control-allow-origin"] == page["Origin"]
    assert "access-control-allow-origin" not in http.get("/v1/bundles", headers={"Origin": "https://evil.example"}).headers
    asking = page | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    assert http.options(STEER, headers=asking).status_code == 200


def test_answers_are_no_pages(http):
    headers = http.get("/v1/bundles").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"items": 3}', b'{"items": [1]}', b'{"items": ["\\ud800"]}',
    b'{"user": "\\ud800"}', b'{"user": null}', b'{"items": []}', b'{"items": ["a"], "user": "b"}', b"[" * 100_000,
    b'{"items": ["a"], "n": ' + b"9" * 5000 + b"}", b'{"user": "%u", "n": 1e400}', b'{"user": "%u", "n": -1}',
    b'{"user": "%u", "wishes": {"size": NaN}}', b'{"user": "%u", "wishes": {"size": 1e999}}',
    b'{"user": "%u", "wishes": {"\\u0000": 1}}', b'{"user": "%u", "strength": NaN}', b'{"user": "%u", "strength": "high"}',
    b'{"user": "%u", "scope": 99}', b'{"user": "%u", "scope": -1}', b'{"user": "%u", "hide": ["nothing"]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": 99, "value": 0}]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": "\\u00b2", "value": 0}]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": -1, "value": 0}]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": 0, "value": NaN}]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": 0, "by": NaN}]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": 0, "by": "much"}]}',
    b'{"user": "%u", "dials": [{"factor": 0, "dim": 0, "value": 0, "by": 1}]}', b'{"user": "%u", "dials": [7]}',
    b'{"user": "%u", "unheard": 1}'], ids=range(34))
def test_a_question_that_makes_no_sense_is_a_problem(http, bundle, body):
    answer = http.post(STEER, content=body.replace(b"%u", bundle.people[0].encode()),
                       headers={"Content-Type": "application/json"})
    assert len(problem(answer, answer.status_code)) > 10
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("path", ["/", "/v2/bundles", "/v1/bundles/none", "/v1/bundles/tiny/steer",
                                  "/v1/bundles/..%2f..%2fetc",
                                  "/v1/bundles/tiny/factors/99/dials", "/v1/bundles/tiny/factors/x/dials",
                                  "/v1/bundles/tiny/items?n=0", "/v1/bundles/tiny/items?id=none", "/v1/bundles/tiny/similar",
                                  "/v1/bundles/tiny/items?search=" + "a" * 401, "/v1/bundles/tiny/wishes?user=a&items=b",
                                  "/v1/bundles/%ff%00/items", "/v1/bundles/tiny/factors/-1/dials"])
def test_an_address_that_makes_no_sense_is_a_problem(http, path):
    answer = http.get(path)
    assert 400 <= answer.status_code < 500
    assert problem(answer, answer.status_code)


def test_counts(http, bundle):
    for user in (bundle.people[0], "nobody"):
        http.post(STEER, json={"user": user})
    text = http.get("/metrics").text
    for status in ("2xx", "4xx"):
        assert f'macrid_requests_total{{route="/v1/bundles/{{bundle}}/steer",status="{status}"}} 1' in text
    assert 'macrid_request_seconds_count{route="/v1/bundles/{bundle}/steer"} 2' in text


def test_workers_count_together():
    counts = Counts(["/a"])
    counts.add("/a", 200, 0.02)
    worker = get_context("fork").Process(target=counts.add, args=("/a", 200, 0.02))
    worker.start()
    worker.join()
    assert 'macrid_requests_total{route="/a",status="2xx"} 2' in counts.text({})


def test_a_dragged_dial(serving, bundle):
    user = bundle.people[0]
    with serving().websocket_connect("ws://localhost/v1/bundles/tiny/live") as socket:
        socket.send_text(json.dumps({"seq": 1, "user": user, "wishes": {"size": 0.5}, "n": 3}))
        found = socket.receive_json()
        wanted = bundle.steer(user=user, wishes={"size": 0.5}, n=3).after["item_id"].tolist()
        assert (found["seq"], [row["item_id"] for row in found["items"]]) == (1, wanted)
        for text in ("", "[", "7", "[" * 50_000, '{"seq": 1e999}', '{"seq": 2, "user": "nobody"}', '{"user": 3}'):
            socket.send_text(text)
            assert socket.receive_json()["problem"]["detail"]
        for seq in range(10, 60):
            socket.send_text(json.dumps({"seq": seq, "user": user, "wishes": {"size": seq / 60}, "n": 3}))
        seqs = [socket.receive_json()["seq"]]
        while seqs[-1] != 59:
            seqs.append(socket.receive_json()["seq"])
        assert seqs == sorted(seqs)


def test_a_dragged_dial_needs_a_key_and_an_origin(serving):
    http = serving(key=KEY)
    at = "ws://localhost/v1/bundles/tiny/live"
    with http.websocket_connect(at) as socket:
        socket.send_json({"key": KEY})
        socket.send_json({"seq": 5, "user": "nobody"})
        assert "nobody" in socket.receive_json()["problem"]["detail"]
    with http.websocket_connect(at) as socket:
        socket.send_json({"key": "wrong"})
        assert socket.receive_json()["problem"]["status"] == 401
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()
    for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}, {"Origin": "null"}):
        with pytest.raises(WebSocketDisconnect), http.websocket_connect(at, headers=headers):
            pass
    with serving().websocket_connect("ws://localhost/v1/bundles/none/live") as socket:
        assert socket.receive_json()["problem"]["status"] == 404
