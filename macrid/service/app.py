"""The service as an ASGI application: its questions, version 1, and how it is started."""

import logging
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, FastAPI, Query, Request, WebSocket
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp

from macrid.bundle.person import Person
from macrid.bundle.recommender import Recommender
from macrid.errors import InputError
from macrid.files import version
from macrid.reports import OneLine

from . import answered, answers
from .asked import LONGEST, Batch, Recommend, Steer, Text, Who, at_most
from .counts import Counts
from .engine import Engine
from .guard import Guard, key_of
from .live import Live
from .options import Options, read_keys
from .problems import KIND, Json, Problem, of_validation
from .shelf import Shelf

log = logging.getLogger("macrid.service")
router = APIRouter(prefix="/v1")
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": meaning, "content": {KIND: {"schema": answered.Problem.model_json_schema()}}}
    for status, meaning in {401: "no key", 404: "no such bundle", 413: "too large", 422: "a mistake", 429: "too many",
                            503: "busy"}.items()}
Many = Annotated[int, Query(ge=1, description="How many are listed")]
After = Annotated[int, Query(ge=0, description="How many are left out before them")]
OfUser = Annotated[Text | None, Query(description="A held-out person of the bundle")]
OfItems = Annotated[list[Text] | None, Query(description="Or a history, item ids")]


def _given(model: type) -> dict[int | str, dict[str, Any]]:
    return {200: {"model": model}, **PROBLEMS}


async def _answer(request: Request, make: Callable[[Engine], Any]) -> Response:
    """What `make` gives, computed and written as JSON beside the event loop."""
    engine: Engine = request.app.state.engine
    return await engine.run(lambda: Json(make(engine)))


async def _of_bundle(request: Request, bundle: str, make: Callable[[Recommender, Options], Any]) -> Response:
    return await _answer(request, lambda engine: make(engine.shelf.get(bundle), engine.options))


def _number(n: int, offset: int, options: Options) -> int:
    at_most("n + offset", n + offset, options.most_items)
    return n


def _whose(bundle: Recommender, user: str | None, items: list[str] | None, options: Options) -> Person | None:
    if user is None and items is None:
        return None
    try:
        return Who(user=user, items=items).person(bundle, options)
    except ValidationError as error:
        raise InputError("give either user or items, not both") from error


@router.get("/bundles", responses=_given(answered.Bundles))
async def bundles(request: Request) -> Response:
    """The bundles that are served."""
    return await _answer(request, lambda engine: {"bundles": [answers.about(engine.shelf.get(name))
                                                              for name in engine.shelf.names]})


@router.get("/bundles/{bundle}", responses=_given(answered.Bundle))
async def bundle(request: Request, bundle: str) -> Response:
    """A bundle: what it was trained on, how many factors it has."""
    return await _of_bundle(request, bundle, lambda opened, _: answers.about(opened))


@router.get("/bundles/{bundle}/items", responses=_given(answered.Items))
async def items(request: Request, bundle: str, search: Annotated[str, Query(max_length=LONGEST)] = "",
                id: Annotated[list[Text] | None, Query(description="Or items by their ids")] = None, n: Many = 20,
                offset: After = 0) -> Response:
    """Items whose title, category, genres or year have all the words of `search`; without any, the most clicked."""
    def make(opened: Recommender, options: Options) -> answers.Answer:
        if id is not None:
            _number(len(id), 0, options)
            return answers.items(opened, id)
        return answers.search(opened, search, _number(n, offset, options), offset)

    return await _of_bundle(request, bundle, make)


@router.get("/bundles/{bundle}/similar", responses=_given(answered.Items))
async def similar(request: Request, bundle: str, item: Text, n: Many = 20) -> Response:
    """The items whose vectors are nearest to that of an item."""
    return await _of_bundle(request, bundle, lambda opened, options: answers.similar(opened, item, _number(n, 0, options)))


@router.get("/bundles/{bundle}/people", responses=_given(answered.People))
async def people(request: Request, bundle: str, n: Many = 20, offset: After = 0) -> Response:
    """The held-out people, by whose names lists can be asked for."""
    return await _of_bundle(request, bundle, lambda opened, options: answers.people(opened, _number(n, 0, options), offset))


@router.get("/bundles/{bundle}/factors", responses=_given(answered.Factors))
async def factors(request: Request, bundle: str, user: OfUser = None, items: OfItems = None) -> Response:
    """The macro factors; of a person, too, the share of each in their history."""
    return await _of_bundle(request, bundle, lambda opened, options:
                            answers.factors(opened, _whose(opened, user, items, options)))


@router.get("/bundles/{bundle}/factors/{factor}/dials", responses=_given(answered.Dials))
async def dials(request: Request, bundle: str, factor: int, user: OfUser = None, items: OfItems = None) -> Response:
    """The dials of a factor; of a person, too, where they stand on each."""
    return await _of_bundle(request, bundle, lambda opened, options:
                            answers.dials(opened, factor, _whose(opened, user, items, options)))


@router.get("/bundles/{bundle}/wishes", responses=_given(answered.Wishes))
async def wishes(request: Request, bundle: str, user: OfUser = None, items: OfItems = None) -> Response:
    """What may be wished for; of a person, too, the wishes that move their list most."""
    return await _of_bundle(request, bundle, lambda opened, options:
                            answers.wishes(opened, _whose(opened, user, items, options)))


