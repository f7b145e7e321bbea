"""Gives every browser its key (see `owner`), with the first page that it gets."""

from http.cookies import SimpleCookie
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import owner

KEPT = 400 * 86_400  # seconds: browsers keep no cookie longer


class OwnerCookie:
    """A middleware: a page that is sent to a browser without a key sets one, which no script can read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or owner.COOKIE in SimpleCookie(Headers(scope=scope).get("cookie", "")):
            await self.app(scope, receive, send)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _cookie(scope))
            await send(message)

        await self.app(scope, receive, sending)


def _cookie(scope: Scope) -> str:
    made: Any = SimpleCookie({owner.COOKIE: owner.new()})
    made[owner.COOKIE].update({"path": "/", "max-age": KEPT, "httponly": True, "samesite": "Lax",
                               "secure": scope.get("scheme") == "https"})
    return made[owner.COOKIE].OutputString()
