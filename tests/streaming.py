"""The app's websocket without a browser: messages as the page sends them, or any others, and what they are answered with."""

from collections.abc import Iterator

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

END = ForwardMsg.ScriptFinishedStatus.Value("FINISHED_EARLY_FOR_RERUN")


def talking(app: str, **how: object) -> ClientConnection:
    """A connection to an app, which begins a session."""
    return connect(f"{app.replace('http', 'ws', 1)}/_stcore/stream", subprotocols=["streamlit"], max_size=None, **how)


def asked(page: str = "", query: str = "", page_hash: str = "", **values: str) -> BackMsg:
    """Run a page, with the values that some widgets are said to have: a text, or "" for a button that was pressed. Each is
    named by the key that a page gives it."""
    message = BackMsg()
    message.rerun_script.page_name, message.rerun_script.query_string = page, query
    message.rerun_script.page_script_hash = page_hash
    for widget, value in values.items():
        state = message.rerun_script.widget_states.widgets.add(id=f"$$ID-{0:032x}-{widget}")
        if value:
            state.string_value = value
        else:
            state.trigger_value = True
    return message


def answered(socket: ClientConnection, message: BackMsg | bytes) -> Iterator[ForwardMsg]:
    """What the app says, up to the end of the run that a message asks for."""
    socket.send(message if isinstance(message, bytes) else message.SerializeToString())
    while True:
        told = ForwardMsg.FromString(socket.recv(timeout=60))
        yield told
        if told.WhichOneof("type") == "script_finished" and told.script_finished != END:
            return
