"""Commands that make bundles, or parts of them: fetch, look, train, remap, import-recbole."""

import os
import sys
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from macrid.beside import discard
from macrid.errors import InputError

from . import looking, recbole_names
from .options import (
    Chosen,
    Division,
    Told,
    bundle_argument,
    collect,
    data_options,
    device_of,
    device_option,
    fetched,
    intentions_option,
    say_what_counts,
    settings_options,
    summary,
)
from .prepare import within_memory
from .progress import TrainingProgress

if TYPE_CHECKING:
    from macrid.data.split import Split
    from macrid.model.settings import Settings
    from macrid.pipeline import build
    from macrid.pipeline.contents import Training
    from macrid.training.workers import Workers


@click.command()
@click.argument("name")
@click.option("--source", type=click.Path(path_type=Path), help="A copy of the file that you have already.")
@click.option("--to", type=click.Path(path_type=Path), help="The folder that data sets are kept in.")
def fetch(name: str, source: Path | None, to: Path | None) -> None:
    """Get the public data set NAME: ml-100k, ml-1m, ml-20m, ml-25m, ml-32m, ml-latest-small or
    lastfm-2k."""
    click.echo(fetched(name, to, source))


@dataclass(frozen=True)
class _Output:
    """Where the result goes: --out, --resume, --overwrite, --progress; or what would be done: --dry-run, --json."""

    out: Path | None
    resume: bool
    overwrite: bool
    watched: Path | None
    dry: bool
    as_json: bool

    def __post_init__(self) -> None:
        if self.out is None and not self.dry:
            raise InputError("say where the bundle goes: --out FOLDER; or --dry-run to see what would count")
        if self.as_json and not self.dry:
            raise InputError("--json goes with --dry-run; what a training came to is printed by `macrid info BUNDLE --json`")


@dataclass(frozen=True)
class _Models:
    """The models beside the one that is trained: --twin, and --from, with which it begins."""

    twin: str | None
    older: Path | None


@dataclass(frozen=True)
class _Machine:
    """What trains: --device, --shard-items."""

    device: str
    shard_items: bool

    def check(self, output: _Output) -> None:
        if self.shard_items and output.watched is not None and _several():
            raise InputError("--progress looks at the whole model, which no process has with --shard-items; leave out one "
                             "of the two")


@click.command()
@data_options
@settings_options
@click.option("--out", type=click.Path(path_type=Path), help="The folder to write the bundle to.")
@click.option("--dry-run", "dry", is_flag=True,
              help="Only say what counts as a click and what does not; nothing is trained.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: print one JSON object and nothing else.")
@click.option("--twin", type=click.Choice(["dot", "dot-raw", "dot-free"]),
              help="Train a twin with dot product instead of cosine, too. dot-raw: without 1 / tau; dot-free: with parts of "
                   "a user vector of any length.")
@click.option("--labels", "file", type=click.Path(path_type=Path),
              help="A CSV of item_id and attributes, partly empty: dials are learned from it; with --set label_weight=..., "
                   "it enters the training, too.")
@intentions_option
@click.option("--from", "older", type=click.Path(path_type=Path), metavar="BUNDLE",
              help="Begin with the weights of a bundle, whose factors, names and dials are kept: known items keep their "
                   "vectors, new ones are placed among those that people clicked with them, those that are gone leave.")
@device_option
@click.option("--shard-items", is_flag=True,
              help="Under torchrun: each process holds a share of the items, not the whole model, so that their memory adds "
                   "up; else people are shared out.")
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
@click.option("--progress", "watched", type=click.Path(path_type=Path),
              help="A folder to write there how far it is, as JSON: history.jsonl, now.json, factors.json.")
