"""How far long commands are: bars on standard error."""

import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import click
from tqdm import tqdm

STEPS_SHOWN_EVERY = 2.0  # seconds
SAID = {"start": "finding where to start (singular vectors of the clicks) ...",
        "baselines": "measuring baselines to compare with ...",
        "maps": "laying out the maps (t-SNE, UMAP) ..."}  # as each of these begins


class TrainingProgress:
    """A bar of epochs for the model, then for its twin, on standard error; and how far an epoch is that takes long."""

    NAMES: ClassVar = {"train": "training", "twin": "dot-product twin"}

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.stage = ""  # a key of NAMES
        self.bar: tqdm | None = None
        self.figures = ""  # of the last epoch, as the bar shows them
        self.shown = 0.0  # when they, or a share of the people, were shown last

    def report(self, stage: str, row: dict[str, Any]) -> None:
        if stage == "step":
            bar = self._bar_of(row["stage"], row["epoch"])
            if time.monotonic() - self.shown >= STEPS_SHOWN_EVERY:  # nobody sees it of an epoch that is shorter
                bar.set_postfix_str(f"epoch {row['epoch']}: {row['done']:.0%} of the people{self.figures}")
                self.shown = time.monotonic()
        elif stage in self.NAMES:
            bar = self._bar_of(stage, row["epoch"])
            self.figures = f", NDCG@100 {row['ndcg@100']:.4f}, best in epoch {row['best']}"
            bar.set_postfix_str(self.figures[2:], refresh=False)
            bar.update()
            self.shown = time.monotonic()
        elif stage == "linear":
            self._linear(**row)
        elif stage in SAID:
            self.close()
            click.echo(SAID[stage], err=True)

    def _linear(self, step: str, done: float) -> None:
        """A bar of how much of the linear path is done; none where it takes no longer than STEPS_SHOWN_EVERY."""
        if time.monotonic() - self.shown < STEPS_SHOWN_EVERY:
            return
        if self.stage != step:
            self.close()
            self.stage = step
            self.bar = tqdm(total=100, desc=f"linear path, {step}", unit="%", file=sys.stderr, dynamic_ncols=True)
        if self.bar is not None:
            self.bar.update(round(100 * done) - self.bar.n)
        self.shown = time.monotonic()

    def _bar_of(self, stage: str, epoch: int) -> tqdm:
        """The bar of a stage, begun at an epoch."""
        if self.bar is None or stage != self.stage:
            self.close()
            self.stage, self.figures, self.shown = stage, "", time.monotonic()
            self.bar = tqdm(total=self.epochs, desc=self.NAMES[stage], unit="epoch", file=sys.stderr, initial=epoch - 1,
                            dynamic_ncols=True)
        return self.bar

    def close(self) -> None:
        if self.bar is None:
            return
        if self.stage == "train":
            self.epochs = self.bar.total = int(self.bar.n)  # early stopping: the bar ends full, the twin runs as long
        self.bar.close()
        self.bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class StudyProgress:
    """A bar over all models or points on standard error, and beside it what is running now. Ctrl-C says how to go on."""

    def __init__(self, count: int, unit: str, out: Path) -> None:
        self.bar = tqdm(total=count, unit=unit, file=sys.stderr, dynamic_ncols=True)
        self.out = out
        self.running: dict[str, str] = {}  # key of a contender: how far it is
        self.drawn = 0.0  # when the bar was drawn last

    def report(self, key: str, event: str, value: dict[str, Any]) -> None:
        if event == "report":
            name = key.rpartition("-")[0]
            self.running[key] = f"{name}, epoch {value['epoch']}: NDCG@100 {value['ndcg@100']:.4f}"
        else:
            self.running.pop(key, None)
            self.bar.update()
        drawn_just_now = time.monotonic() - self.drawn < 0.5
        self.bar.set_postfix_str("; ".join(self.running.values()), refresh=not drawn_just_now)
        if not drawn_just_now:
            self.drawn = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        from macrid.studies.study import partial_of

        self.bar.close()
        if kind is KeyboardInterrupt:
            click.echo(f"stopped; the same command with --resume goes on (kept in {partial_of(self.out)})", err=True)
            sys.exit(130)
