"""The experiment on collapse: the same start for all, every epoch's figures, and trainings that are done once."""

import json

import pytest
from conftest import tiny_settings

from macrid.results.collapse import VARIANTS
from macrid.studies.collapse import outline, training
from macrid.training.fit import fit
from macrid.training.start import untrained

SETTINGS = tiny_settings(epochs=7)


def keyed(variant="cosine", init="glorot", seed=0):
    return {"variant": variant, "init": init, "seed": seed}


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_course_has_what_matters_of_some_epochs(tiny_split, variant):
    every = []
    found = training(tiny_split, SETTINGS, keyed(variant), 3, every.append)
    assert {key: found[key] for key in keyed()} == keyed(variant)
    assert [row["epoch"] for row in every] == list(range(1, 8))
    assert found["course"] == [row for row in every if row["epoch"] in (1, 2, 3, 6, 7)]
    for row in every:
        assert 1 <= row["effective_factors"] <= 7
        assert 1 / 7 <= row["largest_share"] <= 1
        assert 0 < row["prototype_min"] <= row["prototype_mean"] <= row["prototype_max"]
        assert 0 < row["item_mean"] <= row["item_max"]
        assert 0 <= row["nmi"] <= 1
        assert 0 <= row["ndcg@100"] <= 1


def test_it_is_the_training_that_fit_does(tiny_split):
    found = training(tiny_split, SETTINGS, keyed("dot", "spectral", 1), 1)
    history = fit(untrained(tiny_split.train, tiny_settings(epochs=7, stopping_step=7, similarity="dot"), 1), tiny_split, 1)
    assert [row["ndcg@100"] for row in found["course"]] == [round(row["ndcg@100"], 5) for row in history]
    assert training(tiny_split, SETTINGS, keyed("dot", "spectral", 1), 1) == found


def test_an_outline_says_what_was_done(tiny_split):
    found = outline(tiny_split, SETTINGS, {"tau": 0.2})
    assert (found["people"], found["items"]) == tiny_split.train.shape
    assert (found["clicks"], found["kfac"]) == (tiny_split.train.nnz, 7)
    assert (found["changes"], found["trainings"]) == ({"tau": 0.2}, [])
    assert json.loads(json.dumps(found)) == found
