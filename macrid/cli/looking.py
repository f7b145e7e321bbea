"""What data are, and what training on them will take, told before it: `look`, `train --dry-run`."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from . import recbole_names
from .options import (
    Chosen,
    Division,
    Told,
    as_json,
    collect,
    data_options,
    describe_split,
    intentions_option,
    print_json,
    say_what_counts,
    settings_options,
)

if TYPE_CHECKING:
    from macrid.data.reading.preview import Preview
    from macrid.data.split import Split


@click.command()
@data_options
@settings_options
@click.option("--labels", "file", type=click.Path(path_type=Path), help="A CSV of labels that a training would be given.")
@intentions_option
@click.option("--twin", is_flag=True, help="Tell what a training with a twin takes.")
@as_json
@collect(division=Division, chosen=Chosen, told=Told)
def look(division: Division, chosen: Chosen, told: Told, twin: bool, as_json: bool) -> None:
    """Look at data before training: the columns that are recognised with the first rows, what counts as a click, and what a
    training takes on this machine, measured with a few of the people.

    With --json, a line for each of the three as it is known: {"preview": ...}, {"counts": ...}, {"takes": ...}.
    """
    division, chosen = recbole_names.understood(division, chosen)
    if division.is_files:
        from macrid.data.reading.preview import preview

        seen = preview(division.data, division.asked())
        print_json({"preview": asdict(seen)}) if as_json else _show(seen)
    split = _counted(division, told)
    if as_json:
        print_json({"counts": _counts(split)})
    else:
        say_what_counts(split, err=False)
    from macrid.pipeline.estimate import estimate
    from macrid.studies import memory

    settings, _ = chosen.settings_to_settle()
    told.check(settings)
    takes, free = estimate(split, settings, memory.now(), 2 if twin else 1), memory.available()
    if as_json:
        print_json({"takes": takes.as_json() | {"free": free}})
    else:
        click.echo(f"a training: {takes.text}" + (f" of {free / 1e9:.1f} that are free" if free is not None else ""))


def dry_run(division: Division, told: Told, as_json: bool) -> None:
    """Say what would count as a click, and train nothing."""
    split = _counted(division, told)
    if as_json:
        print_json(_counts(split))
    else:
        say_what_counts(split, err=False)


def _counted(division: Division, told: Told) -> "Split":
    """The data, divided; what is told of the items is checked against them."""
    source = division.read()
    known = told.read(source.items["item_id"])
    split = division.split(source)
    told.of_items(*known, split.items["item_id"])
    return split


def _counts(split: "Split") -> dict[str, Any]:
    """What counts, and how many people are held out, as JSON values."""
    held = {"train": split.train.shape[0], "validation": len(split.validation.user_ids), "test": len(split.test.user_ids)}
    said = split.statement.as_json() if split.statement else {"source": split.name}
    lines = split.statement.lines() if split.statement else [describe_split(split)]
    return said | {"data": split.name, "split": split.kind, "held_out": held, "lines": lines}


def _show(seen: "Preview") -> None:
    """The files, and the first rows of the one with the clicks under the names and roles of its columns."""
    for file in seen.files:
        click.echo(f"{file.name}: {file.size:,} bytes, {file.says}")
    role_of = {k: role for role, k in seen.roles.items()}
    heads = [f"{column} ({role_of.get(k, seen.types[k])})" for k, column in enumerate(seen.columns)]
    for row in (heads, *seen.rows):
        click.echo("  " + " | ".join(row))


COMMANDS = (look,)
