"""Commands that study settings and recommenders: compare, sweep, tune."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from macrid.errors import InputError

from . import tables
from .options import (
    Chosen,
    Division,
    Output,
    as_json,
    collect,
    data_options,
    device_of,
    device_option,
    parse_value,
    print_json,
    say_what_counts,
    settings_options,
    with_options,
)
from .progress import StudyProgress

if TYPE_CHECKING:
    from macrid.studies.study import Plan

MODELS = "popularity,ease,edlae,multdae,multvae,macridvae,macridvae-k1"

_file_options = with_options(  # those of `Output`
    click.option("--out", required=True, type=click.Path(path_type=Path), help="The JSON file to write."),
    click.option("--resume", is_flag=True, help="Go on with what was stopped; what is done is not done again."),
    click.option("--overwrite", is_flag=True, help="Replace what stands at --out."),
)


def _storage_option(without: str) -> Callable[[Callable], Callable]:
    """--storage, with what keeps the study without it."""
    return click.option("--storage", metavar="URL", envvar="MACRID_STORAGE",
                        help="A database that keeps the study for several machines, such as postgresql://user@host/name; or "
                             f"the variable MACRID_STORAGE.  {without}")


def _check_no_labels(names: Iterable[str]) -> None:
    """InputError if a setting that is changed or varied is one of labels."""
    if "label_weight" in names:
        raise InputError("label_weight: these commands take no labels; use train --labels FILE.csv --set label_weight=...")


@contextmanager
def _begun(plan: "Plan", output: Output) -> Iterator["Plan"]:
    """The plan of a study, once its files are known to be its own, which they are until the block ends."""
    from macrid.studies import study

    with study.prepare(plan, overwrite=output.overwrite, resume=output.resume):
        say_what_counts(plan.split)
        yield plan


@click.command()
@data_options
@click.option("--models", default=MODELS, show_default=True, help="Which to compare, separated by commas.")
@settings_options
@_file_options
@device_option
@as_json
@collect(division=Division, chosen=Chosen, output=Output)
def compare(division: Division, models: str, chosen: Chosen, output: Output, device: str, as_json: bool) -> None:
    """Compare recommenders on one split: every figure with its standard error and its paired difference to the best.

    --set key=value is for MacridVAE, --set multvae.key=value for another model. macridvae-k1 is MacridVAE with one factor.
    """
    from macrid.model.settings import make_settings
    from macrid.studies import compare as comparing
    from macrid.studies import contenders, study

    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise InputError(f"--models is {models!r}: give the names of some models, each once, from {MODELS}")
    changes = chosen.read()
    _check_no_labels(changes)
    own, others = _by_model(changes, names)
    base = make_settings(chosen.preset, own)
    settings = {"macridvae": base} | {name: contenders.settings_of(name, base, others.get(name)) for name in names}
    device = device_of(device)
    whole = study.Plan(division.split(), output.out, chosen.preset, division.seed, device)
    with _begun(whole, output) as plan, StudyProgress(len(names), "model", plan.out) as progress:
        value = comparing.compare(plan, names, settings, progress.report)
    if as_json:
        print_json(value)
    else:
        tables.print_table(*tables.comparison(value))
        if any(d and d["significant"] for row in value["models"] for d in row["difference"].values()):
            click.echo("* worse than the best, p < 0.05 by a paired t-test over the test people")


def _by_model(changes: dict[str, Any], names: list[str]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Changes of MacridVAE's settings, and {model: changes} of the keys that begin with a model's name and a point."""
    own: dict[str, Any] = {}
    others: dict[str, dict[str, Any]] = {}
    for key, value in changes.items():
        model, point, inner = str(key).partition(".")
        if not point:
            own[key] = value
        elif model in names:
            others.setdefault(model, {})[inner] = value
        else:
            raise InputError(f"--set {key}: {model!r} is not among --models ({', '.join(names)})")
    return own, others


@dataclass(frozen=True)
class _GridWords:
    """What is varied: --grid KEY=A,B,C and more such words behind it."""

    grids: tuple[str, ...]
    more: tuple[str, ...]

    def read(self) -> dict[str, list]:
        """{key: values}."""
        grid: dict[str, list] = {}
        for word in (*self.grids, *self.more):
            key, equals, text = word.partition("=")
            values = parse_value(f"[{text}]", f"--grid {word!r}") if equals else None
            if not isinstance(values, list) or not values or not key:
                raise InputError(f"--grid {word!r}: write it as key=a,b,c, such as --grid kfac=1,7")
            if key in grid:
                raise InputError(f"--grid {word!r}: {key} is there twice; give all its values at once")
            grid[key] = values
        return grid


