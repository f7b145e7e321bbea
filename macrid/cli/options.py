"""What the commands share: options, what they print, and reading --data, settings and the device."""

import functools
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import click
from tqdm import tqdm

from macrid.errors import InputError

if TYPE_CHECKING:  # the libraries below them take seconds to load
    import numpy as np
    import pandas as pd

    from macrid.data.intention_file import Intentions
    from macrid.data.interactions import Asked, Interactions
    from macrid.data.split import Split
    from macrid.model.settings import Settings

Command = Callable[..., None]
MOST_SIMULATED = 20_000_000
_SIMULATED = re.compile(r"(skewed-)?shop(?::([0-9]+)x([0-9]+))?")


def print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


# Options ------------------------------------------------------------------------------------------------------------------


def with_options(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    """Some options of click as one decorator, in the order of the help."""
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def collect(**groups: Callable[..., object]) -> Callable[[Command], Command]:
    """Hands options over in groups: with `collect(division=Division)`, the command gets one argument `division`, made of the
    options that are called as the fields of `Division`."""
    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def grouped(**given: object) -> None:
            for name, group in groups.items():
                given[name] = group(**{field: given.pop(field) for field in inspect.signature(group).parameters})
            command(**given)

        return grouped

    return decorate


column_options = with_options(  # those of `Columns`
    click.option("--user", metavar="COLUMN", help="The column of users: its name, or its number where there is no header."),
    click.option("--item", metavar="COLUMN", help="The column of items."),
    click.option("--rating", metavar="COLUMN", help="The column of ratings, counts or yes and no."),
    click.option("--time", metavar="COLUMN", help="The column of times."),
    click.option("--events", help="Which events of a log count, such as purchase,cart."),
    click.option("--min-rating", type=float,
                 help="Ratings from here count as clicks.  [the upper two fifths of the scale; recbole: all count]"),
)
data_options = with_options(  # those of `Division`
    click.option("--data", required=True,
                 help="shop, shop:ITEMSxPEOPLE, skewed-shop, a public set's name, a file or folder, its address "
                      "(s3://...), or clicks that were prepared."),
    column_options,
    click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31 - 1)),
    click.option("--split", "kind", default="strong", show_default=True, type=click.Choice(["strong", "recbole"]),
                 help="strong: hold out whole people. recbole: a tenth of everybody's ratings, twice."),
    click.option("--min-clicks", type=click.IntRange(1),
                 help="People with fewer are left out.  [5; recbole and ready splits: 1]"),
    click.option("--held-out", type=click.IntRange(1), help="People to hold out, for validation and test each.  "
                                                            "[as in the paper; else a tenth, at most 10,000]"),
)
settings_options = with_options(  # those of `Chosen`
    click.option("--preset", default="best", show_default=True, help="best, paper or recbole."),
    click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings in a YAML file."),
    click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="One setting; may be repeated."),
)
device_option = click.option("--device", default="auto", show_default=True, type=click.Choice(["auto", "cpu", "cuda"]))
intentions_option = click.option(
    "--intentions", "intentions_file", type=click.Path(path_type=Path),
    help="A CSV of item_id and intention, a few items for each: factors start there, are held there and bear these names. "
         "An empty item_id declares one that is to be found.")
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
bundle_argument = click.argument("path", metavar="BUNDLE", type=click.Path(path_type=Path))


@dataclass(frozen=True)
class Columns:
    """What is said of the columns of a file: the `column_options`."""

    user: str | None  # columns, as the person calls them
    item: str | None
    rating: str | None
    time: str | None
    events: str | None
    min_rating: float | None

    def asked(self) -> "Asked":
        from macrid.data.interactions import Asked

        events = tuple(e.strip() for e in (self.events or "").split(",") if e.strip())
        if self.events is not None and not events:
            raise InputError(f"--events {self.events!r}: names no event; write them with commas, such as --events "
                             "purchase,cart")
        return Asked(self.user, self.item, self.rating, self.time, events, self.min_rating)


