"""What stands in a bundle: one schema of bundle.json, of the items and of the history, checked when a bundle is opened. What
passes raises nowhere behind: pages and commands may take keys and numbers as they are."""

from pathlib import Path

import numpy as np
import pandas as pd

from macrid.errors import InputError
from macrid.files import Shape, problem

from .reading import TRAIN_AGAIN

NUMBER = (int, float)
META: Shape = {  # what bundle.json holds besides `format`
    "name": str, "seed": int, "settings": dict, "metrics": dict, "baselines": dict, "axes": str, "versions": dict,
    "twin": (str, type(None)), "training": {"epochs": int, "best": int, "seconds": NUMBER},
    "data": {"name": str, "split": str, "people": int, "items": int, "clicks": int, "held_out": int, "fingerprint": str},
}
COUNTS = ("people", "items", "clicks", "held_out")  # of `data`, none negative
COUNTED: Shape = {"rule": str, "counted": int, "rows": int}  # `data.counted`, where it is noted
LEAST: Shape = {"rating": (int, float, type(None)), "clicks": int}  # `data.least`, likewise
BASELINES = ("popularity", "ease")
ALIGNED: Shape = {"dials": list, "refused": list}  # `aligned`, only where axes were learned from labels
DIAL: Shape = {"factor": int, "dim": int, "attribute": str, "measure": str, "confidence": NUMBER, "labels": int}
NAMED: Shape = {"factor": int, "dim": int, "attribute": str, "low": str, "high": str}  # a row of its `named`
ENDS = ("low", "high")  # what little and much of the attribute is called, where that is known
REFUSED: Shape = {"factor": int, "attribute": str, "labels": int, "reason": str}
EPOCH: Shape = {"epoch": int, "best": int, "loss": NUMBER, "ndcg@100": NUMBER}  # of a row of history.json
TEXTS = ("item_id", "title", "category")
WORDS = ("genres", "tags", "image_url")  # columns of the items that are text where they are there
LONGEST_NAME = 200
FINGERPRINT = 12  # letters and figures, at least


def check_meta(path: Path, meta: dict) -> None:
    """InputError unless bundle.json says what pages and commands ask of it."""
    check_kinds(path, meta, META)
    data = meta["data"]
    for name in COUNTS:
        _refuse(path, data[name] < 0, f"data.{name} is {data[name]}")
    for name in ("name", "axes"):
        _refuse(path, not 0 < len(meta[name]) <= LONGEST_NAME, f"{name} is empty or too long")
    twin = meta["twin"]
    _refuse(path, twin is not None and (Path(twin).name != twin or twin in ("", ".", "..")),
            f"twin is {twin!r:.80}, not the name of a folder beside it")
    seal = data["fingerprint"]
    _refuse(path, len(seal) < FINGERPRINT or not (seal.isascii() and seal.isalnum()),
            f"data.fingerprint is {seal!r:.40}, not {FINGERPRINT} letters and figures or more")
    for key, wanted in (("counted", COUNTED), ("least", LEAST)):
        if data.get(key) is not None:
            check_kinds(path, data[key], wanted, f"data.{key}.")
    check_kinds(path, meta["versions"], dict.fromkeys(meta["versions"], str), "versions.")
    _check_figures(path, meta["metrics"], "metrics")
    ranking = "ndcg@100" if "ndcg@100" in meta["metrics"] else "ndcg@10"
    for name, figures in {"metrics": meta["metrics"], **meta["baselines"]}.items():
        _refuse(path, name not in ("metrics", *BASELINES), f"baselines has {name!r:.40}, not {' or '.join(BASELINES)}")
        _check_figures(path, figures, name)
        check_kinds(path, figures, {ranking: NUMBER, f"{ranking}_se": NUMBER}, f"{name}.")
    check_kinds(path, meta["metrics"], {"effective_factors": NUMBER}, "metrics.")


def _check_figures(path: Path, figures: object, at: str) -> None:
    """Figures are numbers, and those of steering stand in an object of their own."""
    _refuse(path, not isinstance(figures, dict), f"{at} is no JSON object")
    told = dict(figures) if isinstance(figures, dict) else {}
    steering = told.pop("steering", {})
    check_kinds(path, told, dict.fromkeys(told, NUMBER), f"{at}.")
    _refuse(path, not isinstance(steering, dict), f"{at}.steering is no JSON object")
    check_kinds(path, steering, dict.fromkeys(steering, NUMBER), f"{at}.steering.")


