"""Commands that use a bundle: evaluate, recommend, steer, align, info."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from macrid.errors import InputError

from .options import (
    as_json,
    bundle_argument,
    collect,
    intentions_option,
    print_json,
    read_data,
    summary,
    with_options,
)
from .progress import TrainingProgress

MOST_TOLD = 40  # attributes that `info` names

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from macrid.bundle.person import Person
    from macrid.bundle.recommender import Recommender


@click.command()
@bundle_argument
@click.option("--data", help="Measure on the people of another data set with the same items.")
@as_json
def evaluate(path: Path, data: str | None, as_json: bool) -> None:
    """Measure a bundle on its held-out people."""
    from macrid import bundle as bundles
    from macrid.pipeline import evaluate as measuring

    bundle = bundles.load(path)
    figures = measuring.evaluate(bundle, read_data(data, bundle.meta["seed"]) if data else None)
    if as_json:
        print_json(figures)
    else:
        figures |= {f"steering {name}": value for name, value in figures.pop("steering", {}).items() if name != "dials"}
        for name, value in figures.items():
            if not name.endswith("_se"):
                error = f" ± {figures[name + '_se']:.4f}" if name + "_se" in figures else ""
                click.echo(f"{name:<21} {value:.4f}{error}")


def _ids(texts: Sequence[str], bundle: "Recommender") -> list[str]:
    """The item ids of one or several --items."""
    from macrid.data.ids import ids_from

    known = set(bundle.items["item_id"])
    return [item for text in texts for item in ids_from(text, known)]


def _print_table(table: "pd.DataFrame", extra: Sequence[str] = ()) -> None:
    for row in table.to_dict("records"):
        mark = f"{row[extra[0]]:<8}" if extra else ""
        category = f"  [{row['category']}]" if row["category"] else ""
        click.echo(f"{row['rank']:>3}  {mark}{row['item_id']:<16} {row['title']}{category}")


profile_options = with_options(  # those of `_Profile`
    click.option("--items", multiple=True,
                 help="Item ids of a profile, separated by commas; quoted as in CSV where an id holds one. May be "
                      "repeated."),
    click.option("--user", help="The id of a held-out person, or of a person in --history."),
    click.option("--history", type=click.Path(path_type=Path),
                 help="A file of clicks of people whom the bundle does not know, in any layout that `train` reads."),
)


@dataclass(frozen=True)
class _Profile:
    """Whose lists they are: --items, --user or --history."""

    items: tuple[str, ...]
    user: str | None
    history: Path | None

    def __post_init__(self) -> None:
        if bool(self.items) == (self.user is not None or self.history is not None):
            raise InputError("give either --items ID,ID,... or --user ID, or --history FILE")

    def person(self, bundle: "Recommender") -> "Person":
        if self.items:
            return bundle.person(bundle.positions(_ids(self.items, bundle)))
        return bundle.person(self._clicked(bundle) if self.history else bundle.history_of(str(self.user)))

    def _clicked(self, bundle: "Recommender") -> "np.ndarray":
        """The positions of what somebody in --history clicked."""
        from macrid.pipeline import evaluate as measuring

        clicks = measuring.counted(bundle, read_data(str(self.history), bundle.meta["seed"]), 1)
        people = clicks.user_ids.astype(str).tolist()
        if self.user is None and len(people) > 1:
            raise InputError(f"{self.history}: has the clicks of {len(people):,} people, such as {', '.join(people[:3])}; "
                             "say whose list it is: --user ID")
        if self.user is not None and self.user not in people:
            raise InputError(f"{self.history}: has no click of a person {self.user!r:.80}; it has those of "
                             f"{', '.join(people[:3])}")
        mine = clicks.item_ids[clicks.matrix[people.index(self.user) if self.user else 0].indices]
        positions = bundle.item_ids.get_indexer(mine)
        unknown = mine[positions < 0]
        if len(unknown) == len(mine):
            raise InputError(f"{self.history}: {bundle.name} has none of the {len(mine)} items of this person, such as "
                             f"{', '.join(map(str, mine[:3]))}; give clicks on its items")
        if len(unknown):
            click.echo(f"note: {len(unknown)} of {len(mine)} items are not in {bundle.name}, such as "
                       f"{', '.join(map(str, unknown[:3]))}", err=True)
        return positions[positions >= 0]


@click.command()
@bundle_argument
@profile_options
@click.option("--n", default=20, show_default=True, type=click.IntRange(1))
@as_json
@collect(profile=_Profile)
def recommend(path: Path, profile: _Profile, n: int, as_json: bool) -> None:
    """Recommend for a profile of items, a held-out person, or anybody whose clicks a file holds."""
    from macrid import bundle as bundles
    from macrid.bundle import told

    bundle = bundles.load(path)
    table = profile.person(bundle).steer({}, n=n).before
    if as_json:
        print_json({"items": told.rows(table)})
    else:
        _print_table(table)


@dataclass(frozen=True)
class _Turning:
    """What is turned where: --factor, --dim and --value, --turn."""

    factor: int | None
    dim: int | None
    value: float | None
    turns: tuple[str, ...]

    def __post_init__(self) -> None:
        if (self.dim is None) != (self.value is None):
            raise InputError("--dim J and --value V go together")
        if self.dim is not None and self.factor is None:
            raise InputError("say of which factor the dial is: --factor K")

    @property
    def any(self) -> bool:
        """Whether a dial is turned at all."""
        return self.dim is not None or bool(self.turns)

    def dials(self, bundle: "Recommender", person: "Person") -> dict[tuple[int, int], float]:
        """{(factor, dim): coordinate}; --dim and --value last."""
        dials = dict(_turned(bundle, person, self.factor, turn) for turn in self.turns)
        if self.factor is not None and self.dim is not None and self.value is not None:
            dials[self.factor, self.dim] = self.value
        return dials


@dataclass(frozen=True)
class _Wishing:
    """What is wished for: --wish, --words."""

    wishes: tuple[str, ...]
    words: str | None

    @property
    def any(self) -> bool:
        """Whether anything is wished for."""
        return bool(self.wishes or self.words)

    def heard(self, bundle: "Recommender") -> tuple[dict[str, float], list[str]]:
        """{attribute: from -1 to 1}, and the words that nobody understood; --wish last."""
        said = bundle.wishes.understand(self.words or "")
        return said.wishes | dict(bundle.wishes.wish(text) for text in self.wishes), said.unknown


@dataclass(frozen=True)
class _Listing:
    """What is listed: --strength, --scope, --n."""

    strength: float
    scope: str | None
    n: int


@click.command()
@bundle_argument
@profile_options
@click.option("--wish", "wishes", multiple=True, metavar="ATTRIBUTE=HOW",
              help="More or less of what is known of the items: Comedy=+, year=newer, price=-0.5 (from -1 to 1), Horror=no. "
                   "May be repeated; `macrid info` lists what there is.")
@click.option("--words", help='Wishes in your own words: "newer, funnier, no horror".')
@click.option("--factor", type=int, help="Whose dials are turned, and, with --scope factor, whose items are listed.")
@click.option("--dim", type=int, help="The dial; 0 is the one that changes the lists most.")
@click.option("--value", type=float, help="Where to turn it, from -1 to 1.")
@click.option("--turn", "turns", multiple=True, metavar="DIAL=HOW",
              help="Turn a dial, by number or name: size=0.5 (from -1 to 1), size=more, size=less, size=+20% (of its "
                   "range). May be repeated; FACTOR.DIAL=HOW turns one of another factor.")
@click.option("--strength", default=1.0, show_default=True, type=float,
              help="From 0, the person's own list, to 1, the steered one.")
@click.option("--scope", type=click.Choice(["factor", "all"]),
              help="List only items of that factor, or all.  [default: factor, if there is one]")
@click.option("--n", default=20, show_default=True, type=click.IntRange(1))
@as_json
@collect(profile=_Profile, turning=_Turning, wishing=_Wishing, listing=_Listing)
def steer(path: Path, profile: _Profile, turning: _Turning, wishing: _Wishing, listing: _Listing, as_json: bool) -> None:
    """Wish for what is known of the items, turn dials, and list what comes up."""
    from macrid import bundle as bundles
    from macrid.bundle import told

    if not turning.any and not wishing.any:
        raise InputError("say what to change: --wish ATTRIBUTE=HOW, --words TEXT, or --factor K with --turn DIAL=HOW")
    if listing.scope == "factor" and turning.factor is None:
        raise InputError("--scope factor lists the items of one factor: add --factor K, or leave --scope out")
    bundle = bundles.load(path)
    person = profile.person(bundle)
    dials = turning.dials(bundle, person)
    wishes, unknown = wishing.heard(bundle)
    if unknown and not wishes and not dials:
        raise InputError(f"--words: nothing in {wishing.words!r} is known of the items of {bundle.name}; it knows "
                         f"{', '.join(bundle.wishes.attributes)}")
    factor = None if listing.scope == "all" else turning.factor
    lists = person.steer(dials, wishes, factor=factor, n=listing.n, strength=listing.strength)
    found = told.steered(bundle, person, lists)
    turned = found["dials"]
    if as_json:
        print_json({**(turned[-1] if turned else {}), **found, "not_understood": unknown, "strength": listing.strength})
        return
    for dial in turned:
        click.echo(f"{dial['factor_name']}: dial {dial['dim']} from {dial['position']:+.2f} to {dial['value']:+.2f}",
                   err=True)
    for reading in lists.readings:
        click.echo(reading.told(len(lists.after)), err=True)
    if unknown:
        click.echo(f"not understood: {', '.join(unknown)}", err=True)
    _print_table(lists.after, ["mark"])


def _turned(bundle: "Recommender", person: "Person", factor: int | None, text: str) -> tuple[tuple[int, int], float]:
    """(factor, dim) and coordinate of a --turn."""
    from macrid.bundle import turns

    turn = turns.read(bundle.dials, text, factor)
    return (turn.factor, turn.dim), float(turn.coordinates(person.parts[None], bundle.dials)[0])


@dataclass(frozen=True)
class _Given:
    """What a bundle is aligned with: --method, --labels, --intentions, --kfac, --data."""

    method: str | None
    file: Path | None
    intentions_file: Path | None
    kfac: int | None
    data: str | None

    def __post_init__(self) -> None:
        if self.data is not None and self.intentions_file is None:
            raise InputError("--data goes with --intentions FILE.csv; other dials change no score")
        if self.intentions_file is None and self.method is None:
            raise InputError("say what to align: --method for other dials, or --intentions FILE.csv for other factors")
        if self.intentions_file is not None and (self.method or self.file):
            raise InputError("--intentions makes other factors, --method and --labels other dials; give one after the other")
        if self.kfac is not None and self.intentions_file is None:
            raise InputError("--kfac goes with --intentions FILE.csv; other dials leave the factors alone")
        if self.intentions_file is None and (self.file is not None) != (self.method == "labels"):
            raise InputError("--method labels needs --labels FILE.csv" if self.file is None else
                             f"--labels goes with --method labels, not with {self.method}")


@click.command()
@bundle_argument
@click.option("--method", type=click.Choice(["none", "ica", "labels"]),
              help="none: the model's own dimensions. ica: independent components. labels: learned from a few labels.")
@click.option("--labels", "file", type=click.Path(path_type=Path), help="A CSV of item_id and attributes, partly empty.")
@intentions_option
@click.option("--kfac", type=click.IntRange(1, 1000), help="How many factors, with --intentions.  [as before]")
@click.option("--data", help="With --intentions: the clicks that the bundle came from, to train it on with its new factors.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the new bundle to.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
@as_json
@collect(given=_Given)
def align(path: Path, given: _Given, out: Path, overwrite: bool, as_json: bool) -> None:
    """Copy a bundle with other dials, which changes no score, or with other factors."""
    from macrid import bundle as bundles

    source = bundles.load(path)
    if given.intentions_file is not None:
        _rehold(source, given, out, overwrite, as_json)
    else:
        _realign(source, given, out, overwrite, as_json)


def _rehold(source: "Recommender", given: _Given, out: Path, overwrite: bool, as_json: bool) -> None:
    """`align --intentions`."""
    from macrid.data import intention_file
    from macrid.maps import projections
    from macrid.pipeline import rehold

    projections.check_installed()
    intentions = intention_file.read(Path(str(given.intentions_file)), source.items["item_id"], leave_out=True)
    copy = rehold.rehold(source, out, intentions, given.kfac, overwrite=overwrite,
                         report=lambda stage: click.echo(f"{stage} ...", err=True))
    if given.data:
        from macrid.pipeline.refit import refit

        with TrainingProgress(copy.settings.epochs) as progress:
            copy = refit(copy, read_data(given.data, copy.meta["seed"]), progress.report)
    rows = [{"factor": f.index, "name": f.name, "share": f.share} for f in copy.factors]
    if as_json:
        print_json({"out": str(out), "factors": rows, "metrics": copy.meta["metrics"]})
        return
    for row in rows:
        click.echo(f"  {row['factor']:>2}  {row['share']:4.0%}  {row['name']}")
    click.echo(f"{out}: " + summary(copy.meta["metrics"]), err=True)


def _realign(source: "Recommender", given: _Given, out: Path, overwrite: bool, as_json: bool) -> None:
    """`align --method`."""
    from macrid.data import label_file
    from macrid.pipeline import realign

    method = str(given.method)
    table = label_file.read(given.file, source.items["item_id"], leave_out=True) if given.file else None
    copy = realign.align(source, out, method, table, overwrite=overwrite)
    aligned = copy.meta.get("aligned", {"dials": [], "refused": []})
    names = [factor.name for factor in copy.factors]
    if as_json:
        print_json({"out": str(out), "method": method, **aligned, "steering": copy.meta["metrics"].get("steering")})
        return
    for row in aligned["dials"]:
        click.echo(f"{names[row['factor']]}: dial {row['dim']} is {row['attribute']} ({row['measure']} "
                   f"{row['confidence']:.2f} with {row['labels']} labels)")
    for row in aligned["refused"]:
        click.echo(f"{names[row['factor']]}: {row['attribute']} refused: {row['reason']}", err=True)
    click.echo(f"{out}: " + summary(copy.meta["metrics"]), err=True)


@click.command()
@bundle_argument
@as_json
def info(path: Path, as_json: bool) -> None:
    """Say what a bundle is."""
    from macrid import bundle as bundles
    from macrid.bundle import told

    bundle = bundles.load(path)
    meta = dict(bundle.meta) | {"factors": told.factors(bundle), "wishes": told.wishes(bundle)}
    if as_json:
        print_json(meta)
        return
    data, settings = meta["data"], bundle.settings
    auto = " (kfac: auto)" if meta.get("kfac_auto") else ""
    click.echo(f"{meta['name']}: MacridVAE with {settings.similarity} similarity, K = {settings.kfac}{auto} factors of "
               f"D = {settings.embedding_size}")
    click.echo(f"trained on {data['name']}: {data['people']:,} people, {data['items']:,} items, {data['clicks']:,} clicks; "
               f"seed {meta['seed']}, best epoch {meta['training']['best']} of {meta['training']['epochs']}, "
               f"{meta['training']['seconds']:.0f} s")
    if counted := data.get("counted"):
        click.echo(f"what counted as a click: {counted['rule']}; {counted['counted']:,} of {counted['rows']:,} rows")
    if least := data.get("least"):
        rated = "" if least["rating"] is None else f"ratings from {least['rating']:g} count as clicks, "
        click.echo(f"{rated}people with fewer than {least['clicks']} clicks are left out")
    click.echo(f"on {data['held_out']:,} held-out people: {summary(meta['metrics'])}")
    for factor in meta["factors"]:
        click.echo(f"  {factor['factor']:>2}  {factor['share']:4.0%}  {factor['name']}: {', '.join(factor['typical'])}")
    click.echo(f"may be wished for: {_wishes(meta['wishes'])}")
    if meta["twin"]:
        click.echo(f"dot-product twin: {bundle.path.with_name(meta['twin'])}")


def _wishes(wishes: list[dict[str, Any]]) -> str:
    """The attributes that may be wished for, numbers with their ends; the most frequent of a great many."""
    told = [each["attribute"] if each["yes_no"] else f"{each['attribute']} ({each['less']}, {each['more']})"
            for each in wishes]
    more = f" and {len(told) - MOST_TOLD:,} more (--json lists all)" if len(told) > MOST_TOLD else ""
    return (", ".join(told[:MOST_TOLD]) or "nothing, as no more is known of its items than their titles") + more


COMMANDS = (evaluate, recommend, steer, align, info)
