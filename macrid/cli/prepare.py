"""Data that are larger than memory: `prepare`, and what `train` does with them by itself."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .options import Columns, Division, bar, check_no_bundle, collect, column_options

if TYPE_CHECKING:
    from macrid.data.prepare import Progress

SHARE = 0.25  # of the memory that is free: data that take more are prepared before a training


@click.command()
@click.argument("data")
@column_options
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The folder to write the clicks to.")
@click.option("--overwrite", is_flag=True, help="Replace prepared clicks that stand at --out.")
@collect(columns=Columns)
def prepare(data: str, columns: Columns, out: Path, overwrite: bool) -> None:
    """Prepare DATA that are larger than memory: sort their clicks by person into a folder, which `train --data` takes and
    holds in memory only as far as it is used. What was stopped goes on with the same command.

    Which ratings count is decided by `train --min-rating`; here it is needed only where values could be marks or counts."""
    from macrid.data.prepare import prepare as prepared
    from macrid.data.prepared import folder

    check_no_bundle(data)
    try:
        with _bars() as progress:
            made = prepared(data, out, columns.asked(), overwrite=overwrite, progress=progress)
    except KeyboardInterrupt:
        click.echo(f"stopped; the same command goes on (kept in {out}.partial)", err=True)
        sys.exit(130)
    said = folder.manifest(out)
    click.echo(f"{out}: {'' if made else 'is there already: '}{said['people']:,} people, {said['items']:,} items, "
               f"{said['interactions']:,} {'ratings' if said['rated'] else 'clicks'}; macrid train --data {out} takes it")


def within_memory(division: Division, out: Path) -> Division:
    """The same data, or, where they are files that would take more than SHARE of the free memory, what they are prepared to
    beside `out`."""
    from macrid.data.prepare import prepare as prepared
    from macrid.data.prepared import size
    from macrid.data.source import opened
    from macrid.studies import memory

    free = memory.available()
    if free is None or type(division) is not Division or not division.is_files:
        return division
    check_no_bundle(division.data)
    with opened(division.data, division.asked()) as source:
        needed = size.in_memory(source)
        if needed < SHARE * free or source.fit.layout == "pro_sg":
            return division
    clicks = out.with_name(out.name + ".clicks")
    click.echo(f"{division.data}: would take about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} are free; its clicks "
               f"are prepared in {clicks}, which other trainings take with --data {clicks}", err=True)
    with _bars() as progress:
        prepared(division.data, clicks, division.asked(), overwrite=True, progress=progress)
    return replace(division, data=str(clicks), user=None, item=None, rating=None, time=None, events=None)


@contextmanager
def _bars() -> Iterator["Progress"]:
    """A bar for each of what `prepare` does, one after the other."""
    with bar("reading") as reading, bar("sorting", " rows") as sorting:
        yield lambda what, done, total: (reading if what == "reading" else sorting)(done, total)


COMMANDS = (prepare,)
