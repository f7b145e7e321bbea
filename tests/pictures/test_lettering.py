"""Titles are tidied as people write them, and set as large as fits."""

import pytest

from macrid.data.titles import tidy_title
from macrid.pictures.lettering import fit_title


@pytest.mark.parametrize(
    ("raw", "tidy"),
    [
        ("Heat (1995)", ("Heat", 1995)),
        ("Usual Suspects, The (1995)", ("The Usual Suspects", 1995)),
        ("City of Lost Children, The (Cité des enfants perdus, La) (1995)", ("The City of Lost Children", 1995)),
        ("Avventura, L' (Adventure, The) (1960)", ("L'Avventura", 1960)),
        ("2001: A Space Odyssey", ("2001: A Space Odyssey", None)),
        ("(500) Days of Summer (2009)", ("(500) Days of Summer", 2009)),
        ("1984", ("1984", None)),
        ("  ", ("Untitled", None)),
        ("a\x00\ud800b", ("ab", None)),
    ],
)
def test_titles_are_tidied(raw, tidy):
    assert tidy_title(raw) == tidy


def test_a_title_is_set_as_large_as_fits():
    assert fit_title("Heat") == (31, ["Heat"])
    sizes = [fit_title(" ".join(["word"] * n))[0] for n in range(1, 40)]
    assert sizes == sorted(sizes, reverse=True)
    size, lines = fit_title("wonderful " * 30)
    assert (size, len(lines)) == (16.5, 4)
    assert lines[-1].endswith("…")
    assert "".join(fit_title("七人の侍" * 5)[1]) == "七人の侍" * 5
