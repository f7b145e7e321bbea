"""A trained model with its items and people: everything that the command line and the pages ask of it."""

import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

from . import naming, steer
from .errors import InputError
from .model import MacridVAE, Settings
from .split import HeldOut


@dataclass(frozen=True)
class Steered:
    """The lists before and after a dial was moved, as tables (rank, item_id, title, category, score; `after` also `mark`:
    new, up n, down n or same), and `gone`: the rows of `before` that are not in `after`. `index` columns hold positions in
    the items table. value is where the dial stands, position where the person stands."""

    before: pd.DataFrame
    after: pd.DataFrame
    gone: pd.DataFrame
    value: float
    position: float


@dataclass(frozen=True)
class Recommender:
    """A trained model with its items, people, maps and axes; `bundle.load` makes one."""

    path: Path
    meta: dict
    model: MacridVAE
    items: pd.DataFrame  # M rows
    maps: pd.DataFrame
    axes: np.ndarray  # (K, D, D), columns are dials, the strongest first
    strength: np.ndarray  # (K, D) from 0 to 1: how much of a list the dial changes
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
    def factors(self) -> list[naming.Factor]:
        """The K macro factors, named from their items."""
        return naming.name_factors(self.items, self.factor, self.certainty, self.settings.kfac)

    @cached_property
    def _index(self) -> pd.Index:
        return pd.Index(self.items["item_id"])

    @cached_property
    def _histories(self) -> dict[str, np.ndarray]:
        shown = self.users[self.users["part"].isin(["validation_tr", "test_tr"])].drop_duplicates(["user_id", "item_id"])
        index = self._index.get_indexer(shown["item_id"])
        return {user: index[rows] for user, rows in shown.groupby("user_id", sort=False).indices.items()}

    @cached_property
    def borne(self) -> dict[tuple[int, int], dict]:
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

    def parts(self, positions) -> np.ndarray:
        """The user vector (K, D) of a profile."""
        return self.model.represent(self.clicks(positions))[0]

    def interest(self, positions) -> np.ndarray:
        """The share of each factor (K,) in a profile: the mean of c over its items; zeros for an empty one."""
        positions = np.asarray(positions, dtype=np.int64)
        return np.exp(self.log_c[positions]).mean(axis=0) if len(positions) else np.zeros(self.settings.kfac)

    def recommend(self, items, n: int = 20, hide_seen: bool = True) -> pd.DataFrame:
        """The n best items for a profile (item ids): rank, item_id, title, category, score."""
        seen = self.positions(items)
        if not len(seen):
            raise InputError("the profile is empty: give at least one item id")
        scores = self.model.scores(self.clicks(seen))[0]
        return self._table(steer.top_items(scores, self._number(n), self._allowed(seen, hide_seen, None)), scores)

    def dial(self, positions, factor: int, dim: int) -> steer.Dial:
        """The dial `dim` of `factor` for a profile (positions of its items)."""
        self._check_dial(factor, dim)
        return steer.Dial(self.parts(positions), self.vectors, self.log_c, self.model.scale, factor,
                          self.axes[factor][:, dim])

    def dial_range(self, factor: int, dim: int) -> tuple[float, float]:
        """The 1st and 99th percentile of the coordinates of the factor's items."""
        self._check_dial(factor, dim)
        return steer.dial_range(self.vectors[self.factor == factor] @ self.axes[factor][:, dim])

    def dial_ends(self, factor: int, dim: int, n: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """Positions of the n items at the low and at the high end of a dial, the outermost first, chosen among the better
        known half of the factor's items, so that they say something to people."""
        mine, coordinate = self._known_items(factor, dim)
        order = mine[np.argsort(coordinate, kind="stable")]
        return order[:n], order[::-1][:n]

    def _known_items(self, factor: int, dim: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions and coordinates on a dial of the better known half of a factor's items."""
        self._check_dial(factor, dim)
        mine = np.flatnonzero(self.factor == factor)
        if "clicks" in self.items and len(mine) > 20:
            clicks = self.items["clicks"].to_numpy()[mine]
            mine = mine[clicks >= np.median(clicks)]
        return mine, self.vectors[mine] @ self.axes[factor][:, dim]

    def dial_attribute(self, factor: int, dim: int) -> tuple[str, float] | None:
        """The attribute of a dial and Spearman's rho with it over its factor's items: the one that the dial was aligned
        with, or else the numeric column of the items table that goes most with it; None if there is no column or fewer than
        8 items. An aligned attribute that the items table lacks has what cross-validation said in place of rho: the square
        root of R2, or 2 AUC - 1."""
        self._check_dial(factor, dim)
        mine = np.flatnonzero(self.factor == factor)
        aligned = self.borne.get((factor, dim))
        columns = attribute_columns(self.items)
        if aligned and aligned["attribute"] not in columns:
            value = aligned["confidence"]
            return aligned["attribute"], 2 * value - 1 if aligned["measure"] == "AUC" else value**0.5
        if not columns or len(mine) < 8:
            return None
        coordinate = pd.Series(self.vectors[mine] @ self.axes[factor][:, dim], self.items.index[mine])
        rho = {c: coordinate.corr(self.items[c].iloc[mine], method="spearman")
               for c in ([aligned["attribute"]] if aligned else columns)}
        best = max(rho, key=lambda c: abs(rho[c]) if np.isfinite(rho[c]) else -1)
        return (best, float(rho[best])) if np.isfinite(rho[best]) else None

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
        return max(found, key=lambda dial: abs(dial[2][1]) if dial[2] else float(self.strength[dial[0], dial[1]]))

    def map_of(self, method: str) -> np.ndarray:
        """The layout of the items (M, 2) by `tsne` or `umap`."""
        rows = self.maps[(self.maps["method"] == method) & (self.maps["kind"] == "item")].set_index("id")
        return rows.loc[self.items["item_id"], ["x", "y"]].to_numpy(np.float32)

    def steer(self, factor: int, dim: int, value: float | None, *, items=None, user: str | None = None,
              scope: str = "factor", n: int = 20, hide_seen: bool = True) -> Steered:
        """Turn one dial of a profile (`items`, ids) or of a held-out person (`user`) to `value` in [-1, 1] and retrieve.

        value: the coordinate along the dial that the person's part is given; None leaves it. scope: `factor` lists only
        items of that factor, `all` the whole catalogue. hide_seen: leave out the items of the profile.
        """
        if (items is None) == (user is None):
            raise InputError("give either items or a user, not both and not neither")
        seen = self.history_of(user) if user is not None else self.positions(items)
        return self.steer_profile(seen, factor, dim, value, scope=scope, n=n, hide_seen=hide_seen)

    def steer_profile(self, seen: np.ndarray, factor: int, dim: int, value: float | None, *, scope: str = "factor",
                      n: int = 20, hide_seen: bool = True) -> Steered:
        """`steer` for a profile given as positions of its items."""
        if not len(seen):
            raise InputError("the profile is empty: give at least one item id")
        if value is not None and not -1 <= value <= 1:  # also catches NaN
            raise InputError(f"value is {value}: it must be a number from -1 to 1, the coordinate on the dial")
        if scope not in ("factor", "all"):
            raise InputError(f"scope is {scope!r}: choose factor or all")
        dial = self.dial(seen, factor, dim)
        allowed = self._allowed(seen, hide_seen, factor if scope == "factor" else None)
        before, after = (self._table(steer.top_items(s, self._number(n), allowed), s)
                         for s in (dial.scores(None), dial.scores(value)))
        was = dict(zip(before["item_id"], before["rank"], strict=True))
        after["mark"] = [_mark(was.get(i), rank) for i, rank in zip(after["item_id"], after["rank"], strict=True)]
        gone = before[~before["item_id"].isin(after["item_id"])].reset_index(drop=True)
        return Steered(before, after, gone, dial.position if value is None else float(value), dial.position)

    def film_strip(self, factor: int, dim: int, seen, *, n: int = 3,
                   hide_seen: bool = True) -> list[tuple[float, np.ndarray]]:
        """The n best items of the factor at seven positions of a dial: [(value, positions of items)]. seen: positions."""
        dial = self.dial(seen, factor, dim)
        allowed = self._allowed(np.asarray(seen, np.int64), hide_seen, factor)
        return [(float(v), steer.top_items(dial.scores(v), n, allowed))
                for v in np.linspace(*self.dial_range(factor, dim), steer.STRIP_POSITIONS)]

    def _check_dial(self, factor: int, dim: int) -> None:
        for name, value, size in (("factor", factor, self.settings.kfac), ("dim", dim, self.settings.embedding_size)):
            if not 0 <= value < size:
                raise InputError(f"{name} is {value}: {self.name} has {size}, so it must be from 0 to {size - 1}")

    def _number(self, n: int) -> int:
        if n < 1:
            raise InputError(f"n is {n}: ask for at least 1 item")
        return min(n, len(self.items))

    def _allowed(self, seen: np.ndarray, hide_seen: bool, factor: int | None) -> np.ndarray:
        allowed = np.ones(len(self.items), bool) if factor is None else self.factor == factor
        if hide_seen:
            allowed = allowed.copy()
            allowed[seen] = False
        return allowed

    def _table(self, positions: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
        table = self.items.iloc[positions][["item_id", "title", "category"]].reset_index(drop=True)
        table.insert(0, "rank", np.arange(1, len(table) + 1))
        return table.assign(score=scores[positions].astype(float), index=positions)

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


def attribute_columns(items: pd.DataFrame) -> list[str]:
    """The numeric columns of an items table that describe items: not how often they were clicked."""
    return [c for c in items.select_dtypes("number").columns if c not in ("clicks", "popularity") and items[c].nunique() > 2]


def _mark(was: int | None, rank: int) -> str:
    if was is None:
        return "new"
    return "same" if was == rank else f"up {was - rank}" if was > rank else f"down {rank - was}"
