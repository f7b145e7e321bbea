"""kfac: auto: the knee of a curve, a shop's categories are found, what people do not tell, what is kept of it."""

import json
import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from conftest import tiny_settings

from macrid.data import shop, split
from macrid.errors import InputError, InputWarning
from macrid.measures.coherence import Coherence, coherence, over_people
from macrid.measures.evaluate import unseen
from macrid.training import choose_kfac
from macrid.training.start import untrained


@pytest.fixture(scope="module")
def shop_split():
    return split.strong(split.to_clicks(shop.simulate(n_items=350, n_people=1500, seed=0).data), seed=0)


def curve(means, spread=0.0, drawing=0.001):
    """Figures with each of ten groups of people left out: all higher or lower by as much, at every other place the other way
    round."""
    group = np.where(np.arange(10) % 2, spread, -spread)
    rows = [(mean, mean + group * (-1) ** place) for place, mean in enumerate(means)]
    return [Coherence(mean, math.hypot(over_people(without), drawing), drawing, tuple(without)) for mean, without in rows]


def test_the_knee_of_a_curve():
    rising = np.array([0.3, 0.4, 0.5, 0.6, 0.61, 0.62, 0.63])
    assert choose_kfac.knee(curve(rising)) == 3
    assert choose_kfac.knee(curve(rising + 5)) == 3
    assert choose_kfac.knee(curve(np.linspace(0.3, 0.6, 7))) is None  # straight
    assert choose_kfac.knee(curve(rising[::-1] * 0 + 0.5)) is None  # flat
    assert choose_kfac.knee(curve(np.where(np.arange(7) == 2, np.nan, rising))) is None


def test_a_knee_counts_if_it_is_clear():
    """It stands 0.135 above the line. Drawing has an error of hypot(1, 1/2, 1/2) of each; people one of sqrt(9) x 2 spreads,
    as they raise the place by one and the line's ends, which stand at even places, lower by one."""
    rising = np.array([0.3, 0.4, 0.5, 0.6, 0.61, 0.62, 0.63])
    assert rising[3] - (0.3 + 0.63) / 2 == pytest.approx(0.135)
    for drawing, found in ((0.135 / 3 / 1.5**0.5 * 0.99, 3), (0.135 / 3 / 1.5**0.5 * 1.01, None)):
        assert choose_kfac.knee(curve(rising, drawing=drawing)) == found
    for spread, found in ((0.135 / 3 / 6 * 0.99, 3), (0.135 / 3 / 6 * 1.01, None)):
        assert choose_kfac.knee(curve(rising, spread=spread, drawing=0)) == found
    same = [one._replace(without=tuple(one.mean + np.linspace(-1, 1, 10))) for one in curve(rising)]
    assert choose_kfac.knee(same) == 3  # what people do alike to all figures does not matter


def test_of_a_plateau_the_first_place_is_taken():
    """Both ends of the line and the places 2 to 5, which are above it by 0.1, 0.099, 0.1 and 0.101."""
    means = np.linspace(0.3, 0.6, 8) + np.array([0, 0.05, 0.1, 0.099, 0.1, 0.101, 0.05, 0])
    assert choose_kfac.knee(curve(means, drawing=0.005)) == 2
    assert choose_kfac.knee(curve(means, drawing=0.0001)) == 5


def test_it_finds_the_categories_of_a_shop(shop_split):
    settings = tiny_settings(kfac=3, embedding_size=16)
    choice = choose_kfac.choose(shop_split, settings, 0)
    assert (choice.kfac, choice.clear) == (7, True)  # the shop has seven
    assert list(choice.coherence) == list(range(4, 21))
    model = untrained(shop_split.train, replace(settings, kfac=7), 0)
    assert choice.coherence[7].mean == pytest.approx(coherence(model.factors(), unseen(shop_split.validation), 0).mean)
    assert choose_kfac.choose(shop_split, settings, 0) == choice


def test_what_is_kept_of_it(shop_split):
    settings = tiny_settings(kfac=3, embedding_size=16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        settled, record = choose_kfac.settle(settings, shop_split)
    assert settled == replace(settings, kfac=7)
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert (record["kfac"], record["clear"], len(record["candidates"])) == (7, True, 17)
    assert set(record["candidates"][0]) == {"kfac", "coherence", "se"}


def test_people_who_do_not_tell_leave_the_preset_alone(tiny_split):
    held = tiny_split.validation
    few = replace(held, user_ids=held.user_ids[:3], fold_in=held.fold_in[:3], answers=held.answers[:3], seen=held.seen[:3])
    with pytest.warns(InputWarning, match="3 validation people do not tell .* 5 are taken; hold out more"):
        settled, record = choose_kfac.settle(tiny_settings(kfac=5), replace(tiny_split, validation=few))
    assert settled.kfac == record["kfac"] == 5
    assert not record["clear"]
    assert record["candidates"][0] == {"kfac": 4, "coherence": None, "se": None}


def test_a_split_without_unseen_people_is_refused(tiny_clicks):
    with pytest.raises(InputError, match="set kfac to a number"):
        choose_kfac.settle(tiny_settings(), split.recbole(tiny_clicks))


def test_auto_is_taken_out_of_changes():
    assert choose_kfac.without_auto({"kfac": "auto", "tau": 1}) == ({"tau": 1}, True)
    assert choose_kfac.without_auto({"kfac": 7}) == ({"kfac": 7}, False)
    assert choose_kfac.without_auto(None) == ({}, False)
