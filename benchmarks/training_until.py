"""How soon ours ranks as well as RecBole's MacridVAE does at its best: the part of training.py that trains to the end.

RecBole trains with its own early stopping (10 epochs without a better one, by NDCG@100 of the people held out for
validation, ranked after each epoch); its figure is the best of these, its time that at which this one was ranked. Ours
trains on the same clicks until an epoch is at least as good: with the same settings, and as it ships (the preset `best`;
without its linear path, which comes after the training). Times begin when the data are loaded, and count the start of the
model and every ranking.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_matrix

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from macrid.data.split import HeldOut
from macrid.model.settings import make_settings
from macrid.training.fit import Trainer
from macrid.training.start import untrained

SEEDS = (0, 1, 2)  # of ours
SHIPPED = "best"  # the preset
HEADINGS = ["settings", "", "NDCG@100", "epochs", "time until then", "sooner"]


class Epoch(NamedTuple):
    """When it was ranked, in seconds, and how well."""

    seconds: float
    ndcg: float


def course(clicks: csr_matrix, held: HeldOut, preset: str, seed: int, goal: float) -> list[Epoch]:
    """Ours: the epochs to the first that is as good as `goal`, or all."""
    began, epochs = time.perf_counter(), []
    trainer = Trainer(untrained(clicks, make_settings(preset), seed), clicks, seed)
    while not trainer.is_over and not (epochs and epochs[-1].ndcg >= goal):
        row = trainer.epoch(held)
        epochs.append(Epoch(time.perf_counter() - began, row["ndcg@100"]))
    return epochs


def beside_recbole(preset: str, recbole: Callable[[str], list], ours: Callable[[dict], list]) -> dict:
    """RecBole's course with a preset, and ours to its best. recbole: runs it; ours: runs `course` with a preset, seed and
    goal; each gives the epochs as lists [seconds, NDCG@100].

    Returns `recbole`, `best` (the index of RecBole's best epoch) and `ours`, by preset a course for each seed.
    """
    theirs = recbole(preset)
    best = int(np.argmax([ndcg for _, ndcg in theirs]))
    return {"recbole": theirs, "best": best, "ours": {
        name: [ours({"preset": name, "seed": seed, "goal": theirs[best][1]}) for seed in SEEDS]
        for name in (preset, SHIPPED)}}


def rows(preset: str, found: dict) -> list[list]:
    """Of the table: RecBole's best, and how much sooner ours is there, with the least and the most of the seeds."""
    seconds, goal = found["recbole"][found["best"]]
    told = [[preset, "RecBole", f"{goal:.4f}", found["best"] + 1, f"{seconds:.1f} s", ""]]
    for name, courses in found["ours"].items():
        who = "ours, as it ships" if name == SHIPPED else "ours, the same settings"
        took = [course[-1][0] for course in courses if course[-1][1] >= goal]
        if len(took) < len(courses):
            highest = max(ndcg for course in courses for _, ndcg in course)
            told.append([preset, who, f"{highest:.4f}", "", f"{len(courses) - len(took)} of {len(courses)} never", ""])
            continue
        middle = float(np.median(took))
        told.append([preset, who, f"{min(course[-1][1] for course in courses):.4f}",
                     f"{min(map(len, courses))} to {max(map(len, courses))}",
                     f"{middle:.1f} s ({min(took):.1f} to {max(took):.1f})", f"{seconds / middle:.0f} x"])
    return told
