"""The Steer page in a real browser: wishes and words, what is kept and found, reload, back, every width, zoom and print."""

import json
import re
from pathlib import Path

import pytest
from browsing import address, listed, settled, titles, waited
from playwright.sync_api import Page, expect

WIDTHS = (320, 390, 768, 1024, 1100, 1366, 1440, 1920)


def films(page: Page) -> list[str]:
    """The titles of the list that changes."""
    return page.locator(".posters li").evaluate_all("cards => cards.map((card) => card.dataset.title)")


def slider(page: Page, name: str):
    return page.locator(".sliders").get_by_role("slider", name=re.compile(f"^{name}, from"))


def take(page: Page, name: str, share: float) -> None:
    """Press the mouse on a wish's thumb and take it to a share of the way, without letting it go."""
    box = slider(page, name).bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * share, middle, steps=5)


@pytest.mark.browser
def test_dragging_changes_the_list_before_it_is_let_go(visit):
    page = visit("steer")
    before = films(page)
    assert len(before) == 12
    take(page, "size", 0.95)
    during = waited(lambda: films(page), lambda found: found != before)
    assert address(page) == {}  # nothing is let go yet
    page.wait_for_timeout(400)
    during = films(page)
    page.mouse.up()
    waited(lambda: address(page).get("wishes", ""), lambda found: found.startswith("size:"))
    settled(page)
    assert films(page) == during  # what the page says is what the route said
    expect(page.get_by_role("button", name=re.compile("^Take off: larger"))).to_be_visible()
    held = page.get_by_role("button", name="Hold for before")
    held.hover()
    page.mouse.down()
    waited(lambda: films(page), lambda found: found == before)
    page.mouse.up()
    waited(lambda: films(page), lambda found: found == during)

    # A dial among the first goes the way of a wish, by keyboard and mouse, and is taken back after a reload.
    dial = page.locator(".sliders .dial").first.get_by_role("slider")
    dial.press("End")
    waited(lambda: address(page).get("dials", ""), lambda found: found.endswith("-100"))
    settled(page)
    turned = waited(lambda: films(page), lambda found: found != during)
    box = dial.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2, steps=5)
    waited(lambda: films(page), lambda found: found != turned)
    assert address(page)["dials"].endswith("-100")
    page.mouse.up()
    waited(lambda: address(page).get("dials", ""), lambda found: not found.endswith("-100"))
    settled(page)
    page.reload()
    settled(page)
    undo = page.get_by_role("button", name="Undo", exact=True).first
    expect(undo).to_be_enabled()
    for wanted in (turned, during, before):
        undo.click()
        waited(lambda: films(page), lambda found, wanted=wanted: found == wanted)
        settled(page)
    expect(undo).to_be_disabled()


@pytest.mark.browser
def test_two_wishes_in_words_and_a_reload(visit):
    page = visit("steer")
    before = films(page)
    words = page.get_by_label("Wishes in your own words")
    words.fill("bigger, cheaper, with sequins")
    words.press("Enter")
    after = waited(lambda: films(page), lambda found: found != before)
    waited(lambda: address(page).get("wishes"), lambda found: found == "price:-60~size:60")
    settled(page)
    expect(page.get_by_text("not understood: sequins")).to_be_visible()
    page.reload()
    settled(page)
    waited(lambda: films(page), lambda found: found == after)  # a reload loses nothing
    page.get_by_role("button", name=re.compile("^Take off: cheaper")).click()
    waited(lambda: address(page).get("wishes"), lambda found: found == "size:60")
    waited(lambda: films(page), lambda found: found not in (before, after))
    settled(page)
    page.get_by_role("button", name="Start over").click()
    waited(lambda: films(page), lambda found: found == before)
    settled(page)
    waited(lambda: address(page).get("wishes"), lambda found: found is None)


@pytest.mark.browser
def test_back_leaves_the_page(visit):
    """What is turned replaces the entry of the history: no press of "back" does nothing."""
    page = visit("")
    page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name="Steer").click()
    expect(page.locator(".posters li")).to_have_count(12)
    settled(page)
    before = films(page)
    for text, wanted in (("bigger", "size:60"), ("cheaper", "price:-60~size:60")):
        page.get_by_label("Wishes in your own words").fill(text)
        page.get_by_label("Wishes in your own words").press("Enter")
        waited(lambda: address(page).get("wishes"), lambda found, wanted=wanted: found == wanted)
        settled(page)
    after = films(page)
    assert after != before
    page.go_back()
    expect(page.locator("h1").first).to_have_text("What clicks alone can tell")
    settled(page)
    page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name="Steer").click()
    expect(page.locator(".posters li")).to_have_count(12)
    waited(lambda: films(page), lambda found: found == after)  # the session remembers what was turned


@pytest.mark.browser
def test_why_hide_and_like(visit):
    page = visit("steer?wishes=size:80")
    first = films(page)[0]
    page.locator(".posters button").first.click()
    card = page.locator("dialog")
    expect(card).to_contain_text("Place 1")
    expect(card).to_contain_text("larger: ")
    card.get_by_role("button", name="Hide").click()
    waited(lambda: films(page), lambda found: first not in found)
    settled(page)
    page.get_by_role("button", name="Undo", exact=True).first.click()
    waited(lambda: films(page), lambda found: found[0] == first)


