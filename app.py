"""`streamlit run app.py`: the pages of `frame.py`, and beside them a route that serves the drawn pictures of the items."""

import asyncio
import faulthandler
import gc
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from macrid.openmp import WAITING

os.environ.update(WAITING | dict(os.environ))

import streamlit as st
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from streamlit.logger import get_logger
from streamlit.runtime.pages_manager import PagesManager

from macrid.beside import discard, sweep
from macrid.bundle import places, shelf
from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.reports import OneLine
from macrid.service.limits import more_files, one_arena
from macrid.service.shield import Shield
from ui import background, bundles, finder, item_pictures, mode, owner, stage, uploads
from ui.cookies import OwnerCookie
from ui.messages import Messages
from ui.upload_limit import UploadLimit, limit_files

LOOKED_EVERY = 3.0  # seconds

# Until st.navigation has run once, Streamlit takes pages/ for pages of its own: a link to one that is followed right after
# the start would open it without its frame.
PagesManager.uses_pages_directory = False


def picture(request: Request) -> Response:
    """The picture of one item as SVG. The address holds what changes with the items, so browsers may keep it for good."""
    given = request.path_params
    svg = item_pictures.picture_svg(given["bundle"], given["version"], given["position"])
    if svg is None:
        return Response(status_code=404)
    kept_by = "private" if mode.name() == "team" else "public"  # nothing on the way keeps what not everybody may see
    return Response(svg, media_type="image/svg+xml",
                    headers={"Cache-Control": f"{kept_by}, max-age=31536000, immutable",
                             "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"})


def of_bundle(route: str, answer: Callable[[Request], Response]) -> Route:
    """A route that says nothing of the bundle in its address to those who may not see that."""
    def answered(request: Request) -> Response:
        seen = owner.may_see(request.path_params["bundle"], request.cookies)
        return answer(request) if seen else Response(status_code=404)

    return Route(route, answered)


def _zips() -> Path:
    return places.jobs_folder() / "zips"


def packed(request: Request) -> Response:
    """A bundle as a zip, written to disk first and sent from there."""
    path = _zips() / f"{secrets.token_hex(8)}.zip"
    try:
        shelf.pack(request.path_params["bundle"], path)
    except (InputError, OSError):
        return Response(status_code=404)
    return FileResponse(path, media_type="application/zip", filename=f"{request.path_params['bundle']}.zip",
                        background=BackgroundTask(path.unlink, missing_ok=True))


def steered(request: Request) -> Response:
    """The list for the wishes and dials in the query, while somebody drags a slider."""
    shown = request.query_params.get("shown", "").split("\n")
    return _told(request, lambda bundle: stage.listed(bundle, stage.scene_of(bundle, request.query_params), shown))


def why(request: Request) -> Response:
    """Why an item is in the list for the wishes and dials in the query."""
    position = request.path_params["position"]
    return _told(request, lambda bundle: stage.explained(bundle, stage.scene_of(bundle, request.query_params), position))


def found(request: Request) -> Response:
    """The items or people that are found while somebody types."""
    return _told(request, lambda bundle: finder.found(bundle, request.query_params))


def _told(request: Request, make: Callable[[Recommender], dict]) -> Response:
    found = stage.answer(request.path_params["bundle"], request.path_params["version"], make)
    return Response(status_code=404) if found is None else JSONResponse(found, headers={"Cache-Control": "no-store"})


@asynccontextmanager
async def alive(app: st.App) -> AsyncIterator[None]:
    """While the app is served. In the end, asked for by a signal, no job is left running (atexit hears of no signal)."""
    await run_in_threadpool(_clear)
    waking = asyncio.create_task(_waking())
    yield
    waking.cancel()
    await run_in_threadpool(background.close)


def _clear() -> None:
    """Remove what an app that was killed has left half written, or not sent."""
    discard(_zips())
    sweep(places.own_folder())


async def _waking() -> None:
    """See to jobs that waited when the app was ended, and to those that the command line lets go on, without any page."""
    while True:
        await run_in_threadpool(background.queue)
        await asyncio.sleep(LOOKED_EVERY)


BEFORE = [Middleware(each) for each in (Shield, OwnerCookie, Messages, UploadLimit)]  # the outermost first
app = st.App("frame.py", lifespan=alive, middleware=BEFORE, routes=[
    of_bundle(item_pictures.PICTURE_ROUTE, picture), of_bundle(stage.LIST_ROUTE, steered), of_bundle(stage.WHY_ROUTE, why),
    of_bundle(finder.ROUTE, found), of_bundle(bundles.ZIP_ROUTE, packed),
    Route(uploads.ROUTE, uploads.receive, methods=["PUT"])])
for name in ("streamlit.error_util", "uvicorn.error"):  # which say what went wrong
    for handler in get_logger(name).handlers:
        handler.setFormatter(OneLine(os.environ.get("MACRID_LOG", "text"), ["app"]))
faulthandler.enable()
more_files()
one_arena()
limit_files()
item_pictures.serving.pictures = True
gc.freeze()  # what is loaded now stays: no collection needs to walk through torch and numba again
