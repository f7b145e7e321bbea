"""What the tests in a browser share: the running server, Chromium, pages opened in it, and reading what stands there."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch
from urllib.parse import parse_qs

import made_up
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from macrid.errors import InputError

ROOT = Path(__file__).resolve().parents[1]
# What stands last on each page.
LAST = '[data-testid="stFileUploader"], .mc-scale, ' \
       ':text("Click a few items"), .posters li:nth-child(2), :text("Choose a person or build a profile, turn"), ' \
       ':text("What these figures mean"), .drop label, :text("All trainings"), ' \
       ':text("Start the sweep"), :text("This app is for a team"), :text("Stars are MacridVAE"), :text("that is steering")'
# Opened at /steer, Streamlit first looks for its server below that address: two 404s that a browser writes to its console.
PROBE = re.compile(r"/(macro_map|steer|name|intentions|train|bundles|disentanglement|benchmark|method)"
                   r"/_stcore/(health|host-config)$")
PAGES = {"": "What clicks alone can tell", "macro_map": "Macro map", "steer": "Steer", "name": "Name the dimensions",
         "intentions": "Name the intentions", "train": "Train on your data", "bundles": "Bundles",
         "disentanglement": "Disentanglement and accuracy", "benchmark": "Benchmark", "method": "Method"}
LINKS = {"Overview": "", "Macro map": "macro_map", "Steer": "steer", "Name the dimensions": "name",
         "Name the intentions": "intentions", "Train on your data": "train", "Bundles": "bundles",
         "Disentanglement and accuracy": "disentanglement",
         "Benchmark": "benchmark", "Method": "method"}
POINT = """([at, of]) => {  // where on the screen an item of a map is
    const map = document.querySelectorAll(".js-plotly-plot")[at], l = map._fullLayout, r = map.getBoundingClientRect();
    for (const trace of map._fullData) {
        const i = [...(trace.customdata ?? [])].indexOf(of);
        const x = l.xaxis, y = l.yaxis;
        if (i >= 0) return [r.x + x._offset + x.l2p(trace.x[i]), r.y + y._offset + y.l2p(trace.y[i])];
    }
}"""
FIGURES = "[...document.querySelectorAll('.js-plotly-plot')]" \
          ".map(m => JSON.stringify(m.data) + JSON.stringify(m.layout.meta))"


@pytest.fixture(scope="session")
def movies(tmp_path_factory) -> Path | str:
    """The folder of a bundle of MovieLens-100K, trained for a moment, beside its twin; or why it cannot be had."""
    from macrid.data import fetch, interactions, split
    from macrid.maps import layout, projections
    from macrid.model.settings import Settings
    from macrid.pipeline import build

    folder = tmp_path_factory.mktemp("movies")
    try:
        source = interactions.read(fetch.available("ml-100k") or fetch.fetch("ml-100k", to=folder), name="ml-100k")
    except InputError as error:
        return str(error)
    # That maps are laid out is tested elsewhere; here they are to be there soon.
    with patch.object(layout, "METHODS", dict.fromkeys(layout.METHODS, lambda vectors, *rest: projections.pca(vectors))):
        parts = split.strong(split.to_clicks(source), 0)
        build.build(build.Training(parts, Settings(embedding_size=8, epochs=3), source, twin="dot"), folder / "ml-100k")
    return folder / "ml-100k"


@pytest.fixture(scope="session")
def app(tmp_path_factory, movies) -> str:
    """The address of the running app; it has the shop twice, once with its twin, and MovieLens-100K if it can be had."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "models").mkdir()
    for name, source in {"shop": "shop", "shop-dot": "shop-dot", "second": "shop"}.items():
        (folder / "models" / name).symlink_to(ROOT / "models" / source)
    if isinstance(movies, Path):
        for path in (movies, movies.with_name("ml-100k-dot")):
            (folder / "models" / path.name).symlink_to(path)
    for value in (made_up.sweep(), made_up.comparison()):
        made_up.write(folder / "results", "mine", value)
    with begun(folder, free_port()) as address:
        stands(address)
        yield address


@contextmanager
def begun(folder: Path, port: int, **variables: str) -> Iterator[str]:
    """The address of an app that is being started with the bundles in `folder`/models (see `stands`); in the end nothing in
    its log may have gone wrong."""
    given = {"MACRID_MODELS": str(folder / "models"), "MACRID_RESULTS": str(folder / "results"), **variables}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    with (folder / "log").open("w+") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield f"http://localhost:{port}"
            said = (folder / "log").read_text()
            assert not any(word in said for word in ("Traceback", "a fault of macrid")), said
        finally:
            server.terminate()
            server.wait(30)


