"""The pages without a browser: alone and from the frame, with good, odd, damaged and absent bundles."""

import base64
import html
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from driving import EVIL, Elements, change_items, change_meta, fine, keys, opened, press, raw, widget
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

from macrid.bundle import load

PAGES = {"pages/overview.py": "What clicks alone can tell", "pages/macro_map.py": "Macro map", "pages/steer.py": "Steer",
         "pages/name.py": "Name the dimensions"}
STEER = "pages/steer.py"


def cards(at: AppTest, label: str) -> list[tuple[str, str]]:
    """The titles and marks of a list of cards."""
    body = next(part for part in raw(at).splitlines() if f'aria-label="{label}"' in part)
    found = re.findall(r'<li class="mc-card">(.*?)</li>', body)
    marks = [re.search(r'<span class="mc-badge.*?aria-label="(.*?)"', card) for card in found]
    return [(html.unescape(re.search(r'mc-rank">\d+</span>(.*?)</div>', card)[1]), mark[1] if mark else "")
            for card, mark in zip(found, marks, strict=True)]


def titles(at: AppTest, label: str) -> list[str]:
    return [title for title, _ in cards(at, label)]


# the pages as they should be ---------------------------------------------------------------------------------------------


def expect(at: AppTest, page: str, bundle) -> None:
    """What stands on a page for a bundle with a twin, categories and attributes."""
    fine(at, PAGES[page])
    if page == "pages/overview.py":
        assert len(at.subheader) == 4
        assert [m.label for m in at.metric] == ["Effective factors", "Independence", "NMI", "Purity"]
        assert len(at.get("plotly_chart")) == 1
        assert raw(at).count('class="mc-factor"') == bundle.settings.kfac
        for factor in bundle.factors:
            assert html.escape(factor.name) in raw(at)
        assert f"{bundle.meta['data']['clicks']:,} clicks" in at.markdown[0].value
        assert "Nobody told the model about" in "".join(m.value for m in at.markdown)
    elif page == "pages/macro_map.py":
        assert [m.value for m in at.markdown if m.value.startswith("**(")] == [
            "**(a) By macro factor**", "**(b) By category**", "**(c) By factor, dot product**"]
        assert len(at.get("plotly_chart")) == 3
        assert raw(at).count("Effective factors") == 2
        assert raw(at).count("<dt") == 7
        assert "Cosine and dot product, trained alike" in "".join(m.value for m in at.markdown)
    elif page == "pages/name.py":
        assert {"intention", "new-kind", "everywhere"} <= keys(at)
        assert [s.value for s in at.subheader] == ["What varies most among these items", "Name something yourself",
                                                   "Keep it"]
        assert raw(at).count('class="mc-row"') == 4
    else:
        assert {"who", "user", "factor", "dim", "value", "scope", "keep"} <= keys(at)
        assert len(titles(at, "List before")) == min(12, len(titles(at, "List after")))
        assert cards(at, "List before") == cards(at, "List after")  # nobody has turned the dial yet
        assert raw(at).count('class="mc-frame"') == 7
        assert raw(at).count('aria-current="true"') == 1


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", ["shop", "tiny"])
def test_a_page_alone(shops, page, name):
    expect(opened(page, bundle=name), page, load(shops / name))


@pytest.mark.parametrize("name", ["shop", "tiny"])
def test_the_pages_from_the_frame(shops, framed, name):
    at = opened(bundle=name)
    bundle = load(shops / name)
    for page in [*PAGES, *reversed(PAGES)]:
        expect(at.switch_page(page).run(), page, bundle)
        picker, = at.sidebar.selectbox
        assert picker.value == name
        assert picker.options == ["Simulated shop", "tiny"]  # twins are shown with their bundles, not by themselves
        assert f"{bundle.meta['data']['people']:,} people" in at.sidebar.caption[0].value


def test_apptest_s_own_way_from_page_to_page(shops):
    at = opened()
    for page in reversed(PAGES):
        fine(at.switch_page(page).run(), PAGES[page])


def test_the_first_bundle_is_the_shop_and_the_address_stays_bare(shops, framed):
    at = fine(opened())
    assert at.session_state["bundle"] == "shop"
    assert dict(at.query_params) == {}


def test_links_of_the_overview(shops, framed):
    assert [link.label for link in opened().get("page_link")] == ["See the macro map", "Steer a list"]


