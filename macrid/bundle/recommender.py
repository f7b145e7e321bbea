"""A trained model with its items and people: everything that the command line and the pages ask of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Unpack

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix

from macrid.data.ids import near
from macrid.data.intention_file import Intentions
from macrid.data.split import HeldOut
from macrid.dials import names
from macrid.dials.given_dials import Given
from macrid.dials.steered_scores import top_items
from macrid.dials.wishes import Wishes
from macrid.errors import InputError
from macrid.model.linear_path import LinearRow
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings
from macrid.retrieval import index
from macrid.retrieval.index import Clusters, ItemIndex, Scored

from .cache import Cache, Computed, FactorItems
from .catalogue import Catalogue
from .factor_dials import FactorDials, Shown
from .movers import Mover, Movers
from .people import People
from .person import Dials, Listing, Person, Steered


def scored_of(model: MacridVAE, vectors: np.ndarray | None = None, log_c: np.ndarray | None = None) -> Scored:
    """What an index of a model's items is of; vectors (M, D) and log_c (M, K): the model's, where they are at hand."""
    vectors = model.item_vectors() if vectors is None else vectors
    bias = np.zeros(len(vectors), np.float32) if model.linear is None else model.linear.bias
    return Scored(vectors, model.routing() if log_c is None else log_c, bias, model.scale)


@dataclass(frozen=True)
class Recommender:
    """A trained model with its items, people, maps and axes; `bundle.load` makes one."""

    path: Path
    meta: dict
    model: MacridVAE
    items: pd.DataFrame  # M rows
    maps: pd.DataFrame
    axes: np.ndarray  # (K, D, D), columns are dials, the strongest first
    influence: np.ndarray  # (K, D) from 0 to 1: how much of a list the dial changes
    users: pd.DataFrame
    history: list[dict]
    labels: pd.DataFrame | None = None  # those that the axes were learned from, as `label_file.read` gives them
    course: pd.DataFrame | None = None  # M rows, a column an epoch: the factor of each item after it, where that was noted
    intentions: Intentions | None = None  # the items that somebody has told the intentions of, if anybody has
    moves: pd.DataFrame | None = None  # what dials do to lists, if the bundle says it
    clusters: Clusters | None = None  # of the items, by which an index finds them

    @property
    def name(self) -> str:
        return self.meta["name"]

    @property
    def settings(self) -> Settings:
        return self.model.settings

    @cached_property
    def vectors(self) -> np.ndarray:
        """Item vectors as they are scored (M, D): of length one for cosine similarity."""
        return self.model.item_vectors()

    @cached_property
    def log_c(self) -> np.ndarray:
        """log c (M, K): how much each item belongs to each factor. A factor after the other in memory, as lists add them."""
        return np.asfortranarray(self.model.routing())

    @cached_property
    def factor(self) -> np.ndarray:
        """The factor of each item (M,)."""
        return self.log_c.argmax(axis=1)

    @cached_property
    def certainty(self) -> np.ndarray:
        """c of each item's own factor (M,), from 1 / K to 1."""
        return np.exp(self.log_c.max(axis=1))

    @cached_property
    def factors(self) -> list[names.Factor]:
        """The K macro factors, named from their items and what the held-out people were shown."""
        return names.name_factors(self.items, self.factor, self.certainty, self.settings.kfac, self.shown_clicks(),
                                  self.given_names)

    def shown_clicks(self) -> csr_matrix:
        """What the held-out people were shown: (n, M) of 1 and 0."""
        shown = list(self._histories.values())
        ends = np.cumsum([0, *map(len, shown)])
        columns = np.concatenate([*shown, np.zeros(0, np.int64)])
        return csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(shown), len(self.items)))

    @property
    def given_names(self) -> list[str | None]:
        """What somebody has called each of the K factors, None where nobody has."""
        return self.meta.get("intentions") or [None] * self.settings.kfac

    @cached_property
    def _cache(self) -> Cache:
        return Cache(len(self.items), self.settings.kfac)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.items["item_id"].to_numpy(object), dtype=object)  # Arrow's is slower, and refuses some texts

    @property
    def item_ids(self) -> pd.Index:
        """The ids of the items (M,), quick to look one up in."""
        return self._index

    @cached_property
    def _histories(self) -> dict[str, np.ndarray]:
        shown = self.users[self.users["part"].isin(["validation_tr", "test_tr"])].drop_duplicates(["user_id", "item_id"])
        index = self._index.get_indexer(pd.Index(shown["item_id"], dtype=object))
        return {str(user): index[rows] for user, rows in shown.groupby("user_id", sort=False).indices.items()}

    @cached_property
    def aligned_dials(self) -> dict[tuple[int, int], dict]:
        """The dials that were aligned with labels, (factor, dim) -> {attribute, measure (R2 or AUC), confidence, labels}."""
        return {(row["factor"], row["dim"]): row for row in self.meta.get("aligned", {}).get("dials", [])}

    @cached_property
    def given_dials(self) -> dict[tuple[int, int], Given]:
        """The dials that somebody has named without labels, (factor, dim) -> {attribute, low, high}."""
        return {(row["factor"], row["dim"]): row for row in self.meta.get("named", [])}

    @property
    def people(self) -> list[str]:
        """The ids of the held-out people that can be chosen."""
        return list(self._histories)

    def positions(self, item_ids: Iterable[str]) -> np.ndarray:
        """Positions in the items table of some item ids; InputError names those that are unknown, with similar ones."""
        item_ids = [str(i) for i in item_ids]
        positions = self._index.get_indexer(pd.Index(item_ids, dtype=object))
        unknown = [i for i, at in zip(item_ids, positions, strict=True) if at < 0]
        if unknown:
            raise InputError(f"{self.name} has no item {', '.join(f'{each!r:.80}' for each in unknown[:5])}; "
                             "item_id in its items.parquet lists them, for example "
                             f"{', '.join(near(unknown[0], self._index))}")
        return positions

    def history_of(self, user_id: str) -> np.ndarray:
        """Positions of the items that a held-out person's vector is made from."""
        if user_id not in self._histories:
            raise InputError(f"{self.name} has no person {user_id!r:.80} among its {len(self.people)} held-out people; "
                             f"for example {', '.join(near(user_id, self._histories))}")
        return self._histories[user_id]

    def clicks(self, positions: ArrayLike) -> csr_matrix:
        """The binary row (1, M) of a profile."""
        positions = np.unique(np.asarray(positions, dtype=np.int64))
        return csr_matrix((np.ones(len(positions), np.float32), (np.zeros(len(positions), int), positions)),
                          (1, len(self.items)))

    def interest(self, positions: ArrayLike) -> np.ndarray:
        """The share of each factor (K,) in a profile: the mean of c over its items; zeros for an empty one."""
        positions = np.asarray(positions, dtype=np.int64)
        return np.exp(self.log_c[positions]).mean(axis=0) if len(positions) else np.zeros(self.settings.kfac)

    def person(self, positions: Iterable[int]) -> Person:
        """Who clicked the items at these positions, a profile or a held-out person: what they are after, their dials, their
        lists. InputError for an empty profile."""
        key = tuple(int(i) for i in positions)
        if not key:
            raise InputError("the profile is empty: give at least one item id")
        computed = self._cache.people.get(key, lambda: self._computed(self.clicks(key)))
        return Person(self, np.array(key, np.int64), computed)

    def sliders(self, positions: Iterable[int], n: int, factor: int | None = None) -> list[Mover]:
        """The n wishes and dials to begin with for somebody who clicked the items at these positions, see `Movers.first`;
        recent ones are cached."""
        key = tuple(int(i) for i in positions), n, factor
        return self._cache.sliders.get(key, lambda: Movers(self.person(key[0]), factor).first(n))

    def _computed(self, clicks: csr_matrix) -> Computed:
        path = self.model.linear
        return Computed(self.model.represent(clicks)[0],
                        LinearRow.nothing(len(self.items)) if path is None else path.row(clicks))

    @cached_property
    def scored(self) -> Scored:
        """What an index finds items by."""
        return scored_of(self.model, self.vectors, self.log_c)

    @cached_property
    def index(self) -> ItemIndex | None:
        """Finds the items that may be in a list; None where all are scored: there are few, the bundle has no index or one of
        other weights, or faiss is not installed."""
        if self.clusters is None or len(self.items) < index.WORTH or not index.installed():
            return None
        return ItemIndex(self.scored, self.clusters) if self.clusters.fingerprint == self.scored.fingerprint else None

    def linear(self, clicks: csr_matrix) -> np.ndarray:
        """What the linear path adds to the scores (B, M) of binary rows (B, M); zeros where there is none."""
        path = self.model.linear
        return np.zeros(clicks.shape, np.float32) if path is None else path.scores(clicks)

    def recommend(self, items: Iterable[str], n: int = 20, hide_seen: bool = True) -> pd.DataFrame:
        """The n best items for a profile (item ids): rank, item_id, title, category, score."""
        return self.person(self.positions(items)).steer({}, n=n, hide_seen=hide_seen).before

    @cached_property
    def seal(self) -> str:
        """Twelve letters and figures that change with anything that is known of the items, and with the training data."""
        told = "\n".join([self.meta["data"]["fingerprint"], *map(str, self.items.columns)]).encode()
        rows = pd.util.hash_pandas_object(self.items, index=False).to_numpy()
        return blake2b(told + rows.tobytes(), digest_size=6).hexdigest()

    def item(self, position: int) -> dict:
        """The row of the items table as a dict; recent ones are cached."""
        return self._cache.items.get(position, lambda: self.items.iloc[position, :].to_dict())

    @cached_property
    def dials(self) -> FactorDials:
        """The dials of each factor: ranges, items along them, names."""
        return FactorDials(self.name, self.items, self.vectors, self.factor, self.axes, self.influence, self.aligned_dials,
                           self.given_dials, self._cache, self.wishes.attributes,
                           Shown(self.model, self.shown_clicks()), self.moves)

    @cached_property
    def wishes(self) -> Catalogue:
        """What may be wished of the items."""
        return Catalogue(self.name, self.items, self.vectors, self._cache)

    @property
    def attributes(self) -> pd.DataFrame:
        """What is known of the items (M rows): see `attributes.attribute_table`."""
        return self.dials.attributes

    def factor_items(self, factor: int) -> FactorItems:
        """The items of a factor: their positions (m,) and their coordinates (m, D) on its dials."""
        return self.dials.factor_items(factor)

    def quantiles(self, factor: int) -> pd.DataFrame:
        """The attributes of the factor's items (m rows), from 0 to 1: see `FactorDials.quantiles`."""
        return self.dials.quantiles(factor)

    def typical(self, n: int) -> list[int]:
        """Positions of n items that are typical of the factors, turn by turn."""
        rows = [factor.typical for factor in self.factors if factor.typical]
        return [row[i] for i in range(max(map(len, rows), default=0)) for row in rows if i < len(row)][:n]

    def best_known(self, positions: np.ndarray, n: int) -> np.ndarray:
        """n of some items, the most clicked first."""
        clicks = self.items["clicks"].to_numpy()[positions] if "clicks" in self.items else np.zeros(len(positions))
        return positions[np.argsort(-clicks, kind="stable")][:n]

    def search(self, text: str, n: int) -> list[int]:
        """Positions of n items whose title, category, genres or year have all the words, or beginnings of words, of `text`,
        or else whose title is nearly that: see `search`."""
        return self.wishes.search.find(text, n)

    def people_liking(self, text: str, n: int) -> list[tuple[str, np.ndarray]]:
        """Held-out people by number or by what they like, and which of it: see `people`."""
        return self._liking.find(text, n)

    def similar(self, position: int, n: int) -> np.ndarray:
        """Positions of the n items whose vectors are nearest to that of the item at a position, by cosine, the nearest
        first."""
        likeness = self.vectors @ self.vectors[position] / self._lengths  # (M,)
        return top_items(likeness, self.number(n), np.arange(len(self.items)) != position)

    @cached_property
    def _lengths(self) -> np.ndarray:
        """The lengths of the item vectors (M,)."""
        return np.maximum(np.linalg.norm(self.vectors, axis=1), 1e-12)

    @cached_property
    def _liking(self) -> People:
        return People({user: self._histories[user] for user in self.people}, self.search)

    def map_of(self, method: str) -> np.ndarray:
        """The layout of the items (M, 2), such as by `tsne` or `umap`; recent ones are cached."""
        return self._cache.maps.get(method, lambda: self._map_of(method))

    def _map_of(self, method: str) -> np.ndarray:
        rows = self.maps[(self.maps["method"] == method) & (self.maps["kind"] == "item")].set_index("id")
        return rows.loc[self.items["item_id"], ["x", "y"]].to_numpy(np.float32)

    def steer(self, dials: Dials | None = None, *, wishes: Wishes | None = None, items: Iterable[str] | None = None,
              user: str | None = None, **listing: Unpack[Listing]) -> Steered:
        """Turn dials, {(factor, dim): coordinate in [-1, 1]}, of a profile (`items`, ids) or of a held-out person (`user`),
        with wishes, {attribute: from -1 to 1}, and retrieve; the rest as `Person.steer` has it."""
        if items is not None and user is None:
            return self.person(self.positions(items)).steer(dials, wishes, **listing)
        if user is not None and items is None:
            return self.person(self.history_of(user)).steer(dials, wishes, **listing)
        raise InputError("give either items or a user, not both and not neither")

    def number(self, n: int) -> int:
        """n, at most the number of items; InputError if it is less than 1."""
        if n < 1:
            raise InputError(f"n is {n}: ask for at least 1 item")
        return min(n, len(self.items))

    def table(self, positions: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
        """The items at some positions (n,), the best first, with their scores (n,)."""
        texts = {name: column[positions] for name, column in self._texts.items()}
        return pd.DataFrame({"rank": np.arange(1, len(positions) + 1), **texts, "score": scores.astype(float),
                             "index": positions})

    @cached_property
    def _texts(self) -> dict[str, np.ndarray]:
        return {name: self.items[name].to_numpy(object) for name in ("item_id", "title", "category")}

    def held_out(self, which: str) -> HeldOut:
        """The held-out people of `validation` or `test`."""
        people = list(dict.fromkeys(self.users.loc[self.users["part"] == f"{which}_te", "user_id"]))
        row_of = pd.Index(people)

        def matrix(*parts: str) -> csr_matrix:
            rows = self.users[self.users["part"].isin(parts) & self.users["user_id"].isin(people)]
            columns = self._index.get_indexer(pd.Index(rows["item_id"], dtype=object))
            at = row_of.get_indexer(pd.Index(rows["user_id"])), columns
            clicks = csr_matrix((np.ones(len(rows), np.float32), at), (len(people), len(self.items)))
            clicks.data[:] = 1.0  # a click that is listed twice counts once
            return clicks

        earlier = ("validation_te",) if which == "test" and self.meta["data"]["split"] == "recbole" else ()
        answers, seen = matrix(f"{which}_te"), matrix(f"{which}_tr", *earlier)
        seen -= seen.multiply(answers)  # of RecBole's rows that repeat a pair, one may be asked for and another known
        seen.eliminate_zeros()
        return HeldOut(np.array(people, object), matrix(f"{which}_tr"), answers, seen)