def stands(address: str) -> None:
    """Wait until an app answers."""
    waited(lambda: status(f"{address}/_stcore/health"), lambda found: found == 200, 90)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def get(url: str):
    return urllib.request.urlopen(url, timeout=30)


def status(url: str) -> int | None:
    try:
        with get(url) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return None


@pytest.fixture(scope="session")
def chromium():
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = os.environ.get("MACRID_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("there is no Chromium here: install one, or name it in MACRID_CHROMIUM")
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"])
        yield browser
        browser.close()


@pytest.fixture
def visit(app, chromium):
    """visit("steer?value=3") opens a page and waits until it stands: see `visiting`."""
    with visiting(chromium, app) as open_page:
        yield open_page


@contextmanager
def visiting(chromium: Browser, app: str, *also: str) -> Iterator[Callable[..., Page]]:
    """A function that opens a page of an app and waits until it stands. In the end nothing may have gone wrong on any: no
    error box, nothing in the console, which hears of all that the content security policy forbids, nothing requested from
    elsewhere than the app and the addresses in `also`."""
    pages, troubles = [], []

    def hear(message):
        if message.type == "error" and not ("404" in message.text and PROBE.search(message.location["url"])):
            troubles.append(f"{message.text} {message.location}")

    def ask(request):
        if not request.url.startswith((app, app.replace("http", "ws"), *also, "data:", "blob:")):
            troubles.append(f"{request.url} was requested")

    def answer(response):
        if response.status >= 400 and not PROBE.search(response.url):
            troubles.append(f"{response.url} answered {response.status}")

    def open_page(where: str = "", width: int = 1280, height: int = 900, cookies_of: Page | None = None) -> Page:
        """cookies_of: a page of the same browser, which may be closed then; else it is another one."""
        kept = {"storage_state": cookies_of.context.storage_state()} if cookies_of else {}
        page = chromium.new_page(viewport={"width": width, "height": height}, **kept)
        page.on("console", hear)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", ask)
        page.on("response", answer)
        page.goto(f"{app}/{where}")
        pages.append(page)
        return settled(page)

    yield open_page
    for page in pages:
        if page.is_closed():
            continue
        assert page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]').count() == 0
        page.close()
    assert not troubles, troubles


def settled(page: Page) -> Page:
    """Wait until the script has run and the page stands."""
    expect(page.locator(LAST).first).to_be_visible(timeout=60_000)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_be_visible(timeout=60_000)
    expect(page.locator('[data-stale="true"], [data-testid="stSkeleton"]')).to_have_count(0, timeout=90_000)
    return page


def titles(page: Page, label: str) -> list[str]:
    return page.locator(f'ol[aria-label="{label}"] .mc-title').all_inner_texts()


def marks(page: Page) -> list[str]:
    return page.locator('ol[aria-label="List after"] .mc-badge').all_inner_texts()


def address(page: Page) -> dict[str, str]:
    """What the address holds now (page.url is what it was when Playwright last listened)."""
    return {key: values[0] for key, values in parse_qs(page.evaluate("location.search").lstrip("?")).items()}


def waited(get_value, wanted, seconds: float = 15):
    """The value once it is as wanted."""
    end = time.monotonic() + seconds
    while not wanted(value := get_value()):
        assert time.monotonic() < end, value
        time.sleep(0.05)
    return value


def changed(page: Page, act, figures: int = 1) -> None:
    """An act changes the map and may change the figures that follow it; it leaves every other as it was, drawn once."""
    before = page.evaluate(FIGURES)
    page.evaluate("document.querySelectorAll('.js-plotly-plot').forEach((m, i) => m.dataset.seen = i)")
    act()
    waited(lambda: settled(page).evaluate(FIGURES), lambda found: len(found) == len(before) and found[0] != before[0])
    assert page.evaluate(FIGURES)[figures:] == before[figures:]
    seen = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map(m => m.dataset.seen)")
    assert seen[figures:] == [str(i) for i in range(figures, len(before))]


def listed(page: Page, label: str) -> list[str]:
    """The titles of a list of cards, without their ranks."""
    return [title.removeprefix(str(rank)).strip() for rank, title in enumerate(titles(page, label), start=1)]


def choose(page: Page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()
