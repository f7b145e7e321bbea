"""How much a visitor of a public app may send by Streamlit's own way, which holds every file in memory."""

import re
from collections.abc import Callable

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import config, runtime

from macrid.service.hosts import header

from . import mode

ONE, ALL = 20, 60  # megabytes of a file, and of all that a session sends
_ROUTE = re.compile(r"/_stcore/upload_file/([^/]+)/[^/]+")


def limit_files() -> None:
    """In the mode `public`, take smaller files than elsewhere."""
    if not mode.keeps():
        config.set_option("server.maxUploadSize", ONE)


def _is_there(session: str) -> bool:
    return runtime.get_instance().is_active_session(session)


class UploadLimit:
    """A middleware: in the mode `public`, a session that has sent as much as it may sends no more."""

    def __init__(self, app: ASGIApp, is_there: Callable[[str], bool] = _is_there) -> None:
        self.app, self.is_there = app, is_there
        self.sent: dict[str, int] = {}  # bytes, by session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wrong = self._refused(scope) if scope["type"] == "http" and scope["method"] == "PUT" else None
        await (PlainTextResponse(wrong[1], wrong[0]) if wrong else self.app)(scope, receive, send)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        """The status and the reason where a file isn't taken; None where it is, or the app answers."""
        found = None if mode.keeps() else _ROUTE.search(scope["path"])
        if found is None or not self.is_there(found[1]):
            return None
        length = header(scope, "content-length")
        if not re.fullmatch("[0-9]{1,15}", length) or any(name == b"transfer-encoding" for name, _ in scope["headers"]):
            return 411, "Say how long the file is (Content-Length)"
        if int(length) > ONE << 20:
            return 413, f"A file may have {ONE} MB"
        self.sent = {session: size for session, size in self.sent.items() if self.is_there(session)}
        size = self.sent.get(found[1], 0) + int(length)
        if size > ALL << 20:
            return 413, f"One visit may send {ALL} MB in all; reload the page to begin another"
        self.sent[found[1]] = size
        return None
