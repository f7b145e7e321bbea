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
from driving import EVIL, Elements, cards, change_items, change_meta, fine, keys, opened, raw, shown, titles, widget
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

from macrid.bundle import load
from macrid.results import collapse
from ui import result_files

PAGES = {"pages/overview.py": "What clicks alone can tell", "pages/macro_map.py": "Macro map", "pages/steer.py": "Steer",
         "pages/name.py": "Name the dimensions", "pages/intentions.py": "Name the intentions",
         "pages/disentanglement.py": "Disentanglement and accuracy",
         "pages/benchmark.py": "Benchmark", "pages/method.py": "Method"}
STEER = "pages/steer.py"
COURSE = {"effective_factors", "largest_share", "prototype_min", "prototype_mean", "prototype_max"}
EXPERIMENT = 3 * len(collapse.starts(collapse.load(result_files.shipped() / "collapse.json")[0]))  # charts of a set's


# the pages as they should be ---------------------------------------------------------------------------------------------


def meters(at: AppTest) -> list[str]:
    """The names of the overview's figures, each of which says what it means."""
    found = re.findall(r'<dt title="([^"]*)">([^<]+)</dt>', raw(at).split('class="mc-meters"')[1].split("</dl>")[0])
    assert all(hint for hint, _ in found)
    return [name for _, name in found]


def expect(at: AppTest, page: str, bundle) -> None:
    """What stands on a page for a bundle with a twin, categories and attributes."""
    fine(at, PAGES[page])
    if page == "pages/overview.py":
        assert len(at.header) == 4
        measured = ["Coherence", "Certainty"] if "coherence" in bundle.meta["metrics"] else []  # older bundles lack it
        assert meters(at) == ["Effective factors", *measured, "Independence", "NMI", "Purity"]
        assert len(at.get("plotly_chart")) == 1
        assert raw(at).count('class="mc-factor"') == bundle.settings.kfac
        for factor in bundle.factors:
            assert html.escape(factor.name) in raw(at)
        assert f"{bundle.meta['data']['clicks']:,} clicks" in at.markdown[0].value
        assert "Nobody told the model about" in "".join(m.value for m in at.markdown)
    elif page == "pages/macro_map.py":
        assert [m.value for m in at.markdown if m.value.startswith("**(")] == [
            "**(a) By macro factor**", "**(b) By category**", "**(c) By factor, dot product**"]
        assert len(at.get("plotly_chart")) == 9 + EXPERIMENT + (3 if bundle.course is not None else 0)
        assert raw(at).count("Effective factors") == 2
        assert raw(at).count("<dt") == 10
        assert "Cosine and dot product, trained alike" in "".join(m.value for m in at.markdown)
    elif page == "pages/name.py":
        assert {"intention", "new-kind", "everywhere"} <= keys(at)
        assert [s.value for s in at.header] == ["What varies most among these items", "Name something yourself",
                                                   "Keep it"]
        assert raw(at).count('class="mc-row"') == 4
    elif page == "pages/intentions.py":
        assert len(shown(at, "shelves")["shelves"]) == len([factor for factor in bundle.factors if factor.share])
        assert len(at.get("plotly_chart")) == 1
    elif page == "pages/disentanglement.py":
        assert {"own-data", "own-betas"} <= keys(at)
    elif page == "pages/benchmark.py":
        assert at.info or "mc-table" in raw(at)
    elif page == "pages/method.py":
        assert len(at.latex) == 5
        assert len(at.get("plotly_chart")) == 3
        assert len(titles(at, "The list")) == 8
    else:
        assert {"who", "n", "scope", "keep", "side"} <= keys(at)
        assert len(shown(at, "chips")["chips"]) == bundle.settings.kfac
        order = bundle.dials.order(shown(at, "chips")["chosen"])
        assert [dial["dim"] for dial in shown(at, "board")["dials"]] == order[:5]
        assert len(titles(at, "List before")) == min(12, len(titles(at, "List after")))
        assert cards(at, "List before") == cards(at, "List after")  # nobody has turned the dial yet
        assert len(shown(at, "strip")["frames"]) == 7


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
    assert [link.label for link in opened().get("page_link")] == [
        "Wish for more on the Steer page", "See the macro map", "Steer a list"]


