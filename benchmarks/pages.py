"""Time to the first paint of each page, and of a switch of page, in a real Chromium, for bundles of several sizes.

    python benchmarks/pages.py                            # 2k, 20k and 200k items; writes benchmarks/results/pages.json
    python benchmarks/pages.py --items 2000 --runs 1 --out pages.json

The bundles are not trained: random vectors around seven prototypes, laid out by their factors, so that only drawing is
measured. A page is painted when its script has run and its figures are drawn. `load` is the mean number of processes that
wanted a core over the five minutes before and after: with more than there are, everything takes that much longer.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from made_bundle import make_bundle
from served import free_port, served

RESULT = Path(__file__).parent / "results" / "pages.json"
PAGES = {"overview": "Overview", "macro_map": "Macro map", "steer": "Steer", "name": "Name the dimensions",
         "disentanglement": "Disentanglement and accuracy", "benchmark": "Benchmark", "method": "Method"}
HEADINGS = {"overview": "What clicks alone can tell"}  # where it is not the name of the link
SHOWN = "title => document.querySelector('[data-testid=stMain] h1')?.innerText.startsWith(title)"
READY = """() => document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    && document.querySelector('[data-testid=stMain] h1') && !document.querySelector('[data-testid="stSkeleton"]')
    && [...document.querySelectorAll('.js-plotly-plot')].every(m => m.querySelector('.main-svg'))"""


def painted(page) -> None:
    page.wait_for_function(READY, timeout=240_000, polling=20)


def measure(address: str, name: str, runs: int, chromium: str) -> dict:
    """Seconds to the first paint of each page, opened by its address and by its link: the median over runs, after one."""
    from playwright.sync_api import sync_playwright

    found: dict[str, dict[str, list[float]]] = {page: {"open": [], "switch": []} for page in PAGES}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for run in range(runs + 1):  # the first one warms up
            for where, title in PAGES.items():
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                started = time.perf_counter()
                page.goto(f"{address}/{'' if where == 'overview' else where}?bundle={name}")
                painted(page)
                opened = time.perf_counter() - started
                other = "Method" if where != "method" else "Benchmark"
                links = page.locator('[data-testid="stSidebarNav"]')
                links.get_by_role("link", name=other, exact=False).click()
                painted(page)
                page.wait_for_timeout(300)
                started = time.perf_counter()
                links.get_by_role("link", name=title, exact=False).click()
                page.wait_for_function(SHOWN, arg=HEADINGS.get(where, title), timeout=240_000, polling=20)
                painted(page)
                if run:
                    found[where]["open"].append(opened)
                    found[where]["switch"].append(time.perf_counter() - started)
                page.close()
        browser.close()
    return {page: {kind: round(statistics.median(values), 2) for kind, values in times.items()}
            for page, times in found.items()}


@click.command()
@click.option("--items", default="2000,20000,200000", show_default=True, help="Sizes of the bundles.")
@click.option("--runs", default=3, show_default=True)
@click.option("--chromium", default=os.environ.get("MACRID_CHROMIUM") or shutil.which("chromium"))
@click.option("--out", type=click.Path(path_type=Path), default=RESULT)
def main(items, runs, chromium, out):
    """Make the bundles, serve them, and measure every page with each."""
    with tempfile.TemporaryDirectory() as folder:
        sizes = [int(size) for size in items.split(",")]
        for size in sizes:
            make_bundle(Path(folder) / f"items-{size}", size)
        address, before, found = f"http://localhost:{(port := free_port())}", os.getloadavg()[1], {}
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
        with served(command, f"{address}/_stcore/health", {"MACRID_MODELS": folder}, stdout=subprocess.DEVNULL):
            for size in sizes:
                found[size] = measure(address, f"items-{size}", runs, chromium)
                click.echo(f"{size:,} items: {found[size]}")
    load = [round(of, 1) for of in (before, os.getloadavg()[1])]
    out.write_text(json.dumps({"runs": runs, "cores": os.cpu_count(), "load": load, "seconds": found}, indent=1) + "\n",
                   encoding="utf-8")


if __name__ == "__main__":
    main()
