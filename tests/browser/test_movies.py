"""The app with real data, MovieLens-100K: films of many genres that the factors are not, with drawn covers."""

import io
from pathlib import Path

import numpy as np
import pytest
from browsing import LINKS, PAGES, POINT, address, changed, choose, listed, settled, titles, waited
from PIL import Image
from playwright.sync_api import expect

from macrid.bundle import load

PICTURES = "[...document.querySelectorAll('[data-testid=stMain] img')]"
DRAWN = "[...document.querySelectorAll('.js-plotly-plot')].every(map => map.querySelector('.main-svg'))"


@pytest.fixture
def films(movies):
    """The items of the bundle; without it the test is skipped."""
    if not isinstance(movies, Path):
        pytest.skip(f"MovieLens-100K cannot be had: {movies}")
    return load(movies).items


@pytest.mark.long
@pytest.mark.browser
def test_every_page_opens_and_its_pictures_load(films, visit):
    page = visit("?bundle=ml-100k", height=4000)
    for name, where in LINKS.items():
        page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name=name).click()
        expect(page.locator("h1").first).to_have_text(PAGES[where])
        settled(page)
        assert address(page)["bundle"] == "ml-100k"
        assert page.locator('[data-testid="stException"], [data-testid="stAlertContentError"]').count() == 0
        waited(lambda: page.evaluate(f"{PICTURES}.filter(i => i.checkVisibility() && !(i.complete && i.naturalWidth))"
                                     ".map(i => i.src)"),
               lambda broken: broken == [])
        assert all(page.evaluate(f"{PICTURES}.map(i => !!i.alt)"))
        waited(lambda: page.evaluate(DRAWN), bool)
        if where in ("", "steer", "method"):
            assert page.locator('[data-testid=stMain] img').count() > 10


@pytest.mark.browser
def test_more_comedy_and_newer_and_films_found_by_their_titles(films, visit):
    """Three actions at most: here the box is clicked, something is typed, Enter."""
    page = visit("steer?bundle=ml-100k")
    said = page.get_by_label("Wishes in your own words")
    said.click()
    said.press_sequentially("more comedy, newer")
    said.press("Enter")
    waited(lambda: address(page).get("wishes"), lambda found: found == "Comedy:60~year:60")
    settled(page)
    by_title = films.drop_duplicates("title").set_index("title")

    def comedies_and_year() -> tuple[int, float]:
        shown = by_title.loc[page.locator(".posters li").evaluate_all("cards => cards.map((card) => card.dataset.title)")]
        return sum("Comedy" in genres for genres in shown["genres"]), shown["year"].mean()

    comedies, year = comedies_and_year()
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".stage .chip")).to_have_count(0)
    settled(page)
    before = comedies_and_year()
    assert comedies > before[0]
    assert year > before[1]

    page.get_by_text("Me", exact=True).click()
    box = page.get_by_role("combobox", name="Search the catalogue")
    for n, (typed, title) in enumerate([("Schindler's List", "Schindler's List"), ("Face/Off", "Face/Off")], start=1):
        box.fill(typed)
        expect(page.locator(".finder").get_by_role("option").first).to_contain_text(title)
        box.press("Enter")
        expect(box).to_have_value("")  # what was added clears the box
        expect(page.get_by_role("button", name=f"Remove {title}")).to_be_visible()
        waited(lambda: len(address(page).get("items", "").split(",")), lambda found, n=n: found == n)
    settled(page)


@pytest.mark.long
@pytest.mark.browser
def test_the_map_is_drawn_coloured_searched_and_selected(films, visit):
    page = visit("macro_map?bundle=ml-100k", height=1300)
    drawn = page.locator(".js-plotly-plot").first

    def coloured() -> int:
        """The number of pixels that are neither background nor grey."""
        pixels = np.asarray(Image.open(io.BytesIO(drawn.screenshot())).convert("RGB")).reshape(-1, 3).astype(int)
        return int((np.ptp(pixels, axis=1) > 40).sum())

    waited(coloured, lambda found: found > 3_000)  # 1,438 films
    before = drawn.screenshot()
    changed(page, lambda: choose(page, "Colour by", "Category"))
    waited(drawn.screenshot, lambda shot: shot != before)
    assert "Drama" in page.locator(".mc-legend").first.inner_text()

    def search():
        page.get_by_role("textbox", name="Find an item").fill("toy story")
        page.keyboard.press("Enter")

    changed(page, search)
    assert listed(page, "Nearest items")[0] == "Toy Story"
    assert len(titles(page, "Nearest items")) == 11

    at = list(films["title"]).index("Toy Story")
    drawn.hover()
    drawn.locator('[data-title="Lasso Select"]').click()
    x, y = page.evaluate(POINT, [0, at])
    page.mouse.move(x - 15, y - 15)
    page.mouse.down()
    for dx, dy in ((15, -15), (15, 15), (-15, 15), (-15, -15)):
        page.mouse.move(x + dx, y + dy, steps=3)
    page.mouse.up()
    found = waited(lambda: listed(page, "Selected items"), bool)
    assert "Toy Story" in found or len(found) == 18
    assert set(found) <= set(films["title"])
