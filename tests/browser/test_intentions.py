"""Shelves in a browser: an item goes to another one by mouse, by tapping, by keyboard; a shelf gets a name."""

import pytest
from browsing import settled, waited
from playwright.sync_api import Page, expect


def items(page: Page, shelf: int) -> list[str]:
    return page.locator(".shelf").nth(shelf).locator(".item b").all_inner_texts()


def put(page: Page, shelf: int, title: str) -> None:
    """Wait until an item is the first of a shelf."""
    waited(lambda: items(page, shelf), lambda found: found and found[0] == title)
    settled(page)


@pytest.mark.browser
def test_items_move_by_mouse_tap_and_keyboard_and_a_name_is_escaped(visit):
    page = visit("intentions")
    before = items(page, 0), items(page, 1)
    assert len(before[0]) == len(before[1]) == 12
    page.locator(".shelf").nth(0).locator(".item").first.drag_to(page.locator(".shelf").nth(1))
    put(page, 1, before[0][0])
    assert items(page, 0) == before[0][1:]

    page.locator(".shelf").nth(1).locator(".item").first.click()
    page.locator(".shelf").nth(2).get_by_role("button", name="Put it here").click()
    put(page, 2, before[0][0])

    page.locator(".shelf").nth(2).locator(".item").first.focus()
    page.keyboard.press("ArrowLeft")
    put(page, 1, before[0][0])
    expect(page.locator(".shelf").nth(1).locator(".item").first).to_be_focused()

    name = page.get_by_role("textbox", name="Name of shelf 1")
    name.fill("<img src=x onerror=alert(1)>")
    name.press("Enter")
    expect(page.locator(".mc-legend")).to_contain_text("<img src=x onerror=alert(1)>")
    settled(page)

    for _ in range(4):
        page.get_by_role("button", name="Undo", exact=True).click()
        settled(page)
    waited(lambda: (items(page, 0), items(page, 1)), lambda found: found == before)
