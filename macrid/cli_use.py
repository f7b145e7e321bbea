"""Commands that use a bundle: evaluate, recommend, steer, align, info."""

import json
from pathlib import Path

import click

from .cli_shared import as_json, bundle_argument, print_json, read_data, summary
from .errors import InputError


@click.command()
@bundle_argument
@click.option("--data", help="Measure on the people of another data set with the same items.")
@as_json
def evaluate(path, data, as_json):
    """Measure a bundle on its held-out people."""
    from . import build as building
    from . import bundle as bundles

    bundle = bundles.load(path)
    figures = building.evaluate(bundle, read_data(data, bundle.meta["seed"]) if data else None)
    if as_json:
        print_json(figures)
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


@click.command()
@bundle_argument
@click.option("--items", required=True, help="Item ids of the profile, separated by commas.")
@click.option("--n", default=20, show_default=True, type=click.IntRange(1))
@as_json
def recommend(path, items, n, as_json):
    """Recommend for a profile of items."""
    from . import bundle as bundles

    table = bundles.load(path).recommend(_ids(items), n)
    if as_json:
        print_json({"items": _rows(table)})
    else:
        _print_table(table)


@click.command()
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
        print_json({"factor": factor, "factor_name": bundle.factors[factor].name, "dim": dim, "value": found.value,
                     "position": found.position, "range": [low, high], "before": _rows(found.before),
                     "items": _rows(found.after, ["mark"]), "gone": [str(i) for i in found.gone["item_id"]]})
    else:
        click.echo(f"{bundle.factors[factor].name}: dial {dim} from {found.position:+.2f} to {found.value:+.2f}", err=True)
        _print_table(found.after, ["mark"])


@click.command()
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
        print_json({"out": str(out), "method": method, **aligned, "steering": found.meta["metrics"].get("steering")})
        return
    for row in aligned["dials"]:
        click.echo(f"{names[row['factor']]}: dial {row['dim']} is {row['attribute']} ({row['measure']} "
                   f"{row['confidence']:.2f} with {row['labels']} labels)")
    for row in aligned["refused"]:
        click.echo(f"{names[row['factor']]}: {row['attribute']} refused: {row['reason']}", err=True)
    click.echo(f"{out}: " + summary(found.meta["metrics"]), err=True)


@click.command()
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
        print_json(meta)
        return
    d, s = meta["data"], bundle.settings
    click.echo(f"{meta['name']}: MacridVAE with {s.similarity} similarity, K = {s.kfac} factors of D = {s.embedding_size}")
    click.echo(f"trained on {d['name']}: {d['people']:,} people, {d['items']:,} items, {d['clicks']:,} clicks; "
               f"seed {meta['seed']}, best epoch {meta['training']['best']} of {meta['training']['epochs']}, "
               f"{meta['training']['seconds']:.0f} s")
    click.echo(f"on {d['held_out']:,} held-out people: {summary(meta['metrics'])}")
    for factor in meta["factors"]:
        click.echo(f"  {factor['factor']:>2}  {factor['share']:4.0%}  {factor['name']}: {', '.join(factor['typical'])}")
    if meta["twin"]:
        click.echo(f"dot-product twin: {bundle.path.with_name(meta['twin'])}")


COMMANDS = (evaluate, recommend, steer, align, info)
