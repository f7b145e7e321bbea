"""A figure as a file: drawn in a real browser, whole or not at all."""

import os
import shutil
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import plotly.graph_objects as go
import pytest


@pytest.fixture
def picture(benchmark):
    return benchmark("picture")


FIGURE = go.Figure(go.Scatter(x=[1, 2], y=[3, 4]), {"title": {"text": "one & two ≥ 3 %"}})


@pytest.mark.browser
def test_an_svg_of_the_size_asked_for(picture, tmp_path):
    if not os.environ.get("MACRID_CHROMIUM") and not any(map(shutil.which, picture.BROWSERS)):
        pytest.skip("there is no Chromium here: install one, or name it in MACRID_CHROMIUM")
    with ThreadPoolExecutor() as thread:  # its own: Playwright's loop of the browser tests may run in this one
        thread.submit(picture.write_svg, FIGURE, tmp_path / "new" / "figure.svg", 400, 300).result()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["figure.svg"]
    root = ElementTree.parse(tmp_path / "new" / "figure.svg").getroot()
    assert (root.tag.split("}")[1], root.get("width"), root.get("height")) == ("svg", "400", "300")
    assert "one & two ≥ 3 %" in "".join(root.itertext())


def test_without_a_browser_it_is_said(picture, tmp_path, monkeypatch):
    monkeypatch.delenv("MACRID_CHROMIUM", raising=False)
    monkeypatch.setattr(picture.shutil, "which", lambda name: None)
    with pytest.raises(RuntimeError, match="MACRID_CHROMIUM"):
        picture.write_svg(FIGURE, tmp_path / "figure.svg", 400, 300)
    assert not list(tmp_path.iterdir())
