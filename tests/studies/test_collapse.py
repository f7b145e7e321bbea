"""The experiment on collapse: the same start for both, what is said about it, and files that are whole."""

import json

import pytest
from conftest import tiny_settings

from macrid.errors import InputError
from macrid.results import collapse
from macrid.studies.collapse import experiment


@pytest.fixture(scope="module")
def found(tiny_split):
    return experiment(tiny_split, tiny_settings(epochs=1), (0, 1))


def test_every_similarity_from_every_start_with_every_seed(found, tiny_split):
    runs = [(row["seed"], row["init"], row["similarity"]) for row in found["rows"]]
    assert runs == [(s, i, m) for s in (0, 1) for i in ("random", "spectral") for m in ("cosine", "dot")]
    assert (found["people"], found["items"]) == tiny_split.train.shape
    for row in found["rows"]:
        assert set(row["figures"]) == {"effective_factors", "nmi", "ndcg@100", "length"}
    assert json.loads(json.dumps(found)) == found


def test_two_runs_give_the_same_numbers(found, tiny_split):
    assert experiment(tiny_split, tiny_settings(epochs=1), (0,))["rows"] == found["rows"][:4]


def rows(**values):
    """{"random cosine": [(factors, nmi), ...]} as rows."""
    return [{"similarity": name.split("_")[1], "init": name.split("_")[0], "seed": seed,
             "figures": {"effective_factors": f, "nmi": n}}
            for name, pairs in values.items() for seed, (f, n) in enumerate(pairs)]


MADE_UP = {"kfac": 7, "seeds": [0, 1], "rows": rows(
    random_cosine=[(6.5, 0.5), (6.7, 0.7)], random_dot=[(3.0, 0.55), (2.0, 0.65)],
    spectral_cosine=[(7.0, 0.8), (7.0, 0.8)], spectral_dot=[(7.0, 0.9), (7.0, 0.9)])}


def test_mean_and_spread():
    assert collapse.mean_and_spread(MADE_UP["rows"], "dot", "random", "effective_factors") == pytest.approx((2.5, 0.5**0.5))
    one = rows(random_dot=[(3.0, 0.5)])
    assert collapse.mean_and_spread(one, "dot", "random", "nmi") == (0.5, 0.0)


def test_the_sentence_says_what_came_out():
    first, second = collapse.sentence(MADE_UP).split("; ")
    assert first.startswith("Over 2 seeds: from the random start, effective factors (of 7) higher with cosine (6.60 ± 0.14 "
                            "with cosine, 2.50 ± 0.71 with the dot product)")
    assert "NMI alike (0.6" in first
    assert "effective factors (of 7) alike (7.00 ± 0.00" in second
    assert "NMI higher with the dot product (0.800 ± 0.000 with cosine, 0.900" in second


def test_what_is_steady_but_tiny_is_no_difference():
    steady = MADE_UP | {"rows": rows(random_cosine=[(7.0, 0.5)] * 2, random_dot=[(6.98, 0.5)] * 2,
                                     spectral_cosine=[(7.0, 0.5)] * 2, spectral_dot=[(6.5, 0.5)] * 2)}
    first, second = collapse.sentence(steady).split("; ")
    assert "effective factors (of 7) alike (7.00 ± 0.00 with cosine, 6.98" in first
    assert "effective factors (of 7) higher with cosine" in second


def test_files(tmp_path):
    path = tmp_path / "collapse.json"
    path.write_text(json.dumps({"format": 1, "experiments": [MADE_UP]}))
    assert collapse.load(path) == [MADE_UP]
    for damage in ("{", "[]", '{"format": 2, "experiments": []}', '{"format": 1}', '{"format": 1, "experiments": [{}]}',
                   '{"format": 1, "experiments": 5}'):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"collapse\.json"):
            collapse.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        collapse.load(tmp_path / "none.json")
