"""The benchmark: our comparisons beside what others report of the same data."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from macrid.errors import InputError


def bold(model: dict[str, Any], metric: str, comparison: dict[str, Any]) -> bool:
    """Whether a model may be called the best in a metric: it has the highest mean, and every other model is worse by the
    paired test."""
    others = [row for row in comparison["models"] if row["name"] != model["name"]]
    return comparison["best"][metric] == model["name"] and bool(others) and all(
        row["difference"][metric] is not None and row["difference"][metric]["significant"] for row in others)


def reported(path: Path) -> list[dict[str, Any]]:
    """What others report: rows of {data, split, title, source, note, figures}; data: the names under which its data set
    goes here. Raises InputError for a damaged file."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [{key: row[key] for key in ("data", "split", "title", "source", "note", "figures")} for row in rows]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error!r}); restore it from the repository") from error


@dataclass(frozen=True)
class Block:
    """The figures of one data set under one protocol: of a comparison of ours, called `label`, and what others report there;
    or, without a comparison, what others report alone. metrics: names of the figures."""

    data: str
    split: str
    metrics: tuple[str, ...]
    label: str
    comparison: dict[str, Any] | None
    others: list[dict[str, Any]]


def blocks(comparisons: Mapping[str, dict[str, Any]], others: Sequence[dict[str, Any]]) -> list[Block]:
    """A block for each comparison, {label: contents}, then one for each data set that only others report on."""
    table, left = [], list(others)
    for label, value in comparisons.items():
        data, split = value["data"]["name"], value["data"]["split"]
        same = [row for row in others if data in row["data"] and row["split"] == split]
        left = [row for row in left if row not in same]
        table.append(Block(data, split, tuple(value["metrics"]), label, value, same))
    for data, split in dict.fromkeys((row["data"][0], row["split"]) for row in left):
        same = [row for row in left if (row["data"][0], row["split"]) == (data, split)]
        metrics = dict.fromkeys(metric for row in same for metric in row["figures"])
        table.append(Block(data, split, tuple(metrics), "", None, same))
    return table


def models(blocks: Iterable[Block]) -> dict[str, str]:
    """The models that the comparisons hold, {name: title}."""
    return {row["name"]: row["title"] for block in blocks if block.comparison for row in block.comparison["models"]}