@collect(division=Division, chosen=Chosen, output=_Output, told=Told, models=_Models, machine=_Machine)
def train(division: Division, chosen: Chosen, output: _Output, told: Told, models: _Models, machine: _Machine) -> None:
    """Train on a data set and write a bundle.

    Under torchrun, several processes train together: torchrun --nproc-per-node 2 -m macrid train ...
    """
    division, chosen = recbole_names.understood(division, chosen)
    if output.dry:
        looking.dry_run(division, told, output.as_json)
        return
    if models.older is not None:
        if models.twin or told.file or told.intentions_file:
            raise InputError("--from keeps the dials and factors of the bundle: --twin, --labels and --intentions go "
                             "without it; `macrid align` gives the new bundle other dials or factors")
        if _several():
            raise InputError("--from trains in one process; start it without torchrun")
        _go_on(models.older, division, chosen, output, machine.device)
        return
    twin = models.twin
    from macrid.maps import projections
    from macrid.pipeline import build, contents, provenance, run_folder
    from macrid.training.workers import Workers

    projections.check_installed()
    settings, auto = chosen.settings_to_settle()
    device = device_of(machine.device)
    told.check(settings)
    machine.check(output)
    with Workers.of_torchrun(device, machine.shard_items) as workers:
        out = Path(output.out or "")
        # before minutes pass, and data that are large are prepared beside it
        run_folder.check_places(out, overwrite=output.overwrite, resume=output.resume, twin=bool(twin))
        source = workers.after_the_first(lambda: within_memory(division, out)).read()
        known = told.read(source.items["item_id"])
        split = division.split(source)
        labels, intentions = told.of_items(*known, split.items["item_id"])
        if labels is not None and settings.label_weight and labels.shape[1] > settings.embedding_size:
            raise InputError(f"{told.file}: has {labels.shape[1]} attributes, embedding_size is {settings.embedding_size}; "
                             "raise embedding_size, drop some, or set label_weight=0")
        kfac_auto = None
        if auto:
            settings, kfac_auto = _settled(settings, split, division.seed)
        if intentions:
            settings = contents.intended(settings, intentions, chosen.read())
        cost = _linear_path_told(split, settings)
        _check_memory(settings, split.train.shape[1], workers)
        training = build.Training(split, settings, source, division.seed, labels, twin, device, kfac_auto, intentions,
                                  workers)
        run = provenance.describe(split, settings, division.seed, labels, intentions) | {"twin": twin}
        with (run_folder.prepare(out, run, overwrite=output.overwrite, resume=output.resume, twin=bool(twin))
              if workers.is_first else nullcontext()):
            workers.wait()
            if not auto:  # else it was said before K was chosen
                say_what_counts(split)
            if cost:
                click.echo(cost, err=True)
            _train(training, out, output.watched)


def _several() -> bool:
    """Whether torchrun has started several processes."""
    return os.environ.get("WORLD_SIZE", "1") != "1"


def _go_on(older: Path, division: Division, chosen: Chosen, output: _Output, device: str) -> None:
    """`train --from`: train on from a bundle, and say what moved."""
    from macrid import bundle as bundles
    from macrid.maps import projections
    from macrid.pipeline import build, provenance, renew, run_folder

    projections.check_installed()
    before, out, device = bundles.load(older), Path(output.out or ""), device_of(device)
    if out.resolve() == older.resolve():
        raise InputError(f"--out is the bundle of --from, {out}, which is never changed; choose another folder")
    run_folder.check_places(out, overwrite=output.overwrite, resume=output.resume, twin=False)
    settings = renew.settings_of(before, chosen.read())
    source = within_memory(division, out).read()
    split = division.split(source, lambda user_ids: renew.known_people(before, user_ids))
    start = renew.renewed(before, split, settings, division.seed)
    run = provenance.describe(split, settings, division.seed) | {"from": provenance.of_weights(before.model)}
    training = build.Training(split, settings, source, division.seed, device=device, renewed=start)
    with run_folder.prepare(out, run, overwrite=output.overwrite, resume=output.resume, twin=False):
        say_what_counts(split)
        _train(training, out, output.watched)
    bundle = bundles.load(out)
    titles = dict(zip(bundle.items["item_id"], bundle.items["title"], strict=True))
    names = [factor.name for factor in bundle.factors]
    for line in renew.lines(bundle.meta["renewed"], names, titles, bundle.meta["metrics"]):
        click.echo(line, err=True)


def _train(training: "Training", out: Path, watched: Path | None) -> None:
    """Train and save, or, as a worker that is not the first, train along. watched: where how far it is is written."""
    from macrid.pipeline import build, run_folder

    if not training.workers.is_first:
        build.take_part(training, out)
        return
    try:
        with TrainingProgress(training.settings.epochs) as progress:
            bundle = build.build(training, out, _reports(progress, watched, training))
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command with --resume goes on (kept in {run_folder.partial_of(out)})", err=True)
        sys.exit(130)
    except FloatingPointError as error:
        discard(run_folder.partial_of(out))  # going on would end the same way
        raise InputError(str(error)) from error
    click.echo(f"{out}: " + summary(bundle.meta["metrics"]), err=True)