@pytest.mark.browser
def test_more_like_this_kept_shared_and_found_again(visit):
    """More like an item, from its card; the turns are kept by name, taken up again, given away as a picture and a file."""
    page = visit("steer")
    before = films(page)
    page.locator(".posters button").nth(11).click()
    page.locator("dialog").get_by_role("button", name="More like this").click()
    after = waited(lambda: films(page), lambda found: found != before)
    expect(page.get_by_role("button", name=f"Take off: more like {before[11]} 80")).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Keep & share").click()
    page.get_by_label("Name these turns").fill("mine")
    page.get_by_label("Name these turns").press("Enter")
    waited(lambda: json.loads(address(page).get("kept", "{}")), lambda found: list(found) == ["mine"])
    with page.expect_download() as picture:
        page.get_by_role("button", name="Picture of the list").click()
    data = Path(picture.value.path()).read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20], "big") > 1000  # its width
    with page.expect_download() as turns:
        page.get_by_role("button", name="My turns as a file").click()
    kept = json.loads(Path(turns.value.path()).read_text())
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Start over").click()
    waited(lambda: films(page), lambda found: found == before)
    settled(page)
    page.get_by_role("button", name="★ mine").first.click()
    waited(lambda: films(page), lambda found: found == after)
    settled(page)

    page.get_by_role("button", name="Keep & share").click()
    page.get_by_role("button", name="Forget mine").click()
    waited(lambda: address(page), lambda found: "kept" not in found)
    settled(page)
    page.get_by_label("A file of turns").set_input_files({"name": "turns.json", "mimeType": "application/json",
                                                          "buffer": json.dumps(kept).encode()})
    waited(lambda: json.loads(address(page).get("kept", "{}")), lambda found: found == kept)


@pytest.mark.browser
def test_people_found_by_what_they_like_and_lists_side_by_side(visit):
    page = visit("steer?wishes=size:80&side=person")
    before = films(page)
    likes = page.locator(".mc-for strong").inner_text().split(", ")[0]
    box = page.get_by_role("combobox", name="Person").first
    box.click()
    box.press_sequentially(likes, delay=10)
    options = page.locator(".finder").first.get_by_role("option")
    waited(lambda: options.all_inner_texts(), lambda found: found and all(likes in each for each in found))
    box.press("ArrowDown")
    box.press("Enter")
    waited(lambda: address(page).get("user"), bool)
    waited(lambda: films(page), lambda found: found != before)
    settled(page)
    waited(lambda: titles(page, "List after"), lambda found: len(found) == 12)
    assert listed(page, "List after") == films(page)
    assert len(listed(page, "List beside")) == 12


@pytest.mark.browser
def test_a_click_on_the_film_strip_or_a_curve_turns_the_dial(visit):
    page = visit("steer")
    page.get_by_text("More, by intention").click()
    page.get_by_role("button", name=re.compile("^Turn .* to 100 %")).click()
    dial = waited(lambda: address(page).get("dials", ""), lambda found: found.endswith("-100")).removesuffix("-100")
    settled(page)
    expect(page.locator(".strip .frame").nth(6)).to_have_attribute("aria-current", "true")
    point = page.locator(".js-plotly-plot .scatterlayer .trace").last.locator(".point").nth(4)
    point.scroll_into_view_if_needed()
    box = point.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(200)  # plotly looks for the point under the mouse some times a second
    page.mouse.down()
    page.mouse.up()
    waited(lambda: address(page).get("dials"), lambda found: found == f"{dial}-50")
    settled(page)


@pytest.mark.browser
def test_nothing_scrolls_sideways(visit):
    page = visit("steer?wishes=size:80~mugs:-100", width=WIDTHS[0], height=800)
    expect(page.locator(".posters li")).to_have_count(12)
    posters, both = page.locator(".posters li"), page.locator(".posters li, .sliders .wish")
    page.get_by_text("More, by intention").click()
    ends = page.locator(".board .high")
    expect(ends.first).to_be_visible()
    page.locator('[data-testid="stMain"]').evaluate("main => main.scrollTo(0, 0)")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        waited(lambda: page.evaluate("document.documentElement.scrollWidth"), lambda found, most=width: found <= most)
        waited(lambda: posters.evaluate_all("cards => cards.every((c) => c.getBoundingClientRect().left >= 0"
                                            " && c.getBoundingClientRect().right <= innerWidth)"), bool)
        waited(lambda: ends.evaluate_all("all => all.every((e) => e.getBoundingClientRect().right"
                                         " <= e.closest('.board').getBoundingClientRect().right)"), bool)
        if width >= 1366:  # sliders and all posters are in view together
            waited(lambda: max(both.evaluate_all("all => all.map((e) => e.getBoundingClientRect().bottom)")),
                   lambda found: found <= 768)
    page.set_viewport_size({"width": 720, "height": 450})  # 1440 x 900 at 200 %
    waited(lambda: page.evaluate("document.documentElement.scrollWidth"), lambda found: found <= 720)
    assert page.locator(".dock").evaluate("dock => getComputedStyle(dock).position") == "static"  # it hides no poster
    page.emulate_media(media="print")
    expect(page.locator(".dock")).to_be_hidden()
    expect(posters.last).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 720