def test_the_map_shows_the_layout_that_was_asked_for(shops):
    at = fine(opened("pages/macro_map.py", bundle="shop"))
    bundle = load(shops / "shop")

    def points() -> np.ndarray:
        figure = json.loads(at.get("plotly_chart")[0].proto.spec)
        found = np.full((len(bundle.items), 2), np.nan)
        for trace in figure["data"]:
            found[values(trace["customdata"])] = np.stack([values(trace["x"]), values(trace["y"])], axis=1)
        return found

    np.testing.assert_allclose(points(), bundle.map_of("tsne"), rtol=1e-5)
    fine(widget(at, "layout").set_value("umap").run())
    assert at.query_params["layout"] == "umap"
    np.testing.assert_allclose(points(), bundle.map_of("umap"), rtol=1e-5)
    fine(widget(at, "layout").set_value("tsne").run())
    assert "layout" not in at.query_params
    assert widget(fine(opened("pages/macro_map.py", layout="umap")), "layout").value == "umap"
    assert widget(fine(opened("pages/macro_map.py", layout="spiral")), "layout").value == "tsne"


def values(array) -> np.ndarray:
    """An array as plotly writes it: a list, or typed bytes."""
    if isinstance(array, list):
        return np.array(array)
    return np.frombuffer(base64.b64decode(array["bdata"]), dtype=array["dtype"])


# nothing to show -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["frame.py", *PAGES])
def test_without_bundles_there_is_a_hint_and_nothing_else(shelf, script):
    at = fine(opened(script))
    hint, = at.info
    assert "There is no bundle" in hint.value
    assert str(shelf) in hint.value
    assert "python -m macrid train" in hint.value
    assert not at.title
    assert not keys(at)


def test_a_folder_of_bundles_that_does_not_exist(shelf, monkeypatch):
    monkeypatch.setenv("MACRID_MODELS", str(shelf / "nowhere"))
    assert "There is no bundle" in fine(opened()).info[0].value


def test_what_is_no_bundle_is_not_offered(shops, framed):
    (shops / "notes").mkdir()
    (shops / "file.txt").write_text("x")
    shutil.copytree(shops / "tiny", shops / ".tiny.new")
    shutil.copytree(shops / "tiny", shops / ".tiny.old")
    assert fine(opened()).sidebar.selectbox[0].options == ["Simulated shop", "tiny"]


DAMAGE = {
    "bundle.json": lambda folder: (folder / "bundle.json").write_text("{"),
    "weights.safetensors": lambda folder: (folder / "weights.safetensors").write_bytes(b"nothing"),
    "items.parquet": lambda folder: change_items(folder, category=None),
    "maps.parquet": lambda folder: (folder / "maps.parquet").unlink(),
    "history.json": lambda folder: (folder / "history.json").write_text("[{}]"),
}


@pytest.mark.parametrize("script", ["frame.py", *PAGES])
@pytest.mark.parametrize("file", DAMAGE)
def test_a_damaged_bundle_is_said_in_place(small, script, file):
    DAMAGE[file](small)
    at = opened(script)
    assert not at.exception
    error, = at.error
    assert file in error.value
    assert "train it again" in error.value
    assert "Traceback" not in error.value
    assert "\n" not in error.value
    assert not at.title


def test_beside_a_damaged_bundle_another_can_be_chosen(small, shop_beside, framed):
    (small / "bundle.json").write_text("{")
    at = opened(bundle="tiny")
    assert "bundle.json" in at.error[0].value
    fine(at.sidebar.selectbox[0].set_value("shop").run(), PAGES["pages/overview.py"])
    at.sidebar.selectbox[0].set_value("tiny").run()
    assert at.error


def test_a_restored_bundle_is_read_again(small, trained):
    good = (small / "bundle.json").read_text()
    assert not opened().error
    (small / "bundle.json").write_text("{")
    assert opened().error
    (small / "bundle.json").write_text(good)
    fine(opened())


def test_a_damaged_twin_costs_only_its_map(small):
    (small.with_name("tiny-dot") / "weights.safetensors").write_bytes(b"nothing")
    at = opened("pages/macro_map.py")
    assert not at.exception
    assert not at.error
    warning, = at.warning
    assert "weights.safetensors" in warning.value
    assert "train it again" in warning.value
    assert len(at.get("plotly_chart")) == 2
    fine(opened(STEER), "Steer")


