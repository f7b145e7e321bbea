"""From ratings to clicks, and from clicks to what is trained on and what is held out."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.errors import InputError

from .counting import EXAMPLES, Out, Statement, rows_out
from .interactions import PARTS, Interactions
from .prepared.matrices import blocks

HELD_OUT_PEOPLE = {"ml-100k": 50, "ml-latest-small": 50, "ml-1m": 500, "ml-20m": 10_000}  # of public sets, as in the paper
MIN_CLICKS = 5  # of a person who counts
HELD_OUT_SHARE, MOST_HELD_OUT = 0.1, 10_000  # of other data; more people hardly shrink an error, and every epoch ranks them
FOLD_IN_SHARE = 0.8
RECBOLE_HELD = {"validation": ("fold_in", "answers"), "test": ("fold_in", "answers", "seen")}  # where seen is more


@dataclass(frozen=True)
class HeldOut:
    """People whose clicks are partly hidden from the model. All matrices are binary (n, M).

    fold_in: what the model is shown. answers: what it should rank high. seen: what is left out of the ranking; it contains
    fold_in and never an answer.
    """

    user_ids: np.ndarray  # (n,)
    fold_in: csr_matrix
    answers: csr_matrix
    seen: csr_matrix

    def some(self, rows: slice) -> "HeldOut":
        """Some of these people."""
        return HeldOut(self.user_ids[rows], self.fold_in[rows], self.answers[rows], self.seen[rows])


@dataclass(frozen=True)
class Split:
    """One data set, divided: clicks to train on, people to validate on, people to test on, over the same M items."""

    name: str
    kind: str  # strong: whole people are held out; recbole: a tenth of everybody's ratings, twice
    items: pd.DataFrame  # M rows
    train: csr_matrix  # (U, M) binary
    validation: HeldOut
    test: HeldOut
    least: tuple[float, int] | None = None  # as in the Interactions that were divided
    statement: Statement | None = None  # what counted as a click, what did not, and what the division left out


def to_clicks(data: Interactions, min_rating: float | None = None, min_clicks: int | None = None) -> Interactions:
    """Binary interactions: ratings of `min_rating` and more count as clicks, people with fewer than `min_clicks` are left
    out, and so are items that nobody clicked. Without ratings every interaction counts.

    By default the rating is what the scale of the data says (4 where none was found), the clicks are 5, and 1 where the data
    come with a split of their own.
    """
    asked = min_rating is not None
    if min_rating is None:
        min_rating = data.found.scale.threshold if data.found else 4.0
    if min_clicks is None:
        min_clicks = MIN_CLICKS if data.parts is None else 1
    every = not (data.rated and np.isfinite(min_rating))

    def counts(rows: csr_matrix) -> np.ndarray:
        """Which stored entries of some rows are clicks."""
        return np.ones(rows.nnz, bool) if every else rows.data >= np.float32(min_rating)

    users, items = np.zeros(data.n_users, bool), np.zeros(data.n_items, bool)
    few, number = np.zeros(0, np.int64), 0
    for which, rows in blocks(data.matrix):
        keep = counts(rows)
        clicks = _subset(rows, keep)
        users[which] = np.diff(clicks.indptr) >= min_clicks
        items[clicks[users[which]].indices] = True
        number += clicks.nnz
        few = _some_of_each(data.matrix, np.append(few, data.matrix.indptr[which.start] + np.flatnonzero(~keep)))
    if not users.any():
        rule = "interactions" if every else f"ratings of at least {min_rating:g}"
        raise InputError(f"{data.name}: nobody has {min_clicks} {rule}; lower --min-clicks or --min-rating")
    with data.store.growing("clicks", int(items.sum())) as out:
        for which, rows in blocks(data.matrix):
            clicks = _subset(rows, counts(rows))[users[which]][:, items].tocsr()
            clicks.data = np.ones(clicks.nnz, np.float32)
            out.add(clicks)
    parts = data.parts
    if parts is not None:
        parts = _subset(parts, counts(data.matrix))[users][:, items].tocsr()
    least = float(min_rating) if data.rated else -np.inf
    return replace(data, matrix=out.matrix(), user_ids=data.user_ids[users], item_ids=data.item_ids[items],
                   items=data.items[items].reset_index(drop=True), rated=False, parts=parts, least=(least, min_clicks),
                   statement=_statement(data, Kept(least, min_clicks, asked, number, few, users, items)))


def _some_of_each(matrix: csr_matrix, entries: np.ndarray) -> np.ndarray:
    """Of the stored entries with these numbers, which rise, the first of each value (of the 200 lowest), the first 50, and
    the first that is NaN."""
    values = matrix.data[entries]
    lowest = entries[np.unique(values, return_index=True)[1]][:200]
    return np.unique(np.concatenate([lowest, entries[:50], entries[np.isnan(values)][:1]]))


class Kept(NamedTuple):
    """What `to_clicks` keeps of interactions: so many entries, and users (U,) and items (M,), as masks; few: the numbers of
    some entries that do not count."""

    rating: float
    min_clicks: int
    asked: bool
    entries: int
    few: np.ndarray
    users: np.ndarray
    items: np.ndarray


def _statement(data: Interactions, kept: Kept) -> Statement | None:
    """What counted, what did not and why; None for data that no file was read for."""
    if data.found is None:
        return None
    found, matrix, few = data.found, data.matrix, kept.few
    at = np.searchsorted(matrix.indptr, few, side="right") - 1
    pairs = [(float(v), f"user {data.user_ids[u]} and item {data.item_ids[i]}" + ("" if np.isnan(v) else f" ({v:g})"))
             for v, u, i in zip(matrix.data[few], at, matrix.indices[few], strict=True)]
    out = rows_out(found, kept.rating, pairs)
    people = Out("people", int((~kept.users).sum()), f"fewer than {kept.min_clicks} clicks",
                 tuple(data.user_ids[~kept.users][:EXAMPLES]))
    items = Out("items", int((~kept.items).sum()), "nobody who is left clicked them",
                tuple(data.item_ids[~kept.items][:EXAMPLES]))
    return Statement(found, kept.rating, kept.asked, found.rows_from(kept.rating), kept.entries, kept.min_clicks,
                     int(kept.users.sum()), int(kept.items.sum()), tuple(o for o in (*out, people, items) if o.number))


def strong(clicks: Interactions, seed: int = 0, held_out: int | None = None,
           known: tuple[Sequence[str], Sequence[str]] | None = None) -> Split:
    """Strong generalisation: whole people are held out for validation and for test, `held_out` each, as in the Mult-VAE and
    MacridVAE papers, or those who are `known` by their ids. Of each of them, 80 % of the clicks are shown, the rest asked
    for. Items that no training person clicked are left out. Data that come already divided keep their own parts."""
    if clicks.parts is not None:
        return _given(clicks, clicks.parts)
    rng = np.random.default_rng(seed)
    test_people, validation_people, train = _told(clicks, known) if known else _drawn(clicks, rng, held_out)
    trained = np.zeros(clicks.n_users, bool)
    trained[train] = True
    items = np.zeros(clicks.n_items, bool)
    for which, rows in blocks(clicks.matrix):
        items[rows[trained[which]].indices] = True
    with clicks.store.growing("train", int(items.sum())) as out:
        for which, rows in blocks(clicks.matrix):
            out.add(rows[trained[which]][:, items].tocsr())

    def held(people: np.ndarray) -> HeldOut:
        people = np.sort(people)
        return fold_in(clicks.matrix[people][:, items].tocsr(), clicks.user_ids[people], np.arange(len(people)), rng,
                       clicks.name)

    validation, test = held(validation_people), held(test_people)
    return Split(clicks.name, "strong", clicks.items[items].reset_index(drop=True), out.matrix(), validation, test,
                 clicks.least, _divided(clicks, items, len(train) + len(validation.user_ids) + len(test.user_ids)))


def _told(clicks: Interactions, known: tuple[Sequence[str], Sequence[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The places of the people to test, to validate and to train on, where the first two are known."""
    validation, test = (np.isin(clicks.user_ids.astype(str), np.array(ids, str)) for ids in known)
    return np.flatnonzero(test), np.flatnonzero(validation), np.flatnonzero(~validation & ~test)


