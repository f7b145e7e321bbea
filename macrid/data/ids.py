"""Ids of items as text on one line, for the command line and the address; commas between them, as in CSV."""

import csv
import io
from collections.abc import Container, Iterable
from itertools import islice

from rapidfuzz import fuzz, process

ALIKE = 50  # of 100: so much an id must be like what was asked for
LOOKED_AT, MOST_READ = 20_000, 100  # ids, and letters of what was asked for: a message is no search


def ids_text(ids: Iterable[str]) -> str:
    """Ids on one line; one that holds a comma or a quotation mark stands between quotation marks."""
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(list(ids))
    return out.getvalue()


def ids_from(text: str, known: Container[str]) -> list[str]:
    """The ids that a text holds. Where a part is not known, but it and what follows are, commas included, they are one
    id."""
    if text.strip() in known:
        return [text.strip()]
    try:
        parts = next(csv.reader([text], skipinitialspace=True), [])
    except csv.Error:
        parts = text.split(",")
    out, k = [], 0
    while k < len(parts):
        one, n = parts[k].strip(), k + 1
        if one not in known:
            for end in range(min(len(parts), k + 12), k + 1, -1):
                joined = (comma.join(parts[k:end]).strip() for comma in (",", ", "))
                whole = next((text for text in joined if text in known), None)
                if whole:
                    one, n = whole, end
                    break
        out += [one] if one else []
        k = n
    return out


def near(text: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The n of some texts that are most like another, for a message; the first ones where none is like it."""
    some = list(islice(known, LOOKED_AT))
    found = process.extract(text[:MOST_READ], some, scorer=fuzz.ratio, score_cutoff=ALIKE, limit=n)
    return [each for each, _, _ in found] or some[:n]
