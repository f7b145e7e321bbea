"""The shelf: bundles at a glance, renamed, deleted, as a zip that is never trusted, compared."""

import json
import shutil
import stat
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest
from conftest import contents

from macrid.bundle import compared, folder, load, places, save, shelf
from macrid.errors import InputError
from macrid.pipeline import realign


def names(path):
    return {each.name for each in path.iterdir() if not each.name.startswith(".")}


def test_every_bundle_at_a_glance(small):
    (small.parent / "bad").mkdir()
    (small.parent / "bad" / "bundle.json").write_text("[1]")
    found = {entry.name: entry for entry in shelf.entries()}
    assert found.keys() == {"tiny", "bad"}  # the twin stands with its bundle
    tiny = found["tiny"]
    assert tiny.twin == "tiny-dot"
    assert tiny.bytes == sum(f.stat().st_size for name in ("tiny", "tiny-dot") for f in (small.parent / name).iterdir())
    assert not tiny.shipped
    assert found["bad"].fault == "bundle.json is damaged"


def test_a_bundle_is_renamed_with_its_twin(small):
    shelf.give("tiny", "ann")
    shelf.rename("tiny", "mine")
    assert names(small.parent) == {"mine", "mine-dot"}
    found = load(small.parent / "mine")
    assert (found.meta["name"], found.meta["twin"]) == ("mine", "mine-dot")
    assert load(small.parent / "mine-dot").meta["name"] == "mine-dot"
    assert (shelf.owner_of("mine"), shelf.owner_of("tiny")) == ("ann", "")
    with pytest.raises(InputError, match="there is no bundle called tiny"):
        shelf.rename("tiny", "other")


def test_own_and_shared_bundles_are_seen_by_their_owner_and_by_all(small):
    every = {"tiny", "tiny-dot", "shop"}
    assert shelf.visible(every, "bob") == every  # what nobody is known to have made
    shelf.give("tiny", "ann")
    assert (shelf.visible(every, "ann"), shelf.visible(every, "bob")) == (every, {"shop"})  # the twin goes with it
    shelf.share("tiny", True)
    assert (shelf.visible(every, "bob"), shelf.is_shared("tiny"), shelf.owner_of("tiny")) == (every, True, "ann")
    shelf.rename("tiny", "mine")
    assert shelf.visible(["mine", "mine-dot"], "bob") == {"mine", "mine-dot"}
    shelf.share("mine", False)
    assert (shelf.visible(["mine"], "bob"), shelf.is_shared("mine"), shelf.owner_of("mine")) == (set(), False, "ann")


def test_a_taken_name_is_not_taken_again(small):
    shutil.copytree(small, small.parent / "other")
    with pytest.raises(InputError, match="there is a bundle called other already"):
        shelf.rename("tiny", "other")
    assert "tiny" in names(small.parent)


def test_a_bundle_is_deleted_with_its_twin(small):
    shelf.delete("tiny")
    assert names(small.parent) == set()


def test_what_ships_is_never_changed(shops, monkeypatch):
    monkeypatch.delenv(places.MODELS)
    assert shelf.entry("shop").shipped
    with pytest.raises(InputError, match="shop came with the app"):
        shelf.delete("shop")
    with pytest.raises(InputError, match="shop came with the app"):
        shelf.rename("shop", "mine")


def test_there_is_an_end_to_the_room(small, monkeypatch):
    shelf.check_room(small.parent)
    monkeypatch.setenv("MACRID_QUOTA_GB", "0.00001")
    with pytest.raises(InputError, match="delete some"):
        realign.check_name(small.parent, "another")


# as a zip ----------------------------------------------------------------------------------------------------------------


def packed(small):
    shelf.pack(small, small.parent / "given.zip")
    return small.parent / "given.zip"


def test_a_bundle_comes_back_from_its_zip(small):
    shelf.unpack(packed(small), small.parent, "again")
    one, two = load(small), load(small.parent / "again")
    assert (two.meta["name"], two.meta["twin"]) == ("again", "again-dot")
    np.testing.assert_array_equal(one.vectors, two.vectors)
    assert load(small.parent / "again-dot").meta["name"] == "again-dot"
    with pytest.raises(InputError, match="there is a bundle called again"):
        shelf.unpack(small.parent / "given.zip", small.parent, "again")
    assert {each.name for each in small.parent.iterdir()} == {"tiny", "tiny-dot", "again", "again-dot", "given.zip"}


def test_a_bundle_is_packed_by_its_name_and_none_that_is_not_there(small):
    shelf.pack(Path("tiny"), small.parent / "named.zip")
    assert (small.parent / "named.zip").read_bytes() == packed(small).read_bytes()
    with pytest.raises(InputError, match="there is no bundle at none; by name there are tiny, tiny-dot"):
        shelf.pack(Path("none"), small.parent / "none.zip")
    assert not (small.parent / "none.zip").exists()


