"""Lists for many people at once, in blocks and threads, into one Parquet file; what was stopped goes on where it was.

B people in a block, M items, K factors, D dimensions of a factor, n items in a list.
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from macrid import files
from macrid.bundle.recommender import Recommender
from macrid.bundle.turns import Turn
from macrid.data.interactions import Interactions
from macrid.dials import wishes as wishing
from macrid.dials.steered_scores import altered
from macrid.errors import InputError
from macrid.measures.evaluate import people_at_once
from macrid.measures.ranking import top_k
from macrid.model.kernels import log_mixture
from macrid.retrieval.index import MOST_LISTED

from .evaluate import known_clicks
from .run_folder import claim, partial_of

PART = 4096  # people of a file that is kept until all are done
SCHEMA = pa.schema([("user_id", pa.string()), ("rank", pa.int32()), ("item_id", pa.string()), ("score", pa.float32())])


@dataclass(frozen=True)
class Ask:
    """What somebody asks for: wishes (attribute, from -1 to 1) and turned dials; nothing is the own list."""

    wishes: tuple[tuple[str, float], ...] = ()
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class People:
    """Who gets lists: ids (P,), binary clicks (P, M), and which of `asks` is whose (P,)."""

    ids: np.ndarray
    clicks: csr_matrix
    asks: Sequence[Ask]
    which: np.ndarray

    @classmethod
    def of(cls, bundle: Recommender, data: Interactions | None, everybody: Ask, asked: dict[str, Ask]) -> "People":
        """The people of some data who clicked an item that the bundle knows, or, without data, its held-out people.

        asked: what single people ask for, by id, in the place of what `everybody` does. InputError where it names somebody
        who is not there.
        """
        if data is None:
            ids, clicks = np.array(bundle.people, object), bundle.shown_clicks()
        else:
            clicks, ids = known_clicks(bundle, data, 1)
            some = np.flatnonzero(np.diff(clicks.indptr))
            clicks, ids = clicks[some], ids[some].astype(str).astype(object)
        strangers = set(asked) - set(ids)
        if strangers:
            raise InputError(f"--asks names {min(strangers)!r:.80}, who is none of the {len(ids):,} people with clicks; "
                             "leave out who has none")
        asks = list(dict.fromkeys([everybody, *asked.values()]))
        place = {ask: at for at, ask in enumerate(asks)}
        which = np.array([place[asked.get(each, everybody)] for each in ids], np.int64)
        return cls(ids, clicks, asks, which)


@dataclass(frozen=True)
class Lister:
    """Makes lists of n items for blocks of people: those that `Person.steer` gives for each, over the whole catalogue."""

    bundle: Recommender
    n: int
    hide_seen: bool = True

    def lists(self, clicks: csr_matrix, ask: Ask) -> tuple[np.ndarray, np.ndarray]:
        """Positions of items and scores (B, n), the best first; minus infinity where somebody has seen all the others."""
        bundle = self.bundle
        if bundle.index is not None and self.n <= MOST_LISTED and not ask.wishes:
            return self._found(clicks, ask)
        parts, linear = bundle.model.represent(clicks), bundle.linear(clicks)  # (B, K, D), (B, M)
        scores = self._mixture(parts) + linear if ask.wishes or not ask.turns else linear
        added = [wishing.weight(value, bundle.wishes.attributes[name].yes_no) * bundle.wishes.lean(name)
                 for name, value in ask.wishes if value]  # of (M,)
        reach = np.array([wishing.reach(row) for row in scores], np.float32)[:, None] if added else None
        if ask.turns:
            scores = self._mixture(self._turned(parts, ask.turns)) + linear
        if reach is not None:
            scores += reach * np.asarray(sum(added[1:], added[0]), np.float32)
        if self.hide_seen:
            scores[clicks.nonzero()] = -np.inf
        top = top_k(scores, self.n)
        return top, np.take_along_axis(scores, top, axis=1)

    def _found(self, clicks: csr_matrix, ask: Ask) -> tuple[np.ndarray, np.ndarray]:
        """`lists` by the bundle's index, one person after the other."""
        top, scores = np.zeros((clicks.shape[0], self.n), np.int64), np.full((clicks.shape[0], self.n), -np.inf, np.float32)
        for row, seen in enumerate(np.split(clicks.indices, clicks.indptr[1:-1])):
            person = self.bundle.person(seen)
            dials = {(turn.factor, turn.dim): float(turn.coordinates(person.parts[None], self.bundle.dials)[0])
                     for turn in ask.turns}
            found, scored = person.listed(dials, n=self.n, hide_seen=self.hide_seen)
            top[row, : len(found)], scores[row, : len(found)] = found, scored
        return top, scores

    def _mixture(self, parts: np.ndarray) -> np.ndarray:
        """log sum_k c_ik exp(scale z_k . h_i), (B, M)."""
        model = self.bundle.model
        z = torch.as_tensor(parts * model.scale, dtype=torch.float32)
        with torch.no_grad():
            return log_mixture(z, torch.as_tensor(self.bundle.vectors), torch.as_tensor(self.bundle.log_c)).numpy()

    def _turned(self, parts: np.ndarray, turns: Sequence[Turn]) -> np.ndarray:
        """Parts (B, K, D) with dials turned."""
        axes, turned = self.bundle.axes, parts.copy()
        for k in {turn.factor for turn in turns}:
            values = {turn.dim: turn.coordinates(parts, self.bundle.dials) for turn in turns if turn.factor == k}
            along, where = axes[k][:, list(values)], np.stack(list(values.values()), axis=1)  # (D, J), (B, J)
            turned[:, k] = [altered(part, along, value) for part, value in zip(parts[:, k], where, strict=True)]
        return turned


