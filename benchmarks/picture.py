"""A plotly figure as an SVG file, drawn by plotly's own JavaScript in the system's Chromium, without further packages."""

import json
import os
import shutil
from pathlib import Path
from urllib.parse import unquote

import plotly.graph_objects as go
import plotly.offline

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def write_svg(figure: go.Figure, path: Path, width: int, height: int) -> None:
    """Draw `figure`, width x height pixels, into the file `path`, beside it first and then renamed.

    The browser is the one that MACRID_CHROMIUM names, or the first found; RuntimeError where there is none.
    """
    from playwright.sync_api import sync_playwright

    browser = os.environ.get("MACRID_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise RuntimeError("there is no Chromium to draw the picture with: install one, or name it in MACRID_CHROMIUM")
    spec = json.loads(figure.to_json())
    size = {"format": "svg", "width": width, "height": height}
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=browser, args=[
            "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"])
        page = chromium.new_page()
        page.add_script_tag(content=plotly.offline.get_plotlyjs())
        address = page.evaluate("([figure, size]) => Plotly.toImage(figure, size)", [spec, size])
        chromium.close()
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(unquote(address.split(",", 1)[1]) + "\n", encoding="utf-8")
    os.replace(beside, path)
