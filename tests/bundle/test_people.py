"""People found by what they like."""

import numpy as np

from macrid.bundle.people import People

ITEMS = ["alien", "aliens", "fargo", "casablanca"]
PEOPLE = People({"7": np.array([0, 1]), "70": np.array([0, 2, 3]), "8": np.array([2]), "9": np.array([3, 0, 1, 2])},
                lambda text, n: [i for i, title in enumerate(ITEMS) if title.startswith(text.strip())][:n])


def test_those_who_like_most_of_it_come_first():
    assert [user for user, _ in PEOPLE.find("alien, fargo", 9)] == ["9", "70", "7", "8"]  # both; then one of the two
    assert [user for user, _ in PEOPLE.find("casablanca", 9)] == ["70", "9"]  # the larger share of the history first
    assert PEOPLE.find("alien", 1)[0][1].tolist() == [0, 1]  # what was meant
    assert PEOPLE.find("zebra", 9) == []


def test_by_number():
    assert [user for user, _ in PEOPLE.find("7", 9)] == ["7", "70"]
    assert [user for user, _ in PEOPLE.find("", 2)] == ["7", "70"]
