"""What browsers say to a page, before Streamlit hears it: messages that are none, and values that no widget has, would raise
in its run and fill the log with tracebacks."""

import json

from google.protobuf.message import DecodeError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

EVENTS = "$$STREAMLIT_INTERNAL_KEY_"  # what the names of components' events begin with
WIDGETS = ("$$ID-", EVENTS)  # what the names of widgets begin with; all others are keys of pages


class Messages:
    """A middleware: of what comes over a page's websocket only messages go on, and in these only values of widgets."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def hearing() -> Message:
            while True:
                message = await receive()
                if message["type"] != "websocket.receive":
                    return message
                heard = sound(message.get("bytes") or b"")
                if heard is not None:
                    return {**message, "bytes": heard}

        await self.app(scope, hearing if scope["type"] == "websocket" else receive, send)


def sound(content: bytes) -> bytes | None:
    """A message without values that no widget has; None for what is no message."""
    message = BackMsg()
    try:
        message.ParseFromString(content)
    except DecodeError:
        return None
    widgets = message.rerun_script.widget_states.widgets
    kept = [state for state in widgets if state.id.startswith(WIDGETS) and _is_json(state)]
    if message.WhichOneof("type") is None:
        return None
    if len(kept) == len(widgets):
        return content
    del widgets[:]
    widgets.extend(kept)
    return message.SerializeToString()


def _is_json(state: WidgetState) -> bool:
    """Whether a value that is said to be JSON, or must be, is. Streamlit reads a text in it as JSON once more."""
    kind = state.WhichOneof("value")
    if state.id.startswith(EVENTS) and kind != "json_trigger_value":
        return False
    try:
        if kind in ("json_value", "json_trigger_value"):
            value = json.loads(getattr(state, kind))
            if kind == "json_value" and isinstance(value, str):
                json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