def changed(source, change):
    """A copy of a zip, with its entries as `change(name, bytes)` gives them: [(ZipInfo or name, bytes)]."""
    target = source.with_name("changed.zip")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            for name, data in change(info.filename, old.read(info)):
                new.writestr(name, data)
    return target


def link(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


EVIL = {
    "up": lambda name, data: [(name.replace("tiny/", "../tiny/"), data)],
    "root": lambda name, data: [(name.replace("tiny/items.parquet", "/etc/items.parquet"), data)],
    "deep": lambda name, data: [(f"a/{name}", data)],
    "strange": lambda name, data: [(name, data), *([("tiny/run.sh", b"x")] if name == "tiny/bundle.json" else [])],
    "link": lambda name, data: [(link(name) if name == "tiny/items.parquet" else name, b"/etc/passwd")],
    "twice": lambda name, data: [(name, data)] * (2 if name == "tiny/history.json" else 1),
    "others": lambda name, data: [(name.replace("tiny-dot", "elsewhere"), data)],
    "missing": lambda name, data: [] if name == "tiny/items.parquet" else [(name, data)],
    "damaged": lambda name, data: [(name, data[:50] if name == "tiny/weights.safetensors" else data)],
    "meta": lambda name, data: [(name, b"{" if name == "tiny/bundle.json" else data)],
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("kind", EVIL)
def test_a_zip_is_not_trusted(small, kind):
    source = packed(small)
    bad = changed(source, EVIL[kind])
    before = {each.name for each in small.parent.parent.rglob("*")}
    with pytest.raises(InputError) as caught:
        shelf.unpack(bad, small.parent, "taken")
    assert "\n" not in str(caught.value)
    assert {each.name for each in small.parent.parent.rglob("*")} == before


def test_a_zip_that_would_be_too_large_is_refused_before_it_is_unpacked(small, monkeypatch):
    monkeypatch.setattr(shelf, "UNPACKED_MOST", 1000)
    with pytest.raises(InputError, match="unpacked; unpack it yourself"):
        shelf.unpack(packed(small), small.parent, "taken")


def test_what_is_no_zip(tmp_path, shelf):
    (tmp_path / "a.zip").write_text("no")
    from macrid.bundle import shelf as module

    with pytest.raises(InputError, match=r"a\.zip: is no zip"):
        module.unpack(tmp_path / "a.zip", shelf, "taken")
    assert not list(shelf.iterdir())


# saving at once ----------------------------------------------------------------------------------------------------------


def test_of_many_who_save_under_one_name_one_does_and_nothing_is_mixed(bundle, tmp_path):
    """Each with labels of their own: what stands in the end is all of one."""
    done, refused, out = [], [], tmp_path / "same"
    start = threading.Barrier(6)

    def one(n):
        what = contents(bundle)
        what.meta["name"] = f"of {n}"
        start.wait()
        try:
            save(out, folder.Contents(**{**vars(what), "items": bundle.items.assign(title=f"of {n}")}), replace=False)
            done.append(n)
        except InputError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert len(refused) == 5
    assert all("there is a bundle called same already" in message for message in refused)
    saved = load(out)
    assert saved.meta["name"] == f"of {done[0]}"
    assert set(saved.items["title"]) == {f"of {done[0]}"}
    assert [path.name for path in tmp_path.iterdir()] == ["same"]


def test_names_of_known_data_are_nobodys(tmp_path):
    for name in ("ml-1m", "shop"):
        with pytest.raises(InputError, match=f"such as my-{name}"):
            realign.check_name(tmp_path, name)
    (tmp_path / "mine").mkdir()
    with pytest.raises(InputError, match="such as mine-2"):
        realign.check_name(tmp_path, "mine")
    (tmp_path / "next.partial").mkdir()  # somebody trains it
    assert realign.free_name(tmp_path, "next") == "next-2"
    for text, name in {"a b": "a-b", "../x": "x", "": "mine", "größe": "größe", "x-dot": "x-dot-2"}.items():
        assert realign.plain_name(text) == name


# comparing ---------------------------------------------------------------------------------------------------------------


def test_two_bundles_side_by_side(bundle, twin):
    same = compared.compare(bundle, bundle)
    assert same.settings == []
    assert same.difference["mean"] == 0
    assert not same.difference["significant"]
    found = compared.compare(bundle, twin)
    assert {name for name, _, _ in found.settings} >= {"similarity"}
    one, other = (each.meta["metrics"]["ndcg@100"] for each in (bundle, twin))
    assert dict((name, pair) for name, *pair in found.figures)["ndcg@100"] == [one, other]
    assert found.difference["mean"] == pytest.approx(one - other)


def test_other_people_cannot_be_compared(bundle, small):
    meta = json.loads((small / "bundle.json").read_text())
    meta["data"]["fingerprint"] = "0" * 64
    (small / "bundle.json").write_text(json.dumps(meta))
    assert compared.compare(bundle, load(small)).difference is None
