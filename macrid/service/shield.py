"""What stands before the app on a network: it answers only under its own names, only to its own pages, and tells browsers
what these may load. It is an ASGI middleware that needs nothing of the service."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from .hosts import HOSTS, Hosts, header, origin_of

FRAMES, ORIGINS = "MACRID_FRAMES", "MACRID_ORIGINS"  # name pages elsewhere that may show the app, or ask it; blanks between
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Streamlit writes scripts and styles into its page, its charts compile functions, its widgets are scripts of blob addresses.
# Nothing is loaded from elsewhere but pictures, which items may have at addresses of their own, and nothing is sent there.
POLICY = {
    "default-src": "'self'", "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob: http: https:", "font-src": "'self' data:", "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:", "object-src": "'none'", "base-uri": "'self'", "form-action": "'self'",
}


def headers(frames: str = "") -> list[tuple[bytes, bytes]]:
    """What every answer says. frames: origins whose pages may show the app in a frame, with blanks between them."""
    policy = "; ".join(f"{name} {sources}" for name, sources in {**POLICY, "frame-ancestors": frames or "'none'"}.items())
    told = {"content-security-policy": policy, "x-content-type-options": "nosniff", "referrer-policy": "same-origin",
            "permissions-policy": "camera=(), microphone=(), geolocation=()"}
    if not frames:
        told["x-frame-options"] = "DENY"
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in told.items()]


class Shield:
    """The middleware."""

    def __init__(self, app: App) -> None:
        self.app, self.hosts = app, Hosts()
        self.headers = headers(" ".join(os.environ.get(FRAMES, "").split()))
        self.origins = set(os.environ.get(ORIGINS, "").split())

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        wrong = self._refused(scope) if scope["type"] in ("http", "websocket") else None
        if wrong and scope["type"] == "http":
            await _say(self._with_headers(send), *wrong)
        elif wrong:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "not from this page"})
        else:
            await self.app(scope, receive, self._with_headers(send) if scope["type"] == "http" else send)

    def _refused(self, scope: MutableMapping[str, Any]) -> tuple[int, str] | None:
        """The status and the reason where a question isn't answered; None where it is."""
        host, origin = header(scope, "host"), header(scope, "origin")
        if not self.hosts.knows(host):
            return 421, f"This app does not go by the name {host!r:.80}. If it should, start it with {HOSTS}={host:.80}"
        if origin and origin not in self.origins and not self.hosts.own(origin, host):
            return 403, f"Pages of {origin_of(origin)!r:.80} may not ask this app. If they should, name them in {ORIGINS}"
        return None

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message.get("headers", [])}
                more = [pair for pair in self.headers if pair[0] not in said]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        return sending


async def _say(send: Send, status: int, text: str) -> None:
    body = json.dumps({"detail": text}).encode()
    told = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": told})
    await send({"type": "http.response.body", "body": body})
