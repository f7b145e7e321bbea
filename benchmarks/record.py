"""What a benchmark leaves behind: a JSON of figures with the versions that made them, and a table on standard output."""

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn", "pandas")


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def save(path: Path, figures: dict) -> None:
    """Write figures as JSON, beside it first and then renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.write_text(json.dumps(figures, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(beside, path)


def spread(values) -> dict[str, float]:
    """Mean, standard deviation (n - 1; 0 of one value), smallest and largest of some numbers, and how many they are."""
    values = np.asarray(list(values), np.float64)
    return {"mean": float(values.mean()), "sd": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
            "min": float(values.min()), "max": float(values.max()), "n": len(values)}


def table(header: list[str], rows: list[list]) -> str:
    """Rows of text and numbers as a Markdown table, which a terminal shows as well."""
    cells = [header, *([f"{cell:.3f}" if isinstance(cell, float) else str(cell) for cell in row] for row in rows)]
    width = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(w) for cell, w in zip(row, width, strict=True)) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "|".join("-" * (w + 2) for w in width) + "|", *lines[1:]])
