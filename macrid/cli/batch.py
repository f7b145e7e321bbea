"""The commands for many: lists for many people, an index of many items."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from macrid.errors import InputError

from .options import Output, as_json, bar, bundle_argument, collect, print_json, read_data

if TYPE_CHECKING:
    from macrid.bundle.recommender import Recommender
    from macrid.pipeline.batch import Ask


@dataclass(frozen=True)
class _Asking:
    """What is asked for: --wish, --turn of everybody, --asks of some."""

    wishes: tuple[str, ...]
    turns: tuple[str, ...]
    asks: Path | None

    def everybody(self, bundle: "Recommender") -> "Ask":
        return _ask(bundle, self.wishes, self.turns)

    def single(self, bundle: "Recommender") -> "dict[str, Ask]":
        """By person, as the file of --asks has it; InputError names it and the row."""
        if self.asks is None:
            return {}
        from macrid.data import asks_file

        found = {}
        for row, person, wishes, turns in asks_file.rows(self.asks):
            try:
                found[person] = _ask(bundle, wishes, turns)
            except InputError as error:
                raise InputError(f"{self.asks}: row {row}: {error}") from error
        return found


def _ask(bundle: "Recommender", wishes: tuple[str, ...], turns: tuple[str, ...]) -> "Ask":
    from macrid.bundle import turns as turning
    from macrid.pipeline.batch import Ask

    return Ask(tuple(dict(bundle.wishes.wish(text) for text in wishes).items()),
               tuple(turning.read(bundle.dials, text) for text in turns))


@dataclass(frozen=True)
class _Lists:
    """How many items, whether what somebody has seen is listed, in how many threads."""

    n: int
    with_seen: bool
    threads: int


@click.command()
@bundle_argument
@click.option("--people", help="A file or folder of clicks, as for `macrid train --data`: everybody in it who clicked an "
                               "item that the bundle knows.  [the bundle's held-out people]")
@click.option("--out", required=True, type=click.Path(path_type=Path),
              help="The Parquet file to write: user_id, rank, item_id, score.")
@click.option("--n", default=100, show_default=True, type=click.IntRange(1), help="Items in a list.")
@click.option("--wish", "wishes", multiple=True, metavar="ATTRIBUTE=HOW", help="For everybody, as for `macrid steer`.")
@click.option("--turn", "turns", multiple=True, metavar="FACTOR.DIAL=HOW", help="For everybody, as for `macrid steer`.")
@click.option("--asks", type=click.Path(path_type=Path),
              help="A CSV or Parquet file of user_id, wish and turn: what some people ask for instead; several by ;.")
@click.option("--with-seen", is_flag=True, help="List what somebody has clicked, too.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1, 1024))
@click.option("--resume", is_flag=True, help="Go on with lists that were begun.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
@as_json
@collect(asking=_Asking, lists=_Lists, output=Output)
def batch(path: Path, people: str | None, asking: _Asking, lists: _Lists, output: Output, as_json: bool) -> None:
    """Make a list for everybody: lists of the whole catalogue for many people, written to a Parquet file."""
    from macrid import bundle as bundles
    from macrid.pipeline import batch as batches

    job = batches.Job(output.out, lists.threads, output.overwrite, output.resume)
    bundle = bundles.load(path)
    everybody, single = asking.everybody(bundle), asking.single(bundle)
    data = read_data(people, bundle.meta["seed"]) if people else None
    found = batches.People.of(bundle, data, everybody, single)
    lister = batches.Lister(bundle, bundle.number(lists.n), not lists.with_seen)
    with bar("people", unit=" people") as progress:
        batches.write(lister, found, job, lambda done: progress(done, len(found.ids)))
    if as_json:
        print_json({"out": str(output.out), "people": len(found.ids), "n": lister.n})
    else:
        click.echo(f"{output.out}: lists of {lister.n} for {len(found.ids):,} people", err=True)


@click.command()
@bundle_argument
def index(path: Path) -> None:
    """Find the lists of a bundle of very many items sooner: make its index anew, where it has none or one of other weights.

    A training makes it where faiss is installed. Lists are asked of it from 500,000 items on.
    """
    from macrid import bundle as bundles
    from macrid.retrieval.index import WORTH, faiss

    bundle = bundles.load(path)
    if len(bundle.items) < WORTH:
        raise InputError(f"{bundle.name} has {len(bundle.items):,} items, and an index pays from {WORTH:,} on: its lists "
                         "are quick as they are")
    faiss()
    click.echo(f"clusters of {len(bundle.items):,} items ...", err=True)
    made = bundles.add_index(bundle)
    click.echo(f"{bundle.path / bundles.INDEX} " + ("is written" if made else "fits already"), err=True)


COMMANDS = (batch, index)