# bundles of other kinds ------------------------------------------------------------------------------------------------


def all_pages(**address) -> dict[str, AppTest]:
    return {page: fine(opened(page, **address), title) for page, title in PAGES.items()}


def test_without_a_twin_the_map_says_how_to_get_one(small):
    change_meta(small, lambda meta: meta.update(twin=None))
    at = all_pages()["pages/macro_map.py"]
    assert len(at.get("plotly_chart")) == 2
    assert "--twin dot" in at.info[0].value


def test_a_twin_that_is_gone(small):
    shutil.rmtree(small.with_name("tiny-dot"))
    at = opened("pages/macro_map.py")
    assert not at.exception
    assert "there is no bundle at" in at.warning[0].value
    assert len(at.get("plotly_chart")) == 2


def test_without_categories(small):
    change_items(small, category="")
    change_meta(small, lambda meta: [meta["metrics"].pop(key) for key in ("nmi", "ari", "purity")])
    pages = all_pages()
    assert [m.label for m in pages["pages/overview.py"].metric] == ["Effective factors", "Independence"]
    assert "unknown" in raw(pages["pages/macro_map.py"])
    assert "NMI" not in raw(pages["pages/macro_map.py"]).split("Effective categories")[0]


def test_without_attributes_dials_are_numbered(small):
    change_items(small, **dict.fromkeys(("size", "shade", "warmth", "price", "popularity", "clicks")))
    pages = all_pages()
    assert widget(pages[STEER], "dim").options == [f"dial {j}" for j in range(1, 7)]
    assert "towards these" in raw(pages[STEER])
    assert "Nobody told" not in "".join(m.value for m in pages["pages/overview.py"].markdown)


def test_titles_and_categories_are_never_markup(small):
    items = pd.read_parquet(small / "items.parquet")
    change_items(small, title=[f"{EVIL} {i}" for i in items.index], category="<b>" + items["category"] + "</b>")
    for page, at in all_pages().items():
        body = raw(at)
        assert Elements(body).tags <= {"div", "span", "i", "small", "p", "ol", "li", "img", "dl", "dt", "dd"}, page
        assert not {name for name in Elements(body).attributes if name.startswith("on")}, page
        for chart in at.get("plotly_chart"):
            assert "<script" not in chart.proto.spec
        for text in [*at.markdown, *at.caption]:
            assert "<script" not in text.value
            assert not text.proto.allow_html
    assert titles(at, "List before")[0].startswith(EVIL)  # shown as it is, and harmless


def test_years_and_genres_some_of_them_missing(small):
    n = len(pd.read_parquet(small / "items.parquet"))
    years = np.where(np.arange(n) % 3 == 0, np.nan, 1990 + np.arange(n) % 20)
    change_items(small, year=years, genres=["Crime|Drama" if i % 2 else "" for i in range(n)],
                 **dict.fromkeys(("size", "shade", "warmth", "price")))
    for at in all_pages().values():
        assert "nan" not in re.sub(r'src="[^"]*"', "", raw(at)).lower()
    assert re.search(r'mc-sub">199\d · ', raw(at))


def test_own_pictures_are_used(small):
    n = len(pd.read_parquet(small / "items.parquet"))
    change_items(small, image_url=["https://example.com/a.png?x=1&y=\"2\"" if i % 2 else None for i in range(n)])
    at = all_pages()[STEER]
    assert 'src="https://example.com/a.png?x=1&amp;y=&quot;2&quot;"' in raw(at)
    assert 'src="data:image/svg+xml;base64,' in raw(at)


@pytest.fixture
def lopsided(small) -> Path:
    """Factor 0 holds one item, and factor 2 none: factor 1 is at the same place and comes first."""
    weights = load_file(small / "weights.safetensors")
    unit = torch.nn.functional.normalize
    weights["prototypes"][2] = weights["prototypes"][1]
    near = (unit(weights["items"]) @ unit(weights["prototypes"][1:]).T).max(dim=1).values
    lonely = unit(torch.randn(1000, weights["items"].shape[1], generator=torch.Generator().manual_seed(0)))
    lonely = lonely[((unit(weights["items"]) @ lonely.T) < near[:, None]).all(dim=0)][0]  # no item is nearer to it
    weights["prototypes"][0] = weights["items"][0] = lonely
    save_file(weights, small / "weights.safetensors")
    return small