def check_aligned(path: Path, meta: dict, kfac: int, dims: int) -> None:
    """InputError unless what bundle.json says of aligned dials, if anything, fits the model."""
    if "aligned" not in meta:
        return
    check_kinds(path, meta["aligned"], ALIGNED, "aligned.")
    for row in meta["aligned"]["refused"]:
        check_kinds(path, row, REFUSED, "aligned.refused.")
    for row in meta["aligned"]["dials"]:
        check_kinds(path, row, DIAL, "aligned.dials.")
        check_kinds(path, row, {end: str for end in ENDS if end in row}, "aligned.dials.")
    fit = _each_once(meta["aligned"]["dials"], kfac, dims)
    _refuse(path, not fit, "aligned.dials names a dial twice, or one that the model lacks")
    sure = all(row["measure"] in ("R2", "AUC") and 0 <= row["confidence"] <= 1 for row in meta["aligned"]["dials"])
    _refuse(path, not sure, "aligned.dials has a confidence that is no R2 or AUC from 0 to 1")


def check_named(path: Path, rows: object, kfac: int, dims: int) -> None:
    """InputError unless `named` of bundle.json is a list of names for dials that there are, none named twice."""
    if not isinstance(rows, list):
        raise InputError(f"{path}: named is {rows!r:.40}, not a list; {TRAIN_AGAIN}")
    for row in rows:
        check_kinds(path, row, NAMED, "named.")
    _refuse(path, not _each_once(rows, kfac, dims), "named has a dial twice, or one that the model lacks")


def _each_once(rows: list[dict], kfac: int, dims: int) -> bool:
    """Whether rows are of different dials, all of which there are."""
    dials = [(row["factor"], row["dim"]) for row in rows]
    return len(set(dials)) == len(dials) and all(0 <= k < kfac and 0 <= j < dims for k, j in dials)


def check_given_names(path: Path, names: object, kfac: int) -> None:
    """InputError unless `intentions` of bundle.json, if it is there, has a name or null for every factor, none twice."""
    if names is None:
        return
    given = [name for name in names if name is not None] if isinstance(names, list) else []
    texts = all(isinstance(name, str) for name in given)
    if not isinstance(names, list) or len(names) != kfac or not texts or len(set(given)) < len(given):
        raise InputError(f"{path}: intentions is {names!r:.200}, not a name or null for each of {kfac} factors, all "
                         f"different; {TRAIN_AGAIN}")


def check_items(path: Path, items: pd.DataFrame) -> None:
    """InputError unless items have texts and numbers where pages and wishes look for them."""
    for column in TEXTS:
        _refuse(path, bool(items[column].isna().any()), f"the column {column} holds something else than text")
    twice = items["item_id"][items["item_id"].duplicated()]
    _refuse(path, len(twice) > 0, f"names item {twice.iloc[0]!r:.80} twice" if len(twice) else "")
    for column in WORDS:
        if column in items:
            _refuse(path, not pd.api.types.is_string_dtype(items[column]) and items[column].notna().any(),
                    f"the column {column} holds something else than text")
    for column in items.select_dtypes("number").columns:
        values = items[column].to_numpy(np.float64, na_value=np.nan)
        _refuse(path, bool(np.isinf(values).any()), f"the column {column!r:.60} holds infinite numbers")
    if "clicks" in items:
        clicks = items["clicks"]
        counted = pd.api.types.is_numeric_dtype(clicks) and not pd.api.types.is_bool_dtype(clicks)
        _refuse(path, not counted or clicks.isna().any() or (clicks < 0).any(), "the column clicks holds no counts")


def check_history(path: Path, history: list) -> None:
    """InputError unless a row of numbers stands there for every epoch."""
    for row in history:
        check_kinds(path, row, EPOCH)
        check_kinds(path, row, dict.fromkeys(row, NUMBER))


def check_kinds(path: Path, value: object, wanted: Shape, at: str = "") -> None:
    """InputError unless `value` has the shape `wanted`; see `files.problem`."""
    if wrong := problem(value, wanted, at):
        raise InputError(f"{path}: {wrong}; {TRAIN_AGAIN}")


def _refuse(path: Path, wrong: object, what: str) -> None:
    if wrong:
        raise InputError(f"{path}: {what}; {TRAIN_AGAIN}")
