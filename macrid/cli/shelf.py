"""Bundles as files to give away: export, import."""

from pathlib import Path

import click

from macrid.errors import InputError

from .options import bundle_argument


@click.command("export")
@bundle_argument
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The zip to write.")
@click.option("--overwrite", is_flag=True, help="Replace what stands at --out.")
def export_zip(path: Path, out: Path, overwrite: bool) -> None:
    """Pack a bundle, and its twin, into a zip."""
    from macrid.bundle import shelf

    if out.exists() and not overwrite:
        raise InputError(f"{out} exists already; choose another --out, or add --overwrite to replace it")
    shelf.pack(path, out)
    click.echo(str(out))


@click.command("import")
@click.argument("source", metavar="ZIP", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", help="What the bundle is to be called.  [as the zip]")
def import_zip(source: Path, name: str | None) -> None:
    """Unpack a bundle from a ZIP that `export` or the app has written; it is checked as any bundle."""
    from macrid.bundle import places, shelf
    from macrid.pipeline import realign

    folder = places.own_folder()
    name = realign.free_name(folder, source.stem) if name is None else name
    realign.check_name(folder, name)
    shelf.unpack(source, folder, name)
    click.echo(str(folder / name))


COMMANDS = (export_zip, import_zip)