def test_factors_of_one_item_or_of_none(lopsided):
    counts = np.bincount(load(lopsided).factor, minlength=7)
    assert counts[0] == 1
    assert counts[2] == 0
    pages = all_pages()
    assert "Unused 3" in raw(pages["pages/overview.py"])
    at = pages[STEER]
    assert not any("Unused" in option for option in widget(at, "factor").options)
    for factor in (0, 1):
        fine(widget(at, "factor").set_value(factor).run())
        for value in (0, 50, 100):
            fine(widget(at, "value").set_value(value).run())
            assert len(titles(at, "List after")) <= counts[factor]
    assert widget(fine(opened(STEER, factor=2)), "factor").value != 2
    everything = ",".join(load(lopsided).items["item_id"])
    assert titles(fine(opened(STEER, who="profile", items=everything)), "List after") == []  # the history is left out


def test_few_dimensions_and_no_baselines(shelf, tiny_split, tiny_shop):
    from conftest import tiny_settings

    from macrid import build

    build.build(tiny_split, shelf / "two", tiny_settings(embedding_size=2, kfac=1, epochs=1), seed=0, source=tiny_shop.data)
    change_meta(shelf / "two", lambda meta: meta.update(baselines={}))
    pages = all_pages()
    assert len(widget(pages[STEER], "dim").options) == 2
    assert len(widget(pages[STEER], "factor").options) == 1


# the address -----------------------------------------------------------------------------------------------------------


def test_a_link_restores_what_a_person_saw(shops):
    bundle = load(shops / "shop")
    user = bundle.people[7]
    factor = int(bundle.interest(bundle.history_of(user)).argmax())
    address = {"bundle": "shop", "user": user, "factor": str(factor), "dim": "3", "value": "93", "scope": "all"}
    at = fine(opened(STEER, **address))
    for key in ("user", "factor", "dim", "value", "scope"):
        assert str(widget(at, key).value) == address[key]
    assert address.items() - {("factor", str(factor))} <= dict(at.query_params).items()
    low, high = bundle.dial_range(factor, 3)
    found = bundle.steer(factor, 3, low + (high - low) * 0.93, user=user, scope="all", n=12)
    assert titles(at, "List after") == list(found.after["title"])
    assert titles(at, "List before") == list(found.before["title"])
    assert titles(at, "List after") != titles(at, "List before")


def test_what_a_person_does_is_in_the_address(shops, framed):
    at = opened(bundle="tiny").switch_page(STEER).run()
    bundle = load(shops / "tiny")
    for key, value in {"user": bundle.people[3], "factor": 5, "dim": 2, "scope": "all", "value": 97}.items():
        fine(widget(at, key).set_value(value).run())
    assert dict(at.query_params) == {"bundle": "tiny", "user": bundle.people[3], "factor": "5", "dim": "2", "scope": "all",
                                     "value": "97"}
    again = fine(opened(STEER, **dict(at.query_params)))
    assert cards(again, "List after") == cards(at, "List after")
    assert cards(again, "List before") == cards(at, "List before")


def test_a_link_to_a_profile(shops):
    items = list(load(shops / "shop").items["item_id"][[4, 8, 15]])
    at = fine(opened(STEER, who="profile", items=",".join([*items, "no such item"]), value="3"))
    assert widget(at, "items").value == items
    assert widget(at, "value").value == 3
    assert at.query_params["items"] == ",".join(items)


NONSENSE = {
    "bundle": ["nonsense", "../../etc", ""], "user": ["nobody", ""], "factor": ["99", "-1", "x", "1.5"],
    "dim": ["64", "-1", "one"], "value": ["101", "-1", "nan", "50.5", "<b>"], "who": ["me"], "scope": ["everything"],
    "items": ["x,y"], "layout": ["3d"],
}


@pytest.mark.parametrize("key", NONSENSE)
def test_what_an_address_cannot_mean_is_ignored(small, key):
    plain = fine(opened(STEER))
    for value in NONSENSE[key]:
        at = fine(opened(STEER, **{key: value}), "Steer")
        assert raw(at) == raw(plain), value
        assert {k: widget(at, k).value for k in keys(at)} == {k: widget(plain, k).value for k in keys(plain)}
    fine(opened(**{key: NONSENSE[key][0]}), PAGES["pages/overview.py"])


