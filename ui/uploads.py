"""Files from browsers, written to disk block after block as they come: none is ever held in memory.

A page that takes files asks for a token of a folder and gives it to the drop zone (assets/drop.js), which sends each file to
`ROUTE`. Nobody can guess a token, so no other site can send anything, and a name says nothing of where a file goes.
"""

import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from . import mode

ROUTE = "/upload/{token}/{name}"
MOST = 1 << 30  # bytes in a folder
FILES = 30  # in a folder
LEFT_FREE = 1 << 30  # bytes that stay free on the disk
_BLOCK = 1 << 22
_folders: dict[str, Path] = {}  # by token, for as long as this process runs


class Refused(Exception):
    """Why a file is not taken, in a line, and the status to say it with."""

    def __init__(self, why: str, status: int) -> None:
        super().__init__(why)
        self.status = status


def token(folder: Path) -> str:
    """A new token for files that go to `folder`."""
    made = secrets.token_urlsafe(24)
    _folders[made] = folder
    return made


def is_known(given: str) -> bool:
    """Whether this process knows a token: not after it was started again."""
    return given in _folders


def safe_name(name: str) -> str:
    """A name for a file in a folder of ours, from one that anybody may have sent."""
    last = re.split(r"[\\/]", name)[-1]
    plain = re.sub(r"[^\w.\- ()+,]+", "_", last).strip(" .")
    return plain.encode()[:120].decode(errors="ignore") or "file"


async def receive(request: Request) -> Response:
    """Take one file."""
    folder = _folders.get(request.path_params["token"]) if mode.keeps() else None
    if folder is None:
        return JSONResponse({"error": "the app was started again; reload the page"}, 404)
    length = request.headers.get("content-length", "")
    try:
        size = await keep(request.stream(), folder, request.path_params["name"], int(length) if length.isdigit() else None)
    except Refused as error:
        return JSONResponse({"error": str(error)}, error.status)
    except ClientDisconnect:
        return Response(status_code=400)
    except OSError as error:
        return JSONResponse({"error": f"it cannot be kept here: {error.strerror}"}, 507)
    return JSONResponse({"size": size})


async def keep(blocks: AsyncIterator[bytes], folder: Path, name: str, length: int | None) -> int:
    """Write a file to `folder` as it comes; gives its size. Raises Refused for one that is too large or too many."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / safe_name(name)
    others = [other for other in folder.iterdir() if other != path]
    room = MOST - sum(other.stat().st_size for other in others)
    if len(others) >= FILES:
        raise Refused(f"there are {FILES} files already; pack them into a zip", 413)
    if length is not None:
        _check(length, room, folder)
    beside = folder / f".{secrets.token_hex(8)}.part"
    size, held = 0, bytearray()
    try:
        with beside.open("wb") as file:
            async for block in blocks:
                size += len(block)
                held += block
                if len(held) >= _BLOCK:
                    _check(size, room, folder)
                    await run_in_threadpool(file.write, held)
                    held = bytearray()
            _check(size, room, folder)
            file.write(held)
        if length is not None and size != length:
            raise Refused("it was cut off on its way; send it again", 400)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    return size


def _check(size: int, room: int, folder: Path) -> None:
    if size > room:
        raise Refused(f"the files would be larger than {MOST / 1e9:.1f} GB together; train on the command line: "
                      "macrid train --data FILE", 413)
    if size > shutil.disk_usage(folder).free - LEFT_FREE:
        raise Refused("the disk of the server is nearly full", 507)
