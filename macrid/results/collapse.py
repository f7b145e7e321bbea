"""The file that the experiment on collapse writes, and the sentence that it supports.

One JSON object: `format`, `experiments`, a list of {data, people, items, clicks, item_clicks, kfac, settings, changes,
trainings}. Items that fewer than `item_clicks` people clicked are left out; `changes` is what an experiment alters in the
settings of the paper, nothing for the main ones. A training is {variant, init,
seed, course}, a row of its course {epoch, effective_factors, largest_share, prototype_min, prototype_mean, prototype_max,
item_mean, item_max, ndcg@100, nmi where there are categories}.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from macrid.errors import InputError
from macrid.files import Shape, problem

FORMAT = 2
VARIANTS: Mapping[str, Mapping[str, Any]] = {  # the settings of each
    "cosine": {"similarity": "cosine"}, "dot": {"similarity": "dot"}, "dot-raw": {"similarity": "dot-raw"},
    "dot-free": {"similarity": "dot", "user_norm": "free"},
}
NAMES = {"cosine": "cosine", "dot": "a dot product", "dot-raw": "a dot product without 1 / tau",
         "dot-free": "a dot product with free lengths"}
LABELS = {"cosine": "Cosine", "dot": "Dot product", "dot-raw": "Dot product, no 1/τ",
          "dot-free": "Dot product, free lengths"}
STARTS = {"glorot": "the release's start", "spectral": "the spectral start", "random": "a random start"}
COLLAPSED = 0.5  # of K: with fewer effective factors a training counts as collapsed
_REMEDY = "run benchmarks/collapse.py again, or restore the file"
_NUMBER = (int, float)
_EXPERIMENT: Shape = {"data": str, "people": int, "items": int, "item_clicks": int, "kfac": int,
                      "settings": {"epochs": int}, "changes": dict, "trainings": list}
_TRAINING: Shape = {"variant": str, "init": str, "seed": int, "course": list}
_ROW: Shape = {"epoch": int, "effective_factors": _NUMBER, "largest_share": _NUMBER, "prototype_min": _NUMBER,
               "prototype_mean": _NUMBER, "prototype_max": _NUMBER, "ndcg@100": _NUMBER}


def of(experiment: dict[str, Any], init: str) -> dict[str, list[dict[str, Any]]]:
    """The trainings from one start, {variant: trainings}, variants in their order; none that there are not."""
    found = {name: [t for t in experiment["trainings"] if (t["variant"], t["init"]) == (name, init)] for name in VARIANTS}
    return {name: trainings for name, trainings in found.items() if trainings}


def title(experiment: dict[str, Any], names: Mapping[str, str]) -> str:
    """What an experiment is called; names: of data sets."""
    changes = ", ".join(f"{key} = {value}" for key, value in experiment["changes"].items())
    name = names.get(experiment["data"], experiment["data"])
    name = f"{name}, {experiment['items']:,} items, {experiment['settings']['epochs']} epochs"
    return f"{name}, {changes}" if changes else name


def starts(experiment: dict[str, Any]) -> list[str]:
    """The starts that there are trainings from, in their order."""
    return [init for init in STARTS if of(experiment, init)]


def mean_and_spread(trainings: list[dict[str, Any]], figure: str) -> tuple[float, float]:
    """Of a figure after the last epoch: mean and standard deviation (n - 1) over the seeds."""
    values = [training["course"][-1][figure] for training in trainings]
    return float(np.mean(values)), float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def sentence(experiment: dict[str, Any], init: str) -> str:
    """What came out from one start, made from the figures."""
    kfac, variants = experiment["kfac"], of(experiment, init)
    used = [f"{NAMES[name]} {_plus_minus(trainings, 'effective_factors')}" for name, trainings in variants.items()]
    seeds = {training["seed"] for trainings in variants.values() for training in trainings}
    many = f"{len(seeds)} seeds" if len(seeds) > 1 else "one seed"
    first = (f"From {STARTS[init]}, {experiment['settings']['epochs']} epochs, {many}, effective factors of {kfac}: "
             f"{', '.join(used)}.")
    fallen = [name for name, trainings in variants.items()
              if mean_and_spread(trainings, "effective_factors")[0] < COLLAPSED * kfac]
    return f"{first} {' '.join(_collapse(name, variants[name]) for name in fallen) or 'None of them collapses.'}"


def _collapse(name: str, trainings: list[dict[str, Any]]) -> str:
    share, shortest, longest = (mean_and_spread(trainings, figure)[0]
                                for figure in ("largest_share", "prototype_min", "prototype_max"))
    what = NAMES[name][0].upper() + NAMES[name][1:]
    return (f"{what} collapses: its largest factor holds {share:.0%} of the items, and its longest prototype is "
            f"{longest / shortest:.1f} times as long as its shortest.")


def course_sentence(cosine: list[dict[str, Any]], other: list[dict[str, Any]], variant: str, kfac: int) -> str:
    """What the courses of a model with cosine and of its twin came to; rows by epoch, as a training's."""
    a, b = cosine[-1], other[-1]
    fallen = b["effective_factors"] < COLLAPSED * kfac
    times = b["prototype_max"] / b["prototype_min"]
    verdict = "So it collapses" if fallen else "It does not collapse"
    return (f"After {b['epoch']} epochs cosine has {a['effective_factors']:.1f} of {kfac} factors in use and "
            f"{NAMES[variant]} {b['effective_factors']:.1f}. There the largest holds {b['largest_share']:.0%} of the items, "
            f"and the longest prototype is {times:.1f} times as long as the shortest. {verdict} here.")


def variant_of(similarity: str, user_norm: str) -> str:
    """The name of a model with these settings."""
    return "dot-free" if similarity == "dot" and user_norm == "free" else similarity


def _plus_minus(trainings: list[dict[str, Any]], figure: str) -> str:
    mean, spread = mean_and_spread(trainings, figure)
    return f"{mean:.1f} ± {spread:.1f}" if len(trainings) > 1 else f"{mean:.1f}"


def load(path: Path) -> list[dict[str, Any]]:
    """The experiments of a file. Raises InputError for one that is damaged or of another format."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); {_REMEDY}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT or not value.get("experiments"):
        raise InputError(f"{path} is no result of benchmarks/collapse.py in format {FORMAT}; {_REMEDY}")
    experiments = value["experiments"]
    if not isinstance(experiments, list):
        raise InputError(f"{path}: experiments is {experiments!r:.40}, not a list; {_REMEDY}")
    for at, experiment in enumerate(experiments):
        if wrong := _problem(experiment, f"experiments[{at}]."):
            raise InputError(f"{path}: {wrong}; {_REMEDY}")
    return experiments


def _problem(experiment: dict[str, Any], at: str) -> str | None:
    """What is wrong with an experiment, None if nothing is."""
    if wrong := problem(experiment, _EXPERIMENT, at):
        return wrong
    for training in experiment["trainings"]:
        wrong = problem(training, _TRAINING, at + "trainings.")
        if not wrong and (training["variant"] not in VARIANTS or training["init"] not in STARTS or not training["course"]):
            wrong = f"{at}trainings has {training['variant']!r} from {training['init']!r}, or one without a course"
        rows = [] if wrong else training["course"]
        if wrong := wrong or next(filter(None, (problem(row, _ROW, at + "course.") for row in rows)), None):
            return wrong
    return None
