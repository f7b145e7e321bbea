"""The first minute in a real Chromium: a slider moves a list, a dial gets a name that a reload does not lose."""

import re

import pytest
from browsing import settled, waited
from playwright.sync_api import expect


@pytest.mark.browser
def test_a_slider_moves_the_list_and_a_name_outlives_a_reload_and_is_nobody_elses(visit):
    page = visit()
    slider, cards = page.locator(".wish input"), page.locator(".posters b")
    before = cards.all_inner_texts()
    assert len(before) == 12
    slider.press("End")
    waited(cards.all_inner_texts, lambda titles: titles != before)
    assert slider.get_attribute("aria-valuetext").endswith(", 100 %")
    expect(page.get_by_role("link", name="Wish for more")).to_have_attribute("href", re.compile(r"wishes=\w+%3A100$"))

    page = visit("name")
    page.get_by_role("button", name="Name it").first.click()
    for example, text in (("mood", "cheer"), ("dark", "gloomy"), ("cheerful", "merry")):
        page.get_by_placeholder(example, exact=True).fill(text)
    page.get_by_role("button", name="Keep this name").click()
    named = page.get_by_text("is called cheer now, from gloomy to merry")
    expect(named).to_be_visible()
    page.reload()
    expect(settled(page).get_by_text("is called cheer now, from gloomy to merry")).to_be_visible()
    expect(visit("name").get_by_text("cheer", exact=True)).to_have_count(0)
