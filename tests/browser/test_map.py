"""The macro map in a real Chromium: drawn, coloured, searched, selected; one control changes one figure."""

import io
import re

import numpy as np
import pytest
from browsing import POINT, ROOT, address, changed, choose, listed, waited
from PIL import Image
from playwright.sync_api import expect

from macrid.bundle import load
from macrid.charts import colours as charts

FIGURES = 15  # of the page, with the course of the training
MAPS = (0, 2, 3, 4)  # the second is a table


@pytest.mark.browser
def test_the_maps_are_drawn(visit):
    page = visit("macro_map")
    maps = page.locator(".js-plotly-plot")
    expect(maps).to_have_count(FIGURES)
    wanted = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in charts.PALETTE[:7]])
    for i in MAPS:

        def colours(i=i) -> np.ndarray:
            """The number of pixels of a map in each of the seven colours."""
            pixels = np.asarray(Image.open(io.BytesIO(maps.nth(i).screenshot())).convert("RGB")).reshape(-1, 3).astype(int)
            pixels = pixels[np.ptp(pixels, axis=1) > 40]  # neither background nor outline
            return np.bincount(np.abs(pixels[:, None] - wanted).sum(axis=2).argmin(axis=1), minlength=7)

        waited(colours, lambda found: (found > 200).all())  # 2,000 items, 286 a category


@pytest.mark.browser
def test_hovering_over_a_map_shows_the_item_and_its_picture(visit):
    page = visit("macro_map", height=3000)  # nothing scrolls
    items = load(ROOT / "models" / "shop").items
    page.wait_for_function("[...document.querySelectorAll('.js-plotly-plot')].filter(m => m.macridHover).length === 4")
    box = page.locator("#mc-hover")
    for i in MAPS:
        x, y = page.evaluate(POINT, [i, 5])
        page.mouse.move(x - 2, y, steps=2)
        page.mouse.move(x, y, steps=2)
        label = page.locator(".js-plotly-plot").nth(i).locator(".hovertext")
        expect(label, f"map {i} at {x}, {y}").to_have_count(1)
        expect(box).to_be_visible()
        waited(lambda: page.evaluate("document.querySelector('#mc-hover img').naturalWidth"), lambda width: width > 0)

        def agree(found: list[str]) -> bool:  # the picture follows the label a moment later
            shown = items.iloc[int(found[0].split("/")[-1])]
            return bool(re.match(rf"{re.escape(shown['title'])}\s*{shown['category']}\s*factor: \w+", found[1]))

        waited(lambda at=label: [box.locator("img").get_attribute("src"), at.text_content()], agree)
        page.mouse.move(5, 5)
        expect(box).to_be_hidden()


@pytest.mark.long
@pytest.mark.browser
def test_one_control_changes_the_picture_of_one_figure(visit):
    page = visit("macro_map")
    drawn = page.locator(".js-plotly-plot").first
    pictures = [drawn.screenshot()]
    for act, figures in ((lambda: choose(page, "Colour by", "Size"), 1),
                         (lambda: page.get_by_role("radio", name="UMAP").click(), 1),
                         (lambda: page.get_by_role("radio", name="Dot product").click(), 2),  # the table beside it, too
                         (lambda: page.get_by_text("People", exact=True).click(), 1)):
        changed(page, act, figures)
        page.mouse.move(5, 5)
        pictures.append(waited(drawn.screenshot, lambda shot, last=pictures[-1]: shot != last))
    assert len(set(pictures)) == 5
    assert address(page) == {"colour": ":size", "layout": "umap", "model": "dot"}


@pytest.mark.browser
def test_search_marks_an_item_and_its_neighbours(visit):
    page = visit("macro_map")

    def search():
        page.get_by_role("textbox", name="Find an item").fill("azure lamp")
        page.keyboard.press("Enter")

    changed(page, search)
    marks = page.evaluate("document.querySelector('.js-plotly-plot').data.filter(t => ['found', 'nearest'].includes(t.name))"
                          ".map(t => [t.name, t.x.length ?? t.x.bdata.length])")
    assert dict(marks).keys() == {"found", "nearest"}
    assert len(listed(page, "Nearest items")) == 11
    title = listed(page, "Nearest items")[0]
    assert "zure lamp" in title
    assert title in page.locator(".js-plotly-plot").first.locator(".annotation").all_text_contents()
    seen = "(([low, high]) => high - low)(document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range)"
    near = page.evaluate(seen)
    assert near < 2  # it went there
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    page.locator(".js-plotly-plot").first.hover()
    page.mouse.wheel(0, 60)
    waited(lambda: page.evaluate(scrolled), lambda top: top > 0)
    assert page.evaluate(seen) == near
    page.locator(".js-plotly-plot").first.click()  # from now on the wheel is the map's
    page.mouse.wheel(0, 60)
    waited(lambda: page.evaluate(seen), lambda wide: wide > near)


@pytest.mark.browser
def test_a_box_lists_the_items_in_it(visit):
    page = visit("macro_map", height=3000)  # nothing scrolls
    items = load(ROOT / "models" / "shop").items
    drawn = page.locator(".js-plotly-plot").first
    page.evaluate("document.querySelectorAll('.js-plotly-plot').forEach((m, i) => m.dataset.seen = i)")
    drawn.hover()
    drawn.locator('[data-title="Box Select"]').click()
    x, y = page.evaluate(POINT, [0, 5])
    page.mouse.move(x - 12, y - 12)
    page.mouse.down()
    page.mouse.move(x + 12, y + 12, steps=6)
    page.mouse.up()
    found = waited(lambda: listed(page, "Selected items"), lambda titles: bool(titles))
    assert set(found) <= set(items["title"])
    assert items["title"][5] in found or len(found) == 18
    expect(page.get_by_role("button", name="Download the selection (CSV)")).to_be_visible()
    seen = page.evaluate("[...document.querySelectorAll('.js-plotly-plot')].map(m => m.dataset.seen)")
    assert seen == [str(i) for i in range(FIGURES)]  # the others turn grey, nothing is drawn anew


@pytest.mark.browser
def test_a_click_on_a_star_lists_what_is_typical_of_its_prototype(visit):
    page = visit("macro_map", height=3000)
    bundle = load(ROOT / "models" / "shop")
    factor = bundle.factors[2]
    x, y = page.evaluate(POINT, [0, -1 - factor.index])
    page.mouse.move(x - 3, y)
    page.mouse.move(x, y, steps=3)
    # A click takes what the map has under the mouse, which is an item beside the star until the map has seen it move.
    under = "document.querySelector('.js-plotly-plot')._hoverdata?.[0].customdata"
    waited(lambda: page.evaluate(under), lambda found: found == -1 - factor.index)
    expect(page.locator(".js-plotly-plot").first.locator(".hovertext")).to_have_count(1)
    page.mouse.click(x, y)
    expect(page.get_by_role("radio", name=re.compile(factor.name))).to_be_checked()
    wanted = list(bundle.items["title"].iloc[list(factor.typical[:8])])
    waited(lambda: listed(page, "Typical items"), lambda found: found == wanted)
