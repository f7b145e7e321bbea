"""A person's own data, in Chromium: dropped, a column corrected, trained on, stopped, gone on with later, opened."""

import re

import numpy as np
import pytest
from browsing import address, choose, settled
from playwright.sync_api import expect

from macrid.data import shop


@pytest.fixture
def files(tmp_path):
    """The plays of a tiny shop under columns of unknown names, and what is known of its items."""
    data = shop.simulate(n_items=70, n_people=160, seed=0).data
    entries, rng = data.matrix.tocoo(), np.random.default_rng(0)
    pairs = zip(data.user_ids[entries.row], data.item_ids[entries.col], strict=True)
    rows = [f"{user},{item},{rng.integers(1, 6)}" for user, item in pairs]
    (tmp_path / "plays.csv").write_text("\n".join(["who,what,stars", *rows]) + "\n")
    data.items.to_csv(tmp_path / "items.csv", index=False)
    return [tmp_path / "plays.csv", tmp_path / "items.csv"]


@pytest.mark.long
@pytest.mark.browser
@pytest.mark.timeout(900)  # it trains, and lays out maps, in processes that give way to others
def test_from_a_file_to_a_bundle(visit, files, tmp_path):
    page = visit("train", height=1800)  # a list that opens is closed by scrolling
    page.locator(".drop input[type=file]").set_input_files(files)
    expect(page.locator(".mc-file b")).to_have_text(["items.csv", "plays.csv"])
    expect(page.locator("table.mc-preview thead b")).to_have_text(["who", "what", "stars"])
    expect(page.get_by_text("Which column says who, and which what?")).to_be_visible()
    for label, column in {"^Who": "who", "^What": "what"}.items():
        expect(page.locator(".mc-busy")).to_have_count(0, timeout=60_000)
        choose(settled(page), re.compile(label), column)
    expect(page.get_by_text("4 and more count")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("On this machine")).to_be_visible(timeout=60_000)
    for label, value in {"Epochs, at most": "120", "Epochs without a better one": "120"}.items():
        if "without" in label:
            page.get_by_text("More settings").click()
        page.get_by_role("spinbutton", name=label).fill(value)
        page.get_by_role("spinbutton", name=label).press("Enter")
        settled(page)
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.locator(".mc-forming .mc-factor").first).to_be_visible(timeout=90_000)
    job = address(page)["job"]

    watcher = visit(f"train?job={job}")  # somebody else
    expect(watcher.locator(".mc-forming .mc-factor").first).to_be_visible()
    expect(watcher.get_by_text("only they can stop it")).to_be_visible()
    expect(watcher.get_by_role("button", name="Stop")).to_have_count(0)
    watcher.close()

    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped after epoch")).to_be_visible(timeout=30_000)
    again = visit(f"train?job={job}", cookies_of=page)
    page.close()
    again.get_by_role("button", name="Go on").click()
    expect(again.get_by_text("is trained and stands in every page")).to_be_visible(timeout=400_000)
    again.get_by_role("button", name="Open it").click()
    expect(again.locator("h1").first).to_have_text("What clicks alone can tell")
    settled(again)
    expect(again.get_by_role("combobox", name="Data set and model")).to_have_value("plays")
    given_away(again, tmp_path)


def given_away(page, folder):
    """The bundle is renamed, downloaded, deleted, and taken in again from what was downloaded."""
    page.get_by_role("link", name="Bundles", exact=True).click()
    settled(page)
    bundle = page.locator(".st-key-bundle-plays")
    bundle.get_by_role("button", name="More").click()
    page.get_by_role("textbox", name="It is called").fill("mine")
    page.get_by_role("textbox", name="It is called").press("Enter")
    page.get_by_role("button", name="Rename").click()
    bundle = page.locator(".st-key-bundle-mine")
    expect(bundle).to_be_visible()
    settled(page)
    bundle.get_by_role("button", name="More").click()
    with page.expect_download() as download:
        page.get_by_text("Download as a zip").click()
    assert download.value.suggested_filename == "mine.zip"
    download.value.save_as(folder / "given.zip")
    page.get_by_text("I will not need it any more").click()
    page.get_by_role("button", name="Delete").click()
    expect(bundle).to_have_count(0)
    settled(page)
    page.locator(".drop input[type=file]").set_input_files(folder / "given.zip")
    expect(page.get_by_text("given stands in every page")).to_be_visible(timeout=90_000)
    expect(page.locator(".st-key-bundle-given")).to_be_visible()
