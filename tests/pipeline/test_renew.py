"""A bundle's model over newer data: what is known stays, what is new is placed, what is gone leaves, and it is said."""

import numpy as np
import pandas as pd
import pytest
from commands import answer, mistake, quick, run  # noqa: F401 (quick is a fixture)
from scipy.sparse import csr_matrix

from macrid.bundle import load
from macrid.pipeline import renew

NEW = "brand-new"


@pytest.fixture(scope="module")
def newer(bundle, tmp_path_factory):
    """The held-out people, and others: 60 who bought the new item with some of the first one's factor, and 8 who bought all
    of the old ones. The item that is gone nobody has."""
    folder = tmp_path_factory.mktemp("newer")
    users = bundle.users[["user_id", "item_id"]].drop_duplicates()
    rng = np.random.default_rng(0)
    mine = bundle.items["item_id"].to_numpy(object)[bundle.factor == bundle.factor[0]]
    fresh = [(f"fresh-{n}", item) for n in range(60) for item in [*rng.choice(mine, 6, replace=False), NEW]]
    everywhere = [(f"steady-{n}", item) for n in range(8) for item in bundle.items["item_id"]]
    clicks = pd.concat([users, pd.DataFrame([*fresh, *everywhere], columns=users.columns)])
    clicks[clicks["item_id"] != gone(bundle)].to_csv(folder / "clicks.csv", index=False)
    bundle.items[["item_id", "title", "category"]].to_csv(folder / "items.csv", index=False)
    return folder


def gone(bundle):
    return bundle.items["item_id"].iloc[3]


@pytest.fixture(scope="module")
def placed(bundle, newer, tmp_path_factory):
    """Without a training."""
    out = tmp_path_factory.mktemp("renewed") / "placed"
    status, _, err = run("train", "--data", newer, "--from", bundle.path, "--out", out, "--set", "epochs=0",
                         "--min-clicks", 2, "--set", "linear_weight=0", "--set", "popularity_power=0")
    assert status == 0, err
    return load(out), err


def test_known_items_keep_what_they_have(bundle, placed):
    found, _ = placed
    at = bundle.item_ids.get_indexer(found.items["item_id"])
    kept = at >= 0
    assert kept.sum() == len(bundle.items) - 1
    np.testing.assert_allclose(found.vectors[kept], bundle.vectors[at[kept]], atol=1e-6)
    np.testing.assert_array_equal(found.factor[kept], bundle.factor[at[kept]])
    clicks = csr_matrix((np.random.default_rng(1).random((5, len(found.items))) < 0.05) * kept, dtype=np.float32)
    theirs = csr_matrix(clicks.toarray()[:, kept] @ np.eye(len(bundle.items), dtype=np.float32)[at[kept]])
    np.testing.assert_allclose(found.model.mixture(clicks)[:, kept], bundle.model.mixture(theirs)[:, at[kept]], atol=1e-4)


def test_factors_names_and_dials_are_kept(bundle, placed):
    found, _ = placed
    assert [factor.name for factor in found.factors] == [factor.name for factor in bundle.factors]
    np.testing.assert_array_equal(found.axes, bundle.axes)
    assert found.meta["axes"] == bundle.meta["axes"]
    assert set(found.people) <= set(bundle.people)  # the same are held out
    assert len(found.people) > 0.8 * len(bundle.people)


def test_a_new_item_goes_where_people_clicked_it(bundle, placed):
    found, err = placed
    new = found.positions([NEW])[0]
    assert found.factor[new] == found.factor[found.positions([bundle.items["item_id"].iloc[0]])[0]]
    moved = found.meta["renewed"]
    assert moved["items"] == {"kept": len(bundle.items) - 1, "new": 1, "gone": 1}
    assert (moved["trained"], moved["gone_items"]) == (False, [gone(bundle)])
    assert moved["new_items"][0]["item_id"] == NEW
    for words in (f"{len(bundle.items) - 1} items kept, 1 new, 1 gone ({gone(bundle)})", f"new: {NEW} is placed in",
                  "0 items have another factor", "its weights are kept"):
        assert words in err
    assert found.recommend([NEW], n=3)["item_id"].is_unique


