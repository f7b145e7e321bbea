"""What a training will take, told before it: time and memory, measured on this machine with a few people of the data."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from macrid.data.split import HeldOut, Split
from macrid.measures.evaluate import SCORED_AT_ONCE, validation_ndcg
from macrid.model.kernels import AT_ONCE
from macrid.model.macridvae import MacridVAE
from macrid.model.settings import Settings
from macrid.training import linear_path, linear_path_cost
from macrid.training.adam import Adam
from macrid.training.fit import batch_size

FEW, SOME = 16, 64  # people of the two batches that are timed
KERNEL = 8  # arrays of AT_ONCE numbers that the decoder holds
COPIES = 6  # of the weights: themselves, their gradients, two moments of Adam, their mean, the best so far
USUAL = 30  # epochs of a training; those on record (benchmarks/RESULTS.md, "What a training takes") ended after 20 to 54
MAPS_BYTES = 0.25e9  # that laying out maps takes at least, UMAP's compiled code for the most part (there)
_MAPS = (8.0, 9e-3)  # seconds of one core: t-SNE and UMAP together, and more for each item (there)


@dataclass(frozen=True)
class Estimate:
    """What a training takes: seconds an epoch, the epochs after which it usually ends and those after which it must, seconds
    of all else (the start, the linear path, the maps), and bytes of memory at the highest."""

    epoch: float
    usual: int
    most: int
    rest: float
    bytes: float

    @property
    def seconds(self) -> tuple[float, float]:
        """From start to end: as a rule, and at most."""
        return self.usual * self.epoch + self.rest, self.most * self.epoch + self.rest

    @property
    def text(self) -> str:
        """Such as "an epoch takes 2 seconds: about 3 minutes in all, at most 8; about 0.4 GB of memory"."""
        usual, most = self.seconds
        least = f"about {spoken(usual)} in all" + (f", at most {spoken(most)}" if most > 1.2 * usual else "")
        return f"an epoch takes {spoken(self.epoch)}: {least}; about {max(self.bytes / 1e9, 0.1):.1f} GB of memory"

    def as_json(self) -> dict[str, Any]:
        usual, most = self.seconds
        return {"epoch": self.epoch, "usual": usual, "most": most, "bytes": self.bytes, "text": self.text}


def estimate(split: Split, settings: Settings, held: int = 0, trainings: int = 1) -> Estimate:
    """Measure steps of a model of that size on a few of the people, and ranking for a few of the others. held: the bytes
    that the data take already. trainings: 2 with a twin, which shares the rest but the maps."""
    people, items = split.train.shape
    model = MacridVAE(items, replace(settings, context=settings.context or 0.0, linear_weight=0.0, popularity_power=0.0))
    optimiser = Adam(model.parameters(), 1e-9)
    order = np.argsort(np.diff(split.train.indptr), kind="stable")  # people from all over the range of clicks
    few, some = (split.train[order[np.linspace(0, people - 1, n).astype(int)]] for n in (FEW, SOME))
    timed = [(_step(model, optimiser, few), _step(model, optimiser, some)) for _ in range(4)]
    a, b = np.min(timed[1:], axis=0)  # the first time is that of filling caches; the quickest is what other work left alone
    each = max(b - a, 0.0) / (SOME - FEW)
    steps = -(-people // batch_size(settings, people))
    validation = len(split.validation.user_ids)
    ranking = _ranked(model.eval(), split.validation) * validation
    epoch = people * each + steps * max(a - FEW * each, 0.0) + ranking
    path, tried = None, linear_path.tried(settings)
    if any(weight > 0 for weight, _ in tried):
        path = linear_path_cost.cost(split.train, validation, len(tried))
    rest = (path.seconds if path else 0.0) + trainings * (_MAPS[0] + _MAPS[1] * items)
    weights = 4.0 * sum(p.numel() for p in model.parameters())
    scores = 8.0 * min(validation, SCORED_AT_ONCE) * items + 4.0 * KERNEL * AT_ONCE
    memory = held + max(COPIES * weights + scores, path.bytes + weights if path else 0.0, MAPS_BYTES)
    return Estimate(trainings * epoch, min(settings.epochs, USUAL), settings.epochs, rest, memory)


def _step(model: MacridVAE, optimiser: Adam, people: csr_matrix) -> float:
    """The seconds of one step."""
    began = time.perf_counter()
    optimiser.zero_grad()
    model.loss(people, 1.0)["loss"].backward()
    optimiser.step()
    return time.perf_counter() - began


def _ranked(model: MacridVAE, held: HeldOut) -> float:
    """The seconds that ranking takes for one person."""
    few = slice(0, SOME)
    part = HeldOut(held.user_ids[few], held.fold_in[few], held.answers[few], held.seen[few])
    began = time.perf_counter()
    validation_ndcg(model, part)
    return (time.perf_counter() - began) / len(part.user_ids)


def spoken(seconds: float) -> str:
    """Such as "0.3 seconds", "4 seconds", "6 minutes" or "2.5 hours"."""
    if seconds < 9.5:
        return "1 second" if 0.95 <= seconds < 1.05 else f"{seconds:.2g} seconds"
    if seconds < 90:
        return f"{round(seconds)} seconds"
    return f"{round(seconds / 60)} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
