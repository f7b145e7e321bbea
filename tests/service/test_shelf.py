"""Bundles that are exchanged while they are served, and the command that serves them."""

import json
import os
import re
import shutil
import signal
import socket
import threading
import time
from pathlib import Path

import pytest
from browsing import free_port, status
from commands import mistake, process

from macrid import bundle as bundles
from macrid.errors import InputError
from macrid.service.client import Client
from macrid.service.problems import Problem
from macrid.service.shelf import Shelf


def rename(folder, name):
    """The bundle as another training would have put it there: beside, then exchanged."""
    shutil.copytree(folder, beside := folder.with_name(".beside"))
    record = json.loads((beside / "bundle.json").read_text()) | {"name": name}
    (beside / "bundle.json").write_text(json.dumps(record))
    shutil.rmtree(folder)
    beside.rename(folder)


def children(pid):
    """The processes that a process has started."""
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_a_bundle_that_is_replaced_is_exchanged(spoiled):
    shelf = Shelf((str(spoiled),))
    shelf.look()
    before = shelf.get("tiny")
    rename(spoiled, "better")
    shelf.look()
    assert (before.name, shelf.get("tiny").name, shelf.swaps) == ("tiny", "better", 1)
    shelf.look()
    assert shelf.swaps == 1


def test_one_that_is_damaged_or_deleted_leaves_the_one_before(spoiled):
    shelf = Shelf((str(spoiled),))
    rename(spoiled, "damaged")
    (spoiled / "weights.safetensors").write_bytes(b"\0" * 99)
    shelf.look()
    shelf.look()
    assert (shelf.get("tiny").name, shelf.swaps, shelf.failures) == ("tiny", 0, 1)
    shutil.rmtree(spoiled)
    shelf.look()
    assert shelf.get("tiny").person([0]).steer(n=3).before is not None
    shelf.ready()


def test_answers_go_on_while_one_is_exchanged(spoiled):
    shelf, stop, wrong = Shelf((str(spoiled),)), threading.Event(), []

    def ask():
        while not stop.is_set():
            try:
                shelf.get("tiny").person([1, 2]).steer(n=3)
            except Exception as error:
                wrong.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    for name in ("a", "b", "c"):
        rename(spoiled, name)
        shelf.look()
    stop.set()
    thread.join()
    assert not wrong
    assert (shelf.swaps, shelf.get("tiny").name) == (3, "c")


def test_two_of_one_name_and_none_of_a_name(spoiled, trained):
    with pytest.raises(InputError, match="two bundles are called 'tiny'"):
        Shelf((str(spoiled), str(trained)))
    with pytest.raises(Problem, match="take tiny"):
        Shelf((str(spoiled),)).get("x")


@pytest.mark.parametrize(("given", "said"), [
    (["{t}/none"], "no bundle"), (["{b}", "--port", "x"], "--port"), (["{b}", "--host", "no.such.host.invalid"], "--host"),
    (["{b}", "--keys", "{t}/none"], "--keys"), (["{b}", "--origin", "*"], "https://shop.example"), ([], "BUNDLE")])
def test_mistakes_of_the_command(trained, tmp_path, given, said):
    port = [] if "--port" in given else ["--port", free_port()]
    assert said in mistake("serve", *(each.format(b=trained, t=tmp_path) for each in given), *port)


def test_the_command(spoiled):
    """As a process: it answers over HTTP and websocket from two workers, which share memory, says who holds its port,
    replaces a worker that died, exchanges a bundle, and ends well when asked to."""
    port = free_port()
    running = process("serve", spoiled, "--port", port, "--workers", 2, "--log", "none",
                      env=os.environ | {"MACRID_KEYS": "k" * 20})
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while status(f"{address}/ready") != 200:
            assert running.poll() is None, running.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.1)
        assert f"--port {port + 1}" in mistake("serve", spoiled, "--port", port)
        with Client(address, key="k" * 20, bundle="tiny") as client:
            opened = bundles.load(spoiled)
            asked = {"user": opened.people[0], "wishes": {"size": 0.7}, "n": 5}
            wanted = opened.steer(user=opened.people[0], wishes={"size": 0.7}, n=5).after["item_id"].tolist()
            assert [row["item_id"] for row in client.steer(**asked)["items"]] == wanted
            with client.live() as turning:
                assert turning.steer(**asked) == client.steer(**asked)
                with pytest.raises(InputError, match="nobody"):
                    turning.steer(user="nobody")
            assert len(children(running.pid)) == 2
            for worker in children(running.pid):
                memory = dict(re.findall(r"^(\w+): +(\d+)", Path(f"/proc/{worker}/smaps_rollup").read_text(), re.MULTILINE))
                assert int(memory["Pss"]) < int(memory["Rss"]) / 2  # most of what it holds is held by others, too
            rename(spoiled, "better")
            while {client.bundles()[0]["name"] for _ in range(8)} != {"better"}:
                assert time.monotonic() < until
                time.sleep(0.2)
            assert 'route="/v1/bundles",status="2xx"' in client._http.get("/metrics", headers=client._headers).text
        for worker in children(running.pid):
            os.kill(int(worker), signal.SIGKILL)
        while status(f"{address}/ready") != 200:
            assert time.monotonic() < until
        with socket.create_connection(("127.0.0.1", port), 5) as raw:  # no HTTP at all
            raw.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
            raw.recv(100)
        assert status(f"{address}/health") == 200
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
        assert (out, running.returncode) == ("", 0), err
        assert "Traceback" not in err, err
        assert "k" * 20 not in err
    finally:
        running.kill()
