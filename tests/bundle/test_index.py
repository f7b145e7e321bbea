"""Lists by an index: those of all items, from a stand-in that finds as faiss does; the index's file and its faults."""

import sys

import numpy as np
import pytest
import torch
from commands import mistake, run
from conftest import random_clicks

from macrid.bundle import INDEX, load, person
from macrid.bundle.optional_files import write_index
from macrid.dials import steered_scores
from macrid.errors import InputError
from macrid.files import write_tensors
from macrid.model.linear_path import LinearPath, LinearRow
from macrid.pipeline.batch import Ask, Lister
from macrid.retrieval import index as indexes
from macrid.retrieval.index import Clusters


class StandIn:
    """What an `ItemIndex` does, by all items; counts how often it is asked."""

    def __init__(self, scored):
        self.scored, self.asked = scored, 0

    def near(self, parts, count, sure):
        self.asked += 1
        t = self.scored
        scores = parts @ t.vectors.T * t.scale + t.log_c.T + t.bias  # (Q, K, M)
        return np.unique(np.append(np.argsort(-scores, axis=2)[:, :, : 2 * count], sure))


@pytest.fixture
def indexed(trained, monkeypatch):
    """The small bundle with a linear path, and the same with an index."""
    monkeypatch.setattr(steered_scores, "BLOCK", 50)
    plain, with_index = load(trained), load(trained)
    for each in (plain, with_index):
        told = random_clicks(len(each.items), len(each.items), 0.05, 3)
        each.model.linear = LinearPath(told, 0.7, np.linspace(-1, 0, len(each.items), dtype=np.float32))
    with_index.__dict__["index"] = StandIn(with_index.scored)
    return plain, with_index


def test_lists_are_those_of_all_items(indexed, monkeypatch):
    plain, with_index = indexed
    names = list(plain.wishes.attributes)
    asked = [{}, {"dials": {(0, 1): 0.6, (2, 0): -0.3}}, {"dials": {(1, 0): -0.7}, "strength": 0.4},
             {"wishes": {names[0]: 1.0}}, {"wishes": {names[1]: -0.5, names[-1]: 0.8}, "dials": {(0, 0): 0.5}},
             {"hide_seen": False, "without": [3, 5]}, {"factor": 1, "wishes": {names[0]: 0.4}}]
    for who in plain.people[:3]:
        for each in asked:
            wanted, found = (b.steer(user=who, **{"n": 12, **each}).after for b in indexed)
            assert list(found["index"]) == list(wanted["index"]), each
            np.testing.assert_allclose(found["score"], wanted["score"], rtol=1e-5)
    assert with_index.index.asked == 3 * len(asked) + 3 * 3  # each list before, and the three after without a wish
    before = with_index.index.asked
    monkeypatch.setattr(person, "MOST_LISTED", 11)
    with_index.steer(user=plain.people[0], n=12)
    assert with_index.index.asked == before  # a longer list is made of all items


def test_lists_for_many_are_those_of_each(indexed):
    plain, _ = indexed
    wish = next(iter(plain.wishes.attributes))
    for ask in (Ask(), Ask(((wish, 0.7),))):
        wanted, found = (Lister(b, 10).lists(b.shown_clicks()[:4], ask) for b in indexed)
        np.testing.assert_array_equal(found[0], wanted[0])
        np.testing.assert_allclose(found[1], wanted[1], rtol=1e-4)


def test_what_the_linear_path_adds_for_one_person():
    clicks, bias = random_clicks(1, 30, 0.2, 1), np.arange(30, dtype=np.float32)
    path = LinearPath(random_clicks(30, 30, 0.1, 2) - random_clicks(30, 30, 0.1, 4), 1.5, bias)
    row, wanted = path.row(clicks), path.scores(clicks)[0]
    np.testing.assert_array_equal(row.all, wanted)
    np.testing.assert_array_equal(row.at(np.array([29, 0, 7, 7])), wanted[[29, 0, 7, 7]])
    np.testing.assert_array_equal(row.lifted, np.flatnonzero(wanted > bias))
    np.testing.assert_array_equal(LinearRow.nothing(4).at(np.array([1, 3])), [0, 0])


def test_what_is_wrong_with_an_index_is_said(spoiled, bundle, monkeypatch):
    size, count = bundle.settings.embedding_size + bundle.settings.kfac + 1, len(bundle.items)
    fits = Clusters(np.zeros((2, size), np.float32), np.zeros(count, np.int32), "ab" * 32)
    write_index(spoiled / INDEX, fits)
    monkeypatch.setattr(indexes, "WORTH", 100)
    monkeypatch.setattr(indexes, "installed", lambda: True)
    opened = load(spoiled)
    assert np.array_equal(opened.clusters.of, fits.of)
    assert opened.index is None  # of other weights
    for broken in (Clusters(fits.means[:, 1:].copy(), fits.of, "ab"), Clusters(fits.means, fits.of + 2, "ab"),
                   Clusters(fits.means * np.nan, fits.of, "ab"), Clusters(fits.means, fits.of[1:], "ab")):
        write_index(spoiled / INDEX, broken)
        with pytest.raises(InputError, match=rf"{INDEX} does not have one of some clusters .* `macrid index` makes it"):
            load(spoiled)
    write_tensors(spoiled / INDEX, {"of": torch.zeros(count)})
    with pytest.raises(InputError, match=f"{INDEX} holds no index"):
        load(spoiled)
    (spoiled / INDEX).unlink()
    monkeypatch.setitem(sys.modules, "faiss", None)
    assert "pip install 'macrid[retrieval]'" in mistake("index", spoiled)
    monkeypatch.undo()
    assert "an index pays from 500,000 on" in mistake("index", spoiled)
    assert run("info", spoiled)[0] == 0
