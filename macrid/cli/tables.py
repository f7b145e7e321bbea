"""What the studies print: results as the head and the rows of a table."""

from collections.abc import Sequence
from typing import Any

import click


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table whose first column is set flush left, all others flush right."""
    first, *others = (max(map(len, column)) for column in zip(head, *rows, strict=True))  # their widths
    for name, *cells in (head, *rows):
        aligned = [cell.rjust(width) for cell, width in zip(cells, others, strict=True)]
        click.echo("  ".join([name.ljust(first), *aligned]).rstrip())


def comparison(value: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
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


def points(value: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table of a sweep."""
    main, grid = value["main"], list(value["grid"])
    shown = {"independence": "independence", "nmi": "nmi"}  # figures and the heads of their columns
    for part, title in (("macro", "factor"), ("micro", "dial")):
        for name, short in (("mig", "MIG"), ("disentanglement", "D"), ("completeness", "C"), ("informativeness", "I")):
            shown[f"{part}.{name}"] = f"{title} {short}"
    rows = []
    for point in value["points"]:
        figures = dict(point["figures"])
        figures |= {f"{name}.{key}": v for name in ("macro", "micro") for key, v in figures.get(name, {}).items()}
        rows.append([" ".join(f"{key}={point['settings'][key]}" for key in grid),
                     f"{figures[main]:.4f} ± {figures[main + '_se']:.4f}",
                     *(f"{figures[key]:.3f}" if key in figures else "" for key in shown),
                     f"{point['training']['seconds']:,.1f} s"])
    return ["", main, *shown.values(), "time"], rows


def trials(value: dict[str, Any], names: Sequence[str]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of the table of a search, with the settings of the names; the best is marked."""
    rows = []
    for trial in value["trials"]:
        if "reason" in trial:
            result = trial["reason"]
        else:
            result = f"{trial['value']:.4f}" + (" best" if trial["value"] == value["value"] else "     ")
        rows.append([str(trial["number"]), *(str(trial["settings"][name]) for name in names), result])
    return ["trial", *names, "NDCG@100"], rows
