"""What the linear path is said to take: as much as was measured, and in words."""

import json
from pathlib import Path

import pytest
from conftest import random_clicks

from macrid.training.linear_path import MOST_DENSE
from macrid.training.linear_path_cost import Cost, cost, cost_of, pairs

MEASURED = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "linear-path-cost.json"
POINTS = json.loads(MEASURED.read_text(encoding="utf-8"))["points"]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point['items']:,} items")
def test_it_is_what_was_measured(point):
    """Within a factor of two, of dense and of neighbours; the choice of the weight, measured apart, counts in neither."""
    told = cost_of(point["items"], point["clicks"], point["pairs"], 0, 1)
    assert point["seconds"] / 2 < told.seconds < point["seconds"] * 2
    if point["share"] == 1:
        assert point["bytes"] / 2 < told.bytes < point["bytes"] * 2


def test_dense_and_neighbours_are_both_measured():
    assert {point["items"] <= MOST_DENSE for point in POINTS if point["share"] == 1} == {True, False}


def test_the_choice_of_the_weight_counts():
    point = next(point for point in POINTS if "weight" in point)
    sizes = point["items"], point["clicks"], point["pairs"]
    choosing = cost_of(*sizes, point["weight"]["people"], point["weight"]["tried"]).seconds - cost_of(*sizes, 0, 1).seconds
    assert point["weight"]["seconds"] / 2 < choosing < point["weight"]["seconds"] * 2


def test_what_is_counted():
    clicks = random_clicks(40, 30, 0.2)
    assert pairs(clicks) == sum(int(row.sum()) ** 2 for row in clicks)
    assert cost(clicks, 7, 13) == cost_of(30, clicks.nnz, pairs(clicks), 7, 13)
    assert cost(clicks, 7, 1) == cost_of(30, clicks.nnz, pairs(clicks), 0, 1)  # nothing to choose


@pytest.mark.parametrize(("told", "words"), [
    (Cost(3489, 3.6, 4.1e8), "3,489 items, dense, about 0.4 GB and 4 seconds"),
    (Cost(10_000, 55, 3.4e9), "10,000 items, dense, about 3.4 GB and 55 seconds"),
    (Cost(100_000, 240, 1.24e9), "100,000 items, 200 neighbours each, about 1.2 GB and 4 minutes"),
    (Cost(10**6, 9000, 3e9), "1,000,000 items, 200 neighbours each, about 3.0 GB and 2.5 hours"),
    (Cost(100, 0.001, 10.0), "100 items, dense, about 0.1 GB and 1 second")])
def test_words(told, words):
    assert told.text == words
