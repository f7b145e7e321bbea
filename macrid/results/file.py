"""Files of results: what `compare` and `sweep` write and the app's pages read. One JSON object each.

Every file holds

    format      1
    kind        "compare" or "sweep"
    data        {name, split ("strong" or "recbole"), people, items, clicks (all three of training), held_out (test people),
                fingerprint (SHA-256 of training clicks and item ids)}
    seed        of the split and of every training
    preset      "best", "paper" or "recbole"
    settings    all settings of MacridVAE (`settings.settings_dict`), before what a model or a point changes
    metrics     names of the ranking figures, [ndcg@100, recall@20, recall@50] or, for RecBole's split, [recall@10, mrr@10,
                ndcg@10, hit@10, precision@10]
    main        the one that models are compared by, ndcg@100 or ndcg@10
    device ("cpu" or "cuda"), threads (of each process), versions {python, torch, ...}

`compare` files add

    models      a list in the order asked for; each {name, title, settings, figures, difference, training}
                name        popularity, ease, edlae, multdae, multvae, macridvae or macridvae-k1
                title       what people read, such as "EASE" or "MacridVAE, K = 7"
                settings    those of this model (of MacridVAE: all of them)
                difference  {metric: null for the best model in this metric, else {to (the best one's name), mean, se,
                            p, significant}}: this model less the best over the same test people, mean and standard error of
                            the paired differences, p of a two-sided paired t-test, significant = p < 0.05 (not corrected
                            for the number of models)
    best        {metric: name of the model with the highest mean}

`sweep` files add

    grid        {setting: [values]}, in the order given
    jobs        points that ran side by side
    points      a list in the order of the grid (the last setting changes fastest); each {settings (the grid's keys only),
                figures, training}
    failed      points whose loss did not stay finite: {settings, reason}; [] if all went well
    maps        SHA-256 of the table of maps beside the file (see `sweep_maps`), where one was kept

figures     {metric: mean over test people, metric_se: its standard error}, and for models with factors `independence`,
            `effective_factors`, `certainty` and, over people held out, `coherence` with its error; where items have
            categories nmi, ari, purity and `macro`; where they have attributes `micro` and `micro_raw`. The last three are
            {disentanglement, completeness, informativeness, mig}, each from 0 to 1 (see `measures.known_truth`): macro of
            the K shares of an item against its category; micro of the dials of a factor (independent components) against
            the attributes of its items, mean over factors; micro_raw likewise of the model's own dimensions. Without a
            second attribute they lack disentanglement; it says little where informativeness is near 0.
training    {seconds (for a closed form: of solving it), epochs, best (the epoch kept; both null for what is not trained by
            epochs), peak_bytes (memory at its highest, above what the process held before the model was made)}
"""

import json
from pathlib import Path
from typing import Any, NoReturn

from macrid.errors import InputError
from macrid.files import Shape, write_json
from macrid.files import problem as wrong_shape

FORMAT = 1
_NUMBER = (int, float)
_EVERY: Shape = {
    "data": {"name": str, "split": str, "people": int, "items": int, "clicks": int, "held_out": int, "fingerprint": str},
    "seed": int, "preset": str, "settings": dict, "metrics": list, "main": str, "device": str, "threads": int,
    "versions": dict,
}
_KINDS: dict[str, Shape] = {
    "compare": {"models": list, "best": dict}, "sweep": {"grid": dict, "jobs": int, "points": list, "failed": list},
}
_TRAINING: Shape = {"seconds": _NUMBER, "epochs": (int, type(None)), "best": (int, type(None)), "peak_bytes": int}
_MODEL: Shape = {"name": str, "title": str, "settings": dict, "figures": dict, "difference": dict, "training": _TRAINING}
_POINT: Shape = {"settings": dict, "figures": dict, "training": _TRAINING}
_DIFFERENCE: Shape = {"to": str, "mean": _NUMBER, "se": _NUMBER, "p": _NUMBER, "significant": bool}


def save(path: Path, value: dict[str, Any]) -> None:
    """Write a file of results; folders are made."""
    write_json(path, value)


def load(path: str | Path, kind: str | None = None) -> dict[str, Any]:
    """Read a file of results of one `kind`, or of any, and check every key that the module's text promises.

    Raises InputError, one line with the file, what is wrong with it and the remedy.
    """
    path = Path(path)
    try:
        value = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read ({error}); {_again(kind)}") from error
    written = value.get("kind") if isinstance(value, dict) else None
    if written not in _KINDS or kind not in (None, written):
        writers = kind or " or ".join(_KINDS)
        raise InputError(f"{path} is not a file that {writers} wrote (its kind is {written!r:.40}); choose another file")
    if value.get("format") != FORMAT:
        raise InputError(f"{path} has format {value.get('format')!r:.40}, this program reads format {FORMAT}; "
                         + _again(written))
    problem = wrong_shape(value, {**_EVERY, **_KINDS[written]}) or _within(value, written)
    if problem:
        raise InputError(f"{path}: {problem}; {_again(written)}")
    return value


def _again(kind: str | None) -> str:
    return f"run `python -m macrid {kind or 'compare'}` again, or restore the file from where you got it"


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _within(value: dict[str, Any], kind: str) -> str | None:
    """What is wrong with the models or points and their figures, or None."""
    metrics = value["metrics"]
    if not metrics or not all(isinstance(name, str) for name in metrics) or value["main"] not in metrics:
        return f"metrics is {metrics!r:.60}, it must name some and main, {value['main']!r:.40}, among them"
    numbers = {name + end: _NUMBER for name in metrics for end in ("", "_se")}
    part, wanted = ("models", _MODEL) if kind == "compare" else ("points", _POINT)
    for index, row in enumerate(value[part]):
        at = f"{part}[{index}]."
        problem = wrong_shape(row, wanted, at) or wrong_shape(row["figures"], numbers, f"{at}figures.")
        if not problem and kind == "sweep" and set(row["settings"]) != set(value["grid"]):
            problem = f"{at}settings names {', '.join(row['settings'])}, the grid {', '.join(value['grid'])}"
        if problem:
            return problem
    return _best(value) if kind == "compare" else None


def _best(value: dict[str, Any]) -> str | None:
    """What is wrong with the best models and the differences to them, or None."""
    names = [row["name"] for row in value["models"]]
    if len(set(names)) < len(names) or not names:
        return f"models names {', '.join(names) or 'none'}, it must name some, each once"
    for metric in value["metrics"]:
        best = value["best"].get(metric)
        if best not in names:
            return f"best.{metric} is {best!r:.40}, which is none of the models"
        for index, row in enumerate(value["models"]):
            difference = row["difference"].get(metric)
            if difference is None and row["name"] == best:
                continue
            if problem := wrong_shape(difference, _DIFFERENCE, f"models[{index}].difference.{metric}."):
                return problem
    return None
