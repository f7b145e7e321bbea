"""What the pages share, without a page: bundles that are offered, addresses of pictures, small texts."""

from copy import copy
from dataclasses import replace

import pytest

from macrid.bundle import load
from macrid.pictures import item_picture
from ui import bundles, item_pictures, words


@pytest.fixture
def shelf(tmp_path, monkeypatch, trained):
    """A folder of bundles: the small one and its twin."""
    monkeypatch.setenv("MACRID_MODELS", str(tmp_path))
    for name in ("tiny", "tiny-dot"):
        (tmp_path / name).symlink_to(trained.with_name(name))
    return tmp_path


def test_the_shop_is_offered_first_and_twins_with_their_bundles(shelf, trained):
    for name in ("shop", "a", "lone-dot", ".a.new", ".a.old"):
        (shelf / name).symlink_to(trained)
    (shelf / "a.partial").mkdir()
    assert bundles.bundle_names() == ["shop", "a", "lone-dot", "tiny"]


def test_models_stand_beside_the_app(monkeypatch):
    monkeypatch.delenv("MACRID_MODELS", raising=False)
    assert bundles.models_folder() == words.ROOT / "models"
    assert bundles.bundle_names()[0] == "shop"


# pictures ----------------------------------------------------------------------------------------------------------------


def version(name: str) -> str:
    return bundles.load(name).seal


@pytest.mark.parametrize("name", ["tiny", "tiny-dot"])
def test_the_picture_of_an_item(shelf, name):
    items = load(shelf / name).items
    for position in (0, 7, len(items) - 1):
        assert item_pictures.picture_svg(name, version(name), position) == item_picture.svg(items.iloc[position])


@pytest.mark.parametrize("wrong", [
    {"name": "nothing"}, {"name": "../tiny"}, {"name": ".."}, {"name": ""}, {"version": "0" * 12}, {"version": ""},
    {"position": -1}, {"position": 140}, {"position": 10**30},
])
def test_what_has_no_picture(shelf, wrong):
    assert item_pictures.picture_svg(**{"name": "tiny", "version": version("tiny"), "position": 0} | wrong) is None


def test_a_damaged_bundle_has_no_pictures(shelf, trained):
    known = version("tiny")
    (shelf / "bad").mkdir()
    (shelf / "bad" / "bundle.json").write_text("{")
    assert item_pictures.picture_svg("bad", known, 0) is None


def test_pictures_travel_in_the_page_unless_they_are_served(shelf, monkeypatch):
    bundle = bundles.load("tiny")
    assert item_pictures.pictures_address(bundle) is None
    assert item_pictures.picture_src(bundle, 3).startswith("data:image/svg+xml;base64,")
    monkeypatch.setattr(item_pictures.serving, "pictures", True)
    assert item_pictures.picture_src(bundle, 3) == f"picture/tiny/{version('tiny')}/3"
    assert item_pictures.pictures_address(bundle) == f"picture/tiny/{version('tiny')}/"
    monkeypatch.setattr(type(bundle), "item", lambda *_: {"title": "a", "image_url": "https://a.example/b.png?c#d"})
    assert item_pictures.picture_src(bundle, 3) == f"https://a.example/b.png?c#drawn=picture/tiny/{version('tiny')}/3"


# small texts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("value", "text"), [
    (0, "0"), (1, "1.00"), (0.99658, "0.997"), (0.04968, "0.0497"), (6.99995, "7.00"), (999.4, "999"), (1234.5, "1,234"),
    (-0.5, "-0.500"), (999.7, "1,000"), (100, "100"),
])
def test_figures(value, text):
    assert words.figure(value) == text


def test_labels_that_differ():
    assert words.distinct(["a", "b"], [1, 2]) == ["a", "b"]
    assert words.distinct(["a", "b", "a", "a"], [1, 2, 3, 4]) == ["a", "b", "a (3)", "a (4)"]
    assert words.distinct([], []) == []


def with_metrics(bundle, **metrics):
    return replace(bundle, meta=bundle.meta | {"metrics": metrics})


@pytest.mark.parametrize(("cosine", "dot", "verdict"), [
    (0.9, 0.5, "the dot product loses the categories"), (0.5, 0.9, "the dot product finds the categories better"),
    (0.95, 0.9, "cosine fits the categories a little better"), (0.9, 0.9, "it makes no difference"),
])
def test_the_sentence_on_the_twin_says_what_the_figures_say(bundle, cosine, dot, verdict):
    found = bundles.twin_sentence(with_metrics(bundle, effective_factors=6.5, nmi=cosine),
                             with_metrics(bundle, effective_factors=3.25, nmi=dot))
    assert verdict in found
    assert "6.5 and 3.2 of 7 factors in use" in found


def test_the_sentence_without_categories(bundle):
    found = bundles.twin_sentence(with_metrics(bundle, effective_factors=6.5), with_metrics(bundle, effective_factors=2.0))
    assert found == "Cosine and dot product have 6.5 and 2.0 of 7 factors in use."


def test_factors_that_are_held_cannot_be_lost(bundle):
    model = copy(bundle.model)
    model.settings = replace(bundle.settings, routing="held")
    assert "neither could lose one" in bundles.twin_sentence(replace(bundle, model=model), bundle)