def _drawn(clicks: Interactions, rng: np.random.Generator,
           held_out: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same, drawn at random."""
    n = clicks.matrix.shape[0]
    if held_out is None:
        held_out = clicks.usual_held_out or max(2, min(round(HELD_OUT_SHARE * n), MOST_HELD_OUT))
    if held_out < 2 or 3 * held_out > n:
        remedy = f"set --held-out from 2 to {n // 3}" if n >= 6 else "give more data"
        raise InputError(f"{clicks.name}: of {n} people with enough clicks, {held_out} cannot be held out for validation "
                         f"and {held_out} for test; {remedy}")
    test, validation, train = np.split(rng.permutation(n), [held_out, 2 * held_out])
    return test, validation, np.sort(train)


def fold_in(matrix: csr_matrix, user_ids: np.ndarray, people: np.ndarray, rng: np.random.Generator,
            name: str) -> HeldOut:
    """Hide a fifth of each person's clicks, at least one; a person with a single click is left out."""
    people = np.array([u for u in np.sort(people) if matrix.indptr[u + 1] - matrix.indptr[u] >= 2], dtype=np.int64)
    if len(people) < 2:  # a standard error needs two
        raise InputError(f"{name}: {len(people)} of the held-out people share two items with the training people, at least "
                         "2 are needed; give more data")
    rows = matrix[people]
    hidden = np.zeros(rows.nnz, bool)
    for start, stop in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        count = max(1, int((1 - FOLD_IN_SHARE) * (stop - start) + 1e-9))
        hidden[start + rng.permutation(stop - start)[:count]] = True
    fold_in = _subset(rows, ~hidden)
    return HeldOut(user_ids[people], fold_in, _subset(rows, hidden), fold_in)


def _subset(rows: csr_matrix, keep: np.ndarray) -> csr_matrix:
    """The same matrix with only the stored entries in `keep` (nnz,)."""
    counts = np.add.reduceat(np.append(keep, 0).astype(np.int64), rows.indptr[:-1]) * (np.diff(rows.indptr) > 0)
    return csr_matrix((rows.data[keep], rows.indices[keep], np.concatenate([[0], np.cumsum(counts)])), rows.shape)


def _given(clicks: Interactions, parts: csr_matrix) -> Split:
    """The split that came with the data (`pro_sg`)."""
    part = {name: _subset(clicks.matrix, parts.data == code) for code, name in enumerate(PARTS)}
    items = np.asarray(part["train"].sum(axis=0)).ravel() > 0
    part = {name: matrix[:, items].tocsr() for name, matrix in part.items()}
    users = {name: np.diff(matrix.indptr) > 0 for name, matrix in part.items()}

    def held(which: str) -> HeldOut:
        people = users[f"{which}_tr"] & users[f"{which}_te"]
        if people.sum() < 2:
            raise InputError(f"{clicks.name}: {people.sum()} people are in both {which}_tr.csv and {which}_te.csv with "
                             "items of the training people, at least 2 are needed; give more data")
        fold_in = part[f"{which}_tr"][people]
        return HeldOut(clicks.user_ids[people], fold_in, part[f"{which}_te"][people], fold_in)

    validation, test = held("validation"), held("test")
    people = int(users["train"].sum()) + len(validation.user_ids) + len(test.user_ids)
    return Split(clicks.name, "strong", clicks.items[items].reset_index(drop=True), part["train"][users["train"]],
                 validation, test, clicks.least, _divided(clicks, items, people))


def _divided(clicks: Interactions, items: np.ndarray, people: int) -> Statement | None:
    """The statement of what counts after a division that keeps some items (M,), a mask, and a number of people."""
    if clicks.statement is None:
        return None
    out = [Out("items", int((~items).sum()), "no training person clicked them", tuple(clicks.item_ids[~items][:EXAMPLES])),
           Out("people", clicks.n_users - people, "held out, with fewer than two clicks on the items that are left")]
    return clicks.statement.and_out(out, people, int(items.sum()))


def recbole(clicks: Interactions, seed: int = 0) -> Split:
    """RecBole's default protocol: each person's clicks are divided at random 8 : 1 : 1, and everybody is ranked on all
    items that they have not had in an earlier part. People too short for a test click are only trained on."""
    rng = np.random.default_rng(seed)
    named = {name: clicks.store.growing(name, clicks.n_items) for name in
             ("train", *(f"{held}.{part}" for held, parts in RECBOLE_HELD.items() for part in parts))}
    people: dict[str, list[np.ndarray]] = {held: [] for held in RECBOLE_HELD}
    with ExitStack() as files:
        for each in named.values():
            files.enter_context(each)
        for which, rows in blocks(clicks.matrix):
            part = _tenths(rows, rng)
            train = _subset(rows, part == 0)
            named["train"].add(train)
            for held, code in (("validation", 1), ("test", 2)):
                answers = _subset(rows, part == code)
                some = np.diff(answers.indptr) > 0
                people[held].append(clicks.user_ids[which][some])
                for name, matrix in (("fold_in", train), ("answers", answers), ("seen", _subset(rows, part < code))):
                    if name in RECBOLE_HELD[held]:
                        named[f"{held}.{name}"].add(matrix[some])

    def held_out(held: str) -> HeldOut:
        ids = np.concatenate(people[held])
        if len(ids) < 2:
            raise InputError(f"{clicks.name}: {len(ids)} people have the 3 clicks that the split 8 : 1 : 1 needs, at "
                             "least 2 are needed; give more data")
        parts = {part: named[f"{held}.{part}"].matrix() for part in RECBOLE_HELD[held]}
        return HeldOut(ids, parts["fold_in"], parts["answers"], parts.get("seen", parts["fold_in"]))

    return Split(clicks.name, "recbole", clicks.items, named["train"].matrix(), held_out("validation"), held_out("test"),
                 clicks.least, clicks.statement)


def _tenths(rows: csr_matrix, rng: np.random.Generator) -> np.ndarray:
    """Which clicks (nnz,) of some people are for validation, 1, and which for test, 2: a tenth of each person's."""
    part = np.zeros(rows.nnz, np.int8)
    for start, stop in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
        total = stop - start
        tenth = max(int(0.1 * total + 1e-9), 1)
        order = start + rng.permutation(total)
        part[order[: tenth if total >= 2 else 0]] = 2
        part[order[tenth : 2 * tenth if total >= 3 else 0]] = 1
    return part
