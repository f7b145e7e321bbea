"""The app on a network, in Chromium: in the mode `public` people steer and nothing of theirs stays on the server; in `team`
they sign in, see their own and shared bundles, and sign out."""

import hashlib
import re
import shutil
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import identity
import pytest
from browsing import LINKS, ROOT, address, begun, free_port, settled, stands, status, visiting, waited
from driving import change_items
from playwright.sync_api import expect
from streaming import answered, asked, talking

from macrid.bundle import load, shelf

SHOP = ROOT / "models" / "shop"


@pytest.fixture(scope="module")
def apps(tmp_path_factory):
    """An app for everybody and one for a team, with the provider of the latter: addresses, and folders of what they keep."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("public", "team")}
    for name, folder in folders.items():
        for kept in ("models", "results"):
            (folder / kept).mkdir()
        for bundle in ("shop", "anns", "common", "bobs") if name == "team" else ():
            (folder / "models" / bundle).symlink_to(SHOP)
    shop = Path(shutil.copytree(SHOP, folders["public"] / "models" / "shop"))
    change_items(shop, image_url="data:image/png;base64,AA==")  # no picture: the drawn ones take their place
    port = free_port()
    with identity.provider() as provider:
        secrets = folders["team"] / "secrets.toml"
        secrets.write_text(identity.secrets_for(f"http://localhost:{port}", provider.address))
        with begun(folders["public"], free_port(), MACRID_MODE="public") as public, begun(
                folders["team"], port, MACRID_MODE="team", STREAMLIT_SECRETS_FILES=str(secrets)) as team:
            stands(public)
            stands(team)
            yield {"public": public, "team": team, "provider": provider.address, "folders": folders}


def drawn(pictures) -> None:
    """The pictures are there, and are those that the app draws."""
    part = "i => i.naturalWidth && new URL(i.src).pathname.split('/')[1]"
    found = f"images => images.filter(i => i.checkVisibility()).map({part})"
    waited(lambda: set(pictures.evaluate_all(found)), lambda found: found == {"picture"})


def kept(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for part in ("models", "results") for path in (folder / part).rglob("*"))


# public ----------------------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.browser
def test_people_steer_and_name_and_nothing_stays_on_the_server(apps, chromium, tmp_path):
    app, folder = apps["public"], apps["folders"]["public"]
    before = kept(folder)
    with visiting(chromium, app) as visit:
        page = visit("steer?who=profile")
        links = page.locator('[data-testid="stSidebarNav"] a').all_inner_texts()
        assert {link.splitlines()[-1] for link in links} == set(LINKS) - {"Train on your data", "Bundles"}
        page.get_by_role("button", name=re.compile("^Add ")).first.click()  # a profile
        expect(page.get_by_role("button", name=re.compile("^Remove "))).to_have_count(1)
        settled(page)
        page.locator(".sliders input").first.press("End")  # a turn, kept in the link
        link = waited(lambda: address(page), lambda found: {"items", "wishes"} <= found.keys())
        assert link["wishes"].endswith(":100")
        again = visit("steer" + page.evaluate("location.search"))
        waited(lambda: [each.locator(".posters b").all_inner_texts() for each in (page, again)],
               lambda lists: len(lists[0]) == 12 and lists[0] == lists[1])

        drawn(again.locator(".posters img"))

        page = visit("name")
        drawn(page.locator(".mc-row img"))
        page.get_by_role("button", name="Name it").first.click()
        for example, text in (("mood", "cheer"), ("dark", "gloomy"), ("cheerful", "merry")):
            page.get_by_placeholder(example, exact=True).fill(text)
        page.get_by_role("button", name="Keep this name").click()
        expect(page.get_by_text("is called cheer now, from gloomy to merry")).to_be_visible()
        expect(page.get_by_text("keeps nothing on its server")).to_be_visible()
        expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
        with page.expect_download() as download:
            page.get_by_role("button", name="Take these names home").click()
        download.value.save_as(tmp_path / "names.json")
        assert "cheer" in (tmp_path / "names.json").read_text()

        other = visit("name")  # another visitor: the names are not theirs until they bring the file
        expect(other.get_by_text("cheer", exact=True)).to_have_count(0)
        other.locator('[data-testid="stFileUploaderDropzone"] input').set_input_files(tmp_path / "names.json")
        expect(other.get_by_text("cheer", exact=True).first).to_be_visible()
    assert kept(folder) == before


@pytest.mark.browser
def test_nothing_is_trained_sent_or_saved_by_an_address_or_a_message(apps):
    app, folder = apps["public"], apps["folders"]["public"]
    before = kept(folder)
    for where in ("upload/x/a.csv", "upload/../a.csv", f"upload/{'a' * 32}/a.csv"):
        assert put(f"{app}/{where}") >= 400
    assert put(f"{app}/_stcore/upload_file/nobody/1") >= 400
    pages = {}
    with talking(app) as socket:
        for told in answered(socket, asked()):
            if told.WhichOneof("type") == "navigation":
                pages = {each.url_pathname: each.page_script_hash for each in told.navigation.app_pages}
    assert {"steer", "name"} <= pages.keys()
    assert not {"train", "bundles"} & pages.keys()
    with talking(app) as socket:
        for message in (asked("train"), asked("bundles"), asked("train", "job=x"), asked(page_hash="0" * 32),
                        asked("name", page_hash=pages["name"], save="", take_in="x")):
            said = b"".join(told.SerializeToString() for told in answered(socket, message))
            assert b"Train on your data" not in said
            assert b"Drop your files here" not in said
    assert kept(folder) == before


def put(url: str) -> int:
    request = urllib.request.Request(url, b"user,item\n1,2\n", method="PUT")
    try:
        return urllib.request.urlopen(request, timeout=30).status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.browser
def test_what_the_policy_forbids_is_heard(apps, chromium):
    """Every test that visits a page fails with it."""
    def loading_a_script() -> None:
        with visiting(chromium, apps["public"], "http://localhost:9/") as visit:
            page = visit("benchmark")
            with page.expect_console_message(lambda message: "Content Security Policy" in message.text):
                page.evaluate("Object.assign(document.head.appendChild(document.createElement('script')), "
                              "{src: 'http://localhost:9/x.js'})")

    with pytest.raises(AssertionError, match="Content Security Policy"):
        loading_a_script()


# a team ----------------------------------------------------------------------------------------------------------------


def bundles_of(page) -> set[str]:
    """The names in the picker."""
    page.get_by_role("combobox", name="Data set and model").click()
    found = {text.strip() for text in page.get_by_role("option").all_inner_texts()}
    page.keyboard.press("Escape")
    return found


@pytest.mark.browser
def test_a_team_signs_in_sees_own_and_shared_bundles_and_signs_out(apps, chromium, monkeypatch):
    app, folder = apps["team"], apps["folders"]["team"]
    monkeypatch.setenv("MACRID_MODELS", str(folder / "models"))
    shop = load(SHOP)
    routes = [f"picture/{{}}/{shop.seal}/7", f"steered/{{}}/{shop.seal}?user={quote(shop.people[0])}",
              f"find/{{}}/{shop.seal}?text=a", "bundle-zip/{}.zip"]
    for route in routes:
        assert status(f"{app}/{route.format('shop')}") == 404  # nobody who has not signed in
    with visiting(chromium, app, apps["provider"]) as visit:
        page = visit("bundles")
        expect(page.get_by_text("This app is for a team")).to_be_visible()
        expect(page.locator('[data-testid="stSidebarNav"]')).to_have_count(0)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Ann").click()
        expect(page.get_by_text("Signed in as Ann")).to_be_visible()
        settled(page)
        ann = hashlib.sha256(f"{apps['provider']} ann".encode()).hexdigest()[:32]
        for name, of in (("anns", ann), ("bobs", "b" * 32), ("common", "b" * 32)):
            shelf.give(name, of)
        shelf.share("common", True)
        page.goto(f"{app}/steer?bundle=bobs")
        expect(page.get_by_text("There is no bundle “bobs” here")).to_be_visible()
        settled(page)
        page.get_by_role("link", name="Bundles", exact=True).click()
        expect(page.locator(".mc-file b")).to_have_text(["anns", "common", "Simulated shop"])
        settled(page)
        assert bundles_of(page) == {"Simulated shop", "anns", "common"}
        for name, wanted in (("anns", 200), ("common", 200), ("bobs", 404)):
            for route in routes:
                assert page.request.get(f"{app}/{route.format(name)}").status == wanted, (route, name)
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("This app is for a team")).to_be_visible()
        # The page forgets who it was for before the browser has forgotten its cookie.
        waited(lambda: page.request.get(f"{app}/{routes[0].format('anns')}").status, lambda found: found == 404)
