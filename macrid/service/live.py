"""A list that follows a dragged dial, over a websocket: whoever turns faster than answers come gets only the newest."""

import asyncio
import json
from contextlib import suppress
from typing import Any

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from macrid.errors import InputError

from . import answers
from .asked import Steer
from .engine import Engine
from .guard import Guard, key_of
from .problems import Problem

GOODBYE = 1008  # "policy violation": no key


class Live:
    """One connection. A message is a question as POST .../steer takes it, and `seq`, any number, which stands in its answer.
    Where there are keys and the headers hold none, as those of a browser cannot, the first message is {"key": KEY}."""

    def __init__(self, socket: WebSocket, engine: Engine, guard: Guard, bundle: str) -> None:
        self.socket, self.engine, self.guard, self.bundle = socket, engine, guard, bundle
        self.key = key_of(socket.scope)
        self.newest: str | None = None
        self.changed = asyncio.Event()

    async def run(self) -> None:
        """Answer until the other side goes."""
        await self.socket.accept()
        if not self.key and self.guard.keys:
            self.key = str(_object(await self._received()).get("key", ""))
        try:
            self.guard.wait(self.key, self.socket.scope, 0)
            self.engine.shelf.get(self.bundle)
        except Problem as problem:
            await self._say({"problem": problem.body})
            await self.socket.close(GOODBYE)
            return
        listening = asyncio.create_task(self._listen())
        try:
            while not listening.done():
                await self.changed.wait()
                self.changed.clear()
                if self.newest is not None:
                    text, self.newest = self.newest, None
                    await self._answer(text)
        finally:
            listening.cancel()

    async def _listen(self) -> None:
        """Remember the newest question."""
        with suppress(WebSocketDisconnect):
            while True:
                self.newest = await self._received()
                self.changed.set()
        self.changed.set()

    async def _received(self) -> str:
        message = await self.socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1000))
        return message.get("text") or ""

    async def _answer(self, text: str) -> None:
        given = _object(text)
        seq = given.pop("seq", None)
        seq = seq if isinstance(seq, int | float) and seq == seq and abs(seq) < 2**53 else None
        try:
            wait = self.guard.wait(self.key, self.socket.scope)
            while wait:  # whoever drags a dial is slowed down, not turned away
                await asyncio.sleep(min(wait, 1))
                wait = self.guard.wait(self.key, self.socket.scope)
            asked = Steer.model_validate(given)
            found = await self.engine.run(lambda: answers.steer(self.engine.shelf.get(self.bundle), asked,
                                                                self.engine.options))
        except ValidationError as error:
            first = error.errors()[0]
            found = {"problem": Problem(422, f"{'.'.join(map(str, first['loc'])) or 'message'}: {first['msg']}").body}
        except InputError as error:
            found = {"problem": Problem(422, str(error)).body}
        except Problem as problem:
            found = {"problem": problem.body}
        await self._say({"seq": seq, **found})

    async def _say(self, value: dict[str, Any]) -> None:
        if self.socket.client_state is WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, RuntimeError):  # it has gone meanwhile
                await self.socket.send_text(json.dumps(value, allow_nan=False))


def _object(text: str) -> dict[str, Any]:
    """A JSON object; an empty one for what is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
