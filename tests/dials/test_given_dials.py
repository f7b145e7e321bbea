"""Names that people gave to dials, when the axes change."""

import numpy as np

from macrid.dials import given_dials

AXES = np.stack([np.eye(3)] * 2)
NAMED = [{"factor": 0, "dim": 1, "attribute": "mood", "low": "dark", "high": "bright"},
         {"factor": 1, "dim": 2, "attribute": "size", "low": "small", "high": "large"}]


def test_a_name_follows_its_direction():
    after = AXES[:, :, [2, 0, 1]].copy()
    after[1] *= -1
    assert given_dials.carried(NAMED, AXES, after, {}) == [NAMED[0] | {"dim": 2}, NAMED[1] | {"dim": 0, "low": "large",
                                                                                             "high": "small"}]
    assert given_dials.carried(NAMED, AXES, AXES, {}) == NAMED


def test_a_name_goes_with_its_direction_or_gives_way_to_what_was_learned():
    half = np.sqrt(0.5)
    turned = AXES.copy()
    turned[0] = [[half, -half, 0], [half, half, 0], [0, 0, 1]]
    assert given_dials.carried(NAMED, AXES, turned, {}) == NAMED[1:]
    assert given_dials.carried(NAMED, AXES, AXES, {(0, 1): {"attribute": "price"}}) == NAMED[1:]
    assert given_dials.carried(NAMED, AXES, AXES, {(1, 0): {"attribute": "size"}}) == NAMED[:1]
