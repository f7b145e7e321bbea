"""From clicks to a finished bundle, and to its dot-product twin: train, finish, save."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.sparse import csr_matrix

from macrid import bundle
from macrid.beside import discard
from macrid.bundle.recommender import Recommender
from macrid.model.item_rows import ItemRows
from macrid.model.settings import Settings
from macrid.results.collapse import VARIANTS
from macrid.training.course import Course
from macrid.training.fit import Trainer, run
from macrid.training.linear_path import add_linear_path
from macrid.training.shared_rows import rows_for
from macrid.training.spectral_start import Start
from macrid.training.start import start_vectors, untrained

from .contents import Trained, Training, finish
from .evaluate import baseline_figures
from .run_folder import is_done, partial_of, twin_of

Report = Callable[[str, dict], None]  # (stage, what is said of it)


def build(training: Training, out: Path, report: Report = lambda stage, row: None) -> Recommender:
    """Train and save the bundle `out`, and with `training.twin` also its dot-product twin, trained just as long.

    Labels enter the loss with the weight `settings.label_weight`, and the dials are learned from them, as by `align`.
    report: called with ("train", row of the history), ("twin", row), then each with ("model", {"stage": either of these,
        "model": as it is ranked with}); after each batch with ("step", {"stage", "epoch", "done": the share of its people}),
        with ("linear", {"step": what of the linear path, "done": its share}), and with ("start", {}), ("baselines", {}),
        ("maps", {}), ("save", {}) as each begins.
    Checkpoints stand in `partial_of(out)` until the bundle is complete; a training found there is continued, and where it
    was killed after its bundle was complete, that is what it gives.
    """
    if training.workers.agree(is_done(out)):
        discard(partial_of(out))
        return bundle.load(out)
    trained = _train(training, out, report)
    report("baselines", {})
    baselines = baseline_figures(training.split)
    report("maps", {})
    contents: dict[Path, bundle.Contents] = {}
    for path, each in trained.items():
        beside = contents[out].maps if contents else None
        contents[path] = finish(path, each, training, baselines, beside)
    report("save", {})
    for path in reversed(contents):  # the twin first, so that a bundle never names one that is not there
        bundle.save(path, contents[path])
    saved = bundle.load(out)
    discard(partial_of(out))  # last: as long as it is there, the training can be resumed
    return saved


def take_part(training: Training, out: Path) -> None:
    """What `build` is of a worker that is not the first: it trains with the others, reads their checkpoint and writes
    nothing."""
    if not training.workers.agree(is_done(out)):
        _train(training, out, lambda stage, row: None)


def _train(training: Training, out: Path, report: Report) -> dict[Path, Trained]:
    """What is trained for each of the bundles, that of `out` first."""
    split, settings, seed, partial = training.split, training.settings, training.seed, partial_of(out)
    renewed = training.renewed
    if settings.init == "spectral" and not renewed:
        report("start", {})
    rows = rows_for(training.workers, split.train.shape[1])
    start = None if renewed else _start(training, rows)
    labels = _scaled(training.item_labels)
    path: csr_matrix | None = None  # of both: it is of the clicks alone

    def trained(settings: Settings, stage: str, folder: Path) -> Trained:
        nonlocal path
        model = renewed.model if renewed else untrained(split.train, settings, seed, labels, start, rows)
        model = model.to(training.device)
        course = Course() if training.twin and settings.routing == "learned" else None  # what is held has no course
        trainer = Trainer(model, split.train, seed, folder, course, training.workers)

        def after_epoch(row: dict) -> None:
            report(stage, row)
            report("model", {"stage": stage, "model": trainer.ranked})

        history = run(trainer, split.validation, after_epoch,
                      lambda epoch, done: report("step", {"stage": stage, "epoch": epoch, "done": done}))
        better = renewed.keep_the_better(history) if renewed else True
        if training.workers.is_first:
            path = add_linear_path(model, split, lambda step, done: report("linear", {"step": step, "done": done}), path)
        return Trained(model, history, course=course.factors if course else None, better=better)

    first = trained(settings, "train", partial / "main")
    if not training.twin:
        return {out: first}
    epochs, twin = len(first.history), twin_of(out)
    same = replace(first.model.settings, **VARIANTS[training.twin], epochs=epochs, stopping_step=max(1, epochs))
    return {out: replace(first, twin=twin.name), twin: trained(same, "twin", partial / "twin")}


def _start(training: Training, rows: ItemRows) -> Start | None:
    """What `start_vectors` gives, found by the first worker, of the items whose rows are here."""
    split, settings, workers = training.split, training.settings, training.workers
    if settings.init != "spectral":
        return None
    start = start_vectors(split.train, settings, training.seed, training.known) if workers.is_first else None
    items, size, kfac = split.train.shape[1], settings.embedding_size, settings.kfac
    vectors, prototypes, affinity = start or (None, np.zeros((kfac, size), np.float32), None)
    workers.as_the_first([torch.from_numpy(prototypes)])

    def here(found: np.ndarray | None, width: int) -> np.ndarray:
        """The rows here of a table (M, width) that the first has found."""
        done = 0

        def sent(count: int) -> torch.Tensor:
            nonlocal done
            some = torch.zeros(count, width) if found is None else torch.from_numpy(found[done : done + count])
            workers.as_the_first([some])
            done += count
            return some

        return rows.made(sent, items).numpy()

    return Start(here(vectors, size), prototypes, here(affinity, kfac))


def _scaled(labels: pd.DataFrame | None) -> np.ndarray | None:
    """Labels with mean 0 and standard deviation 1 in each column, so that float32 tells 1e9 from 1e9 + 1."""
    return None if labels is None else ((labels - labels.mean()) / labels.std()).to_numpy()