def test_the_map_shows_the_layout_that_was_asked_for(shops):
    at = fine(opened("pages/macro_map.py", bundle="shop"))
    bundle = load(shops / "shop")

    def points() -> np.ndarray:
        figure = json.loads(at.get("plotly_chart")[0].proto.spec)
        found = np.full((len(bundle.items), 2), np.nan)
        for trace in figure["data"]:
            if trace["name"] == "prototypes":
                continue
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
    assert len(at.get("plotly_chart")) == 4 + EXPERIMENT
    fine(opened(STEER), "Steer")


# the course of a training ----------------------------------------------------------------------------------------------


def test_a_slider_over_epochs_colours_the_map(small, bundle, twin):
    said = "".join(m.value for m in opened("pages/macro_map.py").markdown)
    assert collapse.course_sentence(bundle.history, twin.history, "dot", 7) in said
    for model, of in (("cosine", bundle), ("dot", twin)):
        for epoch in (1, 5):
            at = fine(opened("pages/macro_map.py", colour="course", model=model, epoch=str(epoch)), "Macro map")
            assert widget(at, "epoch").value == epoch
            traces = json.loads(at.get("plotly_chart")[0].proto.spec)["data"]
            found = {trace["name"]: len(values(trace["x"])) for trace in traces}
            counts = np.bincount(of.course[str(epoch)], minlength=7)
            for factor in of.factors:
                assert found.get(factor.name, 0) == counts[factor.index]
    assert widget(fine(opened("pages/macro_map.py", colour="course"), "Macro map"), "epoch").value == 5


def test_a_bundle_without_a_course_does_not_show_one(small):
    for path in (small, small.with_name("tiny-dot")):
        (path / "course.parquet").unlink()
        rows = json.loads((path / "history.json").read_text())
        history = [{key: value for key, value in row.items() if key not in COURSE} for row in rows]
        (path / "history.json").write_text(json.dumps(history))
    at = fine(opened("pages/macro_map.py", colour="course", epoch="3"), "Macro map")
    assert len(at.get("plotly_chart")) == 9 + EXPERIMENT
    assert "epoch" not in keys(at)


# bundles of other kinds ------------------------------------------------------------------------------------------------


def all_pages(**address) -> dict[str, AppTest]:
    return {page: fine(opened(page, **address), title) for page, title in PAGES.items()}


def test_without_a_twin_the_map_says_how_to_get_one(small):
    change_meta(small, lambda meta: meta.update(twin=None))
    at = all_pages()["pages/macro_map.py"]
    assert len(at.get("plotly_chart")) == 4 + EXPERIMENT
    assert "--twin dot" in at.info[0].value


def test_a_twin_that_is_gone(small):
    shutil.rmtree(small.with_name("tiny-dot"))
    at = opened("pages/macro_map.py")
    assert not at.exception
    assert "there is no bundle at" in at.warning[0].value
    assert len(at.get("plotly_chart")) == 4 + EXPERIMENT


def test_a_bundle_of_before_coherence(small):
    change_meta(small, lambda meta: [meta["metrics"].pop(key) for key in ("coherence", "coherence_se", "certainty")])
    at = all_pages()["pages/overview.py"]
    assert meters(at) == ["Effective factors", "Independence", "NMI", "Purity"]
    assert any("NMI" in caption.value and "Coherence" not in caption.value for caption in at.caption)


