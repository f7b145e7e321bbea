"""How long a dial takes to answer on one core, with a linear path, beside the full product that it stands for."""

import os
import time

import numpy as np
from record import table
from scipy.sparse import csr_matrix

from macrid.dials.steered_scores import SteeredScores, altered
from macrid.model.linear_path import LinearPath

SIZES = (20_000, 100_000, 1_000_000)
DIMS, KFAC, SCALE, LENGTH, MOVES = 64, 7, 10.0, 20, 200
ENTRIES, CLICKED = 100, 50  # of a row of B; items of the person


def simulated(n_items: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors of a person (K, D) and of items (M, D), log c (M, K) of soft factors, and orthogonal axes (K, D, D)."""
    rng = np.random.default_rng(seed)
    items, prototypes = rng.standard_normal((n_items, DIMS), np.float32), rng.standard_normal((KFAC, DIMS), np.float32)
    parts = rng.standard_normal((KFAC, DIMS), np.float32)
    for vectors in (items, prototypes, parts):
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = SCALE * items @ prototypes.T
    log_c = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    axes = np.stack([np.linalg.qr(rng.standard_normal((DIMS, DIMS)))[0] for _ in range(KFAC)]).astype(np.float32)
    return parts, items, log_c, axes


def linear_path(n_items: int, seed: int) -> tuple[LinearPath, csr_matrix]:
    """A path of random weights, ENTRIES a row, and the clicks (1, M) of a person."""
    rng = np.random.default_rng(seed)
    size = n_items * ENTRIES
    weights = csr_matrix((rng.exponential(0.02, size).astype(np.float32), rng.integers(n_items, size=size, dtype=np.int32),
                          np.arange(0, size + 1, ENTRIES)), (n_items, n_items))
    clicked = np.sort(rng.choice(n_items, CLICKED, replace=False))
    path = LinearPath(weights, 6.0, rng.normal(0, 0.2, n_items).astype(np.float32))
    return path, csr_matrix((np.ones(CLICKED, np.float32), clicked, [0, CLICKED]), (1, n_items))


def full_product(parts: np.ndarray, items: np.ndarray, log_c: np.ndarray, axes: np.ndarray, value: float) -> np.ndarray:
    """The n best items by the plain way: the altered vector times all items, log sum over the factors, partition."""
    turned = parts.copy()
    turned[0] = altered(parts[0], axes[0][:, [0]], [value])
    t = SCALE * (turned @ items.T) + log_c.T  # (K, M)
    top = t.max(axis=0)
    scores = top + np.log(np.exp(t - top).sum(axis=0))
    found = np.argpartition(-scores, LENGTH - 1)[:LENGTH]
    return found[np.argsort(-scores[found], kind="stable")]


def timed(work, *arguments) -> tuple[float, float, object]:
    """Milliseconds by the clock, milliseconds of the processor, and what came of it."""
    start = time.perf_counter(), time.thread_time()
    found = work(*arguments)
    return 1e3 * (time.perf_counter() - start[0]), 1e3 * (time.thread_time() - start[1]), found


def measure(sizes=SIZES, moves: int = MOVES, seed: int = 0, report=lambda: None) -> dict:
    """For each size, in milliseconds: `move` and `full` (p50, p95 over `moves` positions of a dial; a tenth as many of the
    full product), set-up of a person, of a dial; `_cpu`: of the processor, which other work on the machine does not stretch
    as it does the clock. `load`: how many processes wanted one, mean of the last minute. RuntimeError if a dial and the full
    product ever list other items."""
    found = {}
    for n_items in sizes:
        parts, items, log_c, axes = simulated(n_items, seed)
        path, clicks = linear_path(n_items, seed)
        simulated_shelf = parts, items, log_c + path.scores(clicks)[0][:, None], axes
        values = np.random.default_rng(seed).uniform(-0.4, 0.4, moves)
        person, _, dials = timed(_person, parts, items, log_c, axes, path, clicks)
        new_dial = [timed(dials.top, {(0, j): 0.1}, LENGTH)[0] for j in range(1, 11)]
        dials.top({(0, 0): 0.1}, LENGTH)
        moved = [timed(dials.top, {(0, 0): v}, LENGTH) for v in values]
        lean = np.random.default_rng(seed + 1).standard_normal(n_items).astype(np.float32)
        wished = [timed(_wish, dials, {(0, 0): v} if both else {}, lean, v) for both in (False, True) for v in values]
        whole = [timed(full_product, *simulated_shelf, v) for v in values[: max(5, moves // 10)]]
        for (_, _, plain), (_, _, (quick, _)) in zip(whole, moved, strict=False):
            if len(set(plain) - set(quick)) > 1:  # rounding may swap the last one
                raise RuntimeError(f"with {n_items} items a dial lists others than the full product")
        (move, move_cpu, _), (full, full_cpu, _) = zip(*moved, strict=True), zip(*whole, strict=True)
        found[str(n_items)] = {"person": person, "new_dial": float(np.median(new_dial)),
                               "move": _percentiles(move), "move_cpu": _percentiles(move_cpu),
                               "wish": _percentiles([clock for clock, _, _ in wished[:moves]]),
                               "wish_and_dial": _percentiles([clock for clock, _, _ in wished[moves:]]),
                               "wish_cpu": _percentiles([cpu for _, cpu, _ in wished[:moves]]),
                               "wish_and_dial_cpu": _percentiles([cpu for _, cpu, _ in wished[moves:]]),
                               "full": _percentiles(full), "full_cpu": _percentiles(full_cpu),
                               "ratio": float(np.median(full_cpu) / np.median(move_cpu))}
        report()
    return {"dims": DIMS, "kfac": KFAC, "n": LENGTH, "moves": moves, "processors": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1), "milliseconds": found}


def _person(parts, items, log_c, axes, path, clicks) -> SteeredScores:
    """As `bundle.person` makes them."""
    return SteeredScores(parts, items, log_c + path.scores(clicks)[0][:, None], SCALE, axes)


def _wish(dials: SteeredScores, turned: dict, lean: np.ndarray, value: float) -> np.ndarray:
    """A list for one wish, which adds a multiple of an attribute, and for turned dials, if any."""
    return dials.top(turned, LENGTH, added=np.float32(SCALE * value) * lean)[0]


def _percentiles(values) -> dict[str, float]:
    return {"p50": float(np.percentile(values, 50)), "p95": float(np.percentile(values, 95))}


def summary(measured: dict) -> str:
    def pair(figures: dict) -> str:
        return f"{figures['p50']:.2f} / {figures['p95']:.2f}"

    return table(["items", "move, ms p50 / p95", "of the processor", "wish", "of the processor", "wish and dial",
                  "of the processor", "full product", "of the processor", "ratio", "new dial",
                  "new person"],
                 [[f"{int(n):,}", *(pair(m[key]) for key in ("move", "move_cpu", "wish", "wish_cpu", "wish_and_dial",
                                                     "wish_and_dial_cpu", "full", "full_cpu")), f"{m['ratio']:.0f} x",
                   f"{m['new_dial']:.1f}", f"{m['person']:.1f}"] for n, m in measured["milliseconds"].items()])
