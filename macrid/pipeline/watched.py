"""How far a training is, in a folder: for whoever looks from another process, at any time.

history.jsonl has a line for each epoch that is done, as in a bundle's history.json, with `stage` (train, twin) and, of one
with factors, `coherence` over the validation people. now.json says what is done at the moment, factors.json which items are
typical of each factor by now.
"""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from macrid.data.split import Split
from macrid.dials.typical import typical_items
from macrid.files import read_json, write_json
from macrid.measures.coherence import coherence
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings

WRITTEN_EVERY = 1.0  # seconds between two states of now.json
LOOKED_EVERY = 2.0  # seconds between two looks at the factors: a look takes longer than an epoch of little data
TYPICAL = 8  # items of each factor
SHOWN = ("item_id", "title", "category", "image_url", "genres", "year", "size", "shade", "warmth", "price")  # for a picture
HISTORY, NOW, FACTORS = "history.jsonl", "now.json", "factors.json"


class Written:
    """Writes what `build` reports to a folder."""

    def __init__(self, folder: Path, split: Split, settings: Settings) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.split = folder, split
        self.limits = {"epochs": settings.epochs, "stopping_step": settings.stopping_step}
        self._written = self._looked = float("-inf")
        self._row: dict[str, Any] = {}  # of the epoch that is done
        self._clicks = np.bincount(split.train.indices, minlength=split.train.shape[1])

    def report(self, stage: str, row: dict[str, Any]) -> None:
        if stage in ("train", "twin"):
            self._row = {"stage": stage} | row
        elif stage == "model":
            looked = self._factors(row["stage"], row["model"])
            with (self.folder / HISTORY).open("a", encoding="utf-8") as file:
                file.write(json.dumps(self._row | looked) + "\n")
        elif stage in ("step", "linear"):
            if time.monotonic() - self._written < WRITTEN_EVERY:
                return
            self._now({"stage": row["stage"], "epoch": row["epoch"], "done": row["done"]} if stage == "step" else
                      {"stage": "linear", "done": row["done"]})
        else:
            self._now({"stage": stage})

    def _now(self, state: dict[str, Any]) -> None:
        self._written = time.monotonic()
        write_json(self.folder / NOW, state | self.limits | {"at": time.time()})

    def _factors(self, stage: str, model: MacridVAE) -> dict[str, float]:
        """Write down the factors as they are by now; gives the coherence, if it was time to look."""
        if stage != "train" or time.monotonic() - self._looked < LOOKED_EVERY:
            return {}
        log_c, held = model.routing(), self.split.validation
        factor, kfac = log_c.argmax(axis=1), log_c.shape[1]
        rows = typical_items(factor, np.exp(log_c.max(axis=1)), kfac, self._clicks, held.fold_in)
        items = self.split.items[[name for name in SHOWN if name in self.split.items]]
        share = np.bincount(factor, minlength=kfac) / len(factor)
        write_json(self.folder / FACTORS, {"epoch": self._row["epoch"], "factors": [
            {"share": float(share[k]), "items": json.loads(items.iloc[row[:TYPICAL]].to_json(orient="records"))}
            for k, row in enumerate(rows)]})
        mean = coherence(factor, (held.fold_in + held.answers).tocsr()).mean
        self._looked = time.monotonic()
        return {"coherence": mean} if np.isfinite(mean) else {}


class Progress:
    """How far a training is, as `Written` has left it in `folder`; empty until there is something."""

    def __init__(self, folder: Path) -> None:
        self.history = _rows(folder / HISTORY)
        self.now = read_json(folder / NOW) or {}
        self.factors = read_json(folder / FACTORS) or {}

    def of(self, stage: str) -> list[dict[str, Any]]:
        """The rows of the epochs of a stage: train or twin. Of one that was done twice, the later one."""
        return list({row["epoch"]: row for row in self.history if row["stage"] == stage}.values())

    @property
    def remaining(self) -> tuple[float, float] | None:
        """The seconds that this stage takes still, if no epoch is the best one any more, and if all are needed; None until
        an epoch is done. What comes after, maps and the linear path, is not in it."""
        stage = self.now.get("stage")
        rows = self.of(stage) if stage in ("train", "twin") else []
        if not rows:
            return None
        last, taken = rows[-1], float(np.median([row["seconds"] for row in rows[-10:]]))
        part = self.now["done"] if self.now.get("epoch", 0) > last["epoch"] else 0.0
        most = max(0.0, self.now["epochs"] - last["epoch"] - part)
        least = max(0.0, min(most, self.now["stopping_step"] - (last["epoch"] - last["best"]) - part))
        return least * taken, most * taken


def _rows(path: Path) -> list[dict[str, Any]]:
    """The lines of history.jsonl that are whole."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1] if line]
