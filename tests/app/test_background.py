"""Jobs of the app: whose they are, one for all sessions, gone with the process and not with a cache."""

import time
from types import SimpleNamespace

import streamlit as st
from driving import fine, opened, press

from macrid.jobs import Request
from ui import background, owner

SWEEP = "pages/disentanglement.py"

def waited(wanted, seconds=40):
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.05)


def stop_buttons(at):
    return [button for button in at.button if button.label == "Stop"]


def test_sweeps_belong_to_who_started_them_and_to_no_cache(sleeping):
    mine = press(fine(opened(SWEEP)), "Start the sweep")
    (job,) = background.queue().jobs()
    words = job.request.arguments
    assert words[0] == "sweep"
    assert "anneal_cap=0.05,0.2,0.5,1.0,2.0" in words
    assert "--overwrite" not in words
    waited(lambda: job.last_line() == "half way")
    st.cache_resource.clear()  # as a browser may ask for at any time
    fine(mine.run())
    assert "half way" in "".join(c.value for c in mine.caption)
    assert len(stop_buttons(mine)) == 1

    theirs = press(fine(opened(SWEEP)), "Start the sweep")  # another visitor
    second = background.queue().jobs()[0]
    assert second.request.out != job.request.out  # a file of its own
    assert second.state == "waiting"  # one at a time
    assert len(stop_buttons(theirs)) == 1  # their own
    assert any("Somebody else has started this" in c.value for c in theirs.caption)

    stop_buttons(fine(mine.run()))[0].click().run()
    waited(lambda: job.stopped)
    assert any("was stopped; what is done is kept" in info.value for info in fine(mine.run()).info)
    press(mine, "Discard")
    assert job.id not in [each.id for each in background.queue().jobs()]


def test_when_the_app_is_ended_nothing_is_left_running(sleeping):
    press(fine(opened(SWEEP)), "Start the sweep")
    (job,) = background.queue().jobs()
    waited(lambda: job.last_line() == "half way")
    background.close()
    assert job.code == 130
    assert job.state == "waiting"  # for the next start of the app


def test_the_key_of_a_browser_is_kept_as_a_digest(monkeypatch):
    monkeypatch.setattr(owner.st, "context", SimpleNamespace(cookies={owner.COOKIE: "a secret"}))
    assert owner.key() == owner.key()
    assert "secret" not in owner.key()
    assert not background.mine(type("Job", (), {"request": Request("a", "b", (), None, owner="somebody")}))
    assert background.mine(type("Job", (), {"request": Request("a", "b", (), None, owner=owner.key())}))
