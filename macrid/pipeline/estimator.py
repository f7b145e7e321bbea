"""MacridVAE in the manner of scikit-learn, for people who have arrays and no files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, issparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from macrid.bundle.person import Dials, Listing, Person, Steered
from macrid.bundle.recommender import Recommender
from macrid.data.attributes import attribute_table
from macrid.data.intention_file import Intentions
from macrid.data.split import Split, fold_in
from macrid.dials import choose
from macrid.dials.wishes import Wishes
from macrid.errors import InputError
from macrid.measures.evaluate import people_at_once, ranking
from macrid.measures.ranking import top_k
from macrid.model.settings import make_settings
from macrid.training.choose_kfac import settle, without_auto
from macrid.training.fit import fit
from macrid.training.linear_path import add_linear_path
from macrid.training.start import start_vectors, untrained

from .contents import given_names, intended

NAME = "X"  # what messages call the clicks


class MacridRecommender(BaseEstimator):
    """A recommender that people can steer, from a matrix of clicks: `MacridRecommender().fit(X).recommend(X)`.

    Everywhere X (U, M) has a row for each person and a column for each item, sparse or dense; what is above 0 is a click.
    Items are called by their columns.

    preset: best, paper, recbole ... (`model.settings.PRESETS`). settings: what is changed in it, such as {"kfac": 10}, or
    {"kfac": "auto"}: chosen from 4 to 20 on the people of `validation`.
    validation: the share of people that are held out to find the best epoch. device: cpu or cuda.
    random_state: decides every random draw; two fits with the same one give the same numbers.

    After `fit`: model_ (the trained MacridVAE), history_ (a row an epoch), recommender_ (what a bundle gives: dials, factors
    by name, people), n_features_in_ (M).
    """

    def __init__(self, preset: str = "best", settings: dict | None = None, *, validation: float = 0.1,
                 random_state: int = 0, device: str = "cpu") -> None:
        self.preset = preset
        self.settings = settings
        self.validation = validation
        self.random_state = random_state
        self.device = device

    def fit(self, X: object, y: object = None, items: pd.DataFrame | None = None,
            intentions: Mapping[object, str] | None = None) -> MacridRecommender:
        """Train on the clicks X (U, M).

        items: what is known of the items, M rows; `title`, `category` and numeric columns name factors and dials, nothing
        is learned from them. intentions: what some items are for, {column: name}, such as {3: "bags", 17: "shoes"}: the
        first factors, in the order of the names, begin with these items and are held there; a few for each name do. Unless
        settings say more, there are as many factors as names. y is not used. Raises InputError, one line that names the
        argument and the remedy.
        """
        changes, auto = without_auto(self.settings)
        settings = make_settings(self.preset, changes)
        clicks = _clicks(X)
        table = _item_table(items, clicks)
        told = None if intentions is None else _intentions(intentions, table)
        split = self._split(clicks, table)
        settings, chosen = settle(settings, split, self.random_state) if auto else (settings, None)
        if told:
            settings = intended(settings, told, self.settings or {})
        known = told.known(table["item_id"]) if told else None
        start = start_vectors(split.train, settings, self.random_state, known)
        model = untrained(split.train, settings, self.random_state, start=start).to(self.device)
        history = fit(model, split, self.random_state)
        add_linear_path(model, split)
        parts = model.represent(split.validation.fold_in)  # (n, K, D)
        scored = choose.Scored(model.item_vectors(), model.factors(), parts, model.scale)
        dials = choose.choose("ica", scored, self.random_state, attribute_table(table))
        meta = {"name": "this recommender", "seed": self.random_state, "axes": dials.method, "twin": None,
                "data": {"name": NAME, "split": split.kind}} | ({"kfac_auto": chosen} if chosen else {})
        if told:
            meta["intentions"] = given_names(told, model.factors(), settings.kfac, table)
        nobody = pd.DataFrame({"user_id": [], "item_id": [], "part": []}, dtype=object)
        nowhere = pd.DataFrame({"method": [], "kind": [], "id": [], "x": [], "y": []})
        self.model_, self.history_, self.n_features_in_ = model, history, clicks.shape[1]
        self.recommender_ = Recommender(path=Path(), meta=meta, model=model, items=table, maps=nowhere, axes=dials.axes,
                                        influence=dials.influence, users=nobody, history=history, intentions=told)
        return self

    def _split(self, clicks: csr_matrix, table: pd.DataFrame) -> Split:
        """People to train on and people to find the best epoch with; nobody is held out for a test."""
        if not 0 < self.validation < 1:
            raise InputError(f"validation is {self.validation!r}: it must be a share of the people above 0 and below 1")
        rng = np.random.default_rng(self.random_state)
        people = rng.permutation(clicks.shape[0])
        count = max(2, round(self.validation * len(people)))
        if len(people) < 2 * count:
            raise InputError(f"X has {len(people)} people, of whom {count} would be held out to find the best epoch; give "
                             "more people, or a smaller validation")
        ids = np.arange(clicks.shape[0]).astype(str).astype(object)
        held = fold_in(clicks, ids, people[:count], rng, NAME)
        return Split(NAME, "strong", table, clicks[np.sort(people[count:])], held, held)

    def predict(self, X: object) -> np.ndarray:
        """Scores of all items for each person, (B, M): log p(i | u) up to a constant for each person, clicked items too."""
        clicks = self._known(X)
        return self.model_.scores(clicks)

    def represent(self, X: object) -> np.ndarray:
        """The user vectors (B, K, D), one part of length one for each factor."""
        clicks = self._known(X)
        return self.model_.represent(clicks)

    def recommend(self, X: object, n: int = 20, hide_seen: bool = True) -> np.ndarray:
        """The columns of the n best items of each person, best first, (B, min(n, M)); -1 where a person has seen all others.
        hide_seen leaves out what a person has clicked."""
        clicks = self._known(X)
        count = self.recommender_.number(n)
        lists, at_once = [], people_at_once(clicks.shape[1])
        for start in range(0, clicks.shape[0], at_once):
            rows = clicks[start : start + at_once]
            scores = self.model_.scores(rows)
            if hide_seen:
                scores[rows.nonzero()] = -np.inf
            top = top_k(scores, count)
            lists.append(np.where(np.isfinite(np.take_along_axis(scores, top, axis=1)), top, -1))
        return np.concatenate(lists) if lists else np.zeros((0, count), np.int64)

    def person(self, X: object) -> Person:
        """The person whose clicks are the one row of X (1, M): their places on the dials, film strips, steered lists."""
        clicks = self._known(X)
        if clicks.shape[0] != 1:
            raise InputError(f"X has {clicks.shape[0]} rows; give the clicks of one person, such as X[[0]]")
        return self.recommender_.person(clicks.indices)

    def steer(self, X: object, dials: Dials | None = None, wishes: Wishes | None = None,
              **listing: Unpack[Listing]) -> Steered:
        """The lists of one person, the row X (1, M), before and after some dials are turned and wishes heard.

        dials: {(factor, dim): coordinate in [-1, 1]}; dim 0 changes lists most. wishes: {attribute of the items: from -1,
        less of it, to 1, more}. listing: as `Person.steer` takes it: factor (list only its items), n, strength (from 0, as
        if nothing were turned, to 1). The tables' column `index` holds columns of X.
        """
        return self.person(X).steer(dials, wishes, **listing)

    def score(self, X: object, y: object = None) -> float:
        """The mean NDCG@100 of people's hidden clicks: a fifth of each row of X (B, M), at least one, is hidden, the rest
        shown. People with a single click do not count. y is not used."""
        clicks = self._known(X)
        rng = np.random.default_rng(self.random_state)
        ids = np.arange(clicks.shape[0]).astype(str).astype(object)
        held = fold_in(clicks, ids, np.arange(clicks.shape[0]), rng, NAME)
        return float(ranking(self.model_, held)["ndcg@100"].mean())

    def _known(self, X: object) -> csr_matrix:
        """X as binary rows over the items that were trained on."""
        check_is_fitted(self)
        clicks = _clicks(X)
        if clicks.shape[1] != self.n_features_in_:
            raise InputError(f"X has {clicks.shape[1]} columns, this was fitted on {self.n_features_in_} items; give the "
                             "same items in the same order")
        return clicks


def _clicks(X: object) -> csr_matrix:
    """X as binary rows (U, M), sorted, without stored zeros."""
    matrix = csr_matrix(X) if issparse(X) else np.asarray(X)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise InputError(f"X has the shape {matrix.shape} and holds {matrix.dtype}; give numbers, a row for each person and "
                         "a column for each item")
    clicks = csr_matrix(matrix, dtype=np.float32, copy=True)
    clicks.sum_duplicates()
    if not np.isfinite(clicks.data).all() or (clicks.data < 0).any():
        raise InputError("X holds NaN, infinite or negative numbers; give 1 for a click and 0 for none")
    clicks.data[:] = clicks.data > 0
    clicks.eliminate_zeros()
    if not clicks.nnz:
        raise InputError(f"X {clicks.shape} has no click: nothing in it is above 0")
    return clicks


def _item_table(items: pd.DataFrame | None, clicks: csr_matrix) -> pd.DataFrame:
    """The items table of M items: id (the column in X), title, category, other columns as given, clicks."""
    count = clicks.shape[1]
    if items is None:
        items = pd.DataFrame(index=range(count))
    if len(items) != count:
        raise InputError(f"items has {len(items)} rows, X has {count} columns; give a row for each item, in their order")
    table = items.reset_index(drop=True).drop(columns="item_id", errors="ignore")
    ids = pd.Series(np.arange(count).astype(str), dtype="str")
    table.insert(0, "item_id", ids)
    for column, otherwise in (("title", "item " + ids), ("category", pd.Series([""] * count, dtype="str"))):
        table[column] = table[column].fillna("").astype("str") if column in table else otherwise
    table["clicks"] = np.asarray(clicks.sum(axis=0)).ravel().astype(np.int32)
    return table


def _intentions(told: Mapping[object, str], table: pd.DataFrame) -> Intentions:
    """What is told of some items, by column."""
    unknown = [item for item in told if str(item) not in set(table["item_id"])]
    if unknown or not told:
        raise InputError(f"intentions names the item {unknown[0]!r}: there is none, X has the columns 0 to {len(table) - 1}"
                         if unknown else "intentions is empty; give a few items, as {column: name}, or None")
    return Intentions(tuple(dict.fromkeys(told.values())), {str(item): name for item, name in told.items()})