def _reports(progress: TrainingProgress, watched: Path | None, training: "Training") -> "build.Report":
    """What `build` reports to: the bars, and the files of --progress."""
    from macrid.pipeline.watched import Written

    if watched is None:
        return progress.report
    written = Written(watched, training.split, training.settings)

    def report(stage: str, row: dict[str, Any]) -> None:
        progress.report(stage, row)
        written.report(stage, row)

    return report


def _check_memory(settings: "Settings", n_items: int, workers: "Workers") -> None:
    """InputError where the weights and what training keeps of each take more memory than there is."""
    from math import prod

    from macrid.model.macridvae import weight_shapes
    from macrid.pipeline.estimate import COPIES
    from macrid.studies import memory

    here = -(-n_items // workers.count) if workers.by_items else n_items
    needed = sum(map(prod, weight_shapes(here, settings).values())) * 4 * COPIES
    free = memory.available()
    if free is not None and needed > free:
        raise InputError(f"a model of {here:,} items with embedding_size {settings.embedding_size} and "
                         f"encoder_hidden_size {list(settings.encoder_hidden_size)} takes {needed / 1e9:.1f} GB while it is "
                         f"trained, and {free / 1e9:.1f} GB are free; make it smaller")


def _linear_path_told(split: "Split", settings: "Settings") -> str:
    """A line on what the linear path will take, empty if there is to be none; InputError if memory is short of it."""
    from macrid.studies import memory
    from macrid.training import linear_path, linear_path_cost

    pairs = linear_path.tried(settings)
    if not any(weight > 0 for weight, _ in pairs):
        return ""
    cost = linear_path_cost.cost(split.train, len(split.validation.user_ids), len(pairs))
    free = memory.available()
    if free is not None and cost.bytes > free:
        raise InputError(f"the linear path of {cost.items:,} items takes about {cost.gigabytes} of memory, and "
                         f"{free / 1e9:.1f} GB are free; free some, or train without it: --set linear_weight=0 "
                         "--set popularity_power=0")
    return f"linear path: {cost.text}"


def _settled(settings: "Settings", split: "Split", seed: int) -> "tuple[Settings, dict[str, Any]]":
    """What `choose_kfac.settle` gives, said on standard error."""
    from macrid.training import choose_kfac

    choose_kfac.people(split)  # a mistake gets one line
    say_what_counts(split)
    least, most = choose_kfac.CANDIDATES[0], choose_kfac.CANDIDATES[-1]
    click.echo(f"choosing kfac from {least} to {most} (coherence on the validation people) ...", err=True)
    settled, record = choose_kfac.settle(settings, split, seed)
    click.echo(f"kfac is {settled.kfac}", err=True)
    return settled, record


@click.command()
@bundle_argument
def remap(path: Path) -> None:
    """Lay out the maps of a bundle and of its twin anew, without training: for bundles that were made before people stood
    on the maps."""
    from macrid import bundle as bundles
    from macrid.maps import projections
    from macrid.pipeline import maps

    projections.check_installed()
    trained = [bundles.load(path)]
    if trained[0].meta["twin"]:
        trained.append(bundles.load(path.with_name(trained[0].meta["twin"])))
    beside = None
    for each in trained:
        click.echo(f"laying out the maps of {each.path} (t-SNE, UMAP) ...", err=True)
        laid_out = maps.remap(each, beside)
        beside = laid_out if beside is None else beside


@click.command("import-recbole")
@click.argument("checkpoint", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--data", required=True, type=click.Path(path_type=Path),
              help="The atomic files (.inter, .item) that the model was trained on.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the bundle to.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
def import_recbole(checkpoint: Path, data: Path, out: Path, overwrite: bool) -> None:
    """Make a bundle from CHECKPOINT, a .pth that RecBole 1.2.1 saved of MacridVAE; nothing in the file is run."""
    from macrid.maps import projections
    from macrid.pipeline import recbole_import

    projections.check_installed()
    bundle = recbole_import.convert(checkpoint, data, out, overwrite=overwrite)
    click.echo(f"{out}: " + summary(bundle.meta["metrics"]), err=True)


COMMANDS = (fetch, looking.look, train, remap, import_recbole)
