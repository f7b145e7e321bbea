"""The command line: `python -m macrid COMMAND`. Figures go to standard output, progress and notices to standard error."""

import json
import re
import shutil
import sys
import warnings
from pathlib import Path

import click
from tqdm import tqdm

from .errors import InputError, InputWarning


class Commands(click.Group):
    """A group whose commands answer a user's mistake with one line and exit status 2."""

    def main(self, *args, **kwargs):
        warnings.showwarning = _show_warning
        try:
            super().main(*args, standalone_mode=False, **kwargs)
        except InputError as error:
            _fail(str(error))
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(2)
        except click.ClickException as error:
            hint = f" ({error.ctx.command_path} --help)" if getattr(error, "ctx", None) else ""
            _fail(error.format_message() + hint)
        except (click.Abort, KeyboardInterrupt):
            click.echo("stopped", err=True)
            sys.exit(130)
        except OSError as error:  # a full disk, a folder that may not be written to
            _fail(f"{error.filename or 'the disk'}: {error.strerror or error}; free some space or choose another folder")


def _fail(message: str):
    click.echo("error: " + " ".join(message.split()), err=True)
    sys.exit(2)


def _show_warning(message, category, filename, lineno, file=None, line=None):
    if issubclass(category, InputWarning):
        click.echo("note: " + " ".join(str(message).split()), err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """MacridVAE: train a recommender that people can steer, look into it, and steer it."""


def _print_json(value) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
bundle_argument = click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))


@main.command()
@click.argument("name")
@click.option("--source", type=click.Path(path_type=Path), help="A copy of the file that you have already.")
@click.option("--to", type=click.Path(path_type=Path), help="The folder that data sets are kept in.")
def fetch(name, source, to):
    """Get the public data set NAME: ml-100k, ml-1m, ml-20m, ml-25m, ml-32m or ml-latest-small."""
    click.echo(_fetch(name, to, source))


def _fetch(name: str, to=None, source=None) -> Path:
    from . import fetch as fetching

    with tqdm(unit="B", unit_scale=True, desc=name, file=sys.stderr, disable=None, delay=0.5) as bar:
        def progress(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        return fetching.fetch(name, to=to, source=source, progress=progress)


def _read(data: str, seed: int):
    """The interactions that --data names: the simulated shop, a file or folder, or a public set, fetched if need be."""
    from . import data as readers
    from . import fetch as fetching

    sized = re.fullmatch(r"shop(?::(\d+)x(\d+))?", data)
    if sized:
        from . import shop

        sizes = {"n_items": int(sized[1]), "n_people": int(sized[2])} if sized[1] else {}
        return shop.simulate(**sizes, seed=seed).data
    if data in fetching.NAMES:
        if fetching.available(data) is None:
            click.echo(f"fetching {data}", err=True)
        return readers.read(_fetch(data), name=data)
    if not Path(data).exists():
        raise InputError(f"there is no data set and no file {data!r}; --data takes shop, shop:ITEMSxPEOPLE, "
                         f"{', '.join(fetching.NAMES)}, or the path of a file or folder")
    return readers.read(data)


def _settings(preset: str, config: Path | None, changes: tuple[str, ...]):
    import yaml

    from .model import make_settings

    found = {}
    if config:
        try:
            found = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
        except (OSError, ValueError, yaml.YAMLError) as error:  # ValueError: no text, or a date that there is not
            raise InputError(f"{config} cannot be read as YAML ({error}); write lines such as `kfac: 7`") from error
        if not isinstance(found, dict):
            raise InputError(f"{config} must hold lines such as `kfac: 7`, not a {type(found).__name__}")
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"--set {change!r}: write it as key=value, such as --set kfac=7")
        try:
            found[key.strip()] = yaml.safe_load(value)
        except (ValueError, yaml.YAMLError) as error:
            raise InputError(f"--set {change!r}: {value!r} is not a value") from error
    for key, value in found.items():  # YAML reads 1e-3 as text
        if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)e[-+]?\d+", value, re.IGNORECASE):
            found[key] = float(value)
    return make_settings(preset, found)


def _device(name: str) -> str:
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: PyTorch sees no CUDA device here; use --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


@main.command()
@click.option("--data", required=True, help="shop, shop:ITEMSxPEOPLE, a public set's name, or the path of a file or folder.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the bundle to.")
@click.option("--preset", default="best", show_default=True, help="best, paper or recbole.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings in a YAML file.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="One setting; may be repeated.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1))
@click.option("--split", "kind", default="strong", show_default=True, type=click.Choice(["strong", "recbole"]),
              help="strong: hold out whole people. recbole: a tenth of everybody's ratings, twice.")
