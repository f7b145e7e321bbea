"""Commands that make bundles, or parts of them: fetch, train, remap, import-recbole."""

import shutil
import sys
import time
from pathlib import Path

import click
from tqdm import tqdm

from macrid.errors import InputError

from .options import (
    bundle_argument,
    data_options,
    describe_split,
    device_of,
    device_option,
    divide,
    fetched,
    read_data,
    read_settings,
    settings_options,
    summary,
)

STEPS_SHOWN_EVERY = 2.0  # seconds


@click.command()
@click.argument("name")
@click.option("--source", type=click.Path(path_type=Path), help="A copy of the file that you have already.")
@click.option("--to", type=click.Path(path_type=Path), help="The folder that data sets are kept in.")
def fetch(name, source, to):
    """Get the public data set NAME: ml-100k, ml-1m, ml-20m, ml-25m, ml-32m or ml-latest-small."""
    click.echo(fetched(name, to, source))


@click.command()
@data_options
@settings_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the bundle to.")
@click.option("--twin", type=click.Choice(["dot"]), help="Train a twin with dot product instead of cosine, too.")
@click.option("--labels", "file", type=click.Path(path_type=Path),
              help="A CSV of item_id and attributes, partly empty: dials are learned from it; with --set label_weight=..., "
                   "it enters the training, too.")
@device_option
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
def train(data, out, preset, config, changes, seed, kind, twin, min_rating, min_clicks, held_out, file, device, resume,
          overwrite):
    """Train on a data set and write a bundle."""
    from macrid.data import label_file
    from macrid.pipeline import build, provenance, run_folder

    settings = read_settings(preset, config, changes)
    device = device_of(device)
    if settings.label_weight and file is None:
        raise InputError(f"label_weight is {settings.label_weight:g}, but there are no labels; add --labels FILE.csv")
    source = read_data(data, seed)
    labels = label_file.read(file, source.items["item_id"]) if file else None
    split = divide(source, kind, seed, min_rating, min_clicks, held_out)
    if labels is not None:
        labels = label_file.of_items(labels, split.items["item_id"], file)
        if settings.label_weight and labels.shape[1] > settings.embedding_size:
            raise InputError(f"{file}: has {labels.shape[1]} attributes, embedding_size is {settings.embedding_size}; "
                             "raise embedding_size, drop some, or set label_weight=0")
    run = provenance.describe(split, settings, seed, labels) | {"twin": bool(twin)}
    run_folder.prepare(out, run, overwrite=overwrite, resume=resume, twin=bool(twin))
    click.echo(describe_split(split), err=True)
    try:
        with _Progress(settings.epochs) as progress:
            bundle = build.build(split, out, settings, seed, source=source, twin=bool(twin), labels=labels,
                                    device=device, report=progress.report)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command with --resume goes on (kept in {run_folder.partial_of(out)})", err=True)
        sys.exit(130)
    except FloatingPointError as error:
        shutil.rmtree(run_folder.partial_of(out))  # going on would end the same way
        raise InputError(str(error)) from error
    click.echo(f"{out}: " + summary(bundle.meta["metrics"]), err=True)


@click.command()
@bundle_argument
def remap(path):
    """Lay out the maps of a bundle and of its twin anew, without training: for bundles that were made before people stood
    on the maps."""
    from macrid import bundle as bundles
    from macrid.pipeline import build

    trained = bundles.load(path)
    found = [trained]
    if trained.meta["twin"]:
        found.append(bundles.load(path.with_name(trained.meta["twin"])))
    beside = None
    for each in found:
        click.echo(f"laying out the maps of {each.path} (t-SNE, UMAP) ...", err=True)
        maps = build.remap(each, beside)
        beside = maps if beside is None else beside


@click.command("import-recbole")
@click.argument("checkpoint", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--data", required=True, type=click.Path(path_type=Path),
              help="The atomic files (.inter, .item) that the model was trained on.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the bundle to.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
def import_recbole(checkpoint, data, out, overwrite):
    """Make a bundle from CHECKPOINT, a .pth that RecBole 1.2.1 saved of MacridVAE; nothing in the file is run."""
    from macrid.pipeline import recbole_import

    bundle = recbole_import.convert(checkpoint, data, out, overwrite=overwrite)
    click.echo(f"{out}: " + summary(bundle.meta["metrics"]), err=True)


class _Progress:
    """A bar of epochs for the model, then for its twin, on standard error; and how far an epoch is that takes long."""

    def __init__(self, epochs: int):
        self.names = {"train": "training", "twin": "dot-product twin"}
        self.epochs, self.bar, self.stage = epochs, None, None

    def report(self, stage: str, row: dict) -> None:
        if stage == "step":
            self._open(row["stage"], row["epoch"])
            if time.monotonic() - self.shown >= STEPS_SHOWN_EVERY:  # nobody sees it of an epoch that is shorter
                self.bar.set_postfix_str(f"epoch {row['epoch']}: {row['done']:.0%} of the people{self.figures}")
                self.shown = time.monotonic()
        elif stage in self.names:
            self._open(stage, row["epoch"])
            self.figures = f", NDCG@100 {row['ndcg@100']:.4f}, best in epoch {row['best']}"
            self.bar.set_postfix_str(self.figures[2:], refresh=False)
            self.bar.update()
            self.shown = time.monotonic()
        elif stage == "start":
            click.echo("finding where to start (singular vectors of the clicks) ...", err=True)
        elif stage == "maps":
            self.close()
            click.echo("laying out the maps (t-SNE, UMAP) ...", err=True)

    def _open(self, stage: str, epoch: int) -> None:
        """The bar of a stage, begun at an epoch."""
        if stage != self.stage:
            self.close()
            self.stage, self.figures, self.shown = stage, "", time.monotonic()
            self.bar = tqdm(total=self.epochs, desc=self.names[stage], unit="epoch", file=sys.stderr, initial=epoch - 1,
                            dynamic_ncols=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        if self.bar is not None:
            if self.stage == "train":
                self.epochs = self.bar.total = self.bar.n  # early stopping: the bar ends full, the twin runs as long
            self.bar.close()
            self.bar = None


COMMANDS = (fetch, train, remap, import_recbole)
