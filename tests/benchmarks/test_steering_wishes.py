"""The benchmarks of wishes and of names: lists at no strength, more and less, and counts."""

import numpy as np
import steering_names
import steering_wishes
import trade_off


def test_wishes_lead_from_the_own_list_to_the_segment():
    rng = np.random.default_rng(0)
    own, segment = rng.normal(size=(5, 80)), np.arange(80) % 3 == 0
    seen = np.zeros((5, 80), bool)
    seen[:, :4] = True
    lists = steering_wishes._wished(own, np.where(segment, 1.5, -0.7), seen, trade_off.STRENGTHS)
    for at, scores in zip(lists[0], own, strict=True):
        assert at.tolist() == [i for i in np.argsort(-scores) if i >= 4][:20]
    assert segment[lists[-1]].mean() > segment[lists[0]].mean()
    told = steering_wishes._less(own, np.where(segment, 1.5, -0.7), seen, rng.random((5, 80)) < 0.2, segment)
    assert told["share_none"] <= told["share_less"] <= told["share_before"]


def test_names_are_counted(bundle):
    found = steering_names.measure(bundle)
    assert found["shown"]["dials"] == 35
    assert found["all"]["dials"] == 56
    assert found["shown"]["named"] <= found["all"]["named"] == len(bundle.moves.groupby(["factor", "dim"]))
    assert 0 <= found["shown"]["signs"] <= 1
    assert found["fewest_of_a_factor"] <= 5