@click.option("--twin", type=click.Choice(["dot"]), help="Train a twin with dot product instead of cosine, too.")
@click.option("--min-rating", type=float, help="Ratings from here count as clicks.  [4; recbole: all count]")
@click.option("--min-clicks", type=click.IntRange(1), help="People with fewer are left out.  [5; recbole: 1]")
@click.option("--held-out", type=click.IntRange(1), help="People to hold out, for validation and test each.")
@click.option("--device", default="auto", show_default=True, type=click.Choice(["auto", "cpu", "cuda"]))
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
def train(data, out, preset, config, changes, seed, kind, twin, min_rating, min_clicks, held_out, device, resume, overwrite):
    """Train on a data set and write a bundle."""
    from . import build as building
    from . import split as splitting

    settings = _settings(preset, config, changes)
    device = _device(device)
    source = _read(data, seed)
    strong = kind == "strong"
    clicks = splitting.to_clicks(source, min_rating if min_rating is not None else 4.0 if strong else -float("inf"),
                                 min_clicks or (5 if strong else 1))
    split = splitting.strong(clicks, seed, held_out) if strong else splitting.recbole(clicks, seed)
    run = building.describe(split, settings, seed) | {"twin": bool(twin)}
    building.prepare(out, run, overwrite=overwrite, resume=resume, twin=bool(twin))
    click.echo(f"{split.name}: {split.train.shape[0]:,} people to train on, {split.train.shape[1]:,} items, "
               f"{split.train.nnz:,} clicks; {len(split.validation.user_ids):,} people to validate, "
               f"{len(split.test.user_ids):,} to test", err=True)
    try:
        with _Progress(settings.epochs) as progress:
            bundle = building.build(split, out, settings, seed, source=source, twin=bool(twin), device=device,
                                    report=progress.report)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command with --resume goes on (kept in {building.partial_of(out)})", err=True)
        sys.exit(130)
    except FloatingPointError as error:
        shutil.rmtree(building.partial_of(out))  # going on would end the same way
        raise InputError(str(error)) from error
    click.echo(f"{out}: " + _summary(bundle.meta["metrics"]), err=True)


class _Progress:
    """A bar an epoch for the model, then for its twin, on standard error."""

    def __init__(self, epochs: int):
        self.names = {"train": "training", "twin": "dot-product twin"}
        self.epochs, self.bar, self.stage = epochs, None, None

    def report(self, stage: str, row: dict) -> None:
        if stage in self.names:
            if stage != self.stage:
                self.close()
                self.bar = tqdm(total=self.epochs, desc=self.names[stage], unit="epoch", file=sys.stderr,
                                initial=row["epoch"] - 1, dynamic_ncols=True)
            self.bar.set_postfix_str(f"NDCG@100 {row['ndcg@100']:.4f}, best in epoch {row['best']}", refresh=False)
            self.bar.update()
        elif stage == "maps":
            self.close()
            click.echo("laying out the maps (t-SNE, UMAP) ...", err=True)
        self.stage = stage

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


def _summary(figures: dict) -> str:
    ranking = [f"{key} {figures[key]:.4f} ± {figures[key + '_se']:.4f}" for key in figures if key + "_se" in figures]
    other = [f"{key} {figures[key]:.3f}" for key in ("nmi", "effective_factors", "independence") if key in figures]
    steering = [f"{key} {value:.3f}" for key, value in figures.get("steering", {}).items() if key != "dials"]
    return ", ".join(ranking + other + steering)


@main.command()
@bundle_argument
@click.option("--data", help="Measure on the people of another data set with the same items.")
@as_json
def evaluate(path, data, as_json):
    """Measure a bundle on its held-out people."""
    from . import build as building
    from . import bundle as bundles

    bundle = bundles.load(path)
    figures = building.evaluate(bundle, _read(data, bundle.meta["seed"]) if data else None)
    if as_json:
        _print_json(figures)
    else:
        figures |= {f"steering {name}": value for name, value in figures.pop("steering", {}).items() if name != "dials"}
        for name, value in figures.items():
            if not name.endswith("_se"):
                error = f" ± {figures[name + '_se']:.4f}" if name + "_se" in figures else ""
                click.echo(f"{name:<21} {value:.4f}{error}")


def _ids(text: str | None) -> list[str] | None:
    return [i.strip() for i in text.split(",") if i.strip()] if text is not None else None


def _rows(table, extra=()) -> list[dict]:
    columns = ["rank", "item_id", "title", "category", "score", *extra]
    return json.loads(table[columns].to_json(orient="records"))


def _print_table(table, extra=()) -> None:
    for row in table.itertuples():
        mark = f"{getattr(row, extra[0]):<8}" if extra else ""
        click.echo(f"{row.rank:>3}  {mark}{row.item_id:<16} {row.title}" + (f"  [{row.category}]" if row.category else ""))


