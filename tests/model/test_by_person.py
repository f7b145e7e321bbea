"""Products of clicks with what their people have, both ways, against loops over clicks written from the formulas."""

import pytest
import torch

from macrid.model import by_person

SPANS = [0, 0, 3, 4, 4, 9]  # of five people, two of whom have no click
WHOSE = [1, 1, 1, 2, 4, 4, 4, 4, 4]


@pytest.fixture
def drawn():
    """share (e, K), rows (e, H), of_person (B, K, H)."""
    g = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=g, dtype=torch.float64) for shape in ((9, 3), (9, 4), (5, 3, 4)))


@pytest.mark.parametrize("way", ["singly", "together"])
def test_products_of_clicks(drawn, way):
    share, rows, of_person = drawn
    sums, sparse, parts = torch.zeros(5, 3, 4), torch.zeros(9, 4), torch.zeros(9, 3)
    sums, sparse, parts = (t.double() for t in (sums, sparse, parts))
    for e, u in enumerate(WHOSE):
        for k in range(3):
            sums[u, k] += share[e, k] * rows[e]
            sparse[e] += share[e, k] * of_person[u, k]
            parts[e, k] = rows[e] @ of_person[u, k]
    for name, given, wanted in (("spread", (share, of_person), sparse), ("products", (rows, of_person), parts),
                                ("gathered", (share, rows), sums)):
        torch.testing.assert_close(getattr(by_person, f"_{name}_{way}")(*given, SPANS), wanted)


def test_a_processor_takes_person_by_person(drawn, monkeypatch):
    share, _, of_person = drawn
    monkeypatch.setattr(by_person, "_spread_singly", lambda *given: "one by one")
    assert by_person.spread(share, of_person, SPANS) == "one by one"


def test_people_are_taken_together_up_to_so_many_clicks():
    assert list(by_person.some_people(SPANS, 4)) == [
        (slice(0, 4), slice(0, 4), [0, 0, 3, 4, 4]), (slice(4, 5), slice(4, 9), [0, 5])]
