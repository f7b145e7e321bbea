"""Where bundles are looked for: what people made before what ships, a path before a name."""

import os

import pytest

from macrid.bundle import places
from macrid.errors import InputError
from macrid.files import app_folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A folder that somebody stands in, away from the checkout."""
    monkeypatch.delenv(places.MODELS, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bundle_at(folder):
    folder.mkdir(parents=True)
    (folder / "bundle.json").write_text("{}")


def test_what_ships_is_there_wherever_one_stands(elsewhere):
    assert places.names() >= {"shop", "shop-dot"}
    assert places.path_of("shop") == app_folder() / "models" / "shop"
    assert (app_folder() / "app.py").is_file()
    assert places.own_folder().resolve() == elsewhere / "models"


def test_ones_own_comes_first_and_goes_where_one_stands(elsewhere):
    bundle_at(elsewhere / "models" / "shop")
    bundle_at(elsewhere / "models" / "mine")
    assert places.names() >= {"shop", "shop-dot", "mine"}
    assert places.path_of("shop").resolve() == elsewhere / "models" / "shop"
    assert places.path_of("new").resolve() == elsewhere / "models" / "new"


def test_a_named_folder_is_the_only_one(elsewhere, monkeypatch):
    bundle_at(elsewhere / "ours" / "a")
    bundle_at(elsewhere / "models" / "b")
    monkeypatch.setenv(places.MODELS, str(elsewhere / "ours"))
    assert places.names() == {"a"}
    assert places.own_folder() == elsewhere / "ours"


def test_in_the_checkout_both_folders_are_one(monkeypatch):
    monkeypatch.delenv(places.MODELS, raising=False)
    monkeypatch.chdir(app_folder())
    assert [folder.resolve() for folder in places.folders()] == [app_folder() / "models"]


def test_halves_of_a_saving_are_no_bundles(elsewhere):
    for name in (".a.new", ".a.old", "empty"):
        (elsewhere / "models" / name).mkdir(parents=True)
    for name in (".a.new", ".a.old"):
        (elsewhere / "models" / name / "bundle.json").write_text("{}")
    assert not {name for name in places.names() if name.startswith(".")} | ({"empty"} & places.names())


def test_a_path_comes_before_a_name(elsewhere):
    assert places.resolved("shop") == app_folder() / "models" / "shop"
    assert str(places.resolved(f"deep{os.sep}shop")) == f"deep{os.sep}shop"
    assert str(places.resolved("nothing")) == "nothing"
    bundle_at(elsewhere / "shop")
    assert str(places.resolved("shop")) == "shop"


def test_bundles_are_opened_by_name(elsewhere):
    from macrid import bundle

    assert bundle.load("shop").name == "shop"
    with pytest.raises(InputError, match="no bundle at nothing"):
        bundle.load("nothing")
