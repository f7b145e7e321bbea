"""How fast the Steer page answers: from the release of a dial to the new list, in a real Chromium.

    python benchmarks/browser.py [--items 2000,100000] [--moves 100] [--json FILE]

For each size the app is started with a shop of that many items (2,000: models/shop, which ships; others are made here, with
spectral vectors and no training, which the time does not depend on) and a dial is dragged to and fro with the mouse.
Measured in the page, from the release of the button to the frame after the list of cards has changed; both on this machine.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from unittest.mock import patch

import numpy as np
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

SHIPPED = 2_000  # items of models/shop
SEED = 0
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WATCH = """() => {
    window.times = []; window.released = null;
    const list = () => document.querySelector('ol[aria-label="List after"]')?.innerHTML;
    let last = list();
    new MutationObserver(() => {
        const now = list();
        if (!now || now === last) return;
        last = now;
        const since = window.released;
        if (since === null) return;
        window.released = null;
        requestAnimationFrame(() => window.times.push(performance.now() - since));
    }).observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
    window.addEventListener("pointerup", () => { window.released = performance.now(); }, true);
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", default="2000,100000", help="sizes of the catalogue")
    parser.add_argument("--moves", type=int, default=100)
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    found = {}
    for items in (int(size) for size in arguments.items.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            models = Path(folder)
            shelve(items, models)
            times = measured(models, arguments.moves)
        found[items] = {"moves": len(times), "p50_ms": float(np.percentile(times, 50)),
                        "p95_ms": float(np.percentile(times, 95)), "max_ms": float(times.max())}
    print(f"{'items':>9}  {'moves':>5}  {'p50':>8}  {'p95':>8}  {'max':>8}")
    for items, row in found.items():
        times = "".join(f"  {row[key]:>5.0f} ms" for key in ("p50_ms", "p95_ms", "max_ms"))
        print(f"{items:>9,}  {row['moves']:>5}{times}")
    if arguments.json:
        from record import save, versions

        save(arguments.json, {"release_to_list": found, "cores": os.cpu_count(), "versions": versions()})


def shelve(items: int, models: Path) -> None:
    """Put the bundle of a shop of `items` items into the folder, as `shop`."""
    if items == SHIPPED:
        (models / "shop").symlink_to(ROOT / "models" / "shop")
        return
    from macrid.data import shop, split
    from macrid.maps import layout, projections
    from macrid.model.settings import Settings
    from macrid.pipeline import build

    print(f"making a shop of {items:,} items", file=sys.stderr)
    data = shop.simulate(n_items=items, n_people=max(2_000, items // 10), seed=SEED).data
    parts = split.strong(split.to_clicks(data), SEED, held_out=200)
    # Layouts of the items are not what is measured, and t-SNE of a large catalogue takes long.
    with patch.object(layout, "METHODS", dict.fromkeys(layout.METHODS, lambda vectors, *rest: projections.pca(vectors))):
        build.build(build.Training(parts, Settings(embedding_size=16, epochs=0), data, SEED), models / "shop")


def measured(models: Path, moves: int) -> np.ndarray:
    """The times (moves,) in milliseconds from the release of a dial to the new list."""
    from playwright.sync_api import sync_playwright

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://localhost:{(port := free.getsockname()[1])}"
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"],
        cwd=ROOT, env=os.environ | {"MACRID_MODELS": str(models)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address)
        with sync_playwright() as playwright:
            path = os.environ.get("MACRID_CHROMIUM", "/usr/bin/chromium")
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(f"{address}/steer")
            page.wait_for_selector('ol[aria-label="List after"]', timeout=120_000)
            page.wait_for_timeout(3_000)
            page.evaluate(WATCH)
            slider = page.get_by_role("slider").first
            for share in tqdm(places(moves), desc=models.name, file=sys.stderr, leave=False):
                turn(page, slider, share)
            times = np.array(page.evaluate("window.times"))
            browser.close()
    finally:
        server.terminate()
        server.wait(30)
    return times


def places(count: int) -> list[float]:
    """Where the dial is dragged to, one after another, at least a quarter of its way apart, so that the list changes."""
    rng = np.random.default_rng(SEED)
    found = [0.1]
    while len(found) < count:
        share = float(rng.uniform(0.02, 0.98))
        if abs(share - found[-1]) > 0.25:
            found.append(share)
    return found


def turn(page, slider, share: float) -> None:
    """Drag the thumb to a share of the way, and wait for the list and then for the rest of the page."""
    box, now = slider.bounding_box(), int(slider.input_value()) / 100
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 9 + (box["width"] - 18) * now, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 9 + (box["width"] - 18) * share, middle, steps=4)
    page.mouse.up()
    page.wait_for_function("window.released === null || performance.now() - window.released > 3000")
    page.evaluate("window.released = null")  # after three seconds: the list is the same at both places
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')
    page.wait_for_timeout(150)


def wait_for(address: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.25)
    sys.exit("the app did not start; try `streamlit run app.py`")


if __name__ == "__main__":
    main()
