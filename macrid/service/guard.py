"""What stands before every answer: does the server go by that name, is there a key, are there not too many questions, is the
body small and soon here? It also counts and logs what was answered."""

import asyncio
import logging
import time
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .counts import Counts
from .hosts import Hosts, header
from .options import Keys, Options, digest
from .problems import Problem
from .rates import Rates

log = logging.getLogger("macrid.service.requests")
OPEN = ("/health", "/ready")  # to anybody: a load balancer has no key
SAFE = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"), (b"cache-control", b"no-store")]


class Guard:
    """An ASGI application before another."""

    def __init__(self, app: ASGIApp, options: Options, keys: Keys, counts: Counts) -> None:
        self.app, self.options, self.keys, self.counts = app, options, keys, counts
        self.hosts, self.rates = Hosts(options.hosts), Rates(options.rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket" and not self._may_open(scope):
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "this page may not ask"})
        else:
            await self.app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        begin, status = time.perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], *SAFE]}
            await send(message)

        try:
            self._check(scope)
            body = await self._body(scope, receive)
            await self.app(scope, _replay(body, receive), noting)
        except Problem as problem:
            await problem.response()(scope, receive, noting)
        except Exception:
            if not status:  # else its handler has answered, and has said it in the log
                raise
        finally:
            route = getattr(scope.get("route"), "path_format", "other")
            seconds = time.perf_counter() - begin
            self.counts.add(route, status or 499, seconds)  # 499: whoever asked has gone
            if self.options.log != "none":
                told = _told(scope["method"], route, status or 499, seconds)
                log.info("%s %s %s %s ms", *told.values(), extra={"told": told})

    def _may_open(self, scope: Scope) -> bool:
        """Browsers let any page open a websocket: its origin has to be named, or this server."""
        host, origin = header(scope, "host"), header(scope, "origin")
        return self.hosts.knows(host) and (not origin or origin in self.options.origins or self.hosts.own(origin, host))

    def _check(self, scope: Scope) -> None:
        host = header(scope, "host")
        if not self.hosts.knows(host):
            raise Problem(421, f"this service does not go by the name {host!r:.80}; if it should, start it with --name")
        if scope["path"] not in OPEN:
            self.admit(key_of(scope), scope)

    def admit(self, key: str, scope: Scope, tokens: float = 1) -> None:
        """Problem unless that key may ask, and now."""
        wait = self.wait(key, scope, tokens)
        if wait:
            raise Problem(429, f"more than {self.options.rate:g} requests a second; wait {wait:.2f} s and ask again",
                          {"Retry-After": str(int(wait) + 1)})

    def wait(self, key: str, scope: Scope, tokens: float = 1) -> float:
        """Seconds until that key may ask: 0 if it may now. Problem if it may not."""
        if self.keys and not self.keys.knows(key):
            raise Problem(401, "a key is missing or wrong; send one as `Authorization: Bearer KEY`",
                          {"WWW-Authenticate": "Bearer"})
        address = (scope.get("client") or ("",))[0]
        return self.rates.wait(digest(key) if self.keys else address, tokens)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, at most so large, and within the time. It is small, so it is read before anything else is done."""
        most, length = self.options.most_bytes, header(scope, "content-length")
        body = bytearray()
        if not length and not header(scope, "transfer-encoding"):
            return b""
        try:
            async with asyncio.timeout(self.options.seconds):
                while not length.isdigit() or int(length) <= most:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > most:
                        break
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise Problem(408, f"the body took longer than {self.options.seconds:g} s; send it at once") from error
        except ValueError:  # a length of thousands of digits
            pass
        raise Problem(413, f"the body has more than {most:,} bytes; ask for less at once", {"Connection": "close"})


def key_of(scope: Scope) -> str:
    """The key that a question brings: `Authorization: Bearer KEY`."""
    kind, _, key = header(scope, "authorization").partition(" ")
    return key.strip() if kind.lower() == "bearer" else ""


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body that was read already."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _told(method: str, route: str, status: int, seconds: float) -> dict[str, Any]:
    """What the log says: the route as it is written in the program, and nothing that somebody sent."""
    return {"method": method if method.isalpha() else "?", "route": route, "status": status, "ms": round(1e3 * seconds, 1)}