@dataclass(frozen=True)
class Job:
    """Where lists go and how: threads, and what is done about what stands there already."""

    out: Path
    threads: int = 1
    overwrite: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        if self.out.suffix != ".parquet":
            raise InputError(f"--out is {self.out}; give it a name that ends in .parquet")
        if self.out.exists() and not self.overwrite:
            raise InputError(f"{self.out} exists already; choose another --out, or add --overwrite to replace it")


def write(lister: Lister, people: People, job: Job, report: Callable[[int], None] = lambda done: None) -> None:
    """Write the lists of people, a row an item: user_id, rank, item_id, score. report: called with the number of people that
    are done."""
    partial, run = partial_of(job.out), _described(lister, people)
    with claim(partial, run, overwrite=job.overwrite, resume=job.resume, what="lists that were begun"):
        _write_parts(lister, people, job, partial, report)
        shutil.rmtree(partial)


def _write_parts(lister: Lister, people: People, job: Job, partial: Path, report: Callable[[int], None]) -> None:
    """`write`, its parts in the folder `partial`."""
    parts = [partial / f"{start:09d}.parquet" for start in range(0, len(people.ids), PART)]
    item_ids = pa.array(lister.bundle.item_ids, pa.string())
    with ThreadPoolExecutor(job.threads, initializer=threadpool_limits, initargs=(1, "openmp")) as pool:
        for start, path in zip(range(0, len(people.ids), PART), parts, strict=True):
            if not path.exists():
                table = _part(lister, people, np.arange(start, min(start + PART, len(people.ids))), item_ids, pool)
                with files.replacing(path) as beside:
                    pq.write_table(table, beside)
            report(min(start + PART, len(people.ids)))
    with files.replacing(job.out) as beside, pq.ParquetWriter(beside, SCHEMA) as writer:
        for path in parts:
            writer.write_table(pq.read_table(path))


def _described(lister: Lister, people: People) -> dict[str, Any]:
    """What lists are made of, by which those that were begun are known again."""
    bundle, digests = lister.bundle, {}
    arrays = {"bundle": (bundle.vectors, bundle.log_c, bundle.axes),
              "people": (people.clicks.indptr, people.clicks.indices, people.which)}
    texts = {"bundle": [bundle.name, str(bundle.item_ids[-1])], "people": [*people.ids, *map(repr, people.asks)]}
    for name, some in arrays.items():
        digest = hashlib.sha256("\n".join(texts[name]).encode())
        for array in some:
            digest.update(np.ascontiguousarray(array).data)
        digests[name] = digest.hexdigest()
    return digests | {"n": lister.n, "hide_seen": lister.hide_seen}


def _part(lister: Lister, people: People, rows: np.ndarray, item_ids: pa.Array, pool: ThreadPoolExecutor) -> pa.Table:
    """The lists of some people (p,), as a table."""
    at_once = people_at_once(people.clicks.shape[1])
    blocks = [some[start : start + at_once] for ask in range(len(people.asks))
              for some in (rows[people.which[rows] == ask],) for start in range(0, len(some), at_once)]
    done = pool.map(lambda block: lister.lists(people.clicks[block], people.asks[people.which[block[0]]]), blocks)
    top, scores = (np.concatenate(each) for each in zip(*done, strict=True))  # (p, n)
    order = np.argsort(np.concatenate(blocks), kind="stable")
    top, scores = top[order], scores[order]
    listed = np.isfinite(scores)
    rank = np.broadcast_to(np.arange(1, top.shape[1] + 1, dtype=np.int32), top.shape)
    users = pa.array(np.repeat(people.ids[rows], listed.sum(axis=1)), pa.string())
    return pa.table([users, pa.array(rank[listed]), item_ids.take(pa.array(top[listed])), pa.array(scores[listed])],
                    schema=SCHEMA)
