"""The file that the experiment on collapse writes, and the sentence that it supports."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from macrid.errors import InputError

FORMAT = 1
SIMILARITIES = ("cosine", "dot")
STARTS = ("random", "spectral")
_REMEDY = "run benchmarks/collapse.py again, or restore the file"


def mean_and_spread(rows: list[dict[str, Any]], similarity: str, init: str, figure: str) -> tuple[float, float]:
    """Mean and standard deviation (n - 1) over the seeds."""
    values = [row["figures"][figure] for row in rows if (row["similarity"], row["init"]) == (similarity, init)]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def sentence(experiment: dict[str, Any]) -> str:
    """What came out, made from the figures: a difference counts if it is larger than both spreads together and than a
    hundredth of the larger one."""
    names = {"effective_factors": (f"effective factors (of {experiment['kfac']})", ".2f"), "nmi": ("NMI", ".3f")}
    rows, clauses = experiment["rows"], []
    for init in STARTS:
        verdicts = [f"{name} {_verdict(rows, init, figure, digits)}" for figure, (name, digits) in names.items()
                    if figure in rows[0]["figures"]]
        clauses.append(f"from the {init} start, {' and '.join(verdicts)}")
    return f"Over {len(experiment['seeds'])} seeds: {'; '.join(clauses)}."


def _verdict(rows: list[dict[str, Any]], init: str, figure: str, digits: str) -> str:
    """Which similarity is higher in a figure from one start, and by how much."""
    (a, s), (b, t) = (mean_and_spread(rows, similarity, init, figure) for similarity in SIMILARITIES)
    alike = abs(a - b) <= max(s + t, 0.01 * max(a, b))
    verdict = "alike" if alike else f"higher with {'cosine' if a > b else 'the dot product'}"
    cosine, dot = (f"{mean:{digits}} ± {spread:{digits}}" for mean, spread in ((a, s), (b, t)))
    return f"{verdict} ({cosine} with cosine, {dot} with the dot product)"


def load(path: Path) -> list[dict[str, Any]]:
    """The experiments of a file. Raises InputError for one that is damaged or of another format."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); {_REMEDY}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(f"{path} is no result of benchmarks/collapse.py in format {FORMAT}; {_REMEDY}")
    try:
        for experiment in value["experiments"]:
            sentence(experiment)
            for row in experiment["rows"]:
                float(row["figures"]["effective_factors"])
        return value["experiments"]
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise InputError(f"{path} lacks a part of an experiment ({error!r}); {_REMEDY}") from error
