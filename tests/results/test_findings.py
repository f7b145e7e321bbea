"""What a sweep says: trends against a slow version, curves, sentences that follow the figures."""

import numpy as np
import pytest
from scipy import stats

from macrid.results import findings


def a_sweep(rows, **changes):
    """A sweep in the layout of macrid.results.file: rows of (settings, NDCG@100, independence, further figures)."""
    points = [{"settings": settings, "training": {},
               "figures": {"ndcg@100": ndcg, "ndcg@100_se": 0.01, "independence": independence} | more}
              for settings, ndcg, independence, more in rows]
    return {"main": "ndcg@100", "settings": {"kfac": 7}, "points": points} | changes


BETAS = (0.1, 0.2, 0.5, 1.0, 2.0)
RISING = a_sweep([({"anneal_cap": b, "kfac": k}, 0.35 + 0.02 * i if k == 7 else 0.3, 0.5 + 0.1 * i, {})
                  for i, b in enumerate(BETAS) for k in (7, 1)])


# trends ------------------------------------------------------------------------------------------------------------------


def test_the_trend_is_least_squares_with_its_confidence_band():
    rng = np.random.default_rng(0)
    x = rng.uniform(size=9)
    y = 2 * x + rng.normal(size=9)
    found = findings.trend(x, y)
    line = stats.linregress(x, y)
    np.testing.assert_allclose(found.mean, line.intercept + line.slope * found.x)
    # the band from the covariance of the coefficients, (X'X)^-1 s^2
    design = np.stack([np.ones(9), x], axis=1)
    s2 = ((y - design @ np.linalg.lstsq(design, y, rcond=None)[0]) ** 2).sum() / 7
    covariance = np.linalg.inv(design.T @ design) * s2
    half = [stats.t.ppf(0.975, 7) * np.sqrt(np.array([1, g]) @ covariance @ np.array([1, g])) for g in found.x]
    np.testing.assert_allclose(found.high - found.mean, half)
    np.testing.assert_allclose(found.mean - found.low, half)
    rho = stats.spearmanr(x, y)
    assert (found.rho, found.p, found.n) == (pytest.approx(rho.statistic), pytest.approx(rho.pvalue), 9)


@pytest.mark.parametrize(("x", "y"), [([], []), ([1, 2, 3], [1, 2, 3]), ([1, 1, 1, 1], [1, 2, 3, 4])])
def test_without_spread_there_is_no_trend(x, y):
    assert findings.trend(np.array(x, float), np.array(y, float)) is None


def test_a_level_line_has_no_rank_correlation():
    found = findings.trend(np.arange(5.0), np.full(5, 0.4))
    assert (found.rho, found.p) == (0.0, 1.0)


# curves ------------------------------------------------------------------------------------------------------------------


def test_a_curve_for_each_number_of_factors():
    seven, one = findings.curves(RISING, "independence")
    assert (seven.name, one.name) == ("K = 7", "K = 1")
    assert seven.at == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(seven.x, [0.5, 0.6, 0.7, 0.8, 0.9])
    np.testing.assert_allclose(one.y, [0.3, 0.3, 0.3, 0.3, 0.3])
    assert (seven.error == 0.01).all()


def test_k_that_the_grid_does_not_name_is_that_of_the_settings():
    curve, = findings.curves(a_sweep([({"tau": t}, 0.3, 0.5, {}) for t in (0.1, 0.2)]), "independence")
    assert curve.name == "K = 7"
    assert curve.trend is None


def test_measures_that_are_known():
    some = a_sweep([({"tau": 0.1}, 0.3, 0.5, {"macro": {"mig": 0.2}}), ({"tau": 0.2}, 0.3, 0.5, {})])
    assert findings.measures(some) == ["independence", "macro.mig"]
    curve, = findings.curves(some, "macro.mig")
    assert curve.at == [0]
    assert findings.figure(some["points"][0], "micro.mig") is None


# sentences ---------------------------------------------------------------------------------------------------------------


def test_the_sentences_agree_or_disagree_with_the_poster_as_the_runs_do():
    rising, level = findings.curves(RISING, "independence")
    said = findings.linked(rising, "independence", "ndcg@100")
    assert "more accurate runs are more disentangled, as the poster says" in said
    assert "p < 0.001" in said
    assert "no link can be seen" in findings.linked(level, "independence", "ndcg@100")
    falling = a_sweep([({"tau": i}, 0.5 - 0.1 * i, 0.5 + 0.1 * i, {}) for i in range(5)])
    curve, = findings.curves(falling, "independence")
    assert "*less* disentangled, against the poster" in findings.linked(curve, "independence", "ndcg@100")
    short, = findings.curves(a_sweep([({"tau": 1}, 0.5, 0.5, {})]), "independence")
    assert "too few" in findings.linked(short, "independence", "ndcg@100")


def test_macro_helps_micro_is_measured_over_pairs_that_differ_in_nothing_else():
    rows = [({"anneal_cap": b, "kfac": k}, 0.4 if k == 7 else 0.3, 0.9 if k == 7 and b < 1 else 0.8, {})
            for b in (0.1, 0.5, 1.0) for k in (7, 1)]
    said = findings.macro_helps(a_sweep([*rows, ({"anneal_cap": 9, "kfac": 7}, 0.0, 0.0, {})]))
    assert said == ("K = 7 against K = 1, all else equal: NDCG@100 +0.100 (higher in 3 of 3) and independence +0.067 "
                    "(higher in 2 of 3) on average.")
    assert findings.macro_helps(a_sweep([({"kfac": 7}, 0.3, 0.5, {})])) is None
    assert findings.macro_helps(a_sweep([({"kfac": 1}, 0.3, 0.5, {})])) is None


def test_settings_are_named_by_their_signs():
    assert findings.named({"settings": {"anneal_cap": 2.0, "kfac": 7, "epochs": 3}}) == "β = 2, K = 7, epochs = 3"
