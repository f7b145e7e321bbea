"""What may be said of a macro factor: claims that its typical items keep.

A claim is a tag (a genre, a category, any other text that groups items), an era or how widely the items are known. It is
true of a factor if at least HOLDS of the items shown as typical keep it, and TWICE as large a share of them as of the
catalogue.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.data.attributes import group_columns
from macrid.data.titles import given

TAG_COLUMNS = ("genres", "category", "tags")
HOLDS = 0.5
TWICE = 2.0
ERA_YEARS = 5  # an era of no more years is told by its years, a longer one by its decades
ERA_PART = 0.5  # of the catalogue's decades: a longer era says nothing
LITTLE, WIDELY = "little known", "widely known"
KNOWN_PART = 0.25  # of the catalogue, by clicks, is little known; as large a part is widely known


class Claim(NamedTuple):
    """Something said of items: in words, of which kind, which of the items shown keep it, (K, n) in a row for each factor,
    and the share of the catalogue that keeps it."""

    words: str
    kinds: tuple[str, ...]  # tag, years, decades, known; two of a pair
    kept: np.ndarray
    rate: float

    @property
    def apart(self) -> bool:
        """Whether it says no more than one thing about time."""
        return len({"years", "decades"} & set(self.kinds)) < 2 and max(map(self.kinds.count, ("years", "decades"))) < 2

    def also(self, other: "Claim") -> "Claim":
        """Both at once, of the same items; an era comes last."""
        first, second = (other, self) if {"years", "decades"} & set(self.kinds) else (self, other)
        return Claim(f"{first.words} · {second.words}", first.kinds + second.kinds, self.kept & other.kept,
                     min(self.rate, other.rate))


class Shown(NamedTuple):
    """The items shown as typical of K factors: positions (K, n), -1 where a factor has fewer, and how many they are (K,)."""

    rows: np.ndarray
    counts: np.ndarray

    def shares(self, claim: Claim) -> np.ndarray:
        """The share of each factor's shown items that keep a claim (K,)."""
        return claim.kept.sum(axis=1) / np.maximum(self.counts, 1)

    def true_of(self, claim: Claim) -> np.ndarray:
        """The factors that a claim is true of: (K,) of bool."""
        return true(self.shares(claim), claim.rate)

    def kept(self, bears: np.ndarray) -> np.ndarray:
        """Which of the items shown bear what items (M,) of bool bear: (K, n), False where there is no item."""
        return (self.rows >= 0) & bears[self.rows]


def true(share: np.ndarray, rate: float | np.ndarray) -> np.ndarray:
    """Whether shares of items shown are enough for a claim that a share `rate` of the catalogue keeps."""
    return (share >= HOLDS) & (share >= TWICE * rate)


def shown(typical: Sequence[np.ndarray], most: int) -> Shown:
    """The first `most` of the typical items (at most that many positions each) of the K factors."""
    rows = np.full((len(typical), most), -1)
    for k, positions in enumerate(typical):
        rows[k, : len(positions[:most])] = positions[:most]
    return Shown(rows, (rows >= 0).sum(axis=1))


# Tags ----------------------------------------------------------------------------------------------------------------


def tag_claims(items: pd.DataFrame, of: Shown) -> list[Claim]:
    """The tags of an items table (M rows) that are true of a factor."""
    words, bears = tags(items)
    there = of.rows >= 0
    kept = np.zeros((*of.rows.shape, len(words)), bool)  # (K, n, T)
    kept[there] = bears[of.rows[there]].toarray() > 0
    rates = np.asarray(bears.mean(axis=0)).ravel()  # (T,), of the catalogue
    holds = true(kept.sum(axis=1) / np.maximum(of.counts, 1)[:, None], rates)  # (K, T)
    return [Claim(words[t], ("tag",), kept[:, :, t], float(rates[t])) for t in np.flatnonzero(holds.any(axis=0))]


def tags(items: pd.DataFrame) -> tuple[list[str], csr_matrix]:
    """The T tags of an items table, and which item bears which: (M, T) of 0 and 1.

    They stand in `genres` and `tags` ("A|B"), `category` and the other columns of text that group items. Tags that differ in
    case alone are one, spelt as in the column where it comes first.
    """
    columns = [c for c in TAG_COLUMNS if c in items]
    columns += [c for c in group_columns(items) if c not in columns]
    at: dict[str, int] = {}
    spelt: list[str] = []
    read = []
    for name in columns:
        codes, kinds = _kinds(items[name])
        ones = [(row, word) for row, kind in enumerate(kinds) for word in _words(name, kind)]
        for _, word in ones:
            if at.setdefault(word.casefold(), len(spelt)) == len(spelt):
                spelt.append(word)
        read.append((codes, len(kinds), [row for row, _ in ones], [at[word.casefold()] for _, word in ones]))
    bears = csr_matrix((len(items), len(spelt)))
    for codes, n, rows, cols in read:
        bears = bears + csr_matrix((np.ones(len(rows)), (rows, cols)), (n, len(spelt)))[codes]
    bears.data[:] = 1.0  # genres and category may say the same
    return spelt, bears


