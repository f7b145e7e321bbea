"""Names that somebody gave: those with items come first, the others where a tag or the last place tells."""

import numpy as np
import pandas as pd

from macrid.dials.given_names import names_of_factors
from macrid.dials.names import name_factors

FACTOR = np.repeat([0, 1, 2], 10)
ITEMS = pd.DataFrame({"item_id": [f"i{i}" for i in range(30)], "title": [f"title {i}" for i in range(30)],
                      "category": ["shoes"] * 10 + ["bags"] * 10 + ["lamps"] * 10})


def test_a_tag_tells_which_factor_is_meant():
    assert names_of_factors(("mine",), ("Lamps", "BAGS"), FACTOR, 3, ITEMS) == ["mine", "BAGS", "Lamps"]


def test_the_last_name_is_that_of_the_last_factor():
    assert names_of_factors(("a", "b"), ("anything",), FACTOR, 3, ITEMS) == ["a", "b", "anything"]
    assert names_of_factors(("a",), ("nothing", "tells"), FACTOR, 3, ITEMS) == ["a", None, None]
    assert names_of_factors(("a",), (), FACTOR, 3, ITEMS) == ["a", None, None]


def test_other_factors_are_named_as_ever_and_differ():
    certain = np.ones(30)
    alone = [factor.name for factor in name_factors(ITEMS, FACTOR, certain, 3)]
    assert alone == ["Shoes", "Bags", "Lamps"]
    named = [factor.name for factor in name_factors(ITEMS, FACTOR, certain, 3, None, ["Bags", None, None])]
    assert named[0] == "Bags"
    assert len(set(named)) == 3
    assert named[2] == "Lamps"