@main.command()
@bundle_argument
@click.option("--items", required=True, help="Item ids of the profile, separated by commas.")
@click.option("--n", default=20, show_default=True, type=click.IntRange(1))
@as_json
def recommend(path, items, n, as_json):
    """Recommend for a profile of items."""
    from . import bundle as bundles

    table = bundles.load(path).recommend(_ids(items), n)
    if as_json:
        _print_json({"items": _rows(table)})
    else:
        _print_table(table)


@main.command()
@bundle_argument
@click.option("--items", help="Item ids of a profile, separated by commas.")
@click.option("--user", help="The id of a held-out person.")
@click.option("--factor", required=True, type=int)
@click.option("--dim", required=True, type=int, help="The dial; 0 is the one that changes the lists most.")
@click.option("--value", required=True, type=float, help="Where to turn it, from -1 to 1.")
@click.option("--scope", default="factor", show_default=True, type=click.Choice(["factor", "all"]),
              help="List only items of that factor, or all.")
@click.option("--n", default=20, show_default=True, type=click.IntRange(1))
@as_json
def steer(path, items, user, factor, dim, value, scope, n, as_json):
    """Turn one dial and list what comes up."""
    from . import bundle as bundles

    if (items is None) == (user is None):
        raise InputError("give either --items ID,ID,... or --user ID")
    bundle = bundles.load(path)
    found = bundle.steer(factor, dim, value, items=_ids(items), user=user, scope=scope, n=n)
    if as_json:
        low, high = bundle.dial_range(factor, dim)
        _print_json({"factor": factor, "factor_name": bundle.factors[factor].name, "dim": dim, "value": found.value,
                     "position": found.position, "range": [low, high], "before": _rows(found.before),
                     "items": _rows(found.after, ["mark"]), "gone": [str(i) for i in found.gone["item_id"]]})
    else:
        click.echo(f"{bundle.factors[factor].name}: dial {dim} from {found.position:+.2f} to {found.value:+.2f}", err=True)
        _print_table(found.after, ["mark"])


@main.command()
@bundle_argument
@click.option("--method", required=True, type=click.Choice(["none", "ica", "labels"]),
              help="none: the model's own dimensions. ica: independent components. labels: learned from a few labels.")
@click.option("--labels", "file", type=click.Path(path_type=Path), help="A CSV of item_id and attributes, partly empty.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the new bundle to.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
@as_json
def align(path, method, file, out, overwrite, as_json):
    """Copy a bundle with other dials; no score changes."""
    from . import align as aligning
    from . import bundle as bundles
    from . import labels as reading

    if (file is not None) != (method == "labels"):
        raise InputError("--method labels needs --labels FILE.csv" if file is None else
                         f"--labels goes with --method labels, not with {method}")
    source = bundles.load(path)
    table = reading.read(file, source.items["item_id"]) if file else None
    found = aligning.align(source, out, method, table, overwrite=overwrite)
    aligned = found.meta.get("aligned", {"dials": [], "refused": []})
    names = [factor.name for factor in found.factors]
    if as_json:
        _print_json({"out": str(out), "method": method, **aligned, "steering": found.meta["metrics"].get("steering")})
        return
    for row in aligned["dials"]:
        click.echo(f"{names[row['factor']]}: dial {row['dim']} is {row['attribute']} ({row['measure']} "
                   f"{row['confidence']:.2f} with {row['labels']} labels)")
    for row in aligned["refused"]:
        click.echo(f"{names[row['factor']]}: {row['attribute']} refused: {row['reason']}", err=True)
    click.echo(f"{out}: " + _summary(found.meta["metrics"]), err=True)


@main.command()
@bundle_argument
@as_json
def info(path, as_json):
    """Say what a bundle is."""
    from . import bundle as bundles

    bundle = bundles.load(path)
    meta = {key: value for key, value in bundle.meta.items()}
    meta["factors"] = [{"factor": f.index, "name": f.name, "share": f.share,
                        "typical": [bundle.items["title"].iloc[i] for i in f.typical[:3]]} for f in bundle.factors]
    if as_json:
        _print_json(meta)
        return
    d, s = meta["data"], bundle.settings
    click.echo(f"{meta['name']}: MacridVAE with {s.similarity} similarity, K = {s.kfac} factors of D = {s.embedding_size}")
    click.echo(f"trained on {d['name']}: {d['people']:,} people, {d['items']:,} items, {d['clicks']:,} clicks; "
               f"seed {meta['seed']}, best epoch {meta['training']['best']} of {meta['training']['epochs']}, "
               f"{meta['training']['seconds']:.0f} s")
    click.echo(f"on {d['held_out']:,} held-out people: {_summary(meta['metrics'])}")
    for factor in meta["factors"]:
        click.echo(f"  {factor['factor']:>2}  {factor['share']:4.0%}  {factor['name']}: {', '.join(factor['typical'])}")
    if meta["twin"]:
        click.echo(f"dot-product twin: {bundle.path.with_name(meta['twin'])}")