@dataclass(frozen=True)
class Division(Columns):
    """Which data are divided how: the `data_options`."""

    data: str
    seed: int
    kind: str  # of the split
    min_clicks: int | None
    held_out: int | None

    @property
    def is_files(self) -> bool:
        """Whether the data are somebody's own files, neither a public set nor a shop, nor prepared already."""
        from macrid.data.prepared import folder
        from macrid.data.reading.remote import is_address

        if _SIMULATED.fullmatch(self.data):  # also where a file or folder of that name is here
            return False
        path = Path(self.data).expanduser()
        return is_address(self.data) or (os.path.exists(path) and not folder.is_one(self.data))  # of any length

    def read(self) -> "Interactions":
        """The data, undivided."""
        return read_data(self.data, self.seed, self.asked())

    def split(self, source: "Interactions | None" = None,
              known: "Callable[[np.ndarray], tuple[list[str], list[str]] | None] | None" = None) -> "Split":
        """The data divided; source: what `read` gave, if they have been read; known: gives whom to hold out of the people
        with these ids, None: at random."""
        from macrid.data import split as splitting
        from macrid.data.prepared import divisions

        strong = self.kind == "strong"
        source = self.read() if source is None else source
        rating, least = self.min_rating, self.min_clicks
        if not strong:  # RecBole takes all ratings and everybody; what says no is none
            no = source.found is not None and source.found.scale.kind in ("label", "count")
            rating, least = (rating if rating is not None or no else -float("inf")), least or 1

        def divide(source: "Interactions") -> "Split":
            clicks = splitting.to_clicks(source, rating, least)
            if not strong:
                return splitting.recbole(clicks, self.seed)
            return splitting.strong(clicks, self.seed, self.held_out, known(clicks.user_ids) if known else None)

        how = {"kind": self.kind, "seed": self.seed, "min_rating": self.min_rating, "min_clicks": self.min_clicks,
               "held_out": self.held_out, "known": known(source.user_ids) if known and source.folder else None}
        return divisions.kept(source, how, divide)


@dataclass(frozen=True)
class Chosen:
    """Which settings are wanted: the `settings_options`."""

    preset: str
    config: Path | None
    changes: tuple[str, ...]

    def read(self) -> dict[str, Any]:
        """What --config and --set change in the preset."""
        lines = _read_yaml(self.config) if self.config else {}
        return {key: as_number(value) for key, value in (lines | parse_changes(self.changes)).items()}

    def settings(self) -> "Settings":
        from macrid.model.settings import make_settings

        return make_settings(self.preset, self.read())

    def settings_to_settle(self) -> tuple["Settings", bool]:
        """The settings, and whether kfac is auto: then they have the preset's K until `choose_kfac.settle` has chosen."""
        from macrid.model.settings import make_settings
        from macrid.training.choose_kfac import without_auto

        changes, auto = without_auto(self.read())
        return make_settings(self.preset, changes), auto


@dataclass(frozen=True)
class Told:
    """What somebody tells of the items: --labels, --intentions."""

    file: Path | None
    intentions_file: Path | None

    def check(self, settings: "Settings") -> None:
        """InputError where the settings ask for labels that there are not."""
        if settings.label_weight and self.file is None:
            raise InputError(f"label_weight is {settings.label_weight:g}, but there are no labels; add --labels FILE.csv")

    def read(self, item_ids: "pd.Series") -> "tuple[pd.DataFrame | None, Intentions | None]":
        """The labels and the intentions of the items that the data know."""
        from macrid.data import intention_file, label_file

        return (label_file.read(self.file, item_ids) if self.file else None,
                intention_file.read(self.intentions_file, item_ids) if self.intentions_file else None)

    def of_items(self, labels: "pd.DataFrame | None", intentions: "Intentions | None",
                 item_ids: "pd.Series") -> "tuple[pd.DataFrame | None, Intentions | None]":
        """Those of the items that a model is trained on."""
        from macrid.data import intention_file, label_file

        if self.file and labels is not None:
            labels = label_file.of_items(labels, item_ids, self.file)
        if self.intentions_file and intentions is not None:
            intentions = intention_file.of_items(intentions, item_ids, self.intentions_file)
        return labels, intentions


@dataclass(frozen=True)
class Output:
    """Where the result goes: --out, --resume, --overwrite."""

    out: Path
    resume: bool
    overwrite: bool


# Reading ------------------------------------------------------------------------------------------------------------------


def fetched(name: str, to: Path | None = None, source: Path | None = None) -> Path:
    """A public data set, fetched with a bar on standard error; what `fetch.fetch` gives."""
    from macrid.data import fetch

    with bar(name) as progress:
        return fetch.fetch(name, to=to, source=source, progress=progress)


def read_data(data: str, seed: int, asked: "Asked | None" = None) -> "Interactions":
    """The interactions that --data names: the simulated shop, a file or folder, or a public set, fetched if need be. asked:
    what was said of the columns of a file."""
    from macrid.data import fetch, interactions
    from macrid.data.reading.remote import is_address
    from macrid.data.split import HELD_OUT_PEOPLE

    sized = _SIMULATED.fullmatch(data)
    if sized:
        from macrid.data import shop

        if asked and (asked.names or asked.events):
            raise InputError(f"--data {data}: has no columns to choose; --user, --item, --rating, --time and --events go "
                             "with files")
        sizes = {"n_items": int(sized[2][:12]), "n_people": int(sized[3][:12])} if sized[2] else {}
        if any(size > MOST_SIMULATED for size in sizes.values()):
            raise InputError(f"--data {data:.80}: at most {MOST_SIMULATED:,} items and people are simulated; take fewer")
        return shop.simulate(**sizes, seed=seed, skewed=bool(sized[1])).data
    if data in fetch.NAMES and Path(data).exists():
        click.echo(f"note: --data {data}: the {'folder' if Path(data).is_dir() else 'file'} of that name here is read; from "
                   "another folder, the public set is", err=True)
    elif data in fetch.NAMES:
        if fetch.available(data) is None:
            click.echo(f"fetching {data}", err=True)
        return replace(interactions.read(fetched(data), data, asked), usual_held_out=HELD_OUT_PEOPLE.get(data))
    if not is_address(data):
        _check_given(data)
    with bar(f"reading {PurePosixPath(data).name}") as progress:
        return interactions.read(data, asked=asked, progress=progress)


