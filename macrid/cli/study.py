"""Commands that study settings and recommenders: compare, sweep, tune."""

import sys
import time
from pathlib import Path

import click
from tqdm import tqdm

from macrid.errors import InputError

from .options import (
    as_json,
    data_options,
    describe_split,
    device_of,
    device_option,
    divide,
    parse_value,
    print_json,
    read_changes,
    read_data,
    settings_options,
)

MODELS = "popularity,ease,edlae,multdae,multvae,macridvae,macridvae-k1"


def _own_changes(config: Path | None, changes: tuple[str, ...], *others: str) -> dict:
    """What --config and --set change; InputError if they, or the other settings that are varied, are of labels."""
    found = read_changes(config, changes)
    if "label_weight" in {*found, *others}:
        raise InputError("label_weight: these commands take no labels; use train --labels FILE.csv --set label_weight=...")
    return found


def _file_options(command):
    for option in reversed((
        click.option("--out", required=True, type=click.Path(path_type=Path), help="The JSON file to write."),
        click.option("--resume", is_flag=True, help="Go on with what was stopped; what is done is not done again."),
        click.option("--overwrite", is_flag=True, help="Replace what stands at --out."),
    )):
        command = option(command)
    return command


@click.command()
@data_options
@click.option("--models", default=MODELS, show_default=True, help="Which to compare, separated by commas.")
@settings_options
@_file_options
@device_option
@as_json
def compare(data, seed, kind, min_rating, min_clicks, held_out, models, preset, config, changes, out, resume, overwrite,
            device, as_json):
    """Compare recommenders on one split: every figure with its standard error and its paired difference to the best.

    --set key=value is for MacridVAE, --set multvae.key=value for another model. macridvae-k1 is MacridVAE with one factor.
    """
    from macrid.model.settings import make_settings
    from macrid.studies import compare as comparing
    from macrid.studies import contenders, study

    names = [name.strip() for name in models.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise InputError(f"--models is {models!r}: give the names of some models, each once, from {MODELS}")
    own, others = _by_model(_own_changes(config, changes), names)
    base = make_settings(preset, own)
    settings = {"macridvae": base} | {name: contenders.settings_of(name, base, others.get(name)) for name in names}
    device = device_of(device)
    split = divide(read_data(data, seed), kind, seed, min_rating, min_clicks, held_out)
    study.prepare(out, split, seed, overwrite=overwrite, resume=resume)
    click.echo(describe_split(split), err=True)
    with _Progress(len(names), "model", out) as progress:
        value = comparing.compare(split, names, settings, out, preset=preset, seed=seed, device=device,
                                  report=progress.report)
    if as_json:
        print_json(value)
    else:
        _print_table(*_comparison(value))
        if any(d and d["significant"] for row in value["models"] for d in row["difference"].values()):
            click.echo("* worse than the best, p < 0.05 by a paired t-test over the test people")


def _by_model(changes: dict, names: list[str]) -> tuple[dict, dict[str, dict]]:
    """Changes of MacridVAE's settings, and {model: changes} of the keys that begin with a model's name and a point."""
    own, others = {}, {}
    for key, value in changes.items():
        model, point, inner = str(key).partition(".")
        if not point:
            own[key] = value
        elif model in names:
            others.setdefault(model, {})[inner] = value
        else:
            raise InputError(f"--set {key}: {model!r} is not among --models ({', '.join(names)})")
    return own, others


def _comparison(value: dict) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table of a comparison."""
    main = value["main"]
    rows = []
    for model in value["models"]:
        cells = [model["title"]]
        for metric in value["metrics"]:
            difference = model["difference"][metric]
            mark = "*" if difference and difference["significant"] else " "
            cells.append(f"{model['figures'][metric]:.4f} ± {model['figures'][metric + '_se']:.4f}{mark}")
        difference = model["difference"][main]
        cells += ["best" if difference is None else f"{difference['mean']:+.4f} ± {difference['se']:.4f}",
                  f"{model['training']['seconds']:,.1f} s", f"{model['training']['peak_bytes'] / 2**20:,.0f} MB"]
        rows.append(cells)
    return ["", *value["metrics"], f"{main} less the best", "time", "memory"], rows


def _print_table(head: list[str], rows: list[list[str]]) -> None:
    width = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for cells in (head, *rows):
        first, *others = (cell.ljust(w) if i == 0 else cell.rjust(w)
                          for i, (cell, w) in enumerate(zip(cells, width, strict=True)))
        click.echo("  ".join((first, *others)).rstrip())


@click.command()
@data_options
@click.option("--grid", "grids", multiple=True, metavar="KEY=A,B,C", help="Values of one setting; more may follow.")
@click.argument("more", nargs=-1, metavar="[KEY=A,B,C]...")
@settings_options
@_file_options
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Points to train side by side.")
@device_option
@as_json
def sweep(data, seed, kind, min_rating, min_clicks, held_out, grids, more, preset, config, changes, out, resume, overwrite,
          jobs, device, as_json):
    """Train MacridVAE at every point of a grid of settings: accuracy beside independence and disentanglement.

    For example --grid anneal_cap=0.05,0.2,0.5,1,2 kfac=1,7 for the analysis of the paper's poster.
    """
    from macrid.studies import study
    from macrid.studies import sweep as sweeping

    grid = _grid((*grids, *more))
    own = _own_changes(config, changes, *grid)
    count = len(sweeping.points(own, preset, grid))
    device = device_of(device)
    split = divide(read_data(data, seed), kind, seed, min_rating, min_clicks, held_out)
    study.prepare(out, split, seed, overwrite=overwrite, resume=resume)
    click.echo(describe_split(split), err=True)
    with _Progress(count, "point", out) as progress:
        value = sweeping.sweep(split, own, grid, out, preset=preset, seed=seed, device=device, side_by_side=jobs,
                               report=progress.report)
    if as_json:
        print_json(value)
    else:
        _print_table(*_points(value))
    for point in value["failed"]:
        given = ", ".join(f"{key} {setting}" for key, setting in point["settings"].items())
        click.echo(f"{given}: {point['reason']}", err=True)


def _grid(words: tuple[str, ...]) -> dict[str, list]:
    """{key: values} of some key=a,b,c."""
    found: dict[str, list] = {}
    for word in words:
        key, equals, text = word.partition("=")
        values = parse_value(f"[{text}]", f"--grid {word!r}") if equals else None
        if not isinstance(values, list) or not values or not key:
            raise InputError(f"--grid {word!r}: write it as key=a,b,c, such as --grid kfac=1,7")
        if key in found:
            raise InputError(f"--grid {word!r}: {key} is there twice; give all its values at once")
        found[key] = values
    return found


def _points(value: dict) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table of a sweep."""
    main, grid = value["main"], list(value["grid"])
    shown = {"independence": "independence", "nmi": "nmi"} | {
        f"{part}.{name}": f"{title} {short}" for part, title in (("macro", "factor"), ("micro", "dial"))
        for name, short in (("mig", "MIG"), ("disentanglement", "D"), ("completeness", "C"), ("informativeness", "I"))}
    rows = []
    for point in value["points"]:
        figures = dict(point["figures"])
        figures |= {f"{name}.{key}": v for name in ("macro", "micro") for key, v in figures.get(name, {}).items()}
        rows.append([" ".join(f"{key}={point['settings'][key]}" for key in grid),
                     f"{figures[main]:.4f} ± {figures[main + '_se']:.4f}",
                     *(f"{figures[key]:.3f}" if key in figures else "" for key in shown),
                     f"{point['training']['seconds']:,.1f} s"])
    return ["", main, *shown.values(), "time"], rows


@click.command()
@data_options
@click.option("--params", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="Ranges in RecBole's format (hyper.test), a line each: kfac choice [3,7]; tau loguniform -3,0.")
@click.option("--trials", required=True, type=click.IntRange(1), help="How many the study is to have in all.")
@settings_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder of the study.")
@device_option
@as_json
def tune(data, seed, kind, min_rating, min_clicks, held_out, params, trials, preset, config, changes, out, device, as_json):
    """Search settings by Optuna; the best are written to OUT/best.yaml, for train --config.

    The same command again goes on with a study that was stopped, or works on it beside another process.
    """
    from macrid.studies import search_ranges
    from macrid.studies import tune as tuning

    tuning.optuna()
    own = _own_changes(config, changes)
    space = search_ranges.read(params, own, preset)
    _own_changes(None, (), *(one.name for one in space))
    device = device_of(device)
    split = divide(read_data(data, seed), kind, seed, min_rating, min_clicks, held_out)
    click.echo(describe_split(split), err=True)
    with tqdm(unit="trial", file=sys.stderr, dynamic_ncols=True) as bar:
        def report(number: int, event: str, value: dict) -> None:
            if event == "report":
                now = f"trial {number}, epoch {value['epoch']}: NDCG@100 {value['ndcg@100']:.4f}"
                bar.set_postfix_str(now, refresh=False)
                bar.update(0)
            else:
                bar.update()

        try:
            found = tuning.tune(split, space, own, out, preset=preset, trials=trials, seed=seed, device=device,
                                report=report)
        except KeyboardInterrupt:
            bar.close()
            click.echo(f"stopped; the same command goes on (kept in {out})", err=True)
            sys.exit(130)
    if as_json:
        print_json(found)
        return
    names = [one.name for one in space]
    values = [row["reason"] if "reason" in row else f"{row['value']:.4f}" + (" best" if row["value"] == found["value"] else
                                                                            "     ") for row in found["trials"]]
    _print_table(["trial", *names, "NDCG@100"], [
        [str(row["number"]), *(str(row["settings"][name]) for name in names), value]
        for row, value in zip(found["trials"], values, strict=True)])
    click.echo(f"{out / 'best.yaml'}: validation NDCG@100 {found['value']:.4f}" if found["settings"] else
               f"{out}: no trial has ended well", err=True)


class _Progress:
    """A bar over all models or points on standard error, and beside it what is running now. Ctrl-C says how to go on."""

    def __init__(self, count: int, unit: str, out: Path):
        self.bar = tqdm(total=count, unit=unit, file=sys.stderr, dynamic_ncols=True)
        self.out, self.running, self.drawn = out, {}, 0.0

    def report(self, key: str, event: str, value: dict) -> None:
        if event == "report":
            name = key.rpartition("-")[0]
            self.running[key] = f"{name}, epoch {value['epoch']}: NDCG@100 {value['ndcg@100']:.4f}"
        else:
            self.running.pop(key, None)
            self.bar.update()
        often_enough = time.monotonic() - self.drawn < 0.5
        self.bar.set_postfix_str("; ".join(self.running.values()), refresh=not often_enough)
        self.drawn = self.drawn if often_enough else time.monotonic()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        from macrid.studies.study import partial_of

        self.bar.close()
        if kind is KeyboardInterrupt:
            click.echo(f"stopped; the same command with --resume goes on (kept in {partial_of(self.out)})", err=True)
            sys.exit(130)


COMMANDS = (compare, sweep, tune)
