"""What comes over the page's websocket: only messages go on, and only what widgets can say."""

import json

import numpy as np
import pytest
from awaiting import awaited
from streaming import asked
from streamlit.proto.BackMsg_pb2 import BackMsg

from ui.messages import Messages, sound


def test_what_is_a_message_goes_on_as_it_was():
    for message in (asked("steer", "n=24"), asked("name", save="", new="size"), BackMsg(clear_cache=True)):
        assert sound(message.SerializeToString()) == message.SerializeToString()


@pytest.mark.parametrize("content", [b"", b"\xff\xff", b"user,item", asked().SerializeToString()[:-1] + b"\xff" * 9])
def test_what_is_no_message_is_not_heard(content):
    assert sound(content) is None


def test_values_of_what_is_no_widget_are_left_out():
    """Streamlit takes such a name for a key of the page, which raises in its run."""
    message = asked("steer", size="x")
    widgets = message.rerun_script.widget_states.widgets
    for name in ("who", "$$", "", "$$ID"):
        widgets.add(id=name, string_value="x")
    for text in ("", "{", "[" * 50_000, "9" * 5_000):
        widgets.add(id=f"$$ID-{0:032x}-a", json_value=text)
        widgets.add(id=f"$$ID-{0:032x}-b", json_value=json.dumps(text))
    for value in ({"bool_value": True}, {"int_value": 1}, {"string_value": "x"}, {}):  # an event is JSON
        widgets.add(id=f"$$STREAMLIT_INTERNAL_KEY_$$ID-{0:032x}-a__events", **value)
        widgets.add(id=f"$$STREAMLIT_INTERNAL_KEY_$$ID-{0:032x}-a__events", json_trigger_value=text)
    assert sound(message.SerializeToString()) == asked("steer", size="x").SerializeToString()


def test_random_bytes_never_raise():
    rng, message = np.random.default_rng(0), bytearray(asked("steer", "a=b", one="x", two="").SerializeToString())
    for _ in range(3_000):
        changed = bytearray(message)
        for at in rng.integers(len(message), size=3):
            changed[at] = rng.integers(256)
        heard = sound(bytes(changed) if rng.random() < 0.8 else rng.bytes(int(rng.integers(99))))
        assert heard is None or BackMsg.FromString(heard).WhichOneof("type")


def test_only_what_was_heard_comes_to_the_page():
    good = asked("steer").SerializeToString()
    given = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "x"},
                  {"type": "websocket.receive", "bytes": b"\xff"}, {"type": "websocket.receive", "bytes": good},
                  {"type": "websocket.disconnect", "code": 1000}])
    heard = []

    async def receive():
        return next(given)

    async def page(scope, receive, send):
        while (message := await receive())["type"] != "websocket.disconnect":
            heard.append(message)

    awaited(Messages(page)({"type": "websocket"}, receive, None))
    assert heard == [{"type": "websocket.connect"}, {"type": "websocket.receive", "bytes": good}]