def _check_given(data: str) -> None:
    """InputError where a path is that of nothing, or of a bundle."""
    from macrid.data import fetch

    check_no_bundle(data)
    if not Path(data).expanduser().exists():
        raise InputError(f"there is no data set and no file {data!r}; --data takes shop, shop:ITEMSxPEOPLE, skewed-shop, "
                         f"{', '.join(fetch.NAMES)}, or the path of a file or folder")


def check_no_bundle(data: str) -> None:
    """InputError where a path is that of a bundle."""
    if (Path(data).expanduser() / "bundle.json").is_file():
        raise InputError(f"{data}: is a bundle, which keeps the clicks of held-out people alone; give the data that "
                         "it was trained on")


@contextmanager
def bar(words: str, unit: str = "B") -> Iterator[Callable[[int, int], None]]:
    """A bar of bytes, or another unit, on standard error, for what takes longer than a moment; gives what reports (so far,
    in all or 0)."""
    with tqdm(unit=unit, unit_scale=True, desc=words, file=sys.stderr, disable=None, delay=0.5) as shown:
        def progress(done: int, total: int) -> None:
            shown.total = total or None
            shown.update(done - shown.n)

        yield progress


def parse_value(text: str, where: str) -> object:
    """A value as YAML reads it; and 1e-3, which YAML reads as text, as a number."""
    import yaml

    try:
        value = yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise InputError(f"{where}: {text!r} is not a value") from error
    return as_number(value)


def as_number(value: object) -> object:
    """A text such as 1e-3 as the number that it means, also within a list; anything else as it is."""
    if isinstance(value, list):
        return [inner if isinstance(inner, list) else as_number(inner) for inner in value]  # YAML's may hold themselves
    if isinstance(value, str) and re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)e[-+]?\d+", value, re.IGNORECASE):
        return float(value)
    return value


def parse_changes(changes: Iterable[str]) -> dict[str, Any]:
    """{key: value} of some --set key=value."""
    settings = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise InputError(f"--set {change!r}: write it as key=value, such as --set kfac=7")
        settings[key.strip()] = parse_value(value, f"--set {change!r}")
    return settings


def _read_yaml(config: Path) -> dict[str, Any]:
    """The settings of a YAML file."""
    import yaml

    try:
        if config.exists() and not config.is_file():
            raise InputError(f"{config} is no file; write lines such as `kfac: 7` to one")
        settings = yaml.safe_load(config.read_text(encoding="utf-8")) or {}
    except InputError:
        raise
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # no text, or a date that there is not
        raise InputError(f"{config} cannot be read as YAML ({error}); write lines such as `kfac: 7`") from error
    if not isinstance(settings, dict):
        raise InputError(f"{config} must hold lines such as `kfac: 7`, not a {type(settings).__name__}")
    return settings


def device_of(name: str) -> str:
    """The device that --device asks for: cpu or cuda."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise InputError("--device cuda: PyTorch sees no CUDA device here; use --device cpu")
    return ("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else name


# Printing -----------------------------------------------------------------------------------------------------------------


def describe_split(split: "Split") -> str:
    return (f"{split.name}: {split.train.shape[0]:,} people to train on, {split.train.shape[1]:,} items, "
            f"{split.train.nnz:,} clicks; {len(split.validation.user_ids):,} people to validate, "
            f"{len(split.test.user_ids):,} to test")


def say_what_counts(split: "Split", *, err: bool = True) -> None:
    """What counts as a click and what does not, and how the clicks are divided, on standard error."""
    for line in [*(split.statement.lines() if split.statement else []), describe_split(split)]:
        click.echo(line, err=err)


def summary(figures: dict[str, Any]) -> str:
    ranking = [f"{key} {figures[key]:.4f} ± {figures[key + '_se']:.4f}" for key in figures if key + "_se" in figures]
    other = [f"{key} {figures[key]:.3f}" for key in ("nmi", "effective_factors", "certainty", "independence")
             if key in figures]
    steering = [f"{key} {value:.3f}" for key, value in figures.get("steering", {}).items() if key != "dials"]
    return ", ".join(ranking + other + steering)
