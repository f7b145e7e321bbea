"""How fast the Steer page answers: from a step of a dragged wish to the new list, in a real Chromium.

    python benchmarks/browser.py [--items 2000,100000] [--moves 100] [--keep FOLDER] [--json FILE]

For each size the app is started with a shop of that many items (2,000: models/shop, which ships; others are made here, with
spectral vectors and no training, which the time does not depend on, and kept in FOLDER for the next time) and a wish is
dragged to and fro with the mouse. Measured in the page, from a step of the drag to the frame after the list has changed;
both on this machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import numpy as np
from served import ROOT, free_port, served
from tqdm import tqdm

sys.path.insert(0, str(ROOT))

SHIPPED = 2_000  # items of models/shop
SEED = 0
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WATCH = """(list) => {
    window.times = []; window.asked = null;
    new MutationObserver(() => {
        const since = window.asked;
        if (since === null) return;
        window.asked = null;
        requestAnimationFrame(() => window.times.push(performance.now() - since));
    }).observe(list, {childList: true});
    list.getRootNode().addEventListener("input", () => { window.asked = performance.now(); }, true);
}"""
PAUSE = 300  # milliseconds between two steps of the drag


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", default="2000,100000", help="sizes of the catalogue")
    parser.add_argument("--moves", type=int, default=100)
    parser.add_argument("--keep", type=Path, help="where the bundles that are made here stay, to be used again")
    parser.add_argument("--json", type=Path, help="write the figures to this file, too")
    arguments = parser.parse_args()
    found = {}
    for items in (int(size) for size in arguments.items.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            models = (arguments.keep or Path(folder)) / str(items)
            models.mkdir(parents=True, exist_ok=True)
            if not (models / "shop").exists():
                shelve(items, models)
            times = measured(models.absolute(), arguments.moves)
        found[items] = {"moves": len(times), "p50_ms": float(np.percentile(times, 50)),
                        "p95_ms": float(np.percentile(times, 95)), "max_ms": float(times.max()),
                        "load": os.getloadavg()[0]}
    print(f"{'items':>9}  {'moves':>5}  {'p50':>8}  {'p95':>8}  {'max':>8}")
    for items, row in found.items():
        times = "".join(f"  {row[key]:>5.0f} ms" for key in ("p50_ms", "p95_ms", "max_ms"))
        print(f"{items:>9,}  {row['moves']:>5}{times}")
    if arguments.json:
        from record import save, versions

        save(arguments.json, {"drag_step_to_list": found, "cores": os.cpu_count(), "versions": versions()})


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
    """The times (moves or fewer,) in milliseconds from a step of a dragged wish to the new list, where it changes."""
    from playwright.sync_api import sync_playwright

    address = f"http://localhost:{(port := free_port())}"
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"]
    with served(command, f"{address}/_stcore/health", {"MACRID_MODELS": str(models)}, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL), sync_playwright() as playwright:
        path = os.environ.get("MACRID_CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/steer")
        page.wait_for_selector(".posters li", timeout=120_000)
        page.wait_for_timeout(3_000)
        page.locator(".posters").evaluate(WATCH)
        box = page.locator(".sliders input").first.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        for share in tqdm(places(moves), desc=models.name, file=sys.stderr, leave=False):
            page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
            page.wait_for_timeout(PAUSE)
        page.mouse.up()
        times = np.array(page.evaluate("window.times"))
        browser.close()
    return times


def places(count: int) -> list[float]:
    """Where the thumb is dragged to, one after another, at least a quarter of its way apart, so that the list changes."""
    rng = np.random.default_rng(SEED)
    found = [0.1]
    while len(found) < count:
        share = float(rng.uniform(0.02, 0.98))
        if abs(share - found[-1]) > 0.25:
            found.append(share)
    return found


if __name__ == "__main__":
    main()