def test_another_bundle_forgets_the_people_and_items_of_the_first(shops, framed):
    at = opened(bundle="shop").switch_page(STEER).run()
    bundle = load(shops / "tiny")
    for key, value in {"user": load(shops / "shop").people[5], "factor": 6, "dim": 4, "value": 5}.items():
        fine(widget(at, key).set_value(value).run())
    fine(at.sidebar.selectbox[0].set_value("tiny").run(), "Steer")
    assert dict(at.query_params) == {"bundle": "tiny"}
    assert widget(at, "user").value == bundle.people[0]
    assert widget(at, "dim").value == 0
    assert cards(at, "List after") == cards(at, "List before")
    fine(widget(at, "who").set_value("profile").run())
    press(at, "An example")
    assert set(widget(at, "items").value) <= set(bundle.items["item_id"])
    fine(at.sidebar.selectbox[0].set_value("shop").run(), "Steer")
    assert widget(at, "who").value == "profile"
    assert widget(at, "items").value == []
    assert "items" not in at.query_params


def test_the_choice_of_a_person_outlives_other_pages(shops, framed):
    at = opened(bundle="tiny").switch_page(STEER).run()
    person = load(shops / "tiny").people[4]
    fine(widget(at, "user").set_value(person).run())
    fine(at.switch_page("pages/macro_map.py").run())
    fine(at.switch_page(STEER).run())
    assert widget(at, "user").value == person
    assert at.sidebar.selectbox[0].value == "tiny"


# steering --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["shop", "tiny"])
def test_the_dial_changes_the_list_and_back_restores_it(shops, name):
    at = fine(opened(STEER, bundle=name))
    start, before = widget(at, "value").value, cards(at, "List before")
    seen = set()
    for value in (0, 100):
        fine(widget(at, "value").set_value(value).run())
        assert cards(at, "List before") == before
        after = cards(at, "List after")
        assert [title for title, _ in after] != [title for title, _ in before] or name == "tiny"  # it has few to offer
        was = [title for title, _ in before]
        for rank, (title, mark) in enumerate(after):  # the marks say what happened
            moved = was.index(title) - rank if title in was else None
            assert mark == ("new in the list" if moved is None else f"up {moved}" if moved > 0 else f"down {-moved}" if moved
                            else "")
        gone = [title for title in was if title not in titles(at, "List after")]
        assert ("Gone from the list" in raw(at)) == bool(gone)
        seen.add(tuple(after))
        assert at.query_params.get("value", str(start)) == str(value)
    assert len(seen) == 2 or name == "tiny"
    fine(widget(at, "value").set_value(start).run())
    assert cards(at, "List after") == before
    assert "value" not in at.query_params
    assert "0% of the list has changed" in raw(at)


def test_reset_puts_the_dial_back(shops):
    at = fine(opened(STEER))
    start = widget(at, "value").value
    reset = next(b for b in at.button if b.label == "Reset the dial")
    assert reset.disabled
    fine(widget(at, "value").set_value((start + 50) % 100).run())
    assert cards(at, "List after") != cards(at, "List before")
    press(at, "Reset the dial")
    assert widget(at, "value").value == start
    assert cards(at, "List after") == cards(at, "List before")


def test_another_dial_or_person_starts_where_they_stand(shops):
    at = fine(opened(STEER, value=2))
    assert widget(at, "value").value == 2
    for key, value in {"dim": 1, "factor": 3, "user": load(shops / "shop").people[9]}.items():
        fine(widget(at, "value").set_value(2).run())
        fine(widget(at, key).set_value(value).run())
        assert cards(at, "List after") == cards(at, "List before")
        assert "value" not in at.query_params