def test_training_goes_on(bundle, newer, tmp_path):
    status, _, err = run("train", "--data", newer, "--from", bundle.path, "--out", tmp_path / "b", "--min-clicks", 2,
                         "--set", "epochs=2", "--set", "learning_rate=1e-4", "--set", "linear_weight=0")
    assert status == 0, err
    found = load(tmp_path / "b")
    moved, history = found.meta["renewed"], found.history
    assert len(history) == 2
    assert moved["trained"] == ("degrees in the median" in err)
    assert moved["degrees"]["median"] < 10
    assert history[0]["beta"] == found.settings.anneal_cap  # at full weight from the first step


def test_items_that_nobody_clicked_with_known_ones_go_with_their_category(bundle):
    categories = bundle.items["category"].to_numpy(object)
    items = pd.DataFrame({"item_id": [*bundle.items["item_id"], "a", "b"], "category": [*categories, categories[0], ""]})
    train = csr_matrix(np.eye(len(items), dtype=np.float32))  # nobody has two items

    class Split:
        pass

    split = Split()
    split.train, split.items = train, items
    at = np.append(np.arange(len(bundle.items)), [-1, -1])
    among = renew._neighbours(split, at, bundle).toarray()
    np.testing.assert_allclose(among.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(among[0] > 0, categories == categories[0])
    assert (among[1] > 0).all()


@pytest.mark.parametrize(("more", "named"), [
    (("--set", "kfac=3"), "kfac is that of"), (("--twin", "dot"), "--twin"), (("--set", "epoch=3"), "did you mean"),
    (("--set", "embedding_size=9"), "without --from")])
def test_what_cannot_change(bundle, newer, tmp_path, more, named):
    assert named in mistake("train", "--data", newer, "--from", bundle.path, "--out", tmp_path / "b", *more)
    assert not list(tmp_path.iterdir())


def test_one_process(bundle, newer, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert "without torchrun" in mistake("train", "--data", newer, "--from", bundle.path, "--out", tmp_path / "b")


def test_other_items_and_the_bundle_itself(bundle, newer, tmp_path):
    (tmp_path / "other.csv").write_text("user_id,item_id\n" + "".join(f"u{u},x{i}\n" for u in range(30) for i in range(6)))
    status, _, err = run("train", "--data", tmp_path / "other.csv", "--from", bundle.path, "--out", tmp_path / "b")
    assert status == 2
    assert "others are, and if it was trained on them, the figures flatter it" in err
    assert "shares 0 items" in err
    assert "never changed" in mistake("train", "--data", newer, "--from", bundle.path, "--out", bundle.path)


def test_people_are_folded_in_from_a_file(bundle, newer, tmp_path):
    """What is recommended to somebody by a file is what is recommended by the items in it."""
    ids = bundle.items["item_id"].tolist()[:4]
    (tmp_path / "mine.csv").write_text("user_id,item_id\n" + "".join(f"me,{i}\n" for i in [*ids, "nothing"]))
    by_file = answer("recommend", bundle.path, "--history", tmp_path / "mine.csv")
    assert by_file == answer("recommend", bundle.path, "--items", ",".join(ids))
    assert "1 of 5 items are not in" in run("recommend", bundle.path, "--history", tmp_path / "mine.csv")[2]
    assert "--user" in mistake("recommend", bundle.path, "--history", newer / "clicks.csv")
    assert "'nobody'" in mistake("recommend", bundle.path, "--history", newer / "clicks.csv", "--user", "nobody")
    assert answer("steer", bundle.path, "--history", newer / "clicks.csv", "--user", "fresh-1", "--factor", 0, "--turn",
                  "0=0.5")["items"]
    (tmp_path / "none.csv").write_text("user_id,item_id\nme,nothing\n")
    assert "none of the 1 items" in mistake("recommend", bundle.path, "--history", tmp_path / "none.csv")
