"""A trained model with its items and people: everything that the command line and the pages ask of it."""

import difflib
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from macrid.data import attributes
from macrid.data.split import HeldOut
from macrid.dials import names, steered_scores
from macrid.errors import InputError
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings

from .person import Person, Steered

KEPT_NUMBERS = 10**8  # of the people kept at hand (400 MB); a person's dials hold K + 6 numbers an item, or a few more


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
    labels: pd.DataFrame | None = None  # those that the axes were learned from, as `labels.read` gives them

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
        """log c (M, K): how much each item belongs to each factor."""
        return self.model.routing()

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
        """The K macro factors, named from their items."""
        return names.name_factors(self.items, self.factor, self.certainty, self.settings.kfac)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.items["item_id"])

    @cached_property
    def _histories(self) -> dict[str, np.ndarray]:
        shown = self.users[self.users["part"].isin(["validation_tr", "test_tr"])].drop_duplicates(["user_id", "item_id"])
        index = self._index.get_indexer(shown["item_id"])
        return {user: index[rows] for user, rows in shown.groupby("user_id", sort=False).indices.items()}

    @cached_property
    def aligned_dials(self) -> dict[tuple[int, int], dict]:
        """The dials that were aligned with labels, (factor, dim) -> {attribute, measure (R2 or AUC), confidence, labels}."""
        return {(row["factor"], row["dim"]): row for row in self.meta.get("aligned", {}).get("dials", [])}

    @property
    def people(self) -> list[str]:
        """The ids of the held-out people that can be chosen."""
        return list(self._histories)

    def positions(self, item_ids) -> np.ndarray:
        """Positions in the items table of some item ids; InputError names those that are unknown, with similar ones."""
        item_ids = [str(i) for i in item_ids]
        found = self._index.get_indexer(item_ids)
        if (found < 0).any():
            unknown = [i for i, at in zip(item_ids, found, strict=True) if at < 0]
            near = difflib.get_close_matches(unknown[0], self._index[:20_000], 3, 0.5) or list(self._index[:3])
            raise InputError(f"{self.name} has no item {', '.join(map(repr, unknown[:5]))}; "
                             f"item_id in its items.parquet lists them, for example {', '.join(near)}")
        return found

    def history_of(self, user_id: str) -> np.ndarray:
        """Positions of the items that a held-out person's vector is made from."""
        if user_id not in self._histories:
            near = difflib.get_close_matches(user_id, self.people[:20_000], 3, 0.5) or self.people[:3]
            raise InputError(f"{self.name} has no person {user_id!r} among its {len(self.people)} held-out people; "
                             f"for example {', '.join(near)}")
        return self._histories[user_id]

    def clicks(self, positions) -> csr_matrix:
        """The binary row (1, M) of a profile."""
        positions = np.unique(np.asarray(positions, dtype=np.int64))
        return csr_matrix((np.ones(len(positions), np.float32), (np.zeros(len(positions), int), positions)),
                          (1, len(self.items)))

    def interest(self, positions) -> np.ndarray:
        """The share of each factor (K,) in a profile: the mean of c over its items; zeros for an empty one."""
        positions = np.asarray(positions, dtype=np.int64)
        return np.exp(self.log_c[positions]).mean(axis=0) if len(positions) else np.zeros(self.settings.kfac)

    @cached_property
    def _person(self):
        most = KEPT_NUMBERS // (len(self.items) * (self.settings.kfac + 6))
        return lru_cache(maxsize=max(4, min(64, most)))(lambda seen: Person(self, np.array(seen, np.int64)))

    def person(self, positions) -> Person:
        """Who clicked the items at these positions, a profile or a held-out person: what they are after, their dials, their
        lists. InputError for an empty profile."""
        return self._person(tuple(int(i) for i in positions))

    def recommend(self, items, n: int = 20, hide_seen: bool = True) -> pd.DataFrame:
        """The n best items for a profile (item ids): rank, item_id, title, category, score."""
        return self.person(self.positions(items)).steer({}, n=n, hide_seen=hide_seen).before

    @cached_property
    def item(self):
        """item(position) -> the row of the items table as a dict; those asked for lately are at hand."""
        return lru_cache(maxsize=20_000)(lambda position: self.items.iloc[position].to_dict())

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """What is known of the items (M rows): see `attributes.attribute_table`."""
        return attributes.attribute_table(self.items)

    @cached_property
    def factor_items(self):
        """factor_items(factor) -> the positions (m,) of the factor's items and their coordinates (m, D) on its dials."""
        @cache
        def of(factor: int) -> tuple[np.ndarray, np.ndarray]:
            mine = np.flatnonzero(self.factor == factor)
            return mine, self.vectors[mine] @ self.axes[factor]

        return of

    @cached_property
    def quantiles(self):
        """quantiles(factor) -> the attributes of the factor's items (m rows), numeric ones as quantiles from 0 to 1 among
        these items, yes/no ones as they are; without those that tell nothing here."""
        @cache
        def of(factor: int) -> pd.DataFrame:
            table = self.attributes.iloc[self.factor_items(factor)[0]]
            told = [name for name in table if attributes.is_informative(table[name])]
            return pd.DataFrame({name: table[name] if attributes.yes_no(table[name]) else
                                 (table[name].rank() - 1) / (table[name].count() - 1) for name in told}, index=table.index)

        return of

    def dial_range(self, factor: int, dim: int) -> tuple[float, float]:
        """The 1st and 99th percentile of the coordinates of the factor's items."""
        return steered_scores.dial_range(self._coordinate(factor, dim))

    def _coordinate(self, factor: int, dim: int) -> np.ndarray:
        self.check_dial(factor, dim)
        return self.factor_items(factor)[1][:, dim]

    def coordinate(self, factor: int, dim: int, share: float) -> float:
        """The coordinate at a share of a dial's range, 0 to 1."""
        low, high = self.dial_range(factor, dim)
        return low + (high - low) * share

    def on_dial(self, positions, factor: int, dim: int) -> np.ndarray:
        """Where items stand on a dial, as shares of its range from 0 to 1; NaN for an item of another factor, which does not
        hear the dial."""
        low, high = self.dial_range(factor, dim)
        positions = np.asarray(positions, np.int64)
        at = (self.vectors[positions] @ self.axes[factor][:, dim] - low) / max(high - low, 1e-9)
        return np.where(self.factor[positions] == factor, np.clip(at, 0, 1), np.nan)

    def dial_ends(self, factor: int, dim: int, n: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the n items at the low and at the high end of a dial, the outermost first, chosen among the better
        known half of the factor's items, so that they say something to people."""
        mine, coordinate = self._known_items(factor, dim)
        order = mine[np.argsort(coordinate, kind="stable")]
        return order[:n], order[::-1][:n]

    def _known_items(self, factor: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and coordinates on a dial of the better known half of a factor's items."""
        mine, coordinate = self.factor_items(factor)[0], self._coordinate(factor, dim)
        if "clicks" in self.items and len(mine) > 20:
            clicks = self.items["clicks"].to_numpy()[mine]
            known = clicks >= np.median(clicks)
            return mine[known], coordinate[known]
        return mine, coordinate

    def dial_attribute(self, factor: int, dim: int) -> tuple[str, float] | None:
        """The attribute of a dial, and how closely the dial follows it over its factor's items, from -1 to 1: Spearman's
        rho, or 2 AUC - 1 of a yes/no attribute. It is the one that the dial was aligned with, or else the one that it
        follows most; None if no attribute tells anything here. An aligned attribute that the items
        table lacks has what cross-validation said in its place: the square root of R2, or 2 AUC - 1."""
        coordinate, table = self._coordinate(factor, dim), self.quantiles(factor)
        aligned = self.aligned_dials.get((factor, dim))
        if aligned and aligned["attribute"] not in table:
            value = aligned["confidence"]
            return aligned["attribute"], 2 * value - 1 if aligned["measure"] == "AUC" else value**0.5
        found = {name: attributes.association(coordinate, table[name].to_numpy())
                 for name in ([aligned["attribute"]] if aligned else table)}
        return max(found.items(), key=lambda entry: abs(entry[1])) if found else None

    def dial_label(self, factor: int, dim: int) -> names.DialLabel | None:
        """What a dial is called; None if it goes with no known attribute closely enough."""
        found = self.dial_attribute(factor, dim)
        if found is None:
            return None
        flag = found[0] in self.attributes and attributes.yes_no(self.attributes[found[0]])
        return names.name_dial(*found, flag, self.aligned_dials.get((factor, dim)))

    def along(self, factor: int, dim: int, n: int) -> np.ndarray:
        """Positions of n items of a factor spread evenly over a dial, low to high; as in `dial_ends`, better known ones."""
        mine, coordinate = self._known_items(factor, dim)
        wanted = np.linspace(*np.percentile(coordinate, [3, 97]), n) if len(mine) else []
        found: list[int] = []
        for value in wanted:
            order = np.argsort(np.abs(coordinate - value), kind="stable")
            found.append(next((int(mine[i]) for i in order if mine[i] not in found), int(mine[order[0]])))
        return np.array(found, dtype=np.int64)

    @cached_property
    def showcase(self) -> tuple[int, int, tuple[str, float] | None]:
        """The dial that explains itself best: factor, dimension and the attribute that it follows, if one is known."""
        found = [(k, j, self.dial_attribute(k, j)) for k in range(self.settings.kfac) if (self.factor == k).sum() >= 8
                 for j in range(min(5, self.settings.embedding_size))]
        if not found:
            return 0, 0, None
        return max(found, key=lambda dial: abs(dial[2][1]) if dial[2] else float(self.influence[dial[0], dial[1]]))

    def typical(self, n: int) -> list[int]:
        """Positions of n items that are typical of the factors, turn by turn."""
        rows = [factor.typical for factor in self.factors if factor.typical]
        return [row[i] for i in range(max(map(len, rows), default=0)) for row in rows if i < len(row)][:n]

    def search(self, text: str, n: int) -> list[int]:
        """Positions of n items whose title, category or genres have all the words, or beginnings of words, of `text`,
        whatever their case; the most clicked first."""
        found = np.ones(len(self.items), bool)
        for word in text.casefold().split():
            found &= self._words.str.contains(" " + word, regex=False).to_numpy()
        clicks = self.items["clicks"].to_numpy() if "clicks" in self.items else np.zeros(len(self.items))
        at = np.flatnonzero(found)
        return at[np.argsort(-clicks[at], kind="stable")][:n].tolist()

    @cached_property
    def _words(self) -> pd.Series:
        columns = [self.items[c].fillna("").astype(str) for c in ("title", "category", "genres") if c in self.items]
        text = columns[0].str.cat(columns[1:], sep=" ").str.casefold()
        return " " + text.str.replace(r"[^\w]+", " ", regex=True)

    @cached_property
    def map_of(self):
        """map_of(method) -> the layout of the items (M, 2), such as by `tsne` or `umap`; those asked for lately are at
        hand."""
        return lru_cache(maxsize=8)(self._map_of)

    def _map_of(self, method: str) -> np.ndarray:
        rows = self.maps[(self.maps["method"] == method) & (self.maps["kind"] == "item")].set_index("id")
        return rows.loc[self.items["item_id"], ["x", "y"]].to_numpy(np.float32)

    def steer(self, dials: dict[tuple[int, int], float], *, items=None, user: str | None = None, **options) -> Steered:
        """Turn dials, {(factor, dim): coordinate in [-1, 1]}, of a profile (`items`, ids) or of a held-out person (`user`)
        and retrieve; options as `Person.steer` has them."""
        if (items is None) == (user is None):
            raise InputError("give either items or a user, not both and not neither")
        return self.person(self.history_of(user) if user is not None else self.positions(items)).steer(dials, **options)

    def check_dial(self, factor: int, dim: int) -> None:
        """InputError unless there is a dial `dim` of `factor`."""
        for name, value, size in (("factor", factor, self.settings.kfac), ("dim", dim, self.settings.embedding_size)):
            if not 0 <= value < size:
                raise InputError(f"{name} is {value}: {self.name} has {size}, so it must be from 0 to {size - 1}")

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
            at = row_of.get_indexer(rows["user_id"]), self._index.get_indexer(rows["item_id"])
            found = csr_matrix((np.ones(len(rows), np.float32), at), (len(people), len(self.items)))
            found.data[:] = 1.0
            return found

        earlier = ("validation_te",) if which == "test" and self.meta["data"]["split"] == "recbole" else ()
        return HeldOut(np.array(people, object), fold_in=matrix(f"{which}_tr"), answers=matrix(f"{which}_te"),
                       seen=matrix(f"{which}_tr", *earlier))
