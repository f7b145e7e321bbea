"""The app as a person meets it: the real server, and pages driven in a real Chromium."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from browsing import LINKS, PAGES, ROOT, address, get, marks, settled, status, titles, waited
from playwright.sync_api import Page, expect

from macrid.bundle import load

# the server ------------------------------------------------------------------------------------------------------------


def test_pictures_are_served_and_may_be_kept(app):
    version = load(ROOT / "models" / "shop").seal
    for name in ("shop", "shop-dot", "second"):
        with get(f"{app}/picture/{name}/{version}/7") as answer:
            assert answer.headers["Content-Type"].startswith("image/svg+xml")
            assert "immutable" in answer.headers["Cache-Control"]
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.read().startswith(b"<svg")


@pytest.mark.parametrize("wrong", ["nothing/{}/0", "shop/000000000000/0", "shop/{}/2000", "shop/{}/x", "shop/{}/-1",
                                   "..%2Fshop/{}/0", "shop/{}"])
def test_what_is_no_picture_is_not_found(app, wrong):
    version = load(ROOT / "models" / "shop").seal
    url = f"{app}/picture/{wrong.format(version)}"
    if status(url) == 200:  # no url of a picture at all: Streamlit sends its start page
        assert get(url).headers["Content-Type"].startswith("text/html")
    else:
        assert status(url) in (400, 404)


# the pages -------------------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_link_followed_right_after_the_start_has_its_frame(visit):
    """The first page that this server shows is not the first one of the frame."""
    page = visit("steer")
    links = page.locator('[data-testid="stSidebarNav"] a').all_inner_texts()
    assert [link.splitlines()[-1] for link in links] == list(LINKS)
    expect(page.get_by_role("combobox", name="Data set and model")).to_be_visible()


@pytest.mark.browser
@pytest.mark.parametrize("where", PAGES)
def test_a_page_opens_on_a_phone_and_on_a_desk(visit, where):
    page = visit(where, width=390, height=844)
    expect(page.locator("h1").first).to_have_text(PAGES[where])
    assert page.title() == f"{next(name for name, link in LINKS.items() if link == where)} · MacridVAE"
    levels = [int(tag[1]) for tag in page.evaluate(
        "[...document.querySelectorAll('[data-testid=stMain] :is(h1, h2, h3, h4)')].map(heading => heading.tagName)")]
    assert levels[0] == 1
    assert all(deeper - level <= 1 for level, deeper in pairwise(levels))
    nothing_lies_beside(page, where)
    page.set_viewport_size({"width": 1440, "height": 4000})  # high enough for every picture to be in view
    if where not in ("macro_map", "disentanglement", "benchmark", "train", "bundles"):
        pictures_load(page)


def nothing_lies_beside(page: Page, where: str) -> None:
    """A phone never scrolls sideways, in light and in dark."""
    if where == "macro_map":
        expect(page.locator(".js-plotly-plot .gl-canvas").first).to_be_attached()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        waited(lambda: brightness(page), lambda found, scheme=scheme: (found > 128) == (scheme == "light"))
        settled(page)
        sizes = page.evaluate("[document.documentElement, document.querySelector('[data-testid=stMain]')]"
                              ".map(e => e.scrollWidth - e.clientWidth)")
        assert max(sizes) <= 0
        unseen = "input, .mc-thumbs *, .katex-mathml *, .draglayer, .draglayer *"  # scrolled alone, read aloud, handles
        assert page.evaluate(f"[...document.querySelectorAll('[data-testid=stMain] *:not({unseen})')]"
                             ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)") == []


def brightness(page: Page) -> float:
    colour = page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
    return np.mean([int(part) for part in re.findall(r"\d+", colour)[:3]])


def pictures_load(page: Page) -> None:
    assert page.locator("[data-testid=stMain] img").count() > 20
    waited(lambda: page.evaluate("[...document.images]"
                                 ".filter(i => i.checkVisibility() && !(i.complete && i.naturalWidth))"
                                 ".map(i => i.src)"),
           lambda broken: broken == [])
    assert all(page.evaluate("[...document.querySelectorAll('[data-testid=stMain] img')].map(i => !!i.alt)"))


@pytest.mark.browser
def test_a_dial_moved_by_keyboard_changes_the_list_and_back_restores_it(visit):
    page = visit(BESIDE)
    open_dials(page)
    slider = page.get_by_role("slider", name="size", exact=True)
    before, start = titles(page, "List before"), int(slider.input_value())
    assert len(before) == 12
    assert titles(page, "List after") == before
    assert marks(page) == []
    slider.focus()
    page.keyboard.press("Home")
    after = waited(lambda: titles(page, "List after"), lambda found: found and found != before)
    settled(page)
    assert slider.input_value() == "0"
    assert titles(page, "List before") == before
    assert marks(page)
    assert set(re.sub(r"\d", "", mark).strip() for mark in marks(page)) <= {"new", "▲", "▼"}
    assert address(page) == BESIDE_TOO | {"dials": f"{size_dial()}-0"}

    again = visit("steer" + page.evaluate("location.search"))  # the address shows what this person saw
    assert titles(again, "List after") == titles(page, "List after")
    assert titles(again, "List before") == before
    assert marks(again) == marks(page)

    page.bring_to_front()
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    waited(lambda: address(page), lambda found: found == BESIDE_TOO | {"dials": f"{size_dial()}-6"})
    page.keyboard.press("End")
    waited(lambda: titles(page, "List after"), lambda found: found and found not in (before, after))
    settled(page)
    for _ in range(100 - start):
        page.keyboard.press("ArrowLeft")
    assert slider.input_value() == str(start)
    waited(lambda: titles(page, "List after"), lambda found: found == before)
    settled(page)
    assert marks(page) == []
    assert address(page) == BESIDE_TOO


BESIDE = "steer?scope=factor&side=before"  # the list before beside the list after, of the intention whose dials are turned
BESIDE_TOO = {"scope": "factor", "side": "before"}


def size_dial() -> str:
    """The dial of size of what the first person is most after, as the address has it: factor.dim."""
    shop = load(ROOT / "models" / "shop")
    factor = int(shop.interest(shop.history_of(shop.people[0])).argmax())
    called = ((dim, shop.dials.label(factor, dim)) for dim in shop.dials.order(factor))
    return f"{factor}.{next(dim for dim, label in called if label and label.name == 'size')}"


def open_dials(page: Page) -> None:
    page.get_by_text("More, by intention").click()
    expect(page.get_by_role("slider", name="Strength")).to_be_visible()


def drag(page: Page, slider, share: float) -> None:
    """Take the thumb of a slider to a share of its way, with the mouse."""
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle, value = box["y"] + box["height"] / 2, int(slider.input_value()) / 100
    page.mouse.move(box["x"] + 9 + (box["width"] - 18) * value, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 9 + (box["width"] - 18) * share, middle, steps=3)
    page.mouse.up()


@pytest.mark.browser
def test_several_dials_undo_strength_and_resets(visit):
    page = visit(BESIDE)
    open_dials(page)
    size, warmth = (page.get_by_role("slider", name=name, exact=True) for name in ("size", "warmth"))
    undo, reset = (page.get_by_role("button", name=name) for name in ("Undo the last turn", "Put every dial back"))
    before, starts = titles(page, "List before"), [slider.input_value() for slider in (size, warmth)]
    expect(undo).to_be_disabled()
    expect(reset).to_be_disabled()
    drag(page, size, 0.05)
    one = waited(lambda: titles(page, "List after"), lambda found: found and found != before)
    drag(page, warmth, 0.1)
    two = waited(lambda: titles(page, "List after"), lambda found: found and found not in (before, one))
    settled(page)
    assert len(address(page)["dials"].split("~")) == 2
    expect(page.get_by_text("What warmth moves")).to_be_visible()  # the dial that was turned last is the chosen one
    strength = page.get_by_role("slider", name="Strength")
    strength.focus()
    page.keyboard.press("Home")
    waited(lambda: titles(page, "List after"), lambda found: found == before)
    undo.click()
    waited(lambda: titles(page, "List after"), lambda found: found == two)
    expect(strength).to_have_value("100")
    undo.click()
    waited(lambda: titles(page, "List after"), lambda found: found == one)
    expect(warmth).to_have_value(starts[1])
    size.dblclick()  # puts a dial back, as its button does
    waited(lambda: titles(page, "List after"), lambda found: found == before)
    expect(size).to_have_value(starts[0])
    drag(page, size, 0.9)
    waited(lambda: titles(page, "List after"), lambda found: found and found != before)
    page.get_by_role("button", name="Reset size").click()
    waited(lambda: titles(page, "List after"), lambda found: found == before)
    undo.click()
    waited(lambda: titles(page, "List after"), lambda found: found and found != before)
    reset.click()
    waited(lambda: titles(page, "List after"), lambda found: found == before)
    settled(page)
    assert "dials" not in address(page)
    page.get_by_role("button", name="More dials").click()
    expect(page.locator(".board").get_by_role("slider")).to_have_count(11)  # ten dials and the strength
    page.get_by_role("button", name="Copy the address").click()
    expect(page.get_by_role("button", name="Copy the address")).to_have_text(re.compile("Copied|address bar"))


@pytest.mark.browser
def test_the_list_as_a_file(visit):
    page = visit(BESIDE + "&dials=0.0-100")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="List as CSV").click()
    rows = Path(waiting.value.path()).read_text().splitlines()
    assert rows[0] == "rank,item_id,title,category,score,mark"
    assert [row.split(",")[2] for row in rows[1:]] == [re.sub(r"^\d+", "", title) for title in titles(page, "List after")]


def find(page: Page, text: str) -> None:
    """Type into the search, and take the first that is found; what was added clears the box."""
    box = page.get_by_role("combobox", name="Search the catalogue")
    box.fill(text)
    options = page.locator(".finder").get_by_role("option")
    waited(lambda: options.all_inner_texts(), lambda found: found and all(text in each.lower() for each in found))
    box.press("Enter")
    expect(box).to_have_value("")


@pytest.mark.browser
def test_a_profile_is_built_by_clicks(visit):
    page = visit("steer?who=profile")
    offered = page.get_by_role("button", name=re.compile("^Add "))
    expect(offered).to_have_count(10)
    find(page, "oxblood handbag")
    chosen = page.get_by_role("button", name=re.compile("^Remove "))
    expect(chosen).to_have_count(1)
    open_dials(page)
    expect(page.get_by_role("radio", name=re.compile("^Handbags")).first).to_be_checked()
    shares = page.get_by_role("radio", name=re.compile("^Handbags")).first.inner_text()
    settled(page)
    find(page, "mug")
    expect(chosen).to_have_count(2)
    settled(page)
    assert page.get_by_role("radio", name=re.compile("^Handbags")).first.inner_text() != shares  # the parts change with it
    assert len(address(page)["items"].split(",")) == 2
    chosen.first.click()
    expect(chosen).to_have_count(1)
    chosen.first.click()
    expect(page.get_by_text("Click a few items")).to_be_visible()


@pytest.mark.long
@pytest.mark.browser
def test_the_bundle_is_kept_from_page_to_page(visit):
    page = visit("?bundle=second")
    picker = page.get_by_role("combobox", name="Data set and model")
    for name, where in reversed(LINKS.items()):
        page.locator('[data-testid="stSidebarNav"]').get_by_role("link", name=name).click()
        expect(page.locator("h1").first).to_have_text(PAGES[where])
        settled(page)
        expect(picker).to_have_value("second")
        waited(lambda: address(page), lambda found: found == {"bundle": "second"})
        assert page.evaluate("location.pathname") == f"/{where}"


@pytest.mark.browser
def test_a_dimension_is_named_by_clicks_and_keys_and_saved(visit):
    items = load(ROOT / "models" / "shop").items.set_index("title")
    page = visit("name?factor=6")
    for label, text in {"It is called": "size", "Little of it": "small", "Much of it": "large"}.items():
        page.get_by_label(label).fill(text)
    page.get_by_role("button", name="Begin").click()
    question = page.locator(".mc-ask p")

    def answer(by_key: bool) -> None:
        title = question.inner_text()
        step = str(min(5, 1 + int(5 * items["size"][title])))
        if by_key:
            page.keyboard.press(step)
        else:
            page.get_by_role("button", name=step, exact=True).click()
        waited(lambda: question.inner_text(), lambda found: found != title)
        settled(page)

    expect(question).to_be_visible()
    answer(by_key=False)
    answer(by_key=True)
    first = question.inner_text()
    page.keyboard.press("0")  # does not apply
    waited(lambda: question.inner_text(), lambda found: found != first)
    page.keyboard.press("u")
    waited(lambda: question.inner_text(), lambda found: found == first)
    settled(page)
    for n in range(7):
        answer(by_key=n % 2 == 0)
    expect(page.get_by_text(re.compile(r"R² 0\.[89]\d from 9 answers"))).to_be_visible()
    expect(page.locator('[aria-label="Items along size"] .mc-frame')).to_have_count(7)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved as shop-named")).to_be_visible()
    page.get_by_role("button", name="Turn them on the Steer page").click()
    expect(page.locator("h1").first).to_have_text(PAGES["steer"])
    settled(page)
    expect(page.get_by_role("combobox", name="Data set and model")).to_have_value("shop-named")
    waited(lambda: address(page), lambda found: found["bundle"] == "shop-named" and found["factor"] == "6")


FOCUSED = """() => {
    let e = document.activeElement;
    while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    return e === document.body ? "" : `${e.getAttribute("aria-label")} ${e.labels?.[0]?.innerText} ${e.innerText}`;
}"""


@pytest.mark.browser
def test_the_controls_can_be_reached_by_keyboard(visit):
    page = visit(f"steer?dials={size_dial()}-1")
    wanted = {"Overview", "Macro map", "Data set and model", "A person", "Person", "Surprise me", "Lamps", "size", "warmth",
              "Wishes in your own words", "Wish", "Start over", "why is it here?", "size, from smaller to larger",
              "Reset size", "Wish for something else", "Strength", "Undo", "Reset all", "Copy link", "Keep & share",
              "Whole catalogue", "Show the history", "List as CSV"}
    reached = []
    for _ in range(110):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    for name in wanted - {"Undo"}:  # nothing to be undone yet
        assert any(name in text for text in reached), (name, reached)
    intentions = page.get_by_role("radiogroup", name="Intention").get_by_role("radio")
    intentions.first.focus()
    page.keyboard.press("ArrowRight")
    expect(intentions.nth(1)).to_be_checked()
    expect(intentions.nth(1)).to_be_focused()
    waited(lambda: address(page).get("factor"), lambda found: found)
    settled(page)
