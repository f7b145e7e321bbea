"""Maps beside a sweep: what a run's map holds, the table that is kept, what does not belong together."""

import numpy as np
import pandas as pd
import pytest
from conftest import tiny_settings

from macrid.errors import InputError
from macrid.maps import projections
from macrid.model.macridvae import MacridVAE
from macrid.studies import sweep_maps


@pytest.fixture
def model(tiny_split):
    return MacridVAE(tiny_split.train.shape[1], tiny_settings(), 0)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(projections, "tsne", lambda vectors, *rest: projections.pca(vectors))


@pytest.mark.usefixtures("quick")
def test_a_map_holds_every_item_of_a_few(model, tiny_split):
    found = sweep_maps.lay_out(model, tiny_split, 0)
    assert found["at"] == list(range(len(tiny_split.items)))
    assert found["factor"] == model.factors().tolist()
    assert len(set(found["names"])) == model.settings.kfac
    xy = projections.pca(model.item_vectors())
    np.testing.assert_allclose(np.array([found["x"], found["y"]]).T, xy, atol=5e-5)


@pytest.mark.usefixtures("quick")
def test_of_many_items_every_run_has_the_same(model, tiny_split, monkeypatch):
    monkeypatch.setattr(sweep_maps, "MOST", 40)
    found = sweep_maps.lay_out(model, tiny_split, 3)
    other = sweep_maps.lay_out(MacridVAE(tiny_split.train.shape[1], tiny_settings(kfac=1), 9), tiny_split, 3)
    assert found["at"] == other["at"] == sorted(set(found["at"]))
    assert len(found["at"]) == 40
    assert found["factor"] == model.factors()[found["at"]].tolist()


def made(seed: int, turn: float = 0.0) -> dict:
    xy = np.random.default_rng(seed).uniform(-1, 1, (30, 2)) @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    return {"at": list(range(0, 60, 2)), "x": xy[:, 0].tolist(), "y": xy[:, 1].tolist(), "factor": [0, 1] * 15,
            "names": ["mugs", "lamps"]}


@pytest.fixture
def items(tiny_split) -> pd.DataFrame:
    return tiny_split.items


def test_what_was_kept_is_read_and_runs_are_turned_onto_the_first(tmp_path, items):
    out = tmp_path / "s.json"
    digest = sweep_maps.save(out, {0: made(0), 2: made(0, turn=1.0)}, items)
    assert [p.name for p in tmp_path.iterdir()] == ["s.maps.parquet"]
    found = sweep_maps.load(out, {"maps": digest})
    assert list(found["run"].unique()) == [0, 2]
    first, other = (part.reset_index(drop=True) for _, part in found.groupby("run"))
    assert list(first["title"]) == list(items["title"].iloc[::2][:30])
    assert list(first["name"]) == ["mugs", "lamps"] * 15
    assert np.abs(first[["x", "y"]] - other[["x", "y"]]).to_numpy().max() < 0.1  # the same map, turned


def test_a_table_that_is_not_there_is_none_and_another_one_is_told(tmp_path, items):
    out = tmp_path / "s.json"
    assert sweep_maps.load(out, {}) is None
    assert sweep_maps.load(out, {"maps": "0"}) is None
    sweep_maps.save(out, {0: made(0)}, items)
    assert sweep_maps.load(out, {}) is None
    with pytest.raises(InputError, match="restore both"):
        sweep_maps.load(out, {"maps": "0"})
