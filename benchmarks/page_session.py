"""A visit to the Steer page as a browser makes it: Streamlit's messages over its websocket, without drawing anything."""

import json
import time
from contextlib import asynccontextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX
from websockets.asyncio.client import connect

MOST = 60  # seconds that a run may take


class Visit:
    """One person's page. `times`: of each run, from the message that asks for it to the end of the script, in seconds."""

    def __init__(self, socket, query: str) -> None:
        self.socket, self.query, self.page = socket, query, ""
        self.stage, self.fragment, self.seq, self.shown = "", "", 0, 0
        self.times: list[float] = []
        self.wrong = 0

    async def run(self, **asked) -> None:
        """Have the page, or a fragment of it, run, and take what it sends to the end."""
        begin = time.perf_counter()
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.page_script_hash = self.page
        for name, value in asked.items():
            if name == "event":
                message.rerun_script.widget_states.widgets.add(id=self.stage, json_value="{}")
                widget = message.rerun_script.widget_states.widgets.add()
                widget.id = f"{STREAMLIT_INTERNAL_KEY_PREFIX}_{self.stage}__events"
                widget.json_trigger_value = json.dumps([{"event": "did", "value": value}])
            else:
                setattr(message.rerun_script, name, value)
        await self.socket.send(message.SerializeToString())
        while True:
            told = ForwardMsg.FromString(await self.socket.recv())
            kind = told.WhichOneof("type")
            if kind == "delta":
                self._see(told.delta)
            elif kind == "new_session":
                self.page = told.new_session.page_script_hash
            elif kind == "script_finished":
                self.wrong += told.script_finished not in (ForwardMsg.FINISHED_SUCCESSFULLY,
                                                           ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)
                break
        self.times.append(time.perf_counter() - begin)

    def _see(self, delta) -> None:
        kind = delta.new_element.WhichOneof("type")
        self.wrong += kind == "exception"
        if kind == "bidi_component" and delta.new_element.bidi_component.id.endswith("-stage"):
            shown = delta.new_element.bidi_component
            self.stage, self.fragment, self.shown = shown.id, delta.fragment_id, json.loads(shown.json)["seq"]

    async def release(self, wishes: dict[str, int]) -> None:
        """Let go of a slider: the list's part of the page runs, and is told of the wishes."""
        self.seq += 1
        await self.run(fragment_id=self.fragment, event={"what": "wish", "seq": self.seq, "wishes": wishes})
        self.wrong += self.shown != self.seq  # the page heard of something else


@asynccontextmanager
async def visit(port: int, query: str):
    """A person who comes to the Steer page, waits for it, and goes in the end."""
    async with connect(f"ws://localhost:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None,
                       origin=f"http://localhost:{port}", open_timeout=MOST) as socket:
        here = Visit(socket, query)
        await here.run(page_name="steer")
        if not here.stage:
            raise RuntimeError("the page came without its stage")
        yield here