@router.post("/bundles/{bundle}/recommend", responses=_given(answered.Recommended))
async def recommend(request: Request, bundle: str, asked: Recommend) -> Response:
    """A person's own list."""
    return await _of_bundle(request, bundle, lambda opened, options: answers.recommend(opened, asked, options))


@router.post("/bundles/{bundle}/steer", responses=_given(answered.Steered))
async def steer(request: Request, bundle: str, asked: Steer) -> Response:
    """The list with dials turned and wishes heard, beside the one before."""
    return await _of_bundle(request, bundle, lambda opened, options: answers.steer(opened, asked, options))


@router.post("/bundles/{bundle}/fold-in", responses=_given(answered.FoldedIn))
async def fold_in(request: Request, bundle: str, asked: Who) -> Response:
    """The user vector of a history. Nothing is stored."""
    return await _of_bundle(request, bundle, lambda opened, options: answers.fold_in(opened, asked, options))


@router.post("/bundles/{bundle}/batch", responses=_given(answered.Answers))
async def batch(request: Request, bundle: str, asked: Batch) -> Response:
    """Several questions to `steer` in one; each counts as one where requests are limited."""
    guard: Guard = request.app.state.guard
    guard.admit(key_of(request.scope), request.scope, len(asked.requests) - 1)
    return await _of_bundle(request, bundle, lambda opened, options: answers.batch(opened, asked, options))


@router.websocket("/bundles/{bundle}/live")
async def live(socket: WebSocket, bundle: str) -> None:
    await Live(socket, socket.app.state.engine, socket.app.state.guard, bundle).run()


async def health() -> Response:
    """The process answers."""
    return Json({"status": "ok", "version": version()})


async def ready(request: Request) -> Response:
    """Every bundle answers."""
    engine: Engine = request.app.state.engine
    await engine.run(engine.shelf.ready)
    return Json({"status": "ready", "bundles": engine.shelf.names})


async def metrics(request: Request) -> Response:
    """Counts for Prometheus."""
    engine: Engine = request.app.state.engine
    gauges = {"macrid_waiting": ("Questions that wait or are being answered, in this worker.", float(engine.waiting)),
              "macrid_swaps": ("Bundles that were exchanged.", float(engine.shelf.swaps)),
              "macrid_failed_swaps": ("Bundles that could not be.", float(engine.shelf.failures))}
    counts: Counts = request.app.state.counts
    return PlainTextResponse(counts.text(gauges), media_type="text/plain; version=0.0.4")


def make_app(options: Options, shelf: Shelf | None = None) -> ASGIApp:
    """The service for some options. Raises InputError for a bundle or a file of keys that cannot be read."""
    shelf = shelf or Shelf(options.bundles)
    api = FastAPI(title="macrid", version=version(), docs_url=None, redoc_url=None, lifespan=_watching,
                  description="Lists of recommendations that people steer. Times are in seconds, ids are texts.")
    api.include_router(router)
    for answer in (health, ready, metrics):
        api.add_api_route(f"/{answer.__name__}", answer, methods=["GET"], responses=PROBLEMS)
    api.add_exception_handler(Exception, _failed)
    for kind in (Problem, InputError, RequestValidationError, HTTPException):
        api.add_exception_handler(kind, _mistaken)
    routes = sorted({str(route.path_format) for route in [*router.routes, *api.routes] if hasattr(route, "path_format")})
    counts = Counts(routes)
    guard = Guard(api, options, read_keys(options.keys_file), counts)
    api.state.engine, api.state.guard, api.state.counts = Engine(options, shelf), guard, counts
    if not options.origins:
        return guard
    return CORSMiddleware(guard, options.origins, allow_methods=["GET", "POST"], expose_headers=["Retry-After"],
                          allow_headers=["Authorization", "Content-Type"])


@asynccontextmanager
async def _watching(api: FastAPI) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        if api.state.engine.options.watch:
            tasks.start_soon(api.state.engine.watch)
        yield
        tasks.cancel_scope.cancel()


def _mistaken(request: Request, error: Exception) -> Response:
    """What somebody did wrong, as a problem."""
    if isinstance(error, RequestValidationError):
        return of_validation(error).response()
    if isinstance(error, HTTPException):
        remedy = "/openapi.json lists the questions" if error.status_code in (404, 405) else "/openapi.json says how to ask"
        return Problem(error.status_code, f"{error.detail}; {remedy}", dict(error.headers or {})).response()
    return error.response() if isinstance(error, Problem) else Problem(422, str(error)).response()


def _failed(request: Request, error: Exception) -> Response:
    """A fault of ours: the log has it, with where it happened and without what was asked; the answer has its number."""
    number = uuid.uuid4().hex[:12]
    route = getattr(request.scope.get("route"), "path_format", "?")
    log.error("fault %s in %s", number, route, exc_info=error)
    return Problem(500, f"this is a fault of the service; whoever runs it finds it in the log as {number}").response()


def set_up_log(kind: str) -> None:
    """One line an event, on standard error; json: each as an object."""
    logging.basicConfig(level=logging.INFO if kind != "none" else logging.WARNING, force=True)
    for handler in logging.getLogger().handlers:
        handler.setFormatter(OneLine(kind, ["serve"]))
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # below that it names who connects