def test_intention_or_whole_catalogue(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    category = dict(zip(bundle.items["title"], bundle.items["category"], strict=True))
    wanted = widget(at, "factor").value
    factor_of = dict(zip(bundle.items["title"], bundle.factor, strict=True))
    assert {factor_of[title] for title in titles(at, "List before")} == {wanted}
    fine(widget(at, "scope").set_value("all").run())
    assert len({category[title] for title in titles(at, "List before")}) > 1
    assert at.query_params["scope"] == "all"
    fine(widget(at, "scope").set_value("factor").run())
    assert "scope" not in at.query_params


def test_the_history_is_left_out_unless_asked_for(shops):
    bundle = load(shops / "tiny")
    at = fine(opened(STEER, bundle="tiny"))
    history = set(bundle.items["title"].iloc[bundle.history_of(bundle.people[0])])
    assert not history & set(titles(at, "List before"))
    assert not history & set(titles(at, "List after"))
    fine(widget(at, "keep").set_value(True).run())
    assert history & set(titles(at, "List before"))
    fine(widget(at, "keep").set_value(False).run())
    assert not history & set(titles(at, "List before"))


def test_a_profile_of_one_s_own(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    fine(widget(at, "who").set_value("profile").run())
    assert "Pick a few items" in at.info[0].value
    assert "value" not in keys(at)
    assert "List before" not in raw(at)
    items = list(bundle.items["item_id"][bundle.items["category"] == "mugs"][:3])
    fine(widget(at, "items").set_value(items).run())
    assert not at.info
    assert len(titles(at, "List before")) == 12
    found = bundle.steer_profile(bundle.positions(items), widget(at, "factor").value, 0, None, n=12)
    assert titles(at, "List before") == list(found.before["title"])
    assert bundle.factors[widget(at, "factor").value].name == "Mugs"
    assert at.query_params["who"] == "profile"
    assert at.query_params["items"] == ",".join(items)
    fine(widget(at, "items").set_value([]).run())
    assert "Pick a few items" in at.info[0].value
    assert dict(at.query_params) == {"who": "profile"}
    fine(widget(at, "who").set_value("person").run())
    assert len(titles(at, "List before")) == 12


def test_an_example(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER, who="profile"))
    seen = set()
    for _ in range(4):
        press(at, "An example")
        items = widget(at, "items").value
        assert len(items) == 4
        assert len(set(bundle.factor[bundle.positions(items)])) == 1  # they go together
        assert len(titles(at, "List after")) == 12
        seen.add(tuple(items))
    assert len(seen) > 1


def test_surprise_me(shops):
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    people = [widget(press(at, "Surprise me"), "user").value for _ in range(4)]
    assert set(people) <= set(bundle.people)
    assert len(set(people)) > 1
    assert f"{len(bundle.history_of(people[-1]))} items" in raw(at)


def test_every_dial_of_a_factor(shops):
    at = fine(opened(STEER, bundle="tiny", factor=2))
    for dim in range(6):
        fine(widget(at, "dim").set_value(dim).run())
        fine(widget(at, "value").set_value(100).run())
        assert at.query_params.get("dim", "0") == str(dim)
        assert 'aria-current="true"' in raw(at).split("mc-strip")[1].rsplit("mc-frame", 1)[1]  # the last frame is marked


def test_options_that_look_alike_can_all_be_chosen(small):
    """Streamlit finds an option again by its label: titles and attributes that occur twice must not share one."""
    bundle = load(small)
    change_items(small, title="The same", category="thing")
    at = fine(opened(STEER, who="profile"))
    assert len(set(widget(at, "items").options)) == len(bundle.items)
    items = list(bundle.items["item_id"][[0, 70, 139]])
    fine(widget(at, "items").set_value(items).run())
    assert widget(at, "items").value == items
    for factor in range(7):
        at = fine(opened(STEER, factor=factor))
        assert len(set(widget(at, "dim").options)) == 6
        for dim in range(6):
            fine(widget(at, "dim").set_value(dim).run())
            assert widget(at, "dim").value == dim


def test_the_intention_follows_the_history(shops):
    """Somebody else, or another profile, is shown by what they are after, not by what the one before was after."""
    bundle = load(shops / "shop")
    at = fine(opened(STEER))
    favourite = {user: int(bundle.interest(bundle.history_of(user)).argmax()) for user in bundle.people[:40]}
    for wanted in (5, 3, 1):
        user = next(user for user, factor in favourite.items() if factor == wanted)
        fine(widget(at, "user").set_value(user).run())
        assert widget(at, "factor").value == wanted
        assert "factor" not in at.query_params
    fine(widget(at, "who").set_value("profile").run())
    mugs = bundle.items[bundle.items["category"] == "mugs"]["item_id"]
    fine(widget(at, "items").set_value(list(mugs[:3])).run())
    assert bundle.factors[widget(at, "factor").value].name == "Mugs"
    other = next(factor.index for factor in bundle.factors if factor.name == "Shoes")
    fine(widget(at, "factor").set_value(other).run())
    fine(widget(at, "items").set_value(list(mugs[:4])).run())
    assert widget(at, "factor").value == other  # a choice holds as long as the profile leans the same way