@dataclass(frozen=True)
class _Machines:
    """What computes: --jobs, --device; --storage, by which machines share it."""

    jobs: int
    device: str
    storage: str | None


@click.command()
@data_options
@click.option("--grid", "grids", multiple=True, metavar="KEY=A,B,C", help="Values of one setting; more may follow.")
@click.argument("more", nargs=-1, metavar="[KEY=A,B,C]...")
@settings_options
@_file_options
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Points to train side by side.")
@_storage_option("[this process alone]")
@device_option
@as_json
@collect(division=Division, words=_GridWords, chosen=Chosen, output=Output, machines=_Machines)
def sweep(division: Division, words: _GridWords, chosen: Chosen, output: Output, machines: _Machines, as_json: bool) -> None:
    """Train MacridVAE at every point of a grid of settings: accuracy beside independence and disentanglement.

    For example --grid anneal_cap=0.05,0.2,0.5,1,2 kfac=1,7 for the analysis of the paper's poster. Without a linear path,
    which knows no factors, unless --set linear_weight=W asks for one.

    With --storage the same command, each time with another --out, shares the points among processes and machines; each
    writes the whole sweep in the end.
    """
    from macrid.studies import study
    from macrid.studies import sweep as sweeping

    grid, changes = words.read(), chosen.read()
    _check_no_labels([*changes, *grid])
    count = len(sweeping.points(changes, chosen.preset, grid))
    if machines.storage and machines.jobs > 1:
        raise InputError("--jobs: with --storage a process trains one point at a time; start the command several times, "
                         "each with another --out")
    device = device_of(machines.device)
    whole = study.Plan(division.split(), output.out, chosen.preset, division.seed, device, machines.jobs)
    with _begun(whole, output) as plan, StudyProgress(count, "point", plan.out) as progress:
        value = sweeping.sweep(plan, changes, grid, progress.report, machines.storage)
    if as_json:
        print_json(value)
    else:
        tables.print_table(*tables.points(value))
    for point in value["failed"]:
        given = ", ".join(f"{key} {setting}" for key, setting in point["settings"].items())
        click.echo(f"{given}: {point['reason']}", err=True)


@dataclass(frozen=True)
class _Search:
    """What is searched, and where the study is kept: --params, --trials, --storage."""

    params: Path
    trials: int
    storage: str | None


@click.command()
@data_options
@click.option("--params", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="Ranges in RecBole's format (hyper.test), a line each: kfac choice [3,7]; tau loguniform -3,0.")
@click.option("--trials", required=True, type=click.IntRange(1), help="How many the study is to have in all.")
@_storage_option("[a journal in OUT]")
@settings_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of the study.")
@device_option
@as_json
@collect(division=Division, search=_Search, chosen=Chosen)
def tune(division: Division, search: _Search, chosen: Chosen, out: Path, device: str, as_json: bool) -> None:
    """Search settings by Optuna; the best are written to OUT/best.yaml, for train --config.

    The same command again goes on with a study that was stopped, or works on it beside another process, on other machines
    where OUT is a folder that they share, or --storage a database.
    """
    from macrid.studies import database, search_ranges, study
    from macrid.studies import tune as tuning

    database.optuna("tune")
    changes = chosen.read()
    _check_no_labels(changes)
    ranges = search_ranges.read(search.params, changes, chosen.preset)
    names = [one.name for one in ranges]
    _check_no_labels(names)
    device = device_of(device)
    plan = study.Plan(division.split(), out, chosen.preset, division.seed, device)
    say_what_counts(plan.split)
    with tqdm(unit="trial", file=sys.stderr, dynamic_ncols=True) as bar:
        def report(number: int, event: str, value: dict[str, Any]) -> None:
            if event == "report":
                now = f"trial {number}, epoch {value['epoch']}: NDCG@100 {value['ndcg@100']:.4f}"
                bar.set_postfix_str(now, refresh=False)
                bar.update(0)
            else:
                bar.update()

        try:
            value = tuning.tune(plan, ranges, changes, search.trials, report, search.storage)
        except KeyboardInterrupt:
            bar.close()
            click.echo(f"stopped; the same command goes on (kept in {out})", err=True)
            sys.exit(130)
    if as_json:
        print_json(value)
        return
    tables.print_table(*tables.trials(value, names))
    click.echo(f"{out / 'best.yaml'}: validation NDCG@100 {value['value']:.4f}" if value["settings"] else
               f"{out}: no trial has ended well", err=True)


COMMANDS = (compare, sweep, tune)