def test_without_categories(small):
    change_items(small, category="")
    change_meta(small, lambda meta: [meta["metrics"].pop(key) for key in ("nmi", "ari", "purity")])
    pages = all_pages()
    overview = pages["pages/overview.py"]
    assert meters(overview) == ["Effective factors", "Coherence", "Certainty", "Independence"]
    assert not any("NMI" in caption.value for caption in overview.caption)
    page = pages["pages/macro_map.py"]
    assert any("Without panel (b)" in caption.value for caption in page.caption)
    assert not any("By category" in text.value for text in page.markdown)
    assert raw(page).count(">NMI<") == 1  # of its twin, whose items have kept theirs
    assert "Effective categories" not in raw(page)


def test_without_attributes_dials_are_numbered(small):
    change_items(small, **dict.fromkeys(("size", "shade", "warmth", "price", "popularity", "clicks")))
    pages = all_pages()
    board = shown(pages[STEER], "board")["dials"]
    assert [dial["name"] for dial in board] == [f"dial {j}" for j in range(1, 6)]
    assert {dial["confidence"] for dial in board} == {None}
    assert {dial["low"]["word"] for dial in board} == {""}
    assert "left end" in raw(pages[STEER])


def test_titles_and_categories_are_never_markup(small):
    items = pd.read_parquet(small / "items.parquet")
    change_items(small, title=[f"{EVIL} {i}" for i in items.index], category="<b>" + items["category"] + "</b>")
    pages = all_pages()
    for page, at in pages.items():
        body = raw(at)
        assert Elements(body).tags <= {"div", "span", "i", "small", "p", "ol", "li", "img", "dl", "dt", "dd",
                                       "figure", "figcaption", "table", "thead", "tbody", "tr", "th", "td", "strong"}, page
        assert not {name for name in Elements(body).attributes if name.startswith("on")}, page
        for chart in at.get("plotly_chart"):
            assert "<script" not in chart.proto.spec
        for text in [*at.markdown, *at.caption]:
            assert "<script" not in text.value
            assert not text.proto.allow_html
    assert titles(pages[STEER], "List before")[0].startswith(EVIL)  # shown as it is, and harmless


def test_years_and_genres_some_of_them_missing(small):
    n = len(pd.read_parquet(small / "items.parquet"))
    years = np.where(np.arange(n) % 3 == 0, np.nan, 1990 + np.arange(n) % 20)
    change_items(small, year=years, genres=["Crime|Drama" if i % 2 else "" for i in range(n)],
                 **dict.fromkeys(("size", "shade", "warmth", "price")))
    pages = all_pages()
    for at in pages.values():
        assert "nan" not in re.sub(r'src="[^"]*"', "", raw(at)).lower()
    listed = shown(pages[STEER], "stage")["list"]["items"]
    assert any(re.fullmatch(r"199\d", item["year"]) for item in listed)
    assert any(item["genres"] == "Crime · Drama" for item in listed)


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
    assert not any("Unused" in chip["name"] for chip in shown(pages[STEER], "chips")["chips"])
    for factor in (0, 1):
        for value in (0, 50, 100):
            at = fine(opened(STEER, factor=factor, dials=f"{factor}.0-{value}", scope="factor"))
            assert shown(at, "chips")["chosen"] == factor
            assert len(titles(at, "List after")) <= counts[factor]
    assert shown(fine(opened(STEER, factor=2)), "chips")["chosen"] != 2
    everything = ",".join(load(lopsided).items["item_id"])
    assert titles(fine(opened(STEER, who="profile", items=everything)), "List after") == []  # the history is left out


def test_few_dimensions_and_no_baselines(shelf, tiny_split, tiny_shop):
    from conftest import tiny_settings

    from macrid.pipeline import build

    settings = tiny_settings(embedding_size=2, kfac=1, epochs=1)
    build.build(build.Training(tiny_split, settings, tiny_shop.data), shelf / "two")
    change_meta(shelf / "two", lambda meta: meta.update(baselines={}))
    pages = all_pages()
    board = shown(pages[STEER], "board")
    assert (len(board["dials"]), board["more"]) == (2, "")
    assert len(shown(pages[STEER], "chips")["chips"]) == 1
