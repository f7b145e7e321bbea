"""What dials do to lists, on items laid out so that it is known."""

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from macrid.dials import moves
from macrid.dials.choose import Scored
from macrid.dials.wishes import Attributes

M, N = 200, 40


@pytest.fixture(scope="module")
def world():
    """One factor of three dials: along the first, films get newer; along the second, comedy gives way to action; the third
    is noise. Forty people of any taste, without a click in the way."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(M, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    genres = np.where(vectors[:, 1] > 0.3, "Action", np.where(vectors[:, 1] < -0.3, "Comedy", "Drama"))
    items = pd.DataFrame({"item_id": [str(i) for i in range(M)], "title": "a film", "category": "", "genres": genres,
                          "year": 1975 + 20 * vectors[:, 0]})
    parts = rng.normal(size=(N, 1, 3))
    parts /= np.linalg.norm(parts, axis=2, keepdims=True)
    scored = Scored(vectors.astype(np.float32), np.zeros(M, np.int64), parts.astype(np.float32), 5.0)
    return scored, np.eye(3, dtype=np.float32)[None], Attributes(items)


@pytest.fixture(scope="module")
def found(world) -> pd.DataFrame:
    scored, axes, attributes = world
    return moves.measure(scored, axes, csr_matrix((N, M), dtype=np.float32), attributes)


def of(found, dim):
    return found[found["dim"] == dim]


def test_each_dial_is_named_by_what_it_does(world, found):
    attributes = world[2]
    year, genre = (moves.label(of(found, dim), attributes) for dim in (0, 1))
    assert (year.name, year.low, year.high, year.sign) == ("year", "older", "newer", 1)
    assert {genre.low, genre.high} == {"Comedy", "Action"}
    assert genre.low == "Comedy"
    assert year.confidence > 0.9
    assert "years" in year.source


def test_a_dial_turned_around_has_its_ends_turned_around(world):
    scored, axes, attributes = world
    turned = moves.measure(scored, -axes, csr_matrix((N, M), dtype=np.float32), attributes)
    label = moves.label(of(turned, 0), attributes)
    assert (label.low, label.high, label.sign) == ("newer", "older", -1)


def test_the_change_is_that_of_the_lists(world, found):
    """Against lists made one by one from the formula, for the people who name: every other one."""
    scored, _, attributes = world
    year = attributes.of_items("year")
    low, high = np.percentile(scored.vectors[:, 0], [1, 99])
    changes = []
    for part in scored.parts[::2, 0].astype(float):
        rest = part - part[0] * np.eye(3)[0]
        rest /= np.linalg.norm(rest)
        ends = [scored.vectors @ (np.sqrt(1 - value**2) * rest + value * np.eye(3)[0]) for value in (low, high)]
        means = [year[np.argsort(-scores)[: moves.LENGTH]].mean() for scores in ends]
        changes.append(means[1] - means[0])
    row = of(found, 0).iloc[0]
    assert row["change"] == pytest.approx(np.mean(changes), rel=1e-4)
    assert row["error"] == pytest.approx(np.std(changes, ddof=1) / len(changes) ** 0.5, rel=1e-3)
    assert row["effect"] == pytest.approx(row["change"] / year.std(), rel=1e-6)


def test_names_hold_for_the_people_left_out(found):
    assert (found["change"] * found["again"] > 0).mean() >= 0.95
    assert found["holds"].between(0, 1).all()


def test_attributes_that_mean_nothing_name_nothing(world):
    """Tags thrown at random over items and seen from many dials: few are taken for what a dial does."""
    scored, axes, _ = world
    rng = np.random.default_rng(3)
    items = pd.DataFrame({"item_id": [str(i) for i in range(M)], "title": "x", "category": ""})
    found = moves.measure(scored, axes, csr_matrix((N, M), dtype=np.float32), Attributes(items))
    assert found.empty
    assert list(found.columns) == list(moves.COLUMNS)
    assert moves.label(found, {}) is None
    few = Scored(scored.vectors[:5], scored.factor[:5], scored.parts, 5.0)
    table = Attributes(items.iloc[:5].assign(year=rng.random(5)))
    assert moves.measure(few, axes, csr_matrix((N, 5), dtype=np.float32), table).empty


def test_seen_items_are_not_listed(world):
    """Who has clicked all of the newest films gets none of them: the change is smaller."""
    scored, axes, attributes = world
    newest = np.argsort(attributes.of_items("year"))[-60:]
    clicks = np.zeros((N, M), np.float32)
    clicks[:, newest] = 1
    full = moves.measure(scored, axes, csr_matrix((N, M), dtype=np.float32), attributes)
    less = moves.measure(scored, axes, csr_matrix(clicks), attributes)
    assert of(less, 0)["change"].iloc[0] < of(full, 0)["change"].iloc[0]


def test_dials_of_a_factor_are_told_apart():
    """Two that move popularity most: the weaker is named after what it moves nearly as much, if it moves anything else."""
    def rows(dim: int, **effects) -> pd.DataFrame:
        table = pd.DataFrame({"dim": dim, "attribute": list(effects), "effect": list(effects.values())})
        return table.set_index(table.index + 10 * dim)

    found = moves.told_apart([rows(0, fame=1.0, year=-0.6, war=0.3), rows(1, fame=2.0, year=1.9), rows(2, fame=0.9, war=0.2),
                              rows(3, comedy=1.5)])
    assert [(each["dim"].iloc[0], each["attribute"].iloc[0]) for each in found] == [
        (1, "fame"), (3, "comedy"), (0, "year"), (2, "fame")]
    assert list(found[2]["attribute"]) == ["year", "fame", "war"]