def _kinds(column: pd.Series) -> tuple[np.ndarray, list[object]]:
    """The kind of each item (M,) in a column, and the values of the kinds."""
    try:
        codes, kinds = pd.factorize(column, use_na_sentinel=False)
    except TypeError:  # lists and the like are each of their own kind
        return np.arange(len(column)), column.tolist()
    return codes, list(kinds)


def _words(column: str, value: object) -> list[str]:
    """The different tags in a cell: parts of "A|B" or of a list; the column's name for a yes. A bare "L" or "3" says nothing
    without the column's name."""
    if isinstance(value, bool | np.bool_):
        return [column.replace("_", " ")] if value else []
    if not given(value):
        return []
    parts = value if isinstance(value, Iterable) and not isinstance(value, str) else str(value).split("|")
    words = [word for word in (str(part).strip() for part in parts) if word]
    if column not in TAG_COLUMNS:
        words = [word if sum(map(str.isalpha, word)) > 2 else f"{column} {word}" for word in words]
    return list({word.casefold(): word for word in words}.values())


# Eras ----------------------------------------------------------------------------------------------------------------


def era_claims(items: pd.DataFrame, of: Shown) -> list[Claim]:
    """Spans of years or of decades, clearly narrower than the catalogue's, that are true of a factor."""
    if "year" not in items:
        return []
    years = pd.to_numeric(items["year"], errors="coerce").to_numpy(np.float64, na_value=np.nan)  # (M,)
    years = np.where((years >= 1000) & (years < 3000), years, np.nan)
    if np.isnan(years).all():
        return []
    longest = ERA_PART * 10 * (1 + np.nanmax(years) // 10 - np.nanmin(years) // 10)
    spans = {span for row in of.rows for span in _spans(years[row[row >= 0]]) if span[1] - span[0] < longest}
    claims = []
    for span in sorted(spans):
        within = (years >= span[0]) & (years < span[1] + 1)  # (M,)
        kind = "decades" if _decades(*span) else "years"
        claims.append(Claim(_era(*span), (kind,), of.kept(within), float(within.mean())))
    return [claim for claim in claims if of.true_of(claim).any()]


def _spans(years: np.ndarray) -> Iterator[tuple[int, int]]:
    """The spans, first and last year, that begin and end with some of these years: of few years, or of decades."""
    known = np.unique(years[np.isfinite(years)]).astype(int)
    for first in known.tolist():
        for last in known[known >= first].tolist():
            if last - first < ERA_YEARS:
                yield first, last
            yield first // 10 * 10, last // 10 * 10 + 9


def _decades(first: int, last: int) -> bool:
    return first % 10 == 0 and last % 10 == 9


def _era(first: int, last: int) -> str:
    """A span in words: 1996, 1996 to 98, 1990s, 1930s to 60s, 1990s to 2000s."""
    ending = "s" if _decades(first, last) else ""
    last = last // 10 * 10 if ending else last
    if first == last:
        return f"{first}{ending}"
    return f"{first}{ending} to {last % 100 if first // 100 == last // 100 else last:02d}{ending}"


# How well known ------------------------------------------------------------------------------------------------------


def known_claims(clicks: np.ndarray | None, factor: np.ndarray, of: Shown) -> list[Claim]:
    """Whether the items are little or widely known, by their clicks (M,). As the better known items of a factor are
    shown, it must be as true of all of its items: factor (M,) is the factor of each."""
    if clicks is None or not len(clicks):
        return []
    low, high = np.quantile(clicks, [KNOWN_PART, 1 - KNOWN_PART])
    claims = []
    for words, known in ((LITTLE, clicks <= low), (WIDELY, clicks >= high)):
        rate = float(known.mean())
        kept = of.kept(known)
        of_all = np.array([known[factor == k].mean() if (factor == k).any() else 0.0 for k in range(len(of.rows))])
        claim = Claim(words, ("known",), kept & true(of_all, rate)[:, None], rate)
        if of.true_of(claim).any():
            claims.append(claim)
    return claims
